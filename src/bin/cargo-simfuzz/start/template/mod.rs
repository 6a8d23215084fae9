//! The system in a simulation: which processes there are, who uses them, what may break.
//!
//! `cargo test` runs it with a few seeds, `cargo simfuzz run sim_target` fuzzes it. Both start
//! from [`simulation`]; put your own processes and workloads there.

mod client;
mod store;

use simfuzz::prelude::*;

/// One store that crashes now and then, and a client that knows what it must hold.
pub fn simulation() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, || Box::new(store::Store))
        .workload(|| Box::<client::Client>::default())
        // crashes, at any operation on the disk
        .attrition(Attrition::default())
}
