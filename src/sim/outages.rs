//! Machines, zones and datacenters that fail as a whole.

use super::events::Ask;
use super::world::World;
use crate::fault::{self, Down, FaultKind};
use crate::topology::{HostId, Level};

impl World {
    /// A place fails with all that stand there, if no more would be down than may be.
    pub(crate) fn begin_outage(&mut self) -> Ask {
        let weather = self.weather.clone();
        let topology = self.topology.clone();
        let most = weather.outages.max_dead.unwrap_or(self.minority());
        // what could never fail is not drawn
        let fitting = |level| topology.units(level).iter().filter(|unit| topology.ips_in(unit).len() <= most);
        let units = Level::ALL.map(|level| fitting(level).count());
        let Some((level, index)) = fault::outage(&mut self.choices, &weather.outages, units) else {
            return Ask::Nothing;
        };
        let Some(unit) = fitting(level).nth(index) else { return Ask::Nothing };
        let hosts = topology.ips_in(unit).iter().filter_map(|&ip| topology.id_of(ip));
        let hit: Vec<HostId> = hosts.filter(|&host| self.is_running(host)).collect();
        let spared = hit.iter().filter(|host| !self.hosts[host.index()].is_dead()).count();
        if hit.is_empty() || self.dead() + spared > most {
            return Ask::Nothing;
        }
        self.fail_place(unit, level as u64, hit);
        Ask::Settle
    }

    /// The place `unit` fails, with the hosts `hit`, which are running.
    pub(crate) fn fail_place(&mut self, unit: &str, level: u64, hit: Vec<HostId>) {
        let topology = self.topology.clone();
        self.inject_everywhere(FaultKind::Outage, level << 16 | hit.len() as u64, || {
            let names: Vec<_> = hit.iter().map(|&host| topology.host(host).name.as_str()).collect();
            format!("OUTAGE of {unit}: {}", names.join(", "))
        });
        hit.into_iter().for_each(|host| self.doom(host, Down::Outage));
    }
}
