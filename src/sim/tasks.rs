//! `ctx.task()`: more tasks on the same host.

use super::world::{try_with, with};
use crate::executor::{JoinHandle, TaskOfRun, joined};
use crate::topology::HostId;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;

/// Spawns tasks that live and die with their host.
///
/// A task of a process ends when the process crashes or its `run` returns; one of a workload
/// ends with the run.
#[derive(Clone, Copy, Debug)]
pub struct SimTasks {
    pub(crate) host: HostId,
}

impl SimTasks {
    /// Runs `future` beside the caller, as `tokio::spawn`.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_local(future)
    }

    /// Runs `future`, which need not be `Send`, as `tokio::task::spawn_local`.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let place = Location::caller();
        let (task, handle) = joined(future, abort);
        let task = Box::pin(task);
        handle(with(|world| TaskOfRun { run: world.run, id: world.spawn(self.host, place, task) }))
    }

    /// Lets all other ready tasks run first.
    pub async fn yield_now(&self) {
        let mut yielded = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

fn abort(task: TaskOfRun) {
    let future = try_with(|world| if world.run == task.run { world.tasks.remove(task.id) } else { None });
    // dropped here, when the world is free: its handles use the world
    drop(future);
}
