//! `ctx.time()`: the machine's clocks, through tokio.

use std::future::Future;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, Sleep, Timeout};

/// The clocks of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SimTime {
    pub(super) start: Instant,
}

impl SimTime {
    /// The time since the server was started; monotonic.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// What the wall clock shows.
    #[expect(clippy::disallowed_methods, reason = "this is the real side of it")]
    pub fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    /// The same as the time since the Unix epoch; nothing before it.
    pub fn unix_time(&self) -> Duration {
        self.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Waits for `duration`.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        tokio::time::sleep(duration)
    }

    /// Waits until `deadline`, on the scale of [`SimTime::now`].
    pub fn sleep_until(&self, deadline: Duration) -> Sleep {
        match self.start.checked_add(deadline) {
            Some(deadline) => tokio::time::sleep_until(deadline),
            None => tokio::time::sleep(Duration::MAX),
        }
    }

    /// Waits for `future`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Elapsed`](super::Elapsed) when the limit came first.
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        tokio::time::timeout(limit, future)
    }

    /// Ticks at once and then every `period`.
    ///
    /// # Panics
    ///
    /// When `period` is zero.
    pub fn interval(&self, period: Duration) -> Interval {
        Interval { start: self.start, interval: tokio::time::interval(period) }
    }
}

/// Ticks in a fixed rhythm. Made by [`SimTime::interval`].
#[derive(Debug)]
pub struct Interval {
    start: Instant,
    interval: tokio::time::Interval,
}

impl Interval {
    /// Waits for the next tick, and gives the time it was due, on the scale of [`SimTime::now`]. A tick
    /// that was missed comes at once.
    pub async fn tick(&mut self) -> Duration {
        self.interval.tick().await.saturating_duration_since(self.start)
    }
}
