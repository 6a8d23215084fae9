//! The library as both forms of the simulation use it: how a node of it is made, and how what it
//! has decided is read.

use super::api::Index;
use super::disk::Disk;
use super::{Value, pid};
use omnipaxos::util::{LogEntry, NodeId};
use omnipaxos::{ClusterConfig, OmniPaxos, OmniPaxosConfig, ServerConfig};
use simfuzz::prelude::*;

/// A node of the library, on our disk.
pub(super) type Paxos = OmniPaxos<Value, Disk>;

/// Boots node `pid` of so many `nodes` with what is on its disk.
pub(super) fn boot(pid: NodeId, nodes: usize, disk: &Disk) -> SimulationResult<Paxos> {
    let nodes = (0..nodes).map(self::pid).collect();
    let config = OmniPaxosConfig {
        cluster_config: ClusterConfig { configuration_id: 1, nodes, flexible_quorum: None },
        server_config: ServerConfig {
            pid,
            election_tick_timeout: 2,
            resend_message_tick_timeout: 5,
            // how much room its outboxes start with: by default 19 megabytes, at each call
            buffer_size: 64,
            ..ServerConfig::default()
        },
    };
    config.build(disk.clone()).map_err(|error| SimulationError::InvalidState(format!("{error:?}")))
}

/// Proposes `value`, which may get lost.
pub(super) fn propose(paxos: &mut Paxos, value: Value) {
    // refused only while the cluster is reconfigured, which it never is
    paxos.append(value).expect("a value may be proposed at any time");
}

/// The decided values from `index` on, up to the first that is missing.
pub(super) fn decided_from(paxos: &Paxos, index: Index) -> Vec<Value> {
    let entries = paxos.read_decided_suffix(index).unwrap_or_default();
    entries
        .into_iter()
        .map_while(|entry| if let LogEntry::Decided(value) = entry { Some(value) } else { None })
        .collect()
}
