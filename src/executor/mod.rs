//! Tasks: futures, who owns them, and which are ready.
//!
//! Owns the table of tasks and the ready queue, which is first in, first out. It decides
//! nothing: whether a task is held back was settled by the caller. It polls nothing either,
//! since a poll must happen while the world is not borrowed: the run does.

mod join;

pub use join::{AbortHandle, JoinError, JoinHandle};
pub(crate) use join::{TaskOfRun, joined};

use crate::topology::HostId;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Wake, Waker};

pub(crate) type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// Tasks that were woken, in that order. Apart from the world, so that a waker called while
    /// the world is borrowed still works.
    static READY: RefCell<VecDeque<TaskId>> = const { RefCell::new(VecDeque::new()) };
    /// The run that wakes may come from on this thread; 0 outside of runs.
    static RUN: Cell<u64> = const { Cell::new(0) };
}

/// The run in progress on this thread, 0 outside of runs.
#[inline]
pub(crate) fn current_run() -> u64 {
    RUN.get()
}

/// Names a task; the generation tells it from an earlier one in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// What all wakers of a thread's runs share, wherever they end up.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    /// The run in progress, 0 for none.
    run: AtomicU64,
    /// Was a task of the run in progress woken by another thread?
    foreign: AtomicBool,
}

struct TaskWaker {
    id: TaskId,
    run: u64,
    queued: AtomicBool,
    alarm: Arc<Alarm>,
}

impl TaskWaker {
    /// Puts the task into the ready queue, unless it is there. Only the run's thread comes here, so
    /// that a swap, which locks the bus, is not needed.
    #[inline]
    fn queue(&self) {
        if !self.queued.load(Relaxed) {
            self.queued.store(true, Relaxed);
            READY.with_borrow_mut(|ready| ready.push_back(self.id));
        }
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if RUN.try_with(Cell::get) == Ok(self.run) {
            self.queue();
        } else if self.alarm.run.load(Relaxed) == self.run {
            // another thread: its timing is no function of the tape
            self.alarm.foreign.store(true, Relaxed);
        }
    }
}

/// Who waits for something: a task of this run by its name, which costs nothing to keep, or
/// whoever stands behind a waker.
#[derive(Debug)]
pub(crate) enum Waiter {
    Task(TaskId),
    Other(Waker),
}

impl Waiter {
    /// Adds itself to `waiters`, unless it waits there already.
    pub(crate) fn join(self, waiters: &mut Vec<Self>) {
        let known = waiters.iter().any(|known| match (known, &self) {
            (Self::Task(known), Self::Task(id)) => known == id,
            (Self::Other(known), Self::Other(waker)) => known.will_wake(waker),
            _ => false,
        });
        if !known {
            waiters.push(self);
        }
    }
}

/// What a poll needs. One pointer, since it is moved out and back for each poll; and a waker of
/// its own, since a clone would cost two atomics a poll.
pub(crate) type Body = Box<(LocalFuture, Waker)>;

/// A task and what the world needs to know of it.
pub(crate) struct Task {
    generation: u32,
    /// Out while it is polled.
    body: Option<Body>,
    state: Option<Arc<TaskWaker>>,
    pub(crate) host: HostId,
    /// Wake-ups until it is held back once; `None` for never.
    pub(crate) hold_in: Option<u64>,
    /// Which label deals its holds: an index of the world's.
    pub(crate) hold_label: u32,
    live: bool,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("host", &self.host).field("live", &self.live).finish_non_exhaustive()
    }
}

/// The tasks of a run.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    slots: Vec<Task>,
    free: Vec<u32>,
    run: u64,
    alarm: Arc<Alarm>,
    /// The task that is being polled, and its waker's data and table.
    polled: Option<(TaskId, usize, usize)>,
}

/// What tells one waker from another.
fn parts(waker: &Waker) -> (usize, usize) {
    (waker.data() as usize, std::ptr::from_ref(waker.vtable()) as usize)
}

impl Tasks {
    /// Names who would be woken by `waker`: mostly the task that is being polled.
    #[inline]
    pub(crate) fn waiter(&self, waker: &Waker) -> Waiter {
        let (data, table) = parts(waker);
        match self.polled {
            Some((id, known, known_table)) if (known, known_table) == (data, table) => Waiter::Task(id),
            _ => Waiter::Other(waker.clone()),
        }
    }

    /// Makes a task ready, as its waker does.
    #[inline]
    pub(crate) fn wake(&mut self, id: TaskId) {
        if let Some(task) = self.get(id)
            && let Some(state) = &task.state
        {
            state.queue();
        }
    }

    /// Begins run number `run` (not 0).
    pub(crate) fn start(&mut self, run: u64) {
        self.slots.clear();
        self.free.clear();
        self.polled = None;
        self.run = run;
        RUN.set(run);
        READY.with_borrow_mut(VecDeque::clear);
        self.alarm.foreign.store(false, Relaxed);
        self.alarm.run.store(run, Relaxed);
    }

    /// Ends the run: wakers that are still around do nothing from here on.
    pub(crate) fn finish(&mut self) {
        RUN.set(0);
        self.alarm.run.store(0, Relaxed);
        READY.with_borrow_mut(VecDeque::clear);
        self.slots.clear();
        self.free.clear();
    }

    /// Was a task woken by another thread since the run began?
    pub(crate) fn woken_from_outside(&self) -> bool {
        self.alarm.foreign.load(Relaxed)
    }

    /// Adds a task, ready to be polled.
    pub(crate) fn spawn(&mut self, host: HostId, hold_label: u32, hold_in: Option<u64>, future: LocalFuture) -> TaskId {
        let id = match self.free.pop() {
            Some(slot) => TaskId { slot, generation: self.slots[slot as usize].generation },
            None => {
                self.slots.push(Task {
                    generation: 0,
                    body: None,
                    state: None,
                    host,
                    hold_in,
                    hold_label,
                    live: false,
                });
                TaskId { slot: self.slots.len() as u32 - 1, generation: 0 }
            }
        };
        let task = &mut self.slots[id.slot as usize];
        let waker = Arc::new(TaskWaker { id, run: self.run, queued: AtomicBool::new(true), alarm: self.alarm.clone() });
        task.body = Some(Box::new((future, Waker::from(waker.clone()))));
        task.state = Some(waker);
        (task.host, task.hold_label, task.hold_in, task.live) = (host, hold_label, hold_in, true);
        READY.with_borrow_mut(|ready| ready.push_back(id));
        id
    }

    /// The next ready task that is still alive.
    #[inline]
    pub(crate) fn next_ready(&mut self) -> Option<TaskId> {
        loop {
            let id = READY.with_borrow_mut(VecDeque::pop_front)?;
            if self.get(id).is_some() {
                return Some(id);
            }
        }
    }

    /// How many tasks are ready.
    pub(crate) fn count_ready(&self) -> usize {
        READY.with_borrow_mut(|ready| {
            ready.retain(|id| {
                self.slots.get(id.slot as usize).is_some_and(|task| task.live && task.generation == id.generation)
            });
            ready.len()
        })
    }

    /// The ready task at `index`, of those that [`Tasks::count_ready`] counted.
    pub(crate) fn ready_at(index: usize) -> Option<TaskId> {
        READY.with_borrow_mut(|ready| ready.remove(index))
    }

    /// Puts a task that was held back into the ready queue again.
    pub(crate) fn requeue(id: TaskId) {
        READY.with_borrow_mut(|ready| ready.push_back(id));
    }

    pub(crate) fn get(&mut self, id: TaskId) -> Option<&mut Task> {
        self.slots.get_mut(id.slot as usize).filter(|task| task.generation == id.generation && task.live)
    }

    /// Takes a task's body out for a poll; wakes from here on queue the task again.
    #[inline]
    pub(crate) fn take(&mut self, id: TaskId) -> Option<Body> {
        let task = self.get(id)?;
        let body = task.body.take()?;
        task.state.as_ref()?.queued.store(false, Relaxed);
        let (data, table) = parts(&body.1);
        self.polled = Some((id, data, table));
        Some(body)
    }

    /// Puts the body of a pending task back; gives it back when the task was killed meanwhile.
    #[inline]
    pub(crate) fn put(&mut self, id: TaskId, body: Body) -> Option<Body> {
        self.polled = None;
        match self.get(id) {
            Some(task) => {
                task.body = Some(body);
                None
            }
            None => Some(body),
        }
    }

    /// Ends a task. The future, if it is not being polled, is the caller's to drop, when the
    /// world is not borrowed.
    pub(crate) fn remove(&mut self, id: TaskId) -> Option<Body> {
        let task = self.get(id)?;
        task.live = false;
        task.generation = task.generation.wrapping_add(1);
        task.state = None;
        let body = task.body.take();
        self.free.push(id.slot);
        body
    }

    /// Ends all tasks that `doomed` picks, in order of their slots.
    pub(crate) fn remove_all(&mut self, doomed: impl Fn(HostId) -> bool) -> Vec<Body> {
        let ids: Vec<_> = (0u32..)
            .zip(&self.slots)
            .filter(|(_, task)| task.live && doomed(task.host))
            .map(|(slot, task)| TaskId { slot, generation: task.generation })
            .collect();
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    /// The tasks that are alive, in order of their slots.
    pub(crate) fn alive(&self) -> Vec<TaskId> {
        (0u32..)
            .zip(&self.slots)
            .filter(|(_, task)| task.live)
            .map(|(slot, task)| TaskId { slot, generation: task.generation })
            .collect()
    }

    /// Is nothing ready?
    pub(crate) fn idle() -> bool {
        READY.with_borrow(VecDeque::is_empty)
    }
}

#[cfg(test)]
mod tests;
