//! What the store must hold: one state that is sure, and those that calls have led to since which may be lost.
//!
//! A compaction is no promise that what it drops stays away: it lies in the log behind what a purge has moved, is itself
//! never moved, and so may be gone after the next start while the entries are still there. raft-engine's own comments
//! count with that ("Data loss of the compact command"). What comes back must have been there once.

use std::collections::BTreeMap;

/// A log entry: a version that tells apart all entries ever written, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) length: usize,
}

/// What a group holds: entries by index, and keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) entries: BTreeMap<u64, Entry>,
    pub(super) keys: BTreeMap<u8, u64>,
}

/// All groups that hold something, by number.
pub(super) type State = BTreeMap<u64, Group>;

/// What the store may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// The last state that was synced.
    sure: State,
    /// What came after it, in order: after a crash it is `sure` or one of these.
    since: Vec<State>,
    /// Operations so far.
    pub(super) operations: u32,
    versions: u64,
    /// What each group was given at each index since it was last removed, by group and index.
    written: BTreeMap<(u64, u64), Vec<Entry>>,
    pub(super) is_done: bool,
}

impl Model {
    /// The newest state.
    pub(super) fn newest(&self) -> &State {
        self.since.last().unwrap_or(&self.sure)
    }

    /// The number of the operation that begins.
    pub(super) fn next_operation(&mut self) -> u32 {
        self.operations += 1;
        self.operations - 1
    }

    /// The last version before so many new ones.
    pub(super) fn take_versions(&mut self, count: u64) -> u64 {
        self.versions += count;
        self.versions - count
    }

    /// A call has begun that leads to this state.
    pub(super) fn begin(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = self.newest().clone();
        change(&mut state);
        state.retain(|_, group| *group != Group::default());
        for (&number, group) in &state {
            for (&index, &entry) in &group.entries {
                let known = self.written.entry((number, index)).or_default();
                if !known.contains(&entry) {
                    known.push(entry);
                }
            }
        }
        self.since.push(state);
    }

    /// All calls so far are durable.
    pub(super) fn synced(&mut self) {
        if let Some(newest) = self.since.pop() {
            self.settle(newest);
        }
    }

    fn settle(&mut self, state: State) {
        self.written.retain(|(group, _), _| state.contains_key(group));
        self.sure = state;
        self.since.clear();
    }

    /// After a crash the store has this state: is that right? It is sure from then on.
    pub(super) fn recovered(&mut self, state: State) -> bool {
        let is_right = std::iter::once(&self.sure).chain(&self.since).any(|held| self.may_become(held, &state));
        self.settle(state);
        is_right
    }

    /// The groups are the same, but for compacted entries that are there again.
    fn may_become(&self, held: &State, found: &State) -> bool {
        held.keys().eq(found.keys())
            && held.iter().zip(found).all(|((&number, held), (_, found))| {
                let mut kept = found.entries.clone();
                let first = held.entries.keys().next().copied().unwrap_or(0);
                let rest = kept.split_off(&first);
                let was_there =
                    |index, entry| self.written.get(&(number, index)).is_some_and(|known| known.contains(entry));
                held.keys == found.keys
                    && held.entries == rest
                    && kept.iter().all(|(&index, entry)| was_there(index, entry))
            })
    }

    /// The state that must be there at least.
    pub(super) fn sure(&self) -> &State {
        &self.sure
    }
}
