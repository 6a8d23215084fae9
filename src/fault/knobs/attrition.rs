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
    pub(crate) kill: u32,
    pub(crate) wipe: u32,
    pub(crate) grace: Duration,
}

impl Default for Attrition {
    /// At most one dead at a time; each boot of a process ends early with probability 0.5, after
    /// at most 512 of its I/O operations; three crashes for one graceful stop, no kills and no
    /// wipes.
    fn default() -> Self {
        let grace = Duration::from_secs(2);
        Self { max_dead: 1, chance: 0.5, within: 512, graceful: 1, crash: 3, kill: 0, wipe: 0, grace }
    }
}

impl Attrition {
    /// How many processes may be down at once: those that are dead, by whatever fault, and those
    /// that were asked to stop. Those that stand still, are cut off, have left or have not joined
    /// yet don't count.
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
    /// When both are 0, unless a weight of kills or wipes was given before.
    #[must_use]
    pub fn weights(mut self, graceful: u32, crash: u32) -> Self {
        assert!(graceful + crash + self.kill + self.wipe > 0, "an attrition must be able to do something");
        (self.graceful, self.crash) = (graceful, crash);
        self
    }

    /// The weight of a kill: the process dies at once while its machine stays up. Its files are
    /// whole, and its connections are closed by its kernel as a drop would close them. What was not
    /// synced stays in the page cache: the next boot reads it, and a crash after that may still
    /// take it. 0 by default.
    #[must_use]
    pub fn kill(mut self, weight: u32) -> Self {
        self.kill = weight;
        self
    }

    /// The weight of a wipe: a crash after which the process boots with an empty disk, as on a new
    /// machine. 0 by default.
    ///
    /// At most a minority of all processes loses its disk in a run, so that what a majority knows is
    /// never lost; any other wipe is a crash. With one or two processes there is none.
    #[must_use]
    pub fn wipe(mut self, weight: u32) -> Self {
        self.wipe = weight;
        self
    }

    /// How long a process that is asked to stop may take before its machine is switched off, which
    /// is a crash.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The weights of a graceful stop, a crash, a kill and a wipe.
    pub(crate) fn ways(&self) -> [u32; 4] {
        [self.graceful, self.crash, self.kill, self.wipe]
    }
}
