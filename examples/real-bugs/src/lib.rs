//! Bugs that real people wrote, in crates that anybody can download: what simfuzz must find.
//!
//! [`flume`] is a channel, so a pure async crate; [`omnipaxos`] is a consensus library without
//! I/O of its own, [`smoltcp`] a TCP stack without. Each module shows how to test such a crate;
//! `README.md` tells it as a story.

pub mod flash;
pub mod flume;
pub mod h2;
pub mod imbl;
pub mod omnipaxos;
#[cfg(not(feature = "fixed"))]
pub mod raft;
pub mod smoltcp;
