//! Hosts: up, down, asked to stop; and what goes down with them.

use super::clock::PATIENCE;
use super::events::Event;
use super::world::World;
use crate::choice::{Label, Slot};
use crate::executor::{Body, LocalFuture, TaskId, Tasks};
use crate::fault::{self, Down, FaultKind};
use crate::network::Payload;
use crate::storage::Survivors;
use crate::topology::{Host, HostId};
use crate::trace::{What, seconds};
use std::panic::Location;
use tokio_util::sync::CancellationToken;

/// The state of one host in one run.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) is_process: bool,
    pub(crate) up: bool,
    /// It goes down as soon as the current poll returns: nothing more happens on it.
    pub(crate) doomed: bool,
    /// How often it has been booted before.
    pub(crate) boot: u32,
    /// Fires when this host is asked to stop.
    pub(crate) shutdown: CancellationToken,
    /// Is it being stopped gracefully?
    pub(crate) stopping: bool,
    /// Did its process end by itself, rather than fail?
    pub(crate) exited: bool,
    /// The label of its disk's latency, once it was used.
    pub(crate) disk_slot: Option<Slot>,
    /// How many of its own operations away the next fault of each kind is; 0 is never.
    pub(crate) distances: [u64; FaultKind::COUNT],
}

impl HostState {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            is_process: host.is_process,
            up: !host.is_process,
            doomed: false,
            boot: 0,
            shutdown: CancellationToken::new(),
            stopping: false,
            exited: false,
            disk_slot: None,
            distances: [0; FaultKind::COUNT],
        }
    }
}

/// A task that is about to be polled, taken out of the world.
pub(crate) struct Ready {
    pub(crate) id: TaskId,
    pub(crate) host: HostId,
    pub(crate) body: Body,
}

impl World {
    /// The next task that is ready and not held back.
    #[inline]
    pub(crate) fn next_task(&mut self) -> Option<Ready> {
        loop {
            let id = if self.weather.any_order { self.any_ready()? } else { self.tasks.next_ready()? };
            if self.holds_back(id) {
                continue;
            }
            let Some(task) = self.tasks.get(id) else { continue };
            let host = task.host;
            let Some(body) = self.tasks.take(id) else { continue };
            self.current = host;
            self.patience = PATIENCE;
            return Some(Ready { id, host, body });
        }
    }

    /// Any one of the ready tasks, by a choice.
    #[cold]
    fn any_ready(&mut self) -> Option<TaskId> {
        let last = self.tasks.count_ready().checked_sub(1)?;
        let slot = self.choices.slot(Label::new("schedule").child("next"), || "schedule/next".to_owned());
        Tasks::ready_at(self.choices.uniform(slot, last as u64) as usize)
    }

    /// Has a poll left nothing to be carried out or judged?
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.doomed.is_empty() && self.ended.is_empty() && self.found.is_none()
    }

    /// Adds a task of `host`; its holds are dealt under the place that spawned it.
    pub(crate) fn spawn(&mut self, host: HostId, place: &'static Location<'static>, future: LocalFuture) -> TaskId {
        let actor = &self.topology.host(host).name;
        let label = Label::new(actor).site(place, "spawn");
        let slot = self.choices.slot(label, || crate::choice::site_name(actor, place, "spawn"));
        self.spawn_under(host, slot, future)
    }

    /// Adds the main task of `host`.
    pub(crate) fn spawn_main(&mut self, host: HostId, future: LocalFuture) -> TaskId {
        let actor = &self.topology.host(host).name;
        let slot = self.choices.slot(Label::new(actor).child("main"), || format!("{actor}/main"));
        self.spawn_under(host, slot, future)
    }

    fn spawn_under(&mut self, host: HostId, slot: Slot, future: LocalFuture) -> TaskId {
        let hold_in = if self.storm { self.draw_hold(slot) } else { None };
        self.tasks.spawn(host, slot.raw(), hold_in, future)
    }

    /// After how many of its wake-ups a task is held back next.
    pub(crate) fn draw_hold(&mut self, slot: Slot) -> Option<u64> {
        fault::distance(&mut self.choices, slot, FaultKind::Hold, &self.weather, &self.swarm)
    }

    /// A task is about to be polled: is it held back instead?
    #[inline]
    pub(crate) fn holds_back(&mut self, id: TaskId) -> bool {
        let Some(task) = self.tasks.get(id) else { return false };
        match &mut task.hold_in {
            None => false,
            Some(1) => {
                let slot = Slot::from_raw(task.hold_label);
                let (host, storm) = (task.host, self.storm);
                task.hold_in = None;
                if storm {
                    self.hold_back(id, slot, host);
                }
                storm
            }
            Some(left) => {
                *left -= 1;
                false
            }
        }
    }

    #[cold]
    fn hold_back(&mut self, id: TaskId, slot: Slot, host: HostId) {
        let delay = fault::hold(&mut self.choices, slot);
        let next = self.draw_hold(slot);
        if let Some(task) = self.tasks.get(id) {
            task.hold_in = next;
        }
        self.injected.add(FaultKind::Hold);
        self.record(What::Hold, host, delay);
        self.tell(false, host, || format!("a task is held back for {}", seconds(delay)));
        self.held += 1;
        self.queue.schedule(self.now + delay, Event::Release(id));
    }

    /// Can code of `host` still do anything?
    #[inline]
    pub(crate) fn is_running(&self, host: HostId) -> bool {
        let host = &self.hosts[host.index()];
        host.up && !host.doomed
    }

    /// `host` has done an I/O operation. Says whether it was its last one: then the operation
    /// must not return.
    #[inline]
    pub(crate) fn io_ends(&mut self, host: HostId) -> bool {
        self.is_due(FaultKind::Crash, host) && self.go_down(host)
    }

    /// Its distance is over: `host` goes down, one way or the other, if it may.
    #[cold]
    fn go_down(&mut self, host: HostId) -> bool {
        let weather = self.weather.clone();
        let attrition = &weather.attrition;
        let ip = self.topology.host(host).ip;
        let down =
            self.hosts.iter().filter(|host| host.is_process && (!host.up || host.doomed || host.stopping)).count();
        if self.hosts[host.index()].stopping || down >= attrition.max_dead {
            self.draw_distance(FaultKind::Crash, host);
            return false;
        }
        match fault::how(&mut self.choices, ip, attrition) {
            Down::Crash => {
                self.doom(host);
                true
            }
            Down::Gracefully => {
                self.stop(host, attrition.grace.as_nanos() as u64);
                false
            }
        }
    }

    /// `host` is to be taken down when the current poll returns.
    pub(crate) fn doom(&mut self, host: HostId) {
        let state = &mut self.hosts[host.index()];
        if state.up && !state.doomed {
            state.doomed = true;
            self.doomed.push(host);
        }
    }

    /// Asks `host` to stop, and kills it after `grace`.
    pub(crate) fn stop(&mut self, host: HostId, grace: u64) {
        let boot = self.hosts[host.index()].boot;
        self.hosts[host.index()].stopping = true;
        self.inject(FaultKind::Stop, host, grace, || format!("is asked to stop within {}", seconds(grace)));
        self.queue.schedule(self.now, Event::Shutdown(host));
        self.queue.schedule(self.now + grace, Event::ForceStop(host, boot));
    }

    /// Takes `host` down: its tasks, connections and listeners are gone; with `lose`, so is a
    /// part of what it did not sync. Gives the futures, to be dropped when the world is free.
    pub(crate) fn take_down(&mut self, host: HostId, lose: bool) -> Vec<Body> {
        let state = &mut self.hosts[host.index()];
        (state.up, state.doomed, state.stopping) = (false, false, false);
        state.distances = [0; FaultKind::COUNT];
        let futures = self.tasks.remove_all(|owner| owner == host);
        for (conn, side) in self.net.conns.held_by(host) {
            if let Some(farewell) = self.net.conns.close(conn, side) {
                let farewell = if lose { Payload::Reset } else { farewell };
                self.send_control(conn, side, farewell);
            }
        }
        for listener in self.net.listeners_of(host) {
            self.net.unlisten(listener);
        }
        if lose {
            self.lose_unsynced(host);
        } else {
            // the machine stays up, so the page cache reaches the disk
            let files: Vec<_> = self.disks[host.index()].unsynced();
            files.into_iter().for_each(|(file, _)| self.disks[host.index()].sync(file));
        }
        futures
    }

    fn lose_unsynced(&mut self, host: HostId) {
        let ip = self.topology.host(host).ip;
        let loses = self.weather.allows(FaultKind::LostWrite);
        for (file, lengths) in self.disks[host.index()].unsynced() {
            let survivors = if loses { fault::survivors(&mut self.choices, ip, &lengths) } else { Survivors::All };
            if survivors != Survivors::All {
                self.inject(FaultKind::LostWrite, host, lengths.len() as u64, || {
                    format!("of {} unsynced writes to a file survive: {survivors:?}", lengths.len())
                });
            }
            self.disks[host.index()].crash(file, survivors);
        }
    }

    /// `host` is to boot again after a while.
    pub(crate) fn plan_restart(&mut self, host: HostId) {
        let ip = self.topology.host(host).ip;
        let weather = self.weather.clone();
        let delay = fault::restart_delay(&mut self.choices, ip, &weather);
        let boot = self.hosts[host.index()].boot;
        self.queue.schedule(self.now + delay, Event::Restart(host, boot));
    }

    /// Marks `host` as booted; the caller spawns its process.
    pub(crate) fn boot(&mut self, host: HostId, again: bool) {
        let storm = self.storm;
        let state = &mut self.hosts[host.index()];
        (state.up, state.exited) = (true, false);
        state.shutdown = CancellationToken::new();
        if again {
            state.boot += 1;
            self.counts.restarts += 1;
        }
        let boot = state.boot;
        self.record(What::Boot, host, u64::from(boot));
        self.tell(true, host, || if again { format!("boots again (boot {boot})") } else { "boots".to_owned() });
        if storm {
            self.draw_distances(host);
        }
    }
}
