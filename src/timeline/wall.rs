//! A wall clock, right or wrong.
//!
//! Owns what it shows at a virtual time. By how much it is off was settled by the caller.

use super::Nanos;

/// What a right clock shows when a run begins, in nanoseconds since the Unix epoch: midnight of
/// the first of January 2026, in UTC. A fixed date, since a run is a function of its tape.
const START: Nanos = 1_767_225_600 * 1_000_000_000;

/// The clock on the wall of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WallClock {
    /// How far it is ahead, in nanoseconds.
    ahead: i64,
    /// By how many parts per million it is fast, and since when.
    fast: i64,
    since: Nanos,
}

impl WallClock {
    /// Nanoseconds since the Unix epoch that it shows at `now`; never before the epoch.
    pub(crate) fn read(&self, now: Nanos) -> Nanos {
        let drifted = i128::from(self.fast) * i128::from(now.saturating_sub(self.since)) / 1_000_000;
        let shown = i128::from(START) + i128::from(now) + i128::from(self.ahead) + drifted;
        Nanos::try_from(shown.max(0)).unwrap_or(Nanos::MAX)
    }

    /// It is `ahead` from `now` on, and `fast` by so many parts per million.
    pub(crate) fn set_off(&mut self, now: Nanos, ahead: i64, fast: i64) {
        *self = Self { ahead, fast, since: now };
    }

    /// It drifts by so many parts per million from `now` on, beginning with what it shows.
    pub(crate) fn drift(&mut self, now: Nanos, fast: i64) {
        let ahead = self.read(now) as i64 - (START + now) as i64;
        self.set_off(now, ahead, fast);
    }

    pub(crate) fn jump(&mut self, by: i64) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// It shows the true time from now on. Was it off?
    pub(crate) fn correct(&mut self) -> bool {
        let off = self.ahead != 0 || self.fast != 0;
        *self = Self::default();
        off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_it_was_told_to() {
        let mut clock = WallClock::default();
        assert_eq!(clock.read(7), START + 7);
        clock.set_off(1_000_000, -2_000, 500);
        assert_eq!(clock.read(1_000_000), START + 998_000);
        assert_eq!(clock.read(3_000_000), START + 2_999_000, "half a thousandth of what has passed");
        clock.jump(5_000);
        assert_eq!(clock.read(1_000_000), START + 1_003_000);
        assert!(clock.correct() && !clock.correct());
        assert_eq!(clock.read(9), START + 9);
        clock.set_off(0, 10, 1_000_000);
        clock.drift(20, 0);
        assert_eq!(clock.read(50), START + 80);
        clock.jump(i64::MIN);
        assert_eq!(clock.read(0), 0, "not before the epoch");
    }
}
