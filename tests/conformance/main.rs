//! The same code against the simulator and against this machine: both must tell the same story.
//!
//! Where a simulation must differ, the suite says so beside the code, and so do the docs of the
//! type.
#![cfg(all(feature = "sim", unix))]

mod files;
#[expect(clippy::duplicate_mod, reason = "the scenarios are compiled over simulated and real sockets")]
mod sockets;
