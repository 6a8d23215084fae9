//! omnipaxos 0.2.2: two nodes decide different values at one index.
//!
//! A consensus library without I/O of its own: it is told of ticks and messages, and says which
//! messages to send.
//!
//! There are two forms of it. In one a node of ours is a real server around the library, with TCP
//! sessions, a ticker and a disk; the simulator provides the network, the clock and the crashes.
//! In the other there are no servers: a workload feeds five nodes by hand, step by step, and owns
//! the links between them.
//!
//! - `node`: the server, a process that crashes and boots again
//! - `disk`: what a node stores, which survives its crashes
//! - `client`: the workload that proposes values
//! - `hand`, `steps`: nodes and links without servers, and the workload that feeds them
//! - `cluster`: what all nodes have decided, checked as it happens
//! - `paxos`: the library as it is used here
//! - `api`: the little that differs between the versions of the library

#[cfg_attr(feature = "fixed", path = "api/v0_2_4.rs")]
#[cfg_attr(not(feature = "fixed"), path = "api/v0_2_2.rs")]
mod api;
mod client;
mod cluster;
mod disk;
mod hand;
mod node;
mod paxos;
mod steps;

use ::omnipaxos::storage::{Entry, NoSnapshot};
use ::omnipaxos::util::NodeId;
use serde::{Deserialize, Serialize};
use simfuzz::prelude::*;
use std::ops::RangeInclusive;

/// Nodes of the cluster.
const NODES: usize = 3;

/// Between two ticks of the library's clock.
const TICK: Duration = Duration::from_millis(10);

/// A message takes up to half a tick, so that a heartbeat's answer is back before the next.
const LATENCY: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(5);

/// How long a node is down.
const DOWN: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(100);

/// How long links are cut: long enough that sessions are given up, short enough that there are
/// several cuts in a run, which takes half a virtual second.
const CUT: RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(150);

/// The values that are agreed on: the number of the client's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Value(u64);

impl Entry for Value {
    type Snapshot = NoSnapshot;
}

/// Three nodes that crash, boot again and are cut off, and a client that proposes values.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(NODES, || Box::new(node::Node))
        .workload(|| Box::new(client::Client))
        .latency(Latency::between(LATENCY))
        .attrition(Attrition::default().chance(0.8).within(200).weights(1, 9))
        .restart_after(DOWN)
        .partitions(Partitions::default().chance(0.8).within(Duration::from_millis(200)).lasting(CUT))
}

/// Five nodes that are fed by hand, for 600 steps.
pub fn steps_600() -> Simulation {
    by_hand(5, 600).build()
}

/// The same for 400 steps: less time to get to the bug.
pub fn steps_400() -> Simulation {
    by_hand(5, 400).build()
}

/// So many nodes that are fed by hand, for so many steps.
pub fn by_hand(nodes: usize, steps: u32) -> SimulationBuilder {
    SimulationBuilder::new().workload(move || Box::new(steps::Steps { nodes, steps }))
}

/// Nodes count from 1: 0 is no node.
fn pid(index: usize) -> NodeId {
    index as NodeId + 1
}

/// What the simulation calls node `pid`.
fn name(pid: NodeId) -> String {
    format!("node-{}", pid - 1)
}
