//! Hosts that join, and hosts that leave for good.

use super::events::{Ask, Event};
use super::hosts::Membership;
use super::world::World;
use crate::fault::{self, FaultKind};
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::seconds;

impl World {
    /// The last processes are spares, as many as the weather says; at least one is none.
    pub(crate) fn mark_spares(&mut self) {
        let Some(churn) = &self.weather.churn else { return };
        let processes = self.topology.all_process_ips().len();
        let members = processes.saturating_sub(churn.spares).max(1).min(processes);
        self.hosts[members..processes].iter_mut().for_each(|host| host.membership = Membership::Spare);
    }

    /// Draws when each spare joins.
    pub(crate) fn draw_joins(&mut self) {
        for index in 0..self.hosts.len() {
            if self.hosts[index].membership != Membership::Spare {
                continue;
            }
            let host = HostId(index as u16);
            let ip = self.topology.host(host).ip;
            if let Some(gap) = fault::join(&mut self.choices, ip, &self.weather, &self.swarm) {
                self.queue.schedule(self.now + gap, Event::Join(host, self.weather_version));
            }
        }
    }

    /// `host` joins, if the weather that this was drawn for still is.
    pub(crate) fn join(&mut self, host: HostId, version: u32) -> Ask {
        let spare = self.hosts[host.index()].membership == Membership::Spare;
        if !self.storm || version != self.weather_version || !spare {
            return Ask::Nothing;
        }
        self.inject(FaultKind::Join, host, 0, || "JOINS".to_owned());
        Ask::Join(host)
    }

    /// Some process is asked to leave, if it is there. Says whether more may follow.
    pub(crate) fn begin_leave(&mut self) -> bool {
        let Some(churn) = self.weather.churn.clone() else { return false };
        let gone = |membership| matches!(membership, Membership::Leaving | Membership::Left);
        let left = self.hosts.iter().filter(|host| gone(host.membership)).count();
        let processes = self.topology.all_process_ips().len();
        if left >= churn.leaves.min(self.minority()) {
            return false;
        }
        let which = fault::leaver(&mut self.choices, processes);
        if self.hosts[which].serves() {
            let host = HostId(which as u16);
            let grace = churn.grace.as_nanos() as u64;
            self.leave(host, grace);
        }
        true
    }

    /// `host`, which serves, is asked to leave for good.
    pub(crate) fn leave(&mut self, host: HostId, grace: Nanos) {
        self.inject(FaultKind::Leave, host, grace, || format!("is asked to LEAVE within {}", seconds(grace)));
        self.hosts[host.index()].membership = Membership::Leaving;
        self.ask_to_stop(host, grace);
    }
}
