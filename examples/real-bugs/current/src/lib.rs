//! The simulations of `real-bugs` whose crates' newest versions have a bug.
//!
//! `tests/smoltcp.rs` shows the same bugs without a simulation.

#[path = "../../src/smoltcp/mod.rs"]
pub mod smoltcp;
