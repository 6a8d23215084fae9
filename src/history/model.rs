//! What a system should do, one operation after the other: a sequential specification.

use std::fmt;

/// How a system answers when operations come one at a time.
///
/// [`History::linearizable`](super::History::linearizable) looks for an order of the operations in
/// which each answer is one that this gives. There are ready ones for the usual objects:
/// [`Register`](super::Register), [`KeyValue`](super::KeyValue), [`Counter`](super::Counter),
/// [`Set`](super::Set), [`Queue`](super::Queue). The shape is Porcupine's.
///
/// ```
/// use simfuzz::history::{History, Model};
/// use std::time::Duration;
///
/// /// A lock service with one lock.
/// struct Lock;
///
/// #[derive(Debug, PartialEq)]
/// enum Ask {
///     Acquire,
///     Release,
/// }
///
/// impl Model for Lock {
///     type Input = Ask;
///     type Output = ();
///     type State = bool;
///
///     fn initial(&self) -> bool {
///         false
///     }
///     fn step(&self, &held: &bool, input: &Ask, _output: Option<&()>) -> Option<bool> {
///         match input {
///             Ask::Acquire => (!held).then_some(true),
///             Ask::Release => held.then_some(false),
///         }
///     }
/// }
///
/// let mut history = History::new();
/// for client in ["alice", "bob"] {
///     let acquire = history.invoke(client, Duration::ZERO, Ask::Acquire);
///     history.ok(acquire, Duration::ZERO, ());
/// }
/// assert!(!history.linearizable(&Lock).holds(), "both have it");
/// ```
pub trait Model {
    /// What is asked. Equal ones are the same to the model.
    type Input: fmt::Debug + PartialEq;
    /// What is answered.
    type Output: fmt::Debug;
    /// All that the system knows; with keys, what it knows of one key. Cloned at each step of a
    /// check, so keep it small.
    type State: Clone + Ord;

    /// What is there before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `input` was carried out in `state` and answered with `output`; `None` if
    /// that cannot be the answer, or it cannot be carried out. Without an output nobody knows the
    /// answer, and any that is possible will do.
    ///
    /// A function of its arguments alone: a check tries orders, and comes by here often.
    fn step(&self, state: &Self::State, input: &Self::Input, output: Option<&Self::Output>) -> Option<Self::State>;

    /// Does an operation with this answer never change anything, whatever the state? To say so of
    /// reads makes a check of many operations that overlap much faster, and changes no judgement.
    fn only_reads(&self, input: &Self::Input, output: Option<&Self::Output>) -> bool {
        let _ = (input, output);
        false
    }

    /// The part of the system that `input` is about, when parts have nothing to do with each
    /// other: a history is linearizable if that of each part is (Herlihy & Wing's locality), and
    /// parts are checked much faster than the whole.
    fn key(&self, input: &Self::Input) -> impl Ord + fmt::Debug {
        let _ = input;
    }
}
