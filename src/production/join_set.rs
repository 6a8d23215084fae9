//! `JoinSet`: tokio's, whose tasks take the server with them when they panic, as all its tasks do.

use super::machine::here;
use super::task::watched;
use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};
use tokio::task::{self, AbortHandle, JoinError};

/// Tasks that give their results in the order in which they end, and die with the set.
pub struct JoinSet<T>(task::JoinSet<T>);

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> JoinSet<T> {
    /// Without tasks.
    pub fn new() -> Self {
        Self(task::JoinSet::new())
    }

    /// The number of tasks whose results were not taken yet.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task into the set.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.0.spawn(watched(here(), future))
    }

    /// Spawns a task that need not be `Send` into the set.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.0.spawn_local(watched(here(), future))
    }

    /// Ends all tasks at their next await; their results are still to be taken.
    pub fn abort_all(&mut self) {
        self.0.abort_all();
    }

    /// Lets all tasks go on, and forgets them.
    pub fn detach_all(&mut self) {
        self.0.detach_all();
    }

    /// Waits until one of the tasks has ended, and gives its result; `None` when there are none.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.0.join_next().await
    }

    /// The same as a poll.
    pub fn poll_join_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.0.poll_join_next(context)
    }

    /// The result of a task that has ended, if one has.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.0.try_join_next()
    }

    /// Ends all tasks and waits until they are gone.
    pub async fn shutdown(&mut self) {
        self.0.shutdown().await;
    }

    /// Waits for all tasks, and gives their results in the order in which they ended.
    ///
    /// # Panics
    ///
    /// When one of them was aborted or panicked.
    pub async fn join_all(self) -> Vec<T> {
        self.0.join_all().await
    }
}
