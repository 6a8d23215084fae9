//! How long things take when nothing is wrong.

use crate::time::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a message takes: evenly spread between two bounds, 1 to 10 ms by default.
///
/// ```
/// use simfuzz::Latency;
/// use std::time::Duration;
///
/// let local = Latency::between(Duration::from_micros(50)..=Duration::from_millis(1));
/// assert_eq!(local.min(), Duration::from_micros(50));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub(crate) min: Nanos,
    pub(crate) max: Nanos,
}

impl Default for Latency {
    fn default() -> Self {
        Self { min: 1_000_000, max: 10_000_000 }
    }
}

impl Latency {
    /// Evenly spread over `bounds`.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn between(bounds: RangeInclusive<Duration>) -> Self {
        let (min, max) = nanos(&bounds);
        Self { min, max }
    }

    /// The shortest latency.
    pub fn min(&self) -> Duration {
        Duration::from_nanos(self.min)
    }

    /// The longest latency.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }
}

pub(crate) fn nanos(bounds: &RangeInclusive<Duration>) -> (Nanos, Nanos) {
    assert!(bounds.start() <= bounds.end(), "empty range of durations: {bounds:?}");
    (bounds.start().as_nanos() as u64, bounds.end().as_nanos() as u64)
}
