//! The knobs of the faults, as the builder takes them.

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

fn nanos(bounds: &RangeInclusive<Duration>) -> (Nanos, Nanos) {
    assert!(bounds.start() <= bounds.end(), "empty range of durations: {bounds:?}");
    (bounds.start().as_nanos() as u64, bounds.end().as_nanos() as u64)
}

/// Processes that go down and come back, during the storm.
///
/// When a process goes down is counted in its own I/O operations (messages sent and received,
/// disk operations): a window of microseconds between a write and its sync can't be hit by the
/// clock. Off unless given to the builder.
///
/// ```
/// use simfuzz::Attrition;
///
/// let attrition = Attrition::default().max_dead(2).chance(0.9).within(100);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Attrition {
    pub(crate) max_dead: usize,
    pub(crate) chance: f64,
    pub(crate) within: u64,
    pub(crate) graceful: u32,
    pub(crate) crash: u32,
    pub(crate) grace: Duration,
}

impl Default for Attrition {
    /// At most one dead at a time; each boot of a process ends early with probability 0.5, after
    /// at most 512 of its I/O operations; three crashes for one graceful stop.
    fn default() -> Self {
        Self { max_dead: 1, chance: 0.5, within: 512, graceful: 1, crash: 3, grace: Duration::from_secs(2) }
    }
}

impl Attrition {
    /// How many processes may be down at once.
    #[must_use]
    pub fn max_dead(mut self, max: usize) -> Self {
        self.max_dead = max;
        self
    }

    /// The probability, in `0.0..=1.0`, that a boot of a process ends early.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// The latest it does so, in I/O operations of the process.
    #[must_use]
    pub fn within(mut self, operations: u64) -> Self {
        self.within = operations.max(1);
        self
    }

    /// The weights of a graceful stop and of a crash.
    ///
    /// # Panics
    ///
    /// When both are 0.
    #[must_use]
    pub fn weights(mut self, graceful: u32, crash: u32) -> Self {
        assert!(graceful + crash > 0, "an attrition must be able to do something");
        (self.graceful, self.crash) = (graceful, crash);
        self
    }

    /// How long a process that is asked to stop may take before it is killed.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

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

/// All knobs of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weather {
    pub(crate) latency: Latency,
    pub(crate) attrition: Option<Attrition>,
    pub(crate) partitions: Option<Partitions>,
    pub(crate) restart: (Nanos, Nanos),
    /// A write, read or sync takes this long.
    pub(crate) disk: Latency,
    pub(crate) hold_tasks: bool,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            latency: Latency::default(),
            attrition: None,
            partitions: None,
            restart: (100_000_000, 2_000_000_000),
            disk: Latency { min: 50_000, max: 2_000_000 },
            hold_tasks: true,
        }
    }
}

impl Weather {
    pub(crate) fn set_restart(&mut self, bounds: &RangeInclusive<Duration>) {
        self.restart = nanos(bounds);
    }

    /// Is any fault configured?
    pub(crate) fn any(&self) -> bool {
        self.attrition.is_some() || self.partitions.is_some()
    }
}
