//! What `spawn` gives back: a handle on another task's result, in tokio's shape.

use super::TaskId;
use crate::error::SimulationError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Waits for a task and gives its result. Dropping the handle lets the task go on.
#[derive(Debug)]
pub struct JoinHandle<T> {
    shared: Arc<Mutex<Shared<T>>>,
    abort: fn(TaskOfRun),
    task: TaskOfRun,
}

/// Ends a task, as its [`JoinHandle`] does. Made by [`JoinHandle::abort_handle`].
#[derive(Clone, Debug)]
pub struct AbortHandle {
    abort: fn(TaskOfRun),
    task: TaskOfRun,
}

impl AbortHandle {
    /// Ends the task at its next await.
    pub fn abort(&self) {
        (self.abort)(self.task);
    }
}

/// Names a task for good: a handle that outlives its run must not end a task of a later one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskOfRun {
    pub(crate) run: u64,
    pub(crate) id: TaskId,
}

#[derive(Debug)]
struct Shared<T> {
    outcome: Option<Result<T, JoinError>>,
    finished: bool,
    waiting: Option<Waker>,
}

/// Why a task gave no result: it was aborted, its host crashed, or it panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinError(());

impl JoinError {
    /// Was the task aborted (or its host killed)?
    pub fn is_cancelled(&self) -> bool {
        true
    }

    /// Did the task panic? Never seen: a panic ends the whole process.
    pub fn is_panic(&self) -> bool {
        false
    }

    /// What the task panicked with.
    ///
    /// # Panics
    ///
    /// Always, as tokio's does for a task that was cancelled.
    pub fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        panic!("`JoinError::into_panic` of a task that was cancelled")
    }

    /// The same, if it did.
    ///
    /// # Errors
    ///
    /// Always: the error itself.
    pub fn try_into_panic(self) -> Result<Box<dyn std::any::Any + Send + 'static>, Self> {
        Err(self)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task was cancelled")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

impl From<JoinError> for SimulationError {
    fn from(error: JoinError) -> Self {
        Self::Other(Box::new(error))
    }
}

/// Sets the outcome when the task ends, however it ends.
struct Finish<T> {
    shared: Arc<Mutex<Shared<T>>>,
}

impl<T> Finish<T> {
    fn set(&self, outcome: Result<T, JoinError>) {
        let waiting = {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            if shared.finished {
                return;
            }
            shared.finished = true;
            shared.outcome = Some(outcome);
            shared.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        self.set(Err(JoinError(())));
    }
}

/// A future that runs `future` and leaves its result to the handle. The handle's task is named
/// by `named` once it is spawned; `abort` ends it.
pub(crate) fn joined<F: Future>(
    future: F,
    abort: fn(TaskOfRun),
) -> (impl Future<Output = ()> + use<F>, impl FnOnce(TaskOfRun) -> JoinHandle<F::Output>) {
    let shared = Arc::new(Mutex::new(Shared { outcome: None, finished: false, waiting: None }));
    let finish = Finish { shared: shared.clone() };
    let run = async move {
        let output = future.await;
        finish.set(Ok(output));
    };
    (run, move |task| JoinHandle { shared, abort, task })
}

impl<T> JoinHandle<T> {
    /// Ends the task at its next await; awaiting the handle then gives an error.
    pub fn abort(&self) {
        (self.abort)(self.task);
    }

    /// A handle that ends the task and can't wait for it.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { abort: self.abort, task: self.task }
    }

    /// Has the task ended?
    pub fn is_finished(&self) -> bool {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).finished
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None if shared.finished => panic!("a JoinHandle was polled after it gave its result"),
            None => {
                shared.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
