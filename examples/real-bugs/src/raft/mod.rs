//! raft 0.7.0: a leader believes that it must send a follower what the follower has confirmed.
//!
//! A consensus library without I/O of its own, built for a network that may lose and reorder
//! messages: so the servers here talk by datagrams, and the simulator loses, doubles and delays
//! those, crashes servers and cuts links.
//!
//! - `node`: the server, a process that crashes and boots again
//! - `client`: the workload that proposes values
//!
//! There is no published version with a fix, so the control package has no raft.

mod client;
mod node;

use simfuzz::prelude::*;
use std::ops::RangeInclusive;

/// Nodes of the cluster.
const NODES: usize = 3;

/// Between two ticks of the library's clock. A leader's heartbeat comes with every second.
const TICK: Duration = Duration::from_millis(10);

/// Messages overtake each other, and a heartbeat's answer is back before the next.
const LATENCY: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(8);

/// How long a node is down, and a link cut.
const DOWN: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(200);

/// The port of the nodes.
const PORT: u16 = 2_379;

/// What a datagram is, by its first byte: a value that a client proposes, or a message of a node.
const PROPOSAL: u8 = 0;
const MESSAGE: u8 = 1;

/// Three nodes on a bad network, and a client that proposes values.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(NODES, || Box::new(node::Node))
        .workload(|| Box::new(client::Client))
        .latency(Latency::between(LATENCY))
        .network_faults(NetworkFaults::none().losses(0.9, 60).duplicates(0.5, 100).reorders(0.9, 60))
        .attrition(Attrition::default().chance(0.5).within(400).weights(1, 9))
        .restart_after(DOWN)
        .partitions(Partitions::default().chance(0.5).within(Duration::from_millis(400)).lasting(DOWN))
}
