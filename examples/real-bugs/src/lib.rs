//! Bugs that real people wrote, in crates that anybody can download: what simfuzz must find.
//!
//! [`flume`] is a channel, so a pure async crate; [`omnipaxos`] is a consensus library without
//! I/O of its own, [`smoltcp`] a TCP stack without. Each module shows how to test such a crate;
//! `README.md` tells it as a story.

#[cfg(feature = "more")]
pub mod engine;
#[cfg(feature = "more")]
pub mod flash;
pub mod flume;
#[cfg(feature = "more")]
pub mod h2;
#[cfg(feature = "more")]
pub mod imbl;
pub mod omnipaxos;
#[cfg(all(feature = "more", not(feature = "fixed")))]
pub mod raft;
#[cfg(feature = "more")]
pub mod smoltcp;
