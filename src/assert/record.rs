//! What one run recorded, as plain state.
//!
//! A record counts and remembers; it does not know which thread it is for, or what time it is.
//! It keeps its buffers from run to run: recording allocates only for a violation's detail, and
//! clearing costs what the run touched and not what the program has.

use super::catalogue::Site;
use super::kind::Comparison;
use super::level;
use std::fmt;

/// The tuples of keys that one `assert_sometimes_each!` may record in a run.
///
/// More than this is a counter or an address among the keys, and would drown the other goals
/// of the fuzzer. What was left out is counted in [`Record::buckets_dropped`].
pub const BUCKETS_MAX: u32 = 64;

/// The improvements of quality that one tuple of keys may record in a run.
///
/// A quality that climbs by one at each step would otherwise fill the record. The best quality
/// is kept in any case, see [`Bucket::quality`].
pub const QUALITY_STEPS_MAX: u32 = 16;

/// A promise that was broken. One for each assertion and run: the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The assertion's id in the catalogue.
    pub id: u32,
    /// The message as written.
    pub name: &'static str,
    /// What was promised.
    pub kind: super::Kind,
    /// What the message and the details say of this case; may be empty.
    pub detail: String,
    /// The file of the place that was violated first.
    pub file: &'static str,
    /// The line of that place.
    pub line: u32,
    /// When it was violated first, in virtual nanoseconds.
    pub at: u64,
    /// How often it was violated in this run.
    pub count: u64,
}

impl Violation {
    /// The message, with what is known of this case.
    pub fn reason(&self) -> String {
        match (self.detail.is_empty(), self.name.contains('{')) {
            (true, _) => self.name.to_owned(),
            // the detail begins with the message as it reads in this case
            (false, true) => self.detail.clone(),
            (false, false) => format!("{}: {}", self.name, self.detail),
        }
    }
}

/// A step towards a goal, or towards breaking a numeric promise: a level that this run had not
/// reached before.
///
/// | kind | levels | a new one |
/// |---|---|---|
/// | sometimes, reachable | 0 | at the first hit |
/// | sometimes all | 1 and up: the conditions true at once | each new maximum |
/// | sometimes compared | 0 to 128, [`HOLDS`](super::HOLDS) and above if it holds | each new maximum |
/// | always compared | the same, [`HOLDS`](super::HOLDS) and above if it is violated | each new maximum |
/// | sometimes each | a hash of the tuple of keys | each new tuple, or a better quality of one |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The assertion's id in the catalogue.
    pub id: u32,
    /// How far it got, or which tuple of keys it was.
    pub level: u64,
    /// The quality of a tuple of keys; 0 where there is none.
    pub quality: u64,
    /// When, in virtual nanoseconds.
    pub at: u64,
    /// How many choices the run had made by then, where somebody counts them: see
    /// [`count_choices_by`](super::count_choices_by). What happens at one instant is told apart
    /// by it.
    pub choice: u64,
}

/// When something was recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// The virtual nanosecond.
    pub(super) at: u64,
    /// Choices made before.
    pub(super) choice: u64,
}

/// One tuple of keys of an `assert_sometimes_each!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket<'a> {
    /// The assertion's id in the catalogue.
    pub id: u32,
    /// The hash of the keys, as in [`Reach::level`].
    pub level: u64,
    /// The keys, in the order of the entry's labels.
    pub keys: &'a [i64],
    /// The best quality of this run; 0 where there is none.
    pub quality: u64,
    /// How often it was hit.
    pub hits: u64,
}

/// What one run recorded.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The broken promises, in the order of their first violation.
    pub violations: Vec<Violation>,
    /// The steps, in the order in which they were made.
    pub reached: Vec<Reach>,
    /// How many hits had new keys when [`BUCKETS_MAX`] tuples were already known.
    pub buckets_dropped: u64,
    /// The ids that were evaluated, in the order of their first evaluation.
    evaluated: Vec<u32>,
    /// By id; all are [`Tally::ZERO`] but those in `evaluated`.
    tallies: Vec<Tally>,
    rows: Vec<Row>,
    keys: Vec<i64>,
}

/// What is counted for one assertion.
#[derive(Clone, Copy, Debug)]
struct Tally {
    evaluations: u64,
    held: u64,
    /// One more than the highest level reached, 0 if none.
    best: u64,
    /// One more than the index of the newest row of this assertion, 0 if none.
    newest_row: u32,
    rows: u32,
}

impl Tally {
    const ZERO: Tally = Tally { evaluations: 0, held: 0, best: 0, newest_row: 0, rows: 0 };
}

/// A [`Bucket`] as it is stored: the rows of an assertion are chained, newest first.
#[derive(Clone, Debug)]
struct Row {
    id: u32,
    level: u64,
    quality: u64,
    quality_steps: u32,
    hits: u64,
    keys_start: usize,
    keys_len: usize,
    /// As [`Tally::newest_row`], for the row before this one.
    older_row: u32,
}

impl Record {
    /// An empty record.
    pub(super) const fn new() -> Record {
        Record {
            violations: Vec::new(),
            reached: Vec::new(),
            buckets_dropped: 0,
            evaluated: Vec::new(),
            tallies: Vec::new(),
            rows: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Forgets everything but the buffers, and makes room for ids below `len`.
    pub(super) fn clear(&mut self, len: usize) {
        for id in self.evaluated.drain(..) {
            self.tallies[id as usize] = Tally::ZERO;
        }
        self.tallies.resize(len, Tally::ZERO);
        self.violations.clear();
        self.reached.clear();
        self.buckets_dropped = 0;
        self.rows.clear();
        self.keys.clear();
    }

    /// Returns the ids that were evaluated, in the order of their first evaluation.
    pub fn evaluated(&self) -> &[u32] {
        &self.evaluated
    }

    /// Returns how often an assertion was evaluated.
    pub fn evaluations(&self, id: u32) -> u64 {
        self.tally(id).evaluations
    }

    /// Returns how often an assertion was evaluated and held.
    ///
    /// Every evaluation of `assert_reachable!` and `assert_sometimes_each!` counts, and none of
    /// `assert_unreachable!`; `assert_sometimes_all!` holds when all its conditions do.
    pub fn held(&self, id: u32) -> u64 {
        self.tally(id).held
    }

    /// Returns the tuples of keys of all `assert_sometimes_each!`, in the order of discovery.
    ///
    /// ```
    /// use simfuzz::{assert, assert_sometimes_each};
    ///
    /// assert::begin();
    /// for (shard, role) in [(1, 0), (2, 0), (1, 0)] {
    ///     assert_sometimes_each!("shard served", [("shard", shard), ("role", role)]);
    /// }
    /// let record = assert::end();
    ///
    /// let found: Vec<_> = record.buckets().map(|bucket| (bucket.keys, bucket.hits)).collect();
    /// assert_eq!(found, [(&[1, 0][..], 2), (&[2, 0], 1)]);
    /// assert_eq!(record.reached.len(), 2);
    /// ```
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = Bucket<'_>> {
        self.rows.iter().map(|row| Bucket {
            id: row.id,
            level: row.level,
            keys: &self.keys[row.keys_start..][..row.keys_len],
            quality: row.quality,
            hits: row.hits,
        })
    }

    fn tally(&self, id: u32) -> Tally {
        *self.tallies.get(id as usize).unwrap_or(&Tally::ZERO)
    }

    /// Counts an evaluation. It comes before anything else about `id`: what was not evaluated is
    /// not cleared.
    pub(super) fn evaluate(&mut self, id: u32, holds: bool) {
        let tally = &mut self.tallies[id as usize];
        if tally.evaluations == 0 {
            self.evaluated.push(id);
        }
        tally.evaluations += 1;
        tally.held += u64::from(holds);
    }

    /// Notes that `id` got to `level`, a step if it never was that high.
    pub(super) fn reach(&mut self, id: u32, level: u64, when: When) {
        let tally = &mut self.tallies[id as usize];
        if level < tally.best {
            return;
        }
        tally.best = level + 1;
        self.reached.push(Reach { id, level, quality: 0, at: when.at, choice: when.choice });
    }

    /// Notes a hit of the tuple `keys`, a step if it is new or better than before.
    pub(super) fn reach_tuple(&mut self, id: u32, keys: &[i64], quality: u64, when: When) {
        let level = level::tuple(keys);
        let reach = Reach { id, level, quality, at: when.at, choice: when.choice };
        let tally = &mut self.tallies[id as usize];
        let mut next = tally.newest_row;
        while let Some(index) = (next as usize).checked_sub(1) {
            let row = &mut self.rows[index];
            if row.level != level {
                next = row.older_row;
                continue;
            }
            row.hits += 1;
            if quality > row.quality {
                row.quality = quality;
                row.quality_steps += 1;
                if row.quality_steps <= QUALITY_STEPS_MAX {
                    self.reached.push(reach);
                }
            }
            return;
        }
        if tally.rows == BUCKETS_MAX {
            self.buckets_dropped += 1;
            return;
        }
        self.rows.push(Row {
            id,
            level,
            quality,
            quality_steps: 0,
            hits: 1,
            keys_start: self.keys.len(),
            keys_len: keys.len(),
            older_row: tally.newest_row,
        });
        self.keys.extend_from_slice(keys);
        tally.rows += 1;
        tally.newest_row = u32::try_from(self.rows.len()).expect("64 rows for each of 2^26 sites");
        self.reached.push(reach);
    }

    /// Notes a violation; returns true if it is the first of its assertion.
    pub(super) fn violate(&mut self, site: &Site, at: u64) -> bool {
        let id = site.id();
        if let Some(known) = self.violations.iter_mut().find(|known| known.id == id) {
            known.count += 1;
            return false;
        }
        self.violations.push(Violation {
            id,
            name: site.name,
            kind: site.kind,
            detail: String::new(),
            file: site.place.file,
            line: site.place.line,
            at,
            count: 1,
        });
        true
    }

    /// Adds to the detail of the violation of `id`.
    pub(super) fn explain(&mut self, id: u32, text: &str) {
        let violation = self.violations.iter_mut().find(|known| known.id == id);
        let detail = &mut violation.expect("only a violation is explained").detail;
        if !detail.is_empty() {
            detail.push_str("; ");
        }
        detail.push_str(text);
    }
}

/// The detail of a numeric violation.
pub(super) fn comparison_failed(comparison: Comparison, value: i128, threshold: i128) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{value} is not {comparison} {threshold}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::new();
        record.clear(4);
        record
    }

    fn at(at: u64) -> When {
        When { at, choice: at / 2 }
    }

    fn levels(record: &Record) -> Vec<u64> {
        record.reached.iter().map(|reach| reach.level).collect()
    }

    #[test]
    fn only_a_higher_level_is_a_step() {
        let mut record = record();
        for (at, level) in [0, 0, 3, 2, 3, 5].into_iter().enumerate() {
            record.reach(1, level, self::at(at as u64));
        }
        assert_eq!(levels(&record), [0, 3, 5]);
        let Reach { at, choice, .. } = record.reached[1];
        assert_eq!((at, choice), (2, 1), "the time of the first hit");
    }

    #[test]
    fn tuples_are_told_apart_and_counted_by_assertion() {
        let mut record = record();
        for (id, keys) in [(0, [1, 2]), (1, [1, 2]), (0, [2, 1]), (0, [1, 2])] {
            record.reach_tuple(id, &keys, 0, at(0));
        }
        let buckets: Vec<_> = record.buckets().map(|bucket| (bucket.id, bucket.keys.to_vec(), bucket.hits)).collect();
        assert_eq!(buckets, [(0, vec![1, 2], 2), (1, vec![1, 2], 1), (0, vec![2, 1], 1)]);
        assert_eq!(record.reached.len(), 3);
    }

    #[test]
    fn tuples_over_the_bound_are_counted_and_nothing_else() {
        let mut record = record();
        for key in 0..100 {
            record.reach_tuple(2, &[key], 0, at(0));
        }
        record.reach_tuple(2, &[5], 0, at(0));
        record.reach_tuple(3, &[5], 0, at(0));
        assert_eq!(record.buckets().len(), BUCKETS_MAX as usize + 1);
        assert_eq!(record.reached.len(), BUCKETS_MAX as usize + 1);
        assert_eq!(record.buckets_dropped, 100 - u64::from(BUCKETS_MAX));
    }

    #[test]
    fn a_climbing_quality_is_bounded_and_its_best_is_kept() {
        let mut record = record();
        for quality in 0..1000 {
            record.reach_tuple(0, &[7], quality, at(0));
        }
        assert_eq!(record.reached.len(), 1 + QUALITY_STEPS_MAX as usize);
        assert_eq!(record.buckets().next().unwrap().quality, 999);
    }

    #[test]
    fn a_cleared_record_is_a_new_one_in_the_same_buffers() {
        let mut record = record();
        let fill = |record: &mut Record| {
            for id in [3, 1, 3] {
                record.evaluate(id, id == 3);
                record.reach(id, 0, at(0));
                record.reach_tuple(id, &[i64::from(id)], 0, at(0));
            }
            format!("{record:?}")
        };
        let first = fill(&mut record);
        assert_eq!(record.evaluated(), [3, 1]);
        assert_eq!((record.evaluations(3), record.held(3)), (2, 2));
        assert_eq!((record.evaluations(1), record.held(1)), (1, 0));
        assert_eq!(record.evaluations(99), 0);
        let buffers = |record: &Record| {
            (
                record.evaluated.as_ptr(),
                record.tallies.as_ptr(),
                record.rows.as_ptr(),
                record.keys.as_ptr(),
                record.reached.as_ptr(),
            )
        };
        let before = buffers(&record);
        for _ in 0..100 {
            record.clear(4);
            assert_eq!(fill(&mut record), first);
        }
        assert_eq!(buffers(&record), before);
    }
}
