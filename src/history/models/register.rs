//! One value that is read, written, and compared and swapped.

use super::super::model::Model;
use super::super::sessions::{Access, Accesses};
use std::fmt;

/// One value, as Jepsen's `cas-register`.
///
/// ```
/// use simfuzz::history::{History, Register, RegisterOp::*, RegisterReply::*};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// let swap = history.invoke("alice", Duration::ZERO, Cas { from: 0, to: 5 });
/// history.ok(swap, Duration::ZERO, Swapped(true));
/// let read = history.invoke("bob", Duration::ZERO, Read);
/// history.ok(read, Duration::ZERO, Value(5));
/// history.linearizable(&Register::new(0)).assert_ok();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register<V> {
    initial: V,
}

/// What is asked of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterOp<V> {
    /// Reads the value.
    Read,
    /// Writes this value.
    Write(V),
    /// Writes `to` if the value is `from`.
    Cas {
        /// The value that must be there.
        from: V,
        /// The one to write.
        to: V,
    },
}

/// What a [`Register`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterReply<V> {
    /// A read found this.
    Value(V),
    /// A write is done.
    Done,
    /// Was the value swapped?
    Swapped(bool),
}

impl<V> Register<V> {
    /// A register that holds `initial`.
    pub const fn new(initial: V) -> Self {
        Self { initial }
    }
}

impl<V: Clone + Ord + fmt::Debug> Model for Register<V> {
    type Input = RegisterOp<V>;
    type Output = RegisterReply<V>;
    type State = V;

    fn initial(&self) -> V {
        self.initial.clone()
    }

    fn step(&self, state: &V, input: &RegisterOp<V>, output: Option<&RegisterReply<V>>) -> Option<V> {
        use RegisterReply::{Done, Swapped, Value};
        match (input, output) {
            (RegisterOp::Read, Some(Value(value))) => (value == state).then(|| state.clone()),
            (RegisterOp::Read, None) => Some(state.clone()),
            (RegisterOp::Write(value), Some(Done) | None) => Some(value.clone()),
            (RegisterOp::Cas { from, to }, Some(Swapped(true))) => (from == state).then(|| to.clone()),
            (RegisterOp::Cas { from, .. }, Some(Swapped(false))) => (from != state).then(|| state.clone()),
            (RegisterOp::Cas { from, to }, None) => Some(if from == state { to.clone() } else { state.clone() }),
            _ => None,
        }
    }

    fn only_reads(&self, input: &RegisterOp<V>, output: Option<&RegisterReply<V>>) -> bool {
        matches!((input, output), (RegisterOp::Read, _) | (RegisterOp::Cas { .. }, Some(RegisterReply::Swapped(false))))
    }
}

impl<V: Clone + Ord + fmt::Debug> Accesses for Register<V> {
    type Input = RegisterOp<V>;
    type Output = RegisterReply<V>;
    type Key = ();
    type Value = V;

    fn initial(&self, (): &()) -> Option<V> {
        Some(self.initial.clone())
    }

    fn access(&self, input: &RegisterOp<V>, output: Option<&RegisterReply<V>>) -> Option<Access<(), V>> {
        match (input, output) {
            (RegisterOp::Read, Some(RegisterReply::Value(value))) => Some(Access::read((), Some(value.clone()))),
            (RegisterOp::Read, _) => None,
            (RegisterOp::Write(value), _) => Some(Access::write((), value.clone())),
            (RegisterOp::Cas { .. }, Some(RegisterReply::Swapped(false))) => None,
            (RegisterOp::Cas { from, to }, Some(_)) => Some(Access::read((), Some(from.clone())).and_write(to.clone())),
            (RegisterOp::Cas { to, .. }, None) => Some(Access::write((), to.clone())),
        }
    }
}
