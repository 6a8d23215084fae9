//! A replicated key-value store behind HTTP, and the simulation that tests it.
//!
//! Three replicas keep the same log of writes: a leader, elected by a majority, and two followers.
//! What a write does is the `store`'s, a pure state machine; what of the log survives a crash is the
//! `wal`'s; who may lead, and when a leader may answer by itself, is the `node`'s, with the `lease`'s
//! arithmetic. All of them speak HTTP: `api` is axum's router, `http` carries it with hyper. The tests
//! are `client`s that write and read, and record what they were told.
//!
//! With the feature `bug`, which is on by default, one line is wrong.

mod api;
mod client;
mod election;
mod http;
mod lease;
mod messages;
mod node;
mod replica;
mod replication;
mod store;
mod wal;

use simfuzz::prelude::*;

/// How many replicas there are, for ever.
const REPLICAS: usize = 3;

/// Three replicas and three clients, in bad weather.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built, for a report over seeds.
///
/// Isolated, as hyper reads the clock for its `Date` header, and axum's router has hash maps.
pub fn builder() -> SimulationBuilder {
    let millis = Duration::from_millis;
    SimulationBuilder::new()
        .processes(REPLICAS, || Box::new(replica::Replica))
        .workloads(WorkloadCount::Fixed(3), |_| Box::new(client::Client::default()))
        .all_faults()
        // who takes part is settled: a new disk would forget its votes
        .without(FaultKind::Wipe)
        .without(FaultKind::Join)
        .without(FaultKind::Leave)
        .restart_after(millis(20)..=millis(1_000))
        .partitions(Partitions::default().within(Duration::from_secs(4)).lasting(millis(10)..=millis(1_500)))
        .isolate()
}
