//! `JoinSet`: tasks that are awaited together, and die with the set.

use super::task::{spawn, spawn_local};
use crate::executor::{AbortHandle, JoinError, JoinHandle};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Tasks that give their results in the order in which they end, as `tokio::task::JoinSet`. Of
/// several that have ended, the one that was spawned first comes first.
pub struct JoinSet<T> {
    tasks: Vec<JoinHandle<T>>,
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.tasks.len()).finish()
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
        Self { tasks: Vec::new() }
    }

    /// The number of tasks whose results were not taken yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Ends all tasks at their next await; their results are still to be taken.
    pub fn abort_all(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }

    /// Lets all tasks go on, and forgets them.
    pub fn detach_all(&mut self) {
        self.tasks.clear();
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
        self.add(spawn(future))
    }

    /// Spawns a task that need not be `Send` into the set.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.add(spawn_local(future))
    }

    fn add(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let handle = task.abort_handle();
        self.tasks.push(task);
        handle
    }

    /// Waits until one of the tasks has ended, and gives its result; `None` when there are none.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|context| self.poll_join_next(context)).await
    }

    /// The same as a poll.
    pub fn poll_join_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        if self.tasks.is_empty() {
            return Poll::Ready(None);
        }
        for index in 0..self.tasks.len() {
            if let Poll::Ready(result) = Pin::new(&mut self.tasks[index]).poll(context) {
                self.tasks.remove(index);
                return Poll::Ready(Some(result));
            }
        }
        Poll::Pending
    }

    /// The result of a task that has ended, if one has.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let ended = self.tasks.iter().position(JoinHandle::is_finished)?;
        let mut context = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut self.tasks.remove(ended)).poll(&mut context) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => unreachable!("the task has ended"),
        }
    }

    /// Ends all tasks and waits until they are gone.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks, and gives their results in the order in which they ended.
    ///
    /// # Panics
    ///
    /// When one of them was aborted.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut results = Vec::with_capacity(self.tasks.len());
        while let Some(result) = self.join_next().await {
            results.push(result.expect("no task of the set was aborted"));
        }
        results
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}
