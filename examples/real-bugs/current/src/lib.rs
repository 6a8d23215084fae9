//! The simulations of `real-bugs` whose crates' newest versions have a bug.
//!
//! `tests/raft_engine.rs` and `tests/smoltcp.rs` show the same bugs without a simulation.

#[path = "../../src/engine/mod.rs"]
pub mod engine;

#[path = "../../src/smoltcp/mod.rs"]
pub mod smoltcp;
