//! Verbs on wall clocks.

use super::{Faults, Whom};
use crate::fault::FaultKind;

/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;

impl Faults {
    /// The wall clocks are so many milliseconds ahead of the true time, behind if negative, and
    /// don't drift.
    pub fn skew(&self, whom: impl Whom, millis: i64) {
        for host in self.hosts(whom) {
            self.inject(FaultKind::Skew, |world| {
                world.skew(host, millis.saturating_mul(MILLI));
                Some(())
            });
        }
    }

    /// The wall clocks are fast by so many parts per million from now on, slow if negative.
    pub fn drift(&self, whom: impl Whom, ppm: i64) {
        for host in self.hosts(whom) {
            self.inject(FaultKind::Drift, |world| {
                world.drift(host, ppm);
                Some(())
            });
        }
    }

    /// The wall clocks jump by so many milliseconds, back if negative.
    pub fn jump(&self, whom: impl Whom, millis: i64) {
        for host in self.hosts(whom) {
            self.inject(FaultKind::Jump, |world| {
                world.jump(host, millis.saturating_mul(MILLI));
                Some(())
            });
        }
    }
}
