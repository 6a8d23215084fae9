//! Session guarantees: what one client may expect of a store whose replicas lag.
//!
//! The guarantees are those of Terry and others (Session Guarantees for Weakly Consistent Replicated
//! Data, 1994). Replicas are not seen here, only values: each value that is written to a key is
//! written once, so a read tells which write it saw. Two operations of one client then want one
//! write before another in the order of the key's versions, and a guarantee is broken when what
//! they want goes round in a circle (as in Adya's and Elle's graphs).
//!
//! Owns the graph. Linear in the operations, so it has no bound.

use super::judgement::{Counterexample, Judgement};
use super::linearizable::of_key;
use super::record::{History, Operation, Response};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Which values operations read and write: what session guarantees need to know of a store.
///
/// [`Register`](super::Register) and [`KeyValue`](super::KeyValue) have it. Write each value of a
/// key once, for instance with the client and a number in it: what was written twice and read leaves
/// the check undecided.
pub trait Accesses {
    /// What is asked.
    type Input: fmt::Debug;
    /// What is answered.
    type Output: fmt::Debug;
    /// What has a value.
    type Key: Ord + fmt::Debug;
    /// What is read and written.
    type Value: Ord + fmt::Debug;

    /// What a key has before the first write; `None` if it is not there.
    fn initial(&self, _key: &Self::Key) -> Option<Self::Value> {
        None
    }

    /// What an operation reads and writes; `None` if neither, or if what it reads was not answered.
    fn access(&self, input: &Self::Input, output: Option<&Self::Output>) -> Option<Access<Self::Key, Self::Value>>;
}

/// What one operation reads and writes of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access<K, V> {
    key: K,
    read: Option<Option<V>>,
    wrote: Option<Option<V>>,
}

impl<K, V> Access<K, V> {
    /// It read this; `None` if the key was not there.
    pub fn read(key: K, value: Option<V>) -> Self {
        Self { key, read: Some(value), wrote: None }
    }

    /// It wrote this.
    pub fn write(key: K, value: V) -> Self {
        Self { key, read: None, wrote: Some(Some(value)) }
    }

    /// It took the key away.
    pub fn delete(key: K) -> Self {
        Self { key, read: None, wrote: Some(None) }
    }

    /// And in the same instant wrote this.
    #[must_use]
    pub fn and_write(self, value: V) -> Self {
        Self { wrote: Some(Some(value)), ..self }
    }
}

/// An operation, by its place in the history, and what it did to a key that is known.
type Accessed<V> = (usize, Access<(), V>);

/// What a step read or wrote.
type Side = fn(&Step) -> Option<Version>;

/// Which guarantees are asked for. That a client's own writes keep their order is part of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    All,
}

/// A version of a key: 0 is what was there at first, the others are writes.
type Version = usize;

/// What an operation did, with its values found in the writes.
#[derive(Clone, Copy, Debug)]
struct Step {
    operation: usize,
    start: u64,
    /// The number of its answer; `None` if there was none, so that nothing comes after it.
    end: Option<u64>,
    read: Option<Version>,
    wrote: Option<Version>,
}

/// Checks `history`.
pub(super) fn check<A: Accesses>(
    history: &History<A::Input, A::Output>,
    accesses: &A,
    guarantee: Guarantee,
) -> Judgement {
    let operations = history.operations();
    let mut keys: BTreeMap<A::Key, Vec<Accessed<A::Value>>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        if !matches!(operation.response, Response::Fail)
            && let Some(Access { key, read, wrote }) = accesses.access(&operation.input, operation.output())
        {
            keys.entry(key).or_default().push((index, Access { key: (), read, wrote }));
        }
    }
    let mut undecided = None;
    for (key, accessed) in &keys {
        let versions = Versions::new(accesses.initial(key), accessed);
        match versions.steps(operations, accessed) {
            Ok((steps, ambiguous)) => {
                if let Some(circle) = circle(&steps, operations, guarantee) {
                    return Judgement::Violated(versions.explain(&circle, operations, key));
                }
                undecided = undecided.or_else(|| ambiguous.map(|value| (key, shown(value))));
            }
            Err(operation) => {
                let heading = format!("this read{} saw what nobody had written by then", of_key(key));
                return Judgement::Violated(Counterexample::new(heading, operations, [operation], String::new()));
            }
        }
    }
    match undecided {
        None => Judgement::Holds,
        Some((key, value)) => Judgement::Undecided(format!(
            "{value} was read{} and could have come from more than one write: write each value once",
            of_key(key)
        )),
    }
}

fn shown(value: &Option<impl fmt::Debug>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}"))
}

/// The versions of one key.
struct Versions<'a, V> {
    /// What was there at first, and the values written, by version.
    values: Vec<&'a Option<V>>,
    /// The versions that have a value.
    of: BTreeMap<&'a Option<V>, Vec<Version>>,
    initial: Option<V>,
}

impl<'a, V: Ord + fmt::Debug> Versions<'a, V> {
    fn new(initial: Option<V>, accessed: &'a [Accessed<V>]) -> Self {
        let (mut values, mut of) = (Vec::new(), BTreeMap::<_, Vec<Version>>::new());
        for value in accessed.iter().filter_map(|(_, access)| access.wrote.as_ref()) {
            values.push(value);
            of.entry(value).or_default().push(values.len());
        }
        Self { values, of, initial }
    }

    /// What each operation did; also a value that was read and could be of several versions. `Err`
    /// is an operation that read what was not there.
    fn steps<I, O>(
        &self,
        operations: &[Operation<I, O>],
        accessed: &'a [Accessed<V>],
    ) -> Result<(Vec<Step>, Option<&'a Option<V>>), usize> {
        // the invocation of each write
        let starts: Vec<_> = accessed
            .iter()
            .filter(|(_, access)| access.wrote.is_some())
            .map(|&(index, _)| operations[index].start)
            .collect();
        let (mut steps, mut ambiguous, mut writes) = (Vec::new(), None, 0);
        for (index, access) in accessed {
            let operation = &operations[*index];
            let mut step =
                Step { operation: *index, start: operation.start, end: operation.end(), read: None, wrote: None };
            if let Some(value) = &access.read {
                let asked_by_then = |&&version: &&Version| step.end.is_none_or(|end| starts[version - 1] < end);
                let written = self.of.get(value).into_iter().flatten().filter(asked_by_then).copied();
                let versions: Vec<_> = (*value == self.initial).then_some(0).into_iter().chain(written).collect();
                match versions[..] {
                    [] => return Err(*index),
                    [version] => step.read = Some(version),
                    _ => ambiguous = ambiguous.or(Some(value)),
                }
            }
            if access.wrote.is_some() {
                writes += 1;
                step.wrote = Some(writes);
            }
            steps.push(step);
        }
        Ok((steps, ambiguous))
    }

    fn explain<I: fmt::Debug, O: fmt::Debug>(
        &self,
        circle: &[Wish],
        operations: &[Operation<I, O>],
        key: &impl fmt::Debug,
    ) -> Counterexample {
        let value = |version: Version| match version.checked_sub(1).map(|write| self.values[write]) {
            None => "what was there at first".to_owned(),
            Some(value) => shown(value),
        };
        let mut shown: Vec<_> = circle.iter().flat_map(|wish| wish.because.into_iter().flatten()).collect();
        shown.sort_unstable();
        shown.dedup();
        let chain: Vec<_> = circle.iter().map(|wish| value(wish.from)).collect();
        let heading =
            format!("these operations{} want {}, and that before {}", of_key(key), chain.join(" before "), chain[0]);
        Counterexample::new(heading, operations, shown, String::new())
    }
}

/// One version before another, because of two operations of one client; of none where it is what
/// was there at first.
#[derive(Clone, Copy, Debug)]
struct Wish {
    from: Version,
    because: Option<[usize; 2]>,
}

/// Who wants a version before another.
type Wishes = BTreeMap<Version, BTreeMap<Version, [usize; 2]>>;

/// The shortest circle of wishes, if there is one.
fn circle<I, O>(steps: &[Step], operations: &[Operation<I, O>], guarantee: Guarantee) -> Option<Vec<Wish>> {
    let mut sessions: BTreeMap<&str, Vec<Step>> = BTreeMap::new();
    for step in steps {
        sessions.entry(operations[step.operation].client()).or_default().push(*step);
    }
    let mut wishes = Wishes::new();
    for session in sessions.values() {
        let (read, wrote): (Side, Side) = (|step| step.read, |step| step.wrote);
        let (first, last): (Side, Side) = (|step| step.read.or(step.wrote), |step| step.wrote.or(step.read));
        match guarantee {
            Guarantee::ReadYourWrites => follow(session, wrote, read, &mut wishes),
            Guarantee::MonotonicReads => follow(session, read, read, &mut wishes),
            Guarantee::All => follow(session, last, first, &mut wishes),
        }
        if guarantee != Guarantee::All {
            follow(session, wrote, wrote, &mut wishes);
        }
        // what swaps a value writes after what it read
        for step in session {
            if let (Some(from), Some(to)) = (step.read, step.wrote) {
                wish(&mut wishes, from, to, [step.operation; 2]);
            }
        }
    }
    shortest(&wishes)
}

fn wish(wishes: &mut Wishes, from: Version, to: Version, because: [usize; 2]) {
    if from != to {
        wishes.entry(from).or_default().entry(to).or_insert(because);
    }
}

/// What `from` says of a step comes before what `to` says of those that follow it.
fn follow(session: &[Step], from: fn(&Step) -> Option<Version>, to: fn(&Step) -> Option<Version>, wishes: &mut Wishes) {
    let mut earlier: Vec<_> =
        session.iter().filter_map(|step| Some((step.end?, step.start, from(step)?, step.operation))).collect();
    earlier.sort_unstable();
    for step in session {
        let Some(to) = to(step) else { continue };
        let ended = earlier.partition_point(|&(end, ..)| end < step.start);
        // those before one that is before the step need no wish of their own
        let mut latest = 0;
        for &(end, start, from, operation) in earlier[..ended].iter().rev() {
            if end < latest {
                break;
            }
            latest = latest.max(start);
            wish(wishes, from, to, [operation, step.operation]);
        }
    }
}

/// The shortest circle, if there is one; of several the one through the first version.
fn shortest(wishes: &Wishes) -> Option<Vec<Wish>> {
    // everything comes after what was there at first
    for (&from, targets) in wishes {
        if let Some(&because) = targets.get(&0) {
            return Some(vec![Wish { from, because: Some(because) }, Wish { from: 0, because: None }]);
        }
    }
    let mut found: Option<Vec<Wish>> = None;
    for start in in_circles(wishes) {
        let path = way_back(wishes, start);
        if path.len() > 1 && found.as_ref().is_none_or(|known| path.len() < known.len()) {
            found = Some(path);
        }
    }
    found
}

/// The versions that are left when, again and again, those that nothing is wanted before are taken
/// out. Nearly always none.
fn in_circles(wishes: &Wishes) -> BTreeSet<Version> {
    let mut before: BTreeMap<Version, usize> = BTreeMap::new();
    for targets in wishes.values() {
        targets.keys().for_each(|&to| *before.entry(to).or_default() += 1);
    }
    let mut free: Vec<_> = wishes.keys().copied().filter(|from| !before.contains_key(from)).collect();
    while let Some(version) = free.pop() {
        for to in wishes.get(&version).into_iter().flat_map(BTreeMap::keys) {
            let Some(left) = before.get_mut(to) else { continue };
            *left -= 1;
            if *left == 0 {
                before.remove(to);
                free.push(*to);
            }
        }
    }
    before.into_keys().collect()
}

/// The shortest way from a version to itself; empty if there is none.
fn way_back(wishes: &Wishes, start: Version) -> Vec<Wish> {
    let mut came_from: BTreeMap<Version, (Version, [usize; 2])> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(version) = next.pop_front() {
        for (&to, &because) in wishes.get(&version).into_iter().flatten() {
            if let Entry::Vacant(new) = came_from.entry(to) {
                new.insert((version, because));
                next.push_back(to);
            }
        }
        if came_from.contains_key(&start) {
            break;
        }
    }
    let mut way = Vec::new();
    let mut at = start;
    while let Some(&(from, because)) = came_from.get(&at) {
        way.push(Wish { from, because: Some(because) });
        at = from;
        if at == start {
            way.reverse();
            return way;
        }
    }
    Vec::new()
}
