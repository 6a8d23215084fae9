//! What a process can reach on the real machine.

use super::clock::SimTime;
use super::machine::Machine;
use super::network::SimNetwork;
use super::random::SimRandomProvider;
use super::state::SharedState;
use super::storage::SimStorage;
use super::task::SimTasks;
use crate::cancel::CancellationToken;
use crate::topology::Topology;
use std::net::IpAddr;

/// Everything that a process needs: network, clock, random values, files, peers.
///
/// Cheap to clone, and `Send`. It has the methods of the simulated one that a process uses; what is
/// for workloads alone (`history`, `storage_of`) is not here.
#[derive(Clone, Debug)]
pub struct SimContext {
    machine: &'static Machine,
    network: SimNetwork,
    time: SimTime,
    random: SimRandomProvider,
    storage: SimStorage,
    tasks: SimTasks,
    state: SharedState,
}

impl SimContext {
    pub(super) fn new(machine: &'static Machine) -> Self {
        Self {
            machine,
            network: SimNetwork { machine },
            time: SimTime { start: machine.start },
            random: SimRandomProvider::new(),
            storage: SimStorage { machine },
            tasks: SimTasks { machine },
            state: SharedState(()),
        }
    }

    /// The address that others know this server by; to bind to it is to listen where
    /// [`Server::on`](super::Server::on) said.
    pub fn my_ip(&self) -> IpAddr {
        self.machine.ip
    }

    /// The name of this server: `store-1`, or `store` when it has no peers.
    pub fn name(&self) -> &str {
        &self.machine.name
    }

    /// Always 0: a machine doesn't count how often a process was started.
    pub fn boot(&self) -> u32 {
        0
    }

    /// The number of this server in the list of its peers; from 0.
    pub fn client_id(&self) -> usize {
        self.machine.number
    }

    /// How many they are.
    pub fn client_count(&self) -> usize {
        self.machine.count
    }

    /// Who else there is, as [`Server::peers`](super::Server::peers) and
    /// [`Server::others`](super::Server::others) said.
    pub fn topology(&self) -> &Topology {
        &self.machine.topology
    }

    /// The address of the first host called `name`; see [`Topology::peer`].
    pub fn peer(&self, name: &str) -> Option<IpAddr> {
        self.machine.topology.peer(name)
    }

    /// The addresses of all hosts called `name`; see [`Topology::peers`].
    pub fn peers(&self, name: &str) -> &[IpAddr] {
        self.machine.topology.peers(name)
    }

    /// This machine's network.
    pub fn network(&self) -> &SimNetwork {
        &self.network
    }

    /// This machine's clock.
    pub fn time(&self) -> &SimTime {
        &self.time
    }

    /// Random values of the operating system.
    pub fn random(&self) -> &SimRandomProvider {
        &self.random
    }

    /// The folder that [`Server::data_dir`](super::Server::data_dir) named.
    pub fn storage(&self) -> &SimStorage {
        &self.storage
    }

    /// More tasks.
    pub fn task(&self) -> &SimTasks {
        &self.tasks
    }

    /// What a simulation is told, and nobody here listens to.
    pub fn state(&self) -> &SharedState {
        &self.state
    }

    /// Fires when the server is asked to stop, by Ctrl-C or SIGTERM.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.machine.shutdown
    }

    /// Always false: a machine doesn't say why a process is to stop.
    pub fn is_leaving(&self) -> bool {
        false
    }

    /// Nothing: there is no story here, and the closure isn't called.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let _ = line;
    }
}
