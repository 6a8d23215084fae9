//! Tasks, with `tokio::task`'s names, on the simulated host.

use super::host;
use crate::sim::SimTasks;
use std::future::Future;

pub use super::join_set::JoinSet;
pub use crate::absent::task::{LocalSet, block_in_place, spawn_blocking};
pub use crate::executor::{AbortHandle, JoinError, JoinHandle};

/// Runs `future` beside the caller, on the same host; see [`SimTasks::spawn`].
///
/// # Panics
///
/// Outside of a run.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    SimTasks { host: host() }.spawn(future)
}

/// Runs `future`, which need not be `Send`; see [`SimTasks::spawn_local`].
///
/// # Panics
///
/// Outside of a run.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    SimTasks { host: host() }.spawn_local(future)
}

/// Lets all other ready tasks run first.
pub async fn yield_now() {
    SimTasks { host: host() }.yield_now().await;
}
