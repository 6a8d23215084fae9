//! raft-engine 0.3.0: a crash while a group's log is moved loses a part of it, for good.
//!
//! A log store for many Raft groups, for code that blocks: it takes an injected file system, calls it whenever it likes,
//! and waits. So it works on files in memory (`image`), which note what it does, and after each call the process does
//! the same to the simulated disk, operation by operation (`replay`). A crash comes between any two of them,
//! and takes what was not synced.
//!
//! - `image`: files in memory, with raft-engine's traits; notes every change
//! - `replay`: carries the changes out on the simulated disk, and reads a disk at boot
//! - `process`: what raft-engine keeps in its process, which a new process would not have
//! - `numbers`: one of them, which gets into its files
//! - `model`: what the store must hold
//! - `store`: the process under test

mod image;
mod model;
#[cfg(feature = "fixed")]
mod numbers;
mod process;
mod replay;
mod store;

use simfuzz::prelude::*;

/// How long the machine is off.
const OFF: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_millis(100);

/// A store that crashes; all that is written is synced.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    store(false)
}

/// A store that crashes, of a program that leaves some of its appends unsynced.
pub fn hasty() -> Simulation {
    store(true).build()
}

fn store(is_hasty: bool) -> SimulationBuilder {
    process::prepare();
    SimulationBuilder::new()
        .processes(1, move || Box::new(store::Store { is_hasty }))
        .workload(|| Box::new(store::Reader))
        .attrition(Attrition::default().chance(0.9).within(600).weights(0, 1))
        .restart_after(OFF)
        // its maps are hashed with the process' entropy
        .isolate()
}
