//! Links that are cut.

use super::latency::nanos;
use crate::timeline::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Links that are cut for a while, during the storm. Off unless given to the builder.
///
/// A cut link stalls the streams that cross it; they go on when it heals, or fail with a timeout
/// after 30 virtual seconds. Nothing inside a stream is lost or reordered.
#[derive(Clone, Debug, PartialEq)]
pub struct Partitions {
    pub(crate) chance: f64,
    pub(crate) within: Duration,
    pub(crate) length: RangeInclusive<Duration>,
}

impl Default for Partitions {
    /// Another partition with probability 0.5 each time, within 10 virtual seconds, for 10 ms
    /// to 3 s.
    fn default() -> Self {
        Self {
            chance: 0.5,
            within: Duration::from_secs(10),
            length: Duration::from_millis(10)..=Duration::from_secs(3),
        }
    }
}

impl Partitions {
    /// The probability, in `0.0..=1.0`, that there is another one.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// The latest it comes, after the one before.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.max(Duration::from_micros(1));
        self
    }

    /// How long it lasts.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    #[must_use]
    pub fn lasting(mut self, length: RangeInclusive<Duration>) -> Self {
        nanos(&length);
        self.length = length;
        self
    }

    pub(crate) fn lengths(&self) -> (Nanos, Nanos) {
        nanos(&self.length)
    }
}
