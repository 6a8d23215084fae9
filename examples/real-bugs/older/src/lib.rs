//! The simulations of `real-bugs` on versions that have other bugs than the newer ones pinned there.

#[path = "../../src/h2/mod.rs"]
pub mod h2;
#[path = "../../src/omnipaxos/mod.rs"]
pub mod omnipaxos;
