//! A queue: first in, first out.

use super::super::model::Model;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;

/// A FIFO queue that is empty at first.
///
/// ```
/// use simfuzz::history::{History, Queue, QueueOp::*, QueueReply::*};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// for element in [1, 2] {
///     let enqueue = history.invoke("alice", Duration::ZERO, Enqueue(element));
///     history.ok(enqueue, Duration::ZERO, Done);
/// }
/// let dequeue = history.invoke("bob", Duration::ZERO, Dequeue);
/// history.ok(dequeue, Duration::ZERO, Element(Some(2)));
/// assert!(!history.linearizable(&Queue::new()).holds(), "1 came first");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue<T>(PhantomData<fn() -> T>);

/// What is asked of a [`Queue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueOp<T> {
    /// Puts an element at the end.
    Enqueue(T),
    /// Takes the first element.
    Dequeue,
}

/// What a [`Queue`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueReply<T> {
    /// The element is in.
    Done,
    /// This was the first; `None` if the queue was empty.
    Element(Option<T>),
}

impl<T> Queue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Ord + fmt::Debug> Model for Queue<T> {
    type Input = QueueOp<T>;
    type Output = QueueReply<T>;
    type State = VecDeque<T>;

    fn initial(&self) -> VecDeque<T> {
        VecDeque::new()
    }

    fn step(&self, state: &VecDeque<T>, input: &QueueOp<T>, output: Option<&QueueReply<T>>) -> Option<VecDeque<T>> {
        let mut after = state.clone();
        match (input, output) {
            (QueueOp::Enqueue(element), Some(QueueReply::Done) | None) => after.push_back(element.clone()),
            (QueueOp::Dequeue, None) => _ = after.pop_front(),
            (QueueOp::Dequeue, Some(QueueReply::Element(told))) => {
                if after.pop_front() != *told {
                    return None;
                }
            }
            _ => return None,
        }
        Some(after)
    }

    fn only_reads(&self, _input: &QueueOp<T>, output: Option<&QueueReply<T>>) -> bool {
        matches!(output, Some(QueueReply::Element(None)))
    }
}
