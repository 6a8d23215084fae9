//! What recent tapes chose, so that an edit needs no run of its own.

use crate::choice::{Tape, Trace};
use crate::mutate::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Entries kept. Some 40 bytes a choice: 256 runs of 5,000 choices are 50 MB, well inside
/// libFuzzer's limit of 2 GB.
const ENTRIES: usize = 256;

/// Entries by their tape's bytes; the oldest go first.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: BTreeMap<Vec<u8>, Rc<Entry>>,
    order: VecDeque<Vec<u8>>,
    /// The last run, until somebody asks for it.
    last: Option<(Vec<u8>, Tape, Trace)>,
}

impl Cache {
    /// The run of `tape` chose `trace`.
    pub(crate) fn ran(&mut self, tape: &Tape, trace: Trace) {
        self.last = Some((tape.encode(), tape.clone(), trace));
    }

    /// The entry of `tape`, if its run is known.
    pub(crate) fn get(&mut self, tape: &Tape) -> Option<Rc<Entry>> {
        let bytes = tape.encode();
        if let Some((last, ..)) = &self.last
            && *last == bytes
            && let Some((_, tape, trace)) = self.last.take()
        {
            return Some(self.put(bytes, Entry::new(&tape, trace)));
        }
        self.entries.get(&bytes).cloned()
    }

    /// Keeps an entry under its tape's bytes.
    pub(crate) fn put(&mut self, bytes: Vec<u8>, entry: Entry) -> Rc<Entry> {
        let entry = Rc::new(entry);
        if self.entries.insert(bytes.clone(), entry.clone()).is_none() {
            self.order.push_back(bytes);
        }
        if self.order.len() > ENTRIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        entry
    }
}
