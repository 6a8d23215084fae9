//! A map: values by key, each key for itself.

use super::super::model::Model;
use super::super::sessions::{Access, Accesses};
use std::fmt;
use std::marker::PhantomData;

/// A store of values by key. Keys have nothing to do with each other, so each is checked alone.
///
/// ```
/// use simfuzz::history::{History, KeyValue, KeyValueOp::*, KeyValueReply::*};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// let put = history.invoke("alice", Duration::ZERO, Put { key: "x", value: 1 });
/// history.ok(put, Duration::ZERO, Done);
/// let get = history.invoke("bob", Duration::ZERO, Get { key: "x" });
/// history.ok(get, Duration::ZERO, Value(None));
/// assert!(!history.linearizable(&KeyValue::new()).holds());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyValue<K, V>(PhantomData<fn() -> (K, V)>);

/// What is asked of a [`KeyValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValueOp<K, V> {
    /// Reads the value of a key.
    Get {
        /// Which.
        key: K,
    },
    /// Writes the value of a key.
    Put {
        /// Which.
        key: K,
        /// What is there from then on.
        value: V,
    },
    /// Removes a key, if it is there.
    Delete {
        /// Which.
        key: K,
    },
    /// Writes `to` if the value is `from`; `None` is a key that is not there.
    Cas {
        /// Which.
        key: K,
        /// The value that must be there.
        from: Option<V>,
        /// The one to write.
        to: V,
    },
}

/// What a [`KeyValue`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValueReply<V> {
    /// A read found this; `None` if the key is not there.
    Value(Option<V>),
    /// A write or removal is done.
    Done,
    /// Was the value swapped?
    Swapped(bool),
}

impl<K, V> KeyValue<K, V> {
    /// An empty store.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K, V> Default for KeyValue<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> KeyValueOp<K, V> {
    /// The key that it is about.
    pub fn key(&self) -> &K {
        match self {
            Self::Get { key } | Self::Put { key, .. } | Self::Delete { key } | Self::Cas { key, .. } => key,
        }
    }
}

impl<K: Ord + fmt::Debug, V: Clone + Ord + fmt::Debug> Model for KeyValue<K, V> {
    type Input = KeyValueOp<K, V>;
    type Output = KeyValueReply<V>;
    type State = Option<V>;

    fn initial(&self) -> Option<V> {
        None
    }

    fn step(
        &self,
        state: &Option<V>,
        input: &KeyValueOp<K, V>,
        output: Option<&KeyValueReply<V>>,
    ) -> Option<Option<V>> {
        use KeyValueReply::{Done, Swapped, Value};
        match (input, output) {
            (KeyValueOp::Get { .. }, Some(Value(value))) => (value == state).then(|| state.clone()),
            (KeyValueOp::Get { .. }, None) => Some(state.clone()),
            (KeyValueOp::Put { value, .. }, Some(Done) | None) => Some(Some(value.clone())),
            (KeyValueOp::Delete { .. }, Some(Done) | None) => Some(None),
            (KeyValueOp::Cas { from, to, .. }, Some(Swapped(true))) => (from == state).then(|| Some(to.clone())),
            (KeyValueOp::Cas { from, .. }, Some(Swapped(false))) => (from != state).then(|| state.clone()),
            (KeyValueOp::Cas { from, to, .. }, None) => {
                Some(if from == state { Some(to.clone()) } else { state.clone() })
            }
            _ => None,
        }
    }

    fn only_reads(&self, input: &KeyValueOp<K, V>, output: Option<&KeyValueReply<V>>) -> bool {
        matches!(
            (input, output),
            (KeyValueOp::Get { .. }, _) | (KeyValueOp::Cas { .. }, Some(KeyValueReply::Swapped(false)))
        )
    }

    fn key(&self, input: &KeyValueOp<K, V>) -> impl Ord + fmt::Debug {
        KeyValueOp::key(input)
    }
}

impl<K: Clone + Ord + fmt::Debug, V: Clone + Ord + fmt::Debug> Accesses for KeyValue<K, V> {
    type Input = KeyValueOp<K, V>;
    type Output = KeyValueReply<V>;
    type Key = K;
    type Value = V;

    fn access(&self, input: &KeyValueOp<K, V>, output: Option<&KeyValueReply<V>>) -> Option<Access<K, V>> {
        let key = input.key().clone();
        match (input, output) {
            (KeyValueOp::Get { .. }, Some(KeyValueReply::Value(value))) => Some(Access::read(key, value.clone())),
            (KeyValueOp::Get { .. }, _) => None,
            (KeyValueOp::Put { value, .. }, _) => Some(Access::write(key, value.clone())),
            (KeyValueOp::Delete { .. }, _) => Some(Access::delete(key)),
            (KeyValueOp::Cas { .. }, Some(KeyValueReply::Swapped(false))) => None,
            (KeyValueOp::Cas { from, to, .. }, Some(_)) => Some(Access::read(key, from.clone()).and_write(to.clone())),
            (KeyValueOp::Cas { to, .. }, None) => Some(Access::write(key, to.clone())),
        }
    }
}
