//! Faults that come by distance: drawing how far away each is, and telling that one came.
//!
//! Owns the counting down. What a fault does to its device is in the file of that device.

use super::events::{Ask, Event};
use super::world::World;
use crate::choice::{NEVER, Ran, Slot};
use crate::fault::{self, FaultKind, OF_NETWORK};
use crate::goal::Guide;
use crate::topology::HostId;
use crate::trace::{Lasting, Mark, What};

/// Faults that come by the number of a process's own operations, in the order they are drawn.
const BY_OPERATION: [FaultKind; 9] = [
    FaultKind::Crash,
    FaultKind::ReadError,
    FaultKind::WriteError,
    FaultKind::SyncError,
    FaultKind::Full,
    FaultKind::ShortRead,
    FaultKind::ShortWrite,
    FaultKind::Stall,
    FaultKind::Corruption,
];

/// Faults that come by the clock; whom they hit is drawn when they do.
const BY_CLOCK: [FaultKind; 6] =
    [FaultKind::Partition, FaultKind::Pause, FaultKind::Outage, FaultKind::Leave, FaultKind::Jump, FaultKind::Clog];

/// Boots of a host that a fault's context tells apart: the first, the second, and later ones.
const BOOTS: u32 = 2;

impl World {
    /// A fault happens: it is counted, folded into the digest and told.
    pub(crate) fn inject(&mut self, kind: FaultKind, host: HostId, value: u64, text: impl FnOnce() -> String) {
        let doing =
            self.hosts.get(host.index()).map_or(0, |host| host.doing.raw() << 8 | u64::from(host.boot.min(BOOTS)));
        self.note_fault(kind, host, value, doing);
        self.tell_as(Mark::Fault { kind: kind.site() }, true, host, text);
    }

    /// The same for a fault of no host alone.
    pub(crate) fn inject_everywhere(&mut self, kind: FaultKind, value: u64, text: impl FnOnce() -> String) {
        self.note_fault(kind, HostId(0), value, 0);
        self.tell_all_as(Mark::Fault { kind: kind.site() }, text);
    }

    fn note_fault(&mut self, kind: FaultKind, host: HostId, value: u64, doing: u64) {
        self.injected.add(kind);
        let state = (kind as u64) << 32 | doing;
        if !self.contexts.contains_key(&state) {
            let first = Guide { state, at: self.now, choice: self.choices.made() };
            self.contexts.insert(state, first);
        }
        self.record(What::Fault, host, (kind as u64) << 48 ^ value);
    }

    /// `host` does an operation of the sort that `kind` concerns: does the fault come with it?
    /// The next one is drawn by the caller, once this one is over.
    #[inline]
    pub(crate) fn is_due(&mut self, kind: FaultKind, host: HostId) -> bool {
        let left = &mut self.hosts[host.index()].distances[kind as usize];
        if *left == 0 {
            return false;
        }
        *left -= 1;
        *left == 0
    }

    /// The same, and draws the next distance at once.
    #[inline]
    pub(crate) fn strikes(&mut self, kind: FaultKind, host: HostId) -> bool {
        let due = self.is_due(kind, host);
        if due {
            self.draw_distance(kind, host);
        }
        due
    }

    /// Draws how far away the next fault of `kind` is for `host`.
    pub(crate) fn draw_distance(&mut self, kind: FaultKind, host: HostId) {
        let ip = self.topology.host(host).ip;
        let before = self.choices.made();
        let distance = fault::host_distance(&mut self.choices, ip, kind, &self.weather, &self.swarm);
        // what was never drawn doesn't count
        let never = if self.choices.made() > before { NEVER } else { 0 };
        let left = std::mem::replace(&mut self.hosts[host.index()].distances[kind as usize], distance.unwrap_or(never));
        if left > 0 {
            self.choices.note_redrawn(before, Ran::Left(left));
        }
    }

    /// Draws all distances of a process that is up.
    pub(crate) fn draw_distances(&mut self, host: HostId) {
        BY_OPERATION.into_iter().for_each(|kind| self.draw_distance(kind, host));
        self.draw_network(host);
    }

    /// Draws how far away the faults of the network are for a host, process or workload.
    fn draw_network(&mut self, host: HostId) {
        if self.breaks {
            OF_NETWORK.into_iter().for_each(|kind| self.draw_distance(kind, host));
        }
    }

    /// Draws when the next fault of a kind that comes by the clock is due.
    pub(crate) fn draw_moment(&mut self, kind: FaultKind) {
        if let Some(gap) = fault::time_distance(&mut self.choices, kind, &self.weather, &self.swarm) {
            self.queue.schedule(self.now + gap, Event::Fault(kind, self.weather_version));
        }
    }

    /// Draws every running distance: at the start of the storm, and after a reseed.
    pub(crate) fn draw_weather(&mut self) {
        self.breaks = OF_NETWORK.into_iter().any(|kind| self.weather.gap(kind).is_some());
        for index in 0..self.hosts.len() {
            let host = HostId(index as u16);
            match &self.hosts[index] {
                state if !state.up => {}
                state if state.is_process => self.draw_distances(host),
                _ => self.draw_network(host),
            }
        }
        self.weather_version += 1;
        for kind in BY_CLOCK {
            let before = self.choices.made();
            self.draw_moment(kind);
            self.choices.note_redrawn(before, Ran::ByTime);
        }
        self.draw_joins();
        if self.weather.gap(FaultKind::Hold).is_some() {
            for id in self.tasks.alive() {
                let Some(task) = self.tasks.get(id).filter(|task| !task.host.is_outside(self.hosts.len())) else {
                    continue;
                };
                let slot = Slot::from_raw(task.hold_label);
                let hold_in = self.draw_hold(slot);
                if let Some(task) = self.tasks.get(id) {
                    task.hold_in = hold_in;
                }
            }
        }
    }

    /// A fault that comes by the clock is due, if the weather that it was drawn for still is.
    pub(crate) fn fault_is_due(&mut self, kind: FaultKind, version: u32) -> Ask {
        if !self.storm || version != self.weather_version {
            return Ask::Nothing;
        }
        let mut ask = Ask::Nothing;
        match kind {
            FaultKind::Partition => self.begin_partition(),
            FaultKind::Pause => self.begin_pause(),
            FaultKind::Outage => ask = self.begin_outage(),
            FaultKind::Leave if !self.begin_leave() => return ask,
            FaultKind::Leave => {}
            FaultKind::Jump => self.jump_clock(),
            FaultKind::Clog => self.begin_clog(),
            _ => unreachable!("{kind} don't come by the clock"),
        }
        self.draw_moment(kind);
        ask
    }

    /// No fault comes any more.
    pub(crate) fn end_weather(&mut self) {
        self.storm = false;
        self.lasts_no_more(|what| *what == Lasting::Storm);
        crate::buggify::decided_by(None);
        self.breaks = false;
        self.weather_version += 1;
        for host in &mut self.hosts {
            host.distances = [0; FaultKind::COUNT];
            host.losing = 0;
        }
    }
}
