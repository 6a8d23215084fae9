//! What recent tapes chose, so that an edit needs no run of its own.

use crate::choice::{Tape, Trace};
use crate::mutate::Entry;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Choices kept, of all entries together: at some 48 bytes each 64 MB, well inside libFuzzer's
/// limit of 2 GB. A base that was forgotten costs a run, so it is worth the memory.
const CHOICES: usize = 1_400_000;

/// Entries by their tapes' bytes; what was not asked for the longest goes first.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Under the canonical tape, with the tick of the last use.
    entries: BTreeMap<Vec<u8>, (Rc<Entry>, u64)>,
    /// By that tick.
    used: BTreeMap<u64, Vec<u8>>,
    ticks: u64,
    choices: usize,
    /// The last run, until somebody asks for it.
    last: Option<(Vec<u8>, Tape, Trace)>,
}

impl Cache {
    /// The run of `tape` chose `trace`.
    pub(crate) fn ran(&mut self, tape: &Tape, trace: Trace) {
        if let Some((.., nobodys)) = self.last.replace((tape.encode(), tape.clone(), trace)) {
            crate::choice::recycle(nobodys);
        }
    }

    /// The entry of `tape`, if its run is known. Bases are asked for by their canonical tapes.
    pub(crate) fn get(&mut self, tape: &Tape) -> Option<Rc<Entry>> {
        let bytes = tape.encode();
        if let Some((last, ..)) = &self.last
            && *last == bytes
            && let Some((_, tape, trace)) = self.last.take()
        {
            return Some(self.put(Entry::new(&tape, trace)));
        }
        self.ticks += 1;
        let (entry, tick) = self.entries.get_mut(&bytes)?;
        self.used.remove(tick);
        *tick = self.ticks;
        self.used.insert(self.ticks, bytes);
        Some(entry.clone())
    }

    /// Keeps an entry.
    pub(crate) fn put(&mut self, entry: Entry) -> Rc<Entry> {
        let entry = Rc::new(entry);
        let bytes = entry.tape.encode();
        self.ticks += 1;
        self.choices += entry.trace.choices().len();
        if let Some((old, tick)) = self.entries.insert(bytes.clone(), (entry.clone(), self.ticks)) {
            self.choices -= old.trace.choices().len();
            self.used.remove(&tick);
        }
        self.used.insert(self.ticks, bytes);
        while self.choices > CHOICES
            && let Some((_, oldest)) = self.used.pop_first()
            && let Some((old, _)) = self.entries.remove(&oldest)
        {
            self.choices -= old.trace.choices().len();
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Choice, Kind, Label, Slot};

    fn trace(choices: u32) -> Trace {
        let choice = |ordinal| Choice { slot: Slot::from_raw(0), ordinal, kind: Kind::Range, max: 9, value: 1, at: 0 };
        Trace::new(vec![(Label::new("a"), None)], (0..choices).map(choice).collect())
    }

    #[test]
    fn a_run_is_found_under_its_canonical_tape() {
        let mut cache = Cache::default();
        let plain = Tape::seeded(1);
        let mut tape = plain.clone();
        tape.set(Label::new("never drawn"), 0, 1);
        cache.ran(&tape, trace(10));
        assert!(cache.get(&plain).is_none());
        assert_eq!(cache.get(&tape).map(|entry| entry.tape.clone()), Some(plain.clone()));
        assert!(cache.get(&plain).is_some());
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let mut cache = Cache::default();
        let size = CHOICES / 20;
        for seed in 0..100 {
            cache.put(Entry::new(&Tape::seeded(seed), trace(size as u32)));
            assert!(cache.choices <= CHOICES);
            assert!(cache.get(&Tape::seeded(0)).is_some(), "{seed}");
        }
        assert_eq!((cache.entries.len(), cache.used.len()), (20, 20));
        assert!(cache.get(&Tape::seeded(50)).is_none());
    }
}
