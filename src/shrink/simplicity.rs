//! Which of two tapes is simpler.
//!
//! Shortlex: fewer exceptions first; among as many, row by row in the order of labels and ordinals,
//! the earlier ordinal and then the smaller value; at last the earlier reseed. Bytes are never
//! compared: they are hashes.

use super::draft::Draft;
use crate::choice::Row;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What labels are called, by their 32 bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Called(BTreeMap<u32, String>);

impl Called {
    pub(super) fn new(names: BTreeMap<u32, String>) -> Self {
        Self(names)
    }

    /// The name; empty where it isn't known.
    pub(super) fn name(&self, label: u32) -> &str {
        self.0.get(&label).map_or("", String::as_str)
    }

    /// Hears of more.
    pub(super) fn learn(&mut self, names: BTreeMap<u32, String>) {
        self.0.extend(names);
    }

    /// Is `one` simpler than `other`?
    pub(super) fn simpler(&self, one: &Draft, other: &Draft) -> bool {
        let by_count = one.len().cmp(&other.len()).then_with(|| one.others.len().cmp(&other.others.len()));
        let moments = |draft: &Draft| draft.others.iter().map(Row::moment).collect::<Vec<_>>();
        let by_rows = by_count.then_with(|| self.row_by_row(one, other));
        by_rows.then_with(|| moments(one).cmp(&moments(other))) == Ordering::Less
    }

    fn row_by_row(&self, one: &Draft, other: &Draft) -> Ordering {
        self.rows(one).cmp(&self.rows(other))
    }

    fn rows<'a>(&'a self, draft: &Draft) -> Vec<(&'a str, u32, u32, u64)> {
        let mut rows: Vec<_> =
            draft.sets.iter().map(|set| (self.name(set.label), set.label, set.ordinal, set.value)).collect();
        rows.sort_unstable();
        rows
    }
}
