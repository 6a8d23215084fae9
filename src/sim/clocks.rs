//! Wall clocks that are off, drift and jump.

use super::world::World;
use crate::fault::{self, FaultKind};
use crate::topology::HostId;
use crate::trace::What;
use std::time::Duration;

impl World {
    /// Draws how far each process's clock is off: at the start of the storm, once a run.
    pub(crate) fn draw_clocks(&mut self) {
        if self.weather.gap(FaultKind::Skew).or(self.weather.gap(FaultKind::Drift)).is_none() {
            return;
        }
        for index in 0..self.topology.all_process_ips().len() {
            let host = HostId(index as u16);
            let ip = self.topology.host(host).ip;
            let (skew, drift) = fault::clock(&mut self.choices, ip, &self.weather, &self.swarm);
            self.hosts[index].clock.set_off(self.now, skew, drift);
            if skew != 0 {
                self.tell_skew(host, skew);
            }
            if drift != 0 {
                self.tell_drift(host, drift);
            }
        }
    }

    /// The clock of some process jumps. It does so also on a machine whose process is down.
    pub(crate) fn jump_clock(&mut self) {
        let processes = self.topology.all_process_ips().len();
        if processes == 0 {
            return;
        }
        let (which, by) = fault::jump(&mut self.choices, &self.weather, processes);
        self.jump(HostId(which as u16), by);
    }

    /// The clock of `host` jumps by so many nanoseconds.
    pub(crate) fn jump(&mut self, host: HostId, by: i64) {
        self.hosts[host.index()].clock.jump(by);
        self.inject(FaultKind::Jump, host, by as u64, || format!("its clock JUMPS: {}", off(by)));
    }

    /// The clock of `host` is off by so many nanoseconds, and doesn't drift.
    pub(crate) fn skew(&mut self, host: HostId, ahead: i64) {
        self.hosts[host.index()].clock.set_off(self.now, ahead, 0);
        self.tell_skew(host, ahead);
    }

    /// The clock of `host` drifts from now on.
    pub(crate) fn drift(&mut self, host: HostId, ppm: i64) {
        self.hosts[host.index()].clock.drift(self.now, ppm);
        self.tell_drift(host, ppm);
    }

    fn tell_skew(&mut self, host: HostId, skew: i64) {
        self.inject(FaultKind::Skew, host, skew as u64, || format!("its clock is {}", off(skew)));
    }

    fn tell_drift(&mut self, host: HostId, drift: i64) {
        self.inject(FaultKind::Drift, host, drift as u64, || format!("its clock drifts by {drift} ppm"));
    }

    /// All clocks show the true time again.
    pub(crate) fn correct_clocks(&mut self) {
        for index in 0..self.hosts.len() {
            if self.hosts[index].clock.correct() {
                let host = HostId(index as u16);
                self.record(What::Heal, host, 2);
                self.tell(true, host, || "its clock is right again".to_owned());
            }
        }
    }
}

fn off(by: i64) -> String {
    let far = Duration::from_nanos(by.unsigned_abs());
    if by < 0 { format!("{far:?} behind") } else { format!("{far:?} ahead") }
}
