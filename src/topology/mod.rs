//! Who takes part in a run: hosts, their names, addresses and tags.
//!
//! Owns the mapping between them, fixed for the length of a run. Whether a host is up is the
//! world's business.

mod peer;
mod place;

pub use peer::{DEFAULT_PORT, ToPeer};
pub(crate) use place::Level;
pub use place::{Cluster, Place};

use place::Places;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Index of a host: processes first, then workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostId(pub(crate) u16);

impl HostId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Who belongs to no host: injector number so many.
    pub(crate) fn outside(number: usize) -> Self {
        Self(u16::MAX - number as u16)
    }

    /// Which injector this is.
    pub(crate) fn number_outside(self) -> usize {
        usize::from(u16::MAX - self.0)
    }

    /// Is it none of so many hosts?
    pub(crate) fn is_outside(self, hosts: usize) -> bool {
        self.index() >= hosts
    }
}

/// A host's place in the simulation.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// The name without its number: what [`Topology::peers`] also answers to.
    pub(crate) kind: String,
    pub(crate) ip: IpAddr,
    pub(crate) is_process: bool,
    pub(crate) tags: Vec<(String, String)>,
    /// Where it stands, if it is a process.
    pub(crate) place: Option<Place>,
}

/// Who takes part in a run, as seen through a context: every list is in the order of the
/// builder's calls, and the same in every run of a tape.
///
/// Processes have the addresses 10.0.1.1, 10.0.1.2, ...; workloads 10.0.0.1, 10.0.0.2, ...
#[derive(Clone, Debug, Default)]
pub struct Topology {
    hosts: Vec<Host>,
    /// What acts on no host: injectors, for labels and stories.
    outside: Vec<Host>,
    processes: Vec<IpAddr>,
    workloads: Vec<IpAddr>,
    by_ip: BTreeMap<IpAddr, HostId>,
    tagged: BTreeMap<(String, String), Vec<IpAddr>>,
    peers: BTreeMap<String, Vec<IpAddr>>,
    places: Places,
    /// Where hosts listen, if it isn't the default port.
    ports: BTreeMap<IpAddr, u16>,
}

impl Topology {
    pub(crate) fn new(hosts: Vec<Host>) -> Self {
        let mut topology = Self::default();
        for (index, host) in hosts.iter().enumerate() {
            let list = if host.is_process { &mut topology.processes } else { &mut topology.workloads };
            list.push(host.ip);
            topology.by_ip.insert(host.ip, HostId(index as u16));
            for tag in &host.tags {
                topology.tagged.entry(tag.clone()).or_default().push(host.ip);
            }
            if let Some(place) = &host.place {
                topology.places.add(host.ip, place);
            }
            topology.peers.entry(host.name.clone()).or_default().push(host.ip);
            if host.kind != host.name {
                topology.peers.entry(host.kind.clone()).or_default().push(host.ip);
            }
        }
        topology.hosts = hosts;
        topology
    }

    /// Says where hosts listen.
    #[cfg(feature = "tokio")]
    pub(crate) fn with_ports(mut self, ports: impl IntoIterator<Item = (IpAddr, u16)>) -> Self {
        self.ports = ports.into_iter().collect();
        self
    }

    /// The port that an address without one means.
    pub(crate) fn port_of(&self, ip: IpAddr) -> u16 {
        self.ports.get(&ip).copied().unwrap_or(DEFAULT_PORT)
    }

    /// Adds injectors, by name.
    pub(crate) fn with_injectors(mut self, names: impl IntoIterator<Item = String>) -> Self {
        let nowhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let outside = |kind: String| Host {
            name: format!("fault/{kind}"),
            kind,
            ip: nowhere,
            is_process: false,
            tags: Vec::new(),
            place: None,
        };
        self.outside = names.into_iter().map(outside).collect();
        self
    }

    /// The names of the injectors.
    pub(crate) fn injectors(&self) -> impl Iterator<Item = &str> {
        self.outside.iter().map(|host| host.kind.as_str())
    }

    /// The addresses of all processes, up or down.
    pub fn all_process_ips(&self) -> &[IpAddr] {
        &self.processes
    }

    /// The addresses of all workloads.
    pub fn all_workload_ips(&self) -> &[IpAddr] {
        &self.workloads
    }

    /// The addresses of the processes that carry the tag `key` = `value`.
    pub fn ips_tagged(&self, key: &str, value: &str) -> &[IpAddr] {
        self.tagged.get(&(key.to_owned(), value.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The first host of that name: either `server-1`, or `server` for the first server.
    pub fn peer(&self, name: &str) -> Option<IpAddr> {
        self.peers(name).first().copied()
    }

    /// All hosts of that name: `server` gives all servers.
    pub fn peers(&self, name: &str) -> &[IpAddr] {
        self.peers.get(name).map_or(&[], Vec::as_slice)
    }

    /// The tags of the host at `ip`.
    pub fn tags_of(&self, ip: IpAddr) -> &[(String, String)] {
        self.by_ip.get(&ip).map_or(&[], |id| &self.hosts[id.index()].tags)
    }

    /// The name of the host at `ip`.
    pub fn name_of(&self, ip: IpAddr) -> Option<&str> {
        self.by_ip.get(&ip).map(|id| self.hosts[id.index()].name.as_str())
    }

    /// Where the process at `ip` stands, in a simulation that has a [`Cluster`]. Workloads stand
    /// nowhere.
    pub fn place_of(&self, ip: IpAddr) -> Option<&Place> {
        self.by_ip.get(&ip).and_then(|id| self.hosts[id.index()].place.as_ref())
    }

    /// The names of the datacenters that have a process, in the order of their first ones.
    pub fn datacenters(&self) -> &[String] {
        self.places.names(Level::Datacenter)
    }

    /// The names of the zones that have a process.
    pub fn zones(&self) -> &[String] {
        self.places.names(Level::Zone)
    }

    /// The names of the machines that have a process.
    pub fn machines(&self) -> &[String] {
        self.places.names(Level::Machine)
    }

    /// The addresses of the processes in a machine, zone or datacenter, by its name.
    pub fn ips_in(&self, place: &str) -> &[IpAddr] {
        self.places.inside(place)
    }

    pub(crate) fn units(&self, level: Level) -> &[String] {
        self.places.names(level)
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    pub(crate) fn host(&self, id: HostId) -> &Host {
        match self.hosts.get(id.index()) {
            Some(host) => host,
            None => &self.outside[id.number_outside()],
        }
    }

    pub(crate) fn id_of(&self, ip: IpAddr) -> Option<HostId> {
        self.by_ip.get(&ip).copied()
    }
}

/// Addresses of one block: past 250 hosts the next block of 10.0.0.0/8 begins.
const BLOCK: usize = 250;

/// The address of process number `index`: 10.0.1.1 and on, 10.0.2.1 after 250.
pub(crate) fn process_ip(index: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, (1 + index / BLOCK) as u8, (1 + index % BLOCK) as u8).into()
}

/// The address of workload number `index`: 10.0.0.1 and on, 10.1.0.1 after 250.
pub(crate) fn workload_ip(index: usize) -> IpAddr {
    Ipv4Addr::new(10, (index / BLOCK) as u8, 0, (1 + index % BLOCK) as u8).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, kind: &str, ip: IpAddr, role: &str) -> Host {
        let tags = vec![("role".to_owned(), role.to_owned())];
        Host { name: name.into(), kind: kind.into(), ip, is_process: kind == "server", tags, place: None }
    }

    #[test]
    fn hosts_are_found_by_name_kind_and_tag() {
        let topology = Topology::new(vec![
            host("server-0", "server", process_ip(0), "leader"),
            host("server-1", "server", process_ip(1), "follower"),
            host("client", "client", workload_ip(0), "none"),
        ]);
        assert_eq!(topology.all_process_ips(), [process_ip(0), process_ip(1)]);
        assert_eq!(topology.peer("server"), Some(process_ip(0)));
        assert_eq!(topology.peers("server").len(), 2);
        assert_eq!(topology.peer("server-1"), Some(process_ip(1)));
        assert_eq!(topology.peers("client"), [workload_ip(0)]);
        assert!(topology.peers("nobody").is_empty());
        assert_eq!(topology.ips_tagged("role", "follower"), [process_ip(1)]);
    }

    #[test]
    fn no_two_hosts_share_an_address() {
        let all: std::collections::BTreeSet<_> = (0..2_000).flat_map(|n| [process_ip(n), workload_ip(n)]).collect();
        assert_eq!(all.len(), 4_000);
    }
}
