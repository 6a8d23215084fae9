//! Tasks of tokio's runtime that die with the server, and take it with them when they panic.
//!
//! In a simulation a task that panics is the end of its process. Here it is the same: else a server
//! would go on in a state that no simulation has seen.

use super::machine::{Machine, here};
use std::future::Future;

pub use super::join_set::JoinSet;
pub use crate::absent::task::{LocalSet, block_in_place, spawn_blocking};
pub use ::tokio::task::{AbortHandle, JoinError, JoinHandle, yield_now};

/// Spawns tasks that live as long as the server.
#[derive(Clone, Copy, Debug)]
pub struct SimTasks {
    pub(super) machine: &'static Machine,
}

impl SimTasks {
    /// Runs `future` beside the caller, as `tokio::spawn`; on any of the server's threads.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::task::spawn(watched(Some(self.machine), future))
    }

    /// Runs `future`, which need not be `Send`, on the process's own thread. To be called there.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        tokio::task::spawn_local(watched(Some(self.machine), future))
    }

    /// Lets all other ready tasks run first.
    pub async fn yield_now(&self) {
        tokio::task::yield_now().await;
    }
}

/// Runs `future` beside the caller; see [`SimTasks::spawn`].
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::task::spawn(watched(here(), future))
}

/// Runs `future`, which need not be `Send`; see [`SimTasks::spawn_local`].
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    tokio::task::spawn_local(watched(here(), future))
}

/// Tells the server when it is dropped by a panic.
struct Watch(Option<&'static Machine>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(machine) = self.0
            && std::thread::panicking()
        {
            machine.crashed.cancel();
        }
    }
}

/// `future`, whose panic ends the server.
pub(super) async fn watched<F: Future>(machine: Option<&'static Machine>, future: F) -> F::Output {
    let _watch = Watch(machine);
    future.await
}
