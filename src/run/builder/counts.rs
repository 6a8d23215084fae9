//! What the builder's methods take: counts, and what an invariant says.

use std::fmt;
use std::ops::{Range, RangeInclusive};

/// How many processes of a kind there are: a number, or a range that the run draws from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessCount {
    low: usize,
    high: usize,
}

impl ProcessCount {
    pub(crate) fn bounds(&self) -> (usize, usize) {
        (self.low, self.high)
    }
}

impl From<usize> for ProcessCount {
    fn from(count: usize) -> Self {
        Self { low: count, high: count }
    }
}

impl From<Range<usize>> for ProcessCount {
    fn from(range: Range<usize>) -> Self {
        assert!(!range.is_empty(), "an empty range of processes: {range:?}");
        Self { low: range.start, high: range.end - 1 }
    }
}

impl From<RangeInclusive<usize>> for ProcessCount {
    fn from(range: RangeInclusive<usize>) -> Self {
        assert!(!range.is_empty(), "an empty range of processes: {range:?}");
        Self { low: *range.start(), high: *range.end() }
    }
}

/// How many instances of a workload there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadCount {
    /// So many in every run.
    Fixed(usize),
    /// A number that each run draws: `Random(1..6)` gives one to five.
    Random(Range<usize>),
}

impl WorkloadCount {
    pub(crate) fn bounds(&self) -> (usize, usize) {
        match self {
            Self::Fixed(count) => (*count, *count),
            Self::Random(range) => (range.start, range.end - 1),
        }
    }
}

/// What an invariant may return: a `bool`, or a `Result` whose error says what is wrong.
pub trait Verdict {
    /// The same as a result.
    ///
    /// # Errors
    ///
    /// Says what is wrong, if anything.
    fn verdict(self) -> Result<(), String>;
}

impl Verdict for bool {
    fn verdict(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it does not hold".to_owned()) }
    }
}

impl<E: fmt::Display> Verdict for Result<(), E> {
    fn verdict(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}
