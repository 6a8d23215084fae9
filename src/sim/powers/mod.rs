//! The powers of an injector: every fault as one verb.
//!
//! Owns who is meant and that nothing happens outside of the storm. What a fault does is in the
//! file of its device, the same as for the faults that come by distance.

mod clocks;
mod disks;
mod hosts;
mod network;

pub use network::Cut;

use super::clock::SimTime;
use super::random::SimRandomProvider;
use super::state::SharedState;
use super::world::{World, with};
use crate::fault::FaultKind;
use crate::topology::{HostId, Topology};
use std::net::IpAddr;
use std::sync::Arc;

/// What an injector can do, each fault as one verb.
///
/// Hosts are named by address, by name or kind (`"server-1"`, `"server"` for all servers), or by
/// a list of addresses. Each fault counts under its [`FaultKind`], and does nothing when the
/// builder turned that kind off, or when the storm is over. The verbs know no limits: an injector
/// may take down more processes than an `Attrition` would.
///
/// # Panics
///
/// The verbs panic when nobody is called so, and those that take a process down when it is a
/// workload: workloads survive everything.
#[derive(Clone, Debug)]
pub struct Faults {
    run: u64,
    pub(crate) host: HostId,
    random: SimRandomProvider,
    topology: Arc<Topology>,
}

impl Faults {
    pub(crate) fn new(host: HostId, topology: &Arc<Topology>) -> Self {
        let random = SimRandomProvider::of_injector(host, &topology.host(host).kind);
        Self { run: with(|world| world.run), host, random, topology: topology.clone() }
    }

    /// Random values: choices of the tape, under `fault/` and the injector's name.
    pub fn random(&self) -> &SimRandomProvider {
        &self.random
    }

    /// The virtual clock.
    pub fn time(&self) -> SimTime {
        SimTime(self.host)
    }

    /// Who takes part.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Values shared with workloads, processes and invariants.
    pub fn state(&self) -> SharedState {
        SharedState(())
    }

    /// Uses the world for a fault of `kind`, if there may be one now. `f` gives nothing when there
    /// was nothing to break.
    fn inject<R>(&self, kind: FaultKind, f: impl FnOnce(&mut World) -> Option<R>) -> Option<R> {
        with(|world| {
            assert!(world.run == self.run, "the Faults of an earlier run were used: its storm is over");
            let done = (world.storm && world.weather.allows(kind)).then(|| f(world)).flatten();
            world.deeds[self.host.number_outside()].faults += u32::from(done.is_some());
            done
        })
    }

    /// The hosts that are meant.
    fn hosts(&self, whom: impl Whom) -> Vec<HostId> {
        let id = |ip| self.topology.id_of(ip).unwrap_or_else(|| panic!("no host has the address {ip}"));
        whom.addresses(&self.topology).into_iter().map(id).collect()
    }

    /// The processes that are meant.
    fn processes(&self, whom: impl Whom) -> Vec<HostId> {
        let hosts = self.hosts(whom);
        for &host in &hosts {
            let host = self.topology.host(host);
            assert!(host.is_process, "{} is a workload, and workloads survive everything", host.name);
        }
        hosts
    }
}

/// What an injector has done in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deeds {
    /// Was it set to work?
    pub(crate) ran: bool,
    /// How many faults it injected.
    pub(crate) faults: u32,
}

/// Who is meant by a verb of [`Faults`]: an address, a name or kind of host, or several addresses.
pub trait Whom {
    /// The addresses meant, in the order of the topology or as listed.
    #[doc(hidden)]
    fn addresses(&self, topology: &Topology) -> Vec<IpAddr>;
}

impl Whom for IpAddr {
    fn addresses(&self, _: &Topology) -> Vec<IpAddr> {
        vec![*self]
    }
}

impl Whom for str {
    fn addresses(&self, topology: &Topology) -> Vec<IpAddr> {
        let peers = topology.peers(self);
        assert!(!peers.is_empty(), "no host is called `{self}`");
        peers.to_vec()
    }
}

impl Whom for String {
    fn addresses(&self, topology: &Topology) -> Vec<IpAddr> {
        self.as_str().addresses(topology)
    }
}

impl Whom for [IpAddr] {
    fn addresses(&self, _: &Topology) -> Vec<IpAddr> {
        self.to_vec()
    }
}

impl Whom for Vec<IpAddr> {
    fn addresses(&self, _: &Topology) -> Vec<IpAddr> {
        self.clone()
    }
}

impl<const N: usize> Whom for [IpAddr; N] {
    fn addresses(&self, _: &Topology) -> Vec<IpAddr> {
        self.to_vec()
    }
}

impl<T: Whom + ?Sized> Whom for &T {
    fn addresses(&self, topology: &Topology) -> Vec<IpAddr> {
        (**self).addresses(topology)
    }
}
