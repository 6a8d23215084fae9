//! A set that elements are put into, taken out of, and listed.

use super::super::model::Model;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

/// A set that is empty at first.
///
/// ```
/// use simfuzz::history::{History, Set, SetOp::*, SetReply::*};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// let insert = history.invoke("alice", Duration::ZERO, Insert(3));
/// history.ok(insert, Duration::ZERO, Done);
/// let list = history.invoke("bob", Duration::ZERO, List);
/// history.ok(list, Duration::ZERO, Elements([3].into()));
/// history.linearizable(&Set::new()).assert_ok();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<T>(PhantomData<fn() -> T>);

/// What is asked of a [`Set`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetOp<T> {
    /// Puts an element in.
    Insert(T),
    /// Takes an element out.
    Remove(T),
    /// Is an element in?
    Contains(T),
    /// Lists all elements.
    List,
}

/// What a [`Set`] answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetReply<T> {
    /// An element was put in or taken out, whether it was in or not.
    Done,
    /// Did that change the set, or is the element in?
    Is(bool),
    /// These are in.
    Elements(BTreeSet<T>),
}

impl<T> Set<T> {
    /// An empty set.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Ord + fmt::Debug> Model for Set<T> {
    type Input = SetOp<T>;
    type Output = SetReply<T>;
    type State = BTreeSet<T>;

    fn initial(&self) -> BTreeSet<T> {
        BTreeSet::new()
    }

    fn step(&self, state: &BTreeSet<T>, input: &SetOp<T>, output: Option<&SetReply<T>>) -> Option<BTreeSet<T>> {
        let mut after = state.clone();
        let is = match input {
            SetOp::Insert(element) => after.insert(element.clone()),
            SetOp::Remove(element) => after.remove(element),
            SetOp::Contains(element) => after.contains(element),
            SetOp::List => false,
        };
        let can_be = match (input, output) {
            (_, None) => true,
            (SetOp::Insert(_) | SetOp::Remove(_), Some(SetReply::Done)) => true,
            (SetOp::Insert(_) | SetOp::Remove(_) | SetOp::Contains(_), Some(&SetReply::Is(told))) => told == is,
            (SetOp::List, Some(SetReply::Elements(told))) => *told == after,
            _ => false,
        };
        can_be.then_some(after)
    }

    fn only_reads(&self, input: &SetOp<T>, output: Option<&SetReply<T>>) -> bool {
        matches!((input, output), (SetOp::Contains(_) | SetOp::List, _) | (_, Some(SetReply::Is(false))))
    }
}
