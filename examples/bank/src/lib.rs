//! A small replicated bank, and the simulation that tests it.
//!
//! Three replicas keep the same accounts: a primary and two backups. What happens to the
//! accounts is the `ledger`'s, a pure state machine; what of it survives a crash is the
//! `journal`'s, a write-ahead log and a snapshot; who talks to whom is the `replica`'s. The tests
//! are two `client`s that remember, in a `model`, what they asked for and what they were told.
//!
//! With the feature `bug`, which is on by default, one line of the replica is wrong.

mod client;
mod journal;
mod ledger;
mod model;
mod replica;
mod wire;

use simfuzz::prelude::*;

/// Three replicas and two clients, in bad weather.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built, for a report over seeds.
pub fn builder() -> SimulationBuilder {
    let millis = Duration::from_millis;
    SimulationBuilder::new()
        .processes(3, || Box::new(replica::Replica))
        .tags(&[("role", &["primary", "backup", "backup"])])
        .workloads(WorkloadCount::Fixed(2), |_| Box::new(client::Client::default()))
        .attrition(Attrition::default().chance(0.3).within(1_000))
        .restart_after(millis(20)..=millis(300))
        .partitions(Partitions::default().within(Duration::from_secs(4)).lasting(millis(10)..=millis(1_000)))
}
