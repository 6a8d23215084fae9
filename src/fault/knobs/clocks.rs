//! Wall clocks that are off.

use std::time::Duration;

/// Wall clocks of processes that are off, run fast or slow, and jump, during the storm.
///
/// It concerns [`SimTime::wall`](crate::SimTime::wall) alone: `now`, sleeps and timeouts are
/// monotonic and true. Workloads have true clocks, so that they can judge. When the storm is over
/// all clocks step to the true time at once, as if NTP had caught up. Off unless given to the
/// builder.
///
/// ```
/// use simfuzz::ClockFaults;
/// use std::time::Duration;
///
/// let drifting = ClockFaults::default().max_skew(Duration::ZERO).max_jump(Duration::ZERO);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClockFaults {
    pub(crate) chance: f64,
    pub(crate) max_skew: Duration,
    pub(crate) max_drift_ppm: u32,
    pub(crate) max_jump: Duration,
    pub(crate) within: Duration,
}

impl Default for ClockFaults {
    /// Each process's clock is off with probability 0.5, by 1 ms to 10 s; runs fast or slow with
    /// probability 0.5, by at most 500 parts per million (what NTP itself may turn it by); and with
    /// probability 0.5 each time there is another jump within 10 virtual seconds, by 1 ms to 10 s.
    fn default() -> Self {
        let seconds = Duration::from_secs(10);
        Self { chance: 0.5, max_skew: seconds, max_drift_ppm: 500, max_jump: seconds, within: seconds }
    }
}

impl ClockFaults {
    /// The probability, in `0.0..=1.0`, that a clock is off, that it drifts, and that there is
    /// another jump.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// How far a clock is off at most, ahead or behind, from the beginning of the storm; in whole
    /// milliseconds, 0 for not at all.
    #[must_use]
    pub fn max_skew(mut self, max: Duration) -> Self {
        self.max_skew = max;
        self
    }

    /// How much too fast or too slow a clock is at most, in parts per million; 0 for not at all.
    #[must_use]
    pub fn max_drift_ppm(mut self, max: u32) -> Self {
        self.max_drift_ppm = max;
        self
    }

    /// How far a clock jumps at most, forward or back; in whole milliseconds, 0 for not at all.
    #[must_use]
    pub fn max_jump(mut self, max: Duration) -> Self {
        self.max_jump = max;
        self
    }

    /// The latest a jump comes, after the one before.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.max(Duration::from_micros(1));
        self
    }
}
