//! Stands in for tokio in a package of simulations, so that crates which call tokio themselves, as `axum::serve`, tonic and
//! tower's buffer do, run there unchanged.
//!
//! Owns names alone. What needs a runtime (tasks, time, sockets, files) is simfuzz's; what needs none (io traits,
//! channels, locks) is tokio's own. What neither can give is tokio's as well, and panics in a simulation for want of a runtime,
//! which the run reports as `unsupported: tokio runtime`.
//!
//! Outside of a run nothing of simfuzz's works here: a program that is to serve is built without this package.

pub mod net;
pub mod task;

pub use real::{io, join, main, pin, process, runtime, signal, task_local, test, try_join};
pub use simfuzz::{fs, select};
pub use task::spawn;

/// Channels, locks and signals between tasks.
pub mod sync {
    pub use simfuzz::sync::*;
}

/// Virtual time.
pub mod time {
    pub use simfuzz::time::*;
}
