//! Where processes stand: machines in zones in datacenters.
//!
//! Owns the names of places and who is where. What fails with a place is drawn elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// What may fail as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Level {
    Machine,
    Zone,
    Datacenter,
}

impl Level {
    /// From the smallest, the calmest, to the largest.
    pub(crate) const ALL: [Self; 3] = [Self::Machine, Self::Zone, Self::Datacenter];

    /// The key under which it is a tag.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Zone => "zone",
            Self::Datacenter => "datacenter",
        }
    }
}

/// Where a process stands. Each name tells the whole way, `dc-0/zone-1/machine-0`, so that no two
/// places share one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The machine; what fails with it fails at once.
    pub machine: String,
    /// The zone of that machine: a rack, a power feed, a cloud's availability zone.
    pub zone: String,
    /// The datacenter of that zone.
    pub datacenter: String,
}

impl Place {
    pub(crate) fn new(datacenter: usize, zone: usize, machine: usize) -> Self {
        let datacenter = format!("dc-{datacenter}");
        let zone = format!("{datacenter}/zone-{zone}");
        Self { machine: format!("{zone}/machine-{machine}"), zone, datacenter }
    }

    pub(crate) fn at(&self, level: Level) -> &str {
        match level {
            Level::Machine => &self.machine,
            Level::Zone => &self.zone,
            Level::Datacenter => &self.datacenter,
        }
    }
}

type Placing = Arc<dyn Fn(usize) -> (usize, usize, usize) + Send + Sync>;

/// How processes are spread over datacenters, zones and machines.
///
/// Round robin, so that neighbours are as far apart as can be: the first process of two
/// datacenters stands in the first, the second in the second one. Without a cluster each process
/// has its own machine, and places have no names.
///
/// Processes that share a machine still have each their own disk and their own crashes; what they
/// share is the machine's [`Outages`](crate::Outages).
///
/// The places are in the topology ([`Topology::place_of`](crate::Topology::place_of)) and are tags
/// of the processes: `machine`, `zone` and `datacenter`.
///
/// ```
/// # use simfuzz::prelude::*;
/// // six machines in three zones; a seventh process shares the first machine
/// # #[cfg(feature = "sim")]
/// let cluster = Cluster::new().zones(3).machines(2);
/// ```
#[derive(Clone)]
pub struct Cluster {
    datacenters: usize,
    zones: usize,
    machines: Option<usize>,
    placing: Option<Placing>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("datacenters", &self.datacenters)
            .field("zones", &self.zones)
            .field("machines", &self.machines)
            .finish_non_exhaustive()
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

impl Cluster {
    /// One datacenter with one zone, in which each process has its own machine.
    pub fn new() -> Self {
        Self { datacenters: 1, zones: 1, machines: None, placing: None }
    }

    /// So many datacenters, at least one.
    #[must_use]
    pub fn datacenters(mut self, count: usize) -> Self {
        self.datacenters = count.max(1);
        self
    }

    /// So many zones in each datacenter, at least one.
    #[must_use]
    pub fn zones(mut self, count: usize) -> Self {
        self.zones = count.max(1);
        self
    }

    /// So many machines in each zone, at least one; as many as there are processes without it.
    #[must_use]
    pub fn machines(mut self, count: usize) -> Self {
        self.machines = Some(count.max(1));
        self
    }

    /// Places each process by its number in the topology instead: datacenter, zone and machine,
    /// each counted within its parent.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// // the first two in one zone, the others each in its own
    /// # #[cfg(feature = "sim")]
    /// let cluster = Cluster::new().placed(|process| (0, process.saturating_sub(1), 0));
    /// ```
    #[must_use]
    pub fn placed(mut self, place: impl Fn(usize) -> (usize, usize, usize) + Send + Sync + 'static) -> Self {
        self.placing = Some(Arc::new(place));
        self
    }

    /// Where process number `index` stands.
    pub(crate) fn place(&self, index: usize) -> Place {
        let (datacenter, zone, machine) = match &self.placing {
            Some(place) => place(index),
            None => {
                let (datacenter, rest) = (index % self.datacenters, index / self.datacenters);
                let (zone, rest) = (rest % self.zones, rest / self.zones);
                (datacenter, zone, self.machines.map_or(rest, |machines| rest % machines))
            }
        };
        Place::new(datacenter, zone, machine)
    }
}

/// Who stands where: of each level its places, in the order of their first processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    names: [Vec<String>; 3],
    inside: BTreeMap<String, Vec<IpAddr>>,
}

impl Places {
    pub(crate) fn add(&mut self, ip: IpAddr, place: &Place) {
        for level in Level::ALL {
            let name = place.at(level);
            let inside = self.inside.entry(name.to_owned()).or_default();
            if inside.is_empty() {
                self.names[level as usize].push(name.to_owned());
            }
            inside.push(ip);
        }
    }

    pub(crate) fn names(&self, level: Level) -> &[String] {
        &self.names[level as usize]
    }

    pub(crate) fn inside(&self, name: &str) -> &[IpAddr] {
        self.inside.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machines(cluster: &Cluster, processes: usize) -> Vec<String> {
        (0..processes).map(|index| cluster.place(index).machine).collect()
    }

    #[test]
    fn neighbours_stand_far_apart() {
        let cluster = Cluster::new().datacenters(2).zones(2).machines(1);
        let expected = [
            "dc-0/zone-0/machine-0",
            "dc-1/zone-0/machine-0",
            "dc-0/zone-1/machine-0",
            "dc-1/zone-1/machine-0",
            "dc-0/zone-0/machine-0",
        ];
        assert_eq!(machines(&cluster, 5), expected);
        assert_eq!(machines(&Cluster::new(), 2), ["dc-0/zone-0/machine-0", "dc-0/zone-0/machine-1"]);
        assert_eq!(machines(&Cluster::new().placed(|n| (0, n, 7)), 1), ["dc-0/zone-0/machine-7"]);
    }

    #[test]
    fn places_know_who_stands_in_them() {
        let cluster = Cluster::new().zones(2);
        let ips: Vec<_> = (0..3).map(crate::topology::process_ip).collect();
        let mut places = Places::default();
        (0..3).for_each(|index| places.add(ips[index], &cluster.place(index)));
        assert_eq!(places.names(Level::Zone), ["dc-0/zone-0", "dc-0/zone-1"]);
        assert_eq!(places.inside("dc-0/zone-0"), [ips[0], ips[2]]);
        assert_eq!(places.inside("dc-0"), ips);
        assert!(places.inside("nowhere").is_empty());
    }
}
