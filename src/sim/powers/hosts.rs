//! Verbs on hosts: down, and up again.

use super::{Faults, Whom};
use crate::fault::{Down, FaultKind};
use crate::sim::events::Event;
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
