//! Processes that go down and come back.

use std::time::Duration;

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
