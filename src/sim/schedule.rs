//! Whose turn it is: tasks that are ready, held back, or of a host that stands still.

use super::clock::PATIENCE;
use super::events::Event;
use super::world::World;
use crate::choice::{Label, Slot};
use crate::executor::{Body, LocalFuture, TaskId, Tasks};
use crate::fault::{self, FaultKind};
use crate::topology::HostId;
use crate::trace::{What, seconds};
use std::panic::Location;

/// A task that is about to be polled, taken out of the world.
pub(crate) struct Ready {
    pub(crate) id: TaskId,
    pub(crate) host: HostId,
    /// Which label deals its holds, which is also its name.
    pub(crate) label: Label,
    pub(crate) body: Body,
}

impl World {
    /// The next task that is ready and not held back.
    #[inline]
    pub(crate) fn next_task(&mut self) -> Option<Ready> {
        loop {
            let id = if self.weather.any_order { self.any_ready()? } else { self.tasks.next_ready()? };
            if self.still > 0 && self.parks(id) {
                continue;
            }
            if self.holds_back(id) {
                continue;
            }
            let Some(task) = self.tasks.get(id) else { continue };
            let (host, slot) = (task.host, Slot::from_raw(task.hold_label));
            let Some(body) = self.tasks.take(id) else { continue };
            self.current = host;
            self.patience = PATIENCE;
            return Some(Ready { id, host, label: self.choices.label(slot), body });
        }
    }

    /// Any one of the ready tasks, by a choice.
    #[cold]
    fn any_ready(&mut self) -> Option<TaskId> {
        let last = self.tasks.count_ready().checked_sub(1)?;
        let slot = self.choices.slot(Label::new("schedule").child("next"), || "schedule/next".to_owned());
        Tasks::ready_at(self.choices.uniform(slot, last as u64) as usize)
    }

    /// Keeps a task of a host that stands still for later.
    #[cold]
    fn parks(&mut self, id: TaskId) -> bool {
        let Some(host) = self.tasks.get(id).map(|task| task.host) else { return false };
        let still = self.hosts.get(host.index()).is_some_and(|host| host.still);
        if still {
            self.hosts[host.index()].parked.push(id);
        }
        still
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
}
