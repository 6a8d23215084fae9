//! Verbs on hosts: down and up again, together with their place, and in and out of service.

use super::{Faults, Whom};
use crate::fault::{Down, FaultKind};
use crate::sim::events::Event;
use crate::sim::hosts::Membership;
use std::time::Duration;

impl Faults {
    /// The machines of processes die at once: they lose what their disks did not sync, and boot
    /// again after a while.
    pub fn crash(&self, whom: impl Whom) {
        self.doom(whom, FaultKind::Crash, Down::Crash);
    }

    /// Processes die, and their machines live: what was written is whole.
    pub fn kill(&self, whom: impl Whom) {
        self.doom(whom, FaultKind::Kill, Down::Kill);
    }

    /// A crash that takes the disk with it.
    pub fn wipe(&self, whom: impl Whom) {
        self.doom(whom, FaultKind::Wipe, Down::Wipe);
    }

    fn doom(&self, whom: impl Whom, kind: FaultKind, down: Down) {
        for host in self.processes(whom) {
            self.inject(kind, |world| world.is_running(host).then(|| world.doom(host, down)));
        }
    }

    /// Processes stand still for `length` of virtual time, and know nothing of it.
    pub fn pause(&self, whom: impl Whom, length: Duration) {
        for host in self.processes(whom) {
            self.inject(FaultKind::Pause, |world| {
                let goes_on = world.is_running(host) && !world.hosts[host.index()].still;
                goes_on.then(|| world.pause(host, length.as_nanos() as u64))
            });
        }
    }

    /// Asks processes to stop: their `shutdown` fires, and after `grace` their machines crash.
    pub fn stop(&self, whom: impl Whom, grace: Duration) {
        for host in self.processes(whom) {
            self.inject(FaultKind::Stop, |world| {
                let serves = world.is_running(host) && !world.hosts[host.index()].stopping;
                serves.then(|| world.stop(host, grace.as_nanos() as u64))
            });
        }
    }

    /// A machine, zone or datacenter of the [`Cluster`](crate::Cluster) fails: all processes that
    /// stand there crash at once. Places are named as in the topology:
    /// [`machines`](crate::Topology::machines), [`zones`](crate::Topology::zones).
    ///
    /// # Panics
    ///
    /// When no place is called so, as without a cluster.
    pub fn outage(&self, place: &str) {
        let inside = self.topology.ips_in(place);
        assert!(!inside.is_empty(), "no machine, zone or datacenter is called `{place}`");
        let inside = self.hosts(inside);
        self.inject(FaultKind::Outage, |world| {
            let hit: Vec<_> = inside.into_iter().filter(|&host| world.is_running(host)).collect();
            (!hit.is_empty()).then(|| world.fail_place(place, 0, hit))
        });
    }

    /// Spare processes join now, those that [`Churn::spares`](crate::Churn::spares) keeps out at
    /// first. With a chance of 0 there, they join by this alone.
    pub fn join(&self, whom: impl Whom) {
        for host in self.processes(whom) {
            self.inject(FaultKind::Join, |world| {
                let spare = world.hosts[host.index()].membership == Membership::Spare;
                spare.then(|| world.queue.schedule(world.now, Event::Join(host, world.weather_version)))
            });
        }
    }

    /// Asks processes to leave for good: their `shutdown` fires, and after `grace` they are killed.
    /// They don't come back.
    pub fn leave(&self, whom: impl Whom, grace: Duration) {
        for host in self.processes(whom) {
            self.inject(FaultKind::Leave, |world| {
                let serves = world.is_running(host) && world.hosts[host.index()].serves();
                serves.then(|| world.leave(host, grace.as_nanos() as u64))
            });
        }
    }

    /// Processes that are down boot again now, rather than after their time. Those that are up
    /// stay so: that is a [`crash`](Faults::crash) or a [`stop`](Faults::stop) before.
    pub fn boot(&self, whom: impl Whom) {
        for host in self.processes(whom) {
            self.inject(FaultKind::Crash, |world| {
                let state = &world.hosts[host.index()];
                // if it was to boot later, that will be of no effect on this boot
                (!state.up).then(|| world.queue.schedule(world.now, Event::Restart(host, state.boot)))
            });
        }
    }
}
