//! Who boots and goes down when, and what of it is set right when the storm is over.

use super::{Driver, now};
use crate::error::SimulationError;
use crate::fault::Down;
use crate::run::context::{Seat, SimContext};
use crate::sim::{HostState, Membership, contained, with};
use crate::topology::HostId;

impl Driver<'_> {
    pub(super) fn anything_down(&self) -> bool {
        with(|world| world.storm && (world.net.links.cut_now() > 0 || world.hosts.iter().any(HostState::comes_back)))
    }

    /// The hosts of which `which` is true, in order.
    pub(super) fn hosts_that(&self, which: impl Fn(&HostState) -> bool) -> Vec<HostId> {
        with(|world| {
            let hosts = world.hosts.iter().enumerate().filter(|(_, host)| which(host));
            hosts.map(|(index, _)| HostId(index as u16)).collect()
        })
    }

    /// Faults off: links heal, clocks are right, who stands still goes on, the dead boot and spares
    /// join, nobody is about to crash. Whoever was being stopped is killed now and boots as well, so
    /// that it is there when it is asked in `check`. Who has left stays away.
    pub(super) fn calm(&mut self) {
        self.calm_since.get_or_insert(now());
        self.call_injectors_back();
        with(|world| world.resume_all());
        for host in self.hosts_that(|host| host.up && host.stopping) {
            with(|world| world.end_stopping(host));
        }
        self.settle_hosts();
        with(|world| {
            if world.storm {
                world.tell_all(|| "the storm is over".to_owned());
            }
            world.end_weather();
            world.heal_all();
            world.correct_clocks();
        });
        for host in self.hosts_that(HostState::comes_back) {
            let spare = with(|world| world.hosts[host.index()].membership == Membership::Spare);
            self.boot(host, !spare);
        }
    }

    /// Boots a process: an instance of its own, and a task that runs it.
    pub(super) fn boot(&mut self, host: HostId, again: bool) {
        let role = self.roles[host.index()];
        let (boot, shutdown) = with(|world| {
            world.boot(host, again);
            let state = &world.hosts[host.index()];
            (state.boot, state.shutdown.clone())
        });
        let mut process = match self.first[host.index()].take() {
            Some(process) if boot == 0 => process,
            _ => match contained(|| (self.simulation.processes[role.kind].factory)(role.number, boot)) {
                Ok(process) => process,
                Err(panic) => {
                    self.panicked(host, &panic);
                    return;
                }
            },
        };
        let seat = Seat { host, boot, client_id: role.number, client_count: role.count };
        let context = SimContext::new(seat, &self.topology, shutdown);
        let task = Box::pin(async move {
            let result = process.run(&context).await;
            with(|world| world.ended.push((host, boot, result.map_err(|error: SimulationError| error.to_string()))));
        });
        with(|world| world.spawn_main(host, task));
    }

    /// Takes a process down and plans its next boot.
    pub(super) fn take_down(&mut self, host: HostId, down: Option<Down>) {
        let futures = with(|world| world.take_down(host, down));
        // here, when the world is free: their drops use it
        for future in futures {
            if let Err(panic) = contained(|| drop(future)) {
                self.panicked(host, &panic);
            }
        }
        with(|world| world.plan_restart(host));
    }

    /// A host goes down in the way that it was doomed to.
    pub(super) fn go_down(&mut self, host: HostId) {
        let Some(down) = with(|world| world.hosts[host.index()].doomed) else {
            return; // it failed by itself in the same poll
        };
        with(|world| world.tell_down(host, down));
        self.take_down(host, Some(down));
    }
}
