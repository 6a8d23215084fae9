//! A number that is added to and read.

use super::super::model::Model;

/// A counter that begins at 0.
///
/// ```
/// use simfuzz::history::{Counter, CounterOp::*, CounterReply::*, History};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// let add = history.invoke("alice", Duration::ZERO, Add(2));
/// history.ok(add, Duration::ZERO, Done);
/// let read = history.invoke("bob", Duration::ZERO, Read);
/// history.ok(read, Duration::ZERO, Total(4));
/// assert!(!history.linearizable(&Counter).holds(), "added twice");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter;

/// What is asked of a [`Counter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CounterOp {
    /// Adds this; negative amounts take away.
    Add(i64),
    /// Reads the total.
    Read,
}

/// What a [`Counter`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CounterReply {
    /// It was added.
    Done,
    /// The total: what a read found, or what an addition came to where the system says so.
    Total(i64),
}

impl Model for Counter {
    type Input = CounterOp;
    type Output = CounterReply;
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn step(&self, &total: &i64, input: &CounterOp, output: Option<&CounterReply>) -> Option<i64> {
        let after = match input {
            CounterOp::Add(amount) => total.wrapping_add(*amount),
            CounterOp::Read => total,
        };
        match (input, output) {
            (_, Some(&CounterReply::Total(told))) => (told == after).then_some(after),
            (CounterOp::Add(_), Some(CounterReply::Done)) | (_, None) => Some(after),
            (CounterOp::Read, Some(CounterReply::Done)) => None,
        }
    }

    fn only_reads(&self, input: &CounterOp, _output: Option<&CounterReply>) -> bool {
        *input == CounterOp::Read
    }
}
