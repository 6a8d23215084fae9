//! Sleeping, timeouts, intervals and the clock, with `tokio::time`'s names, in virtual time.
//!
//! The same clock as `ctx.time()`, on the scale of an [`Instant`].

use super::here;
use crate::sim::{self, SimTime};
use std::future::{Future, IntoFuture, poll_fn};
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub use crate::absent::time::{advance, pause, resume};
pub use crate::sim::Timeout;
pub use std::time::Duration;

/// Errors of this module.
pub mod error {
    pub use crate::sim::Elapsed;
}

/// How long before the run began the scale of instants begins: a program may ask for what was a
/// while ago, and on a machine that has been up for a day it gets an answer.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

#[expect(clippy::disallowed_types, reason = "deadlines of crates that know no virtual time")]
type OfStd = std::time::Instant;

/// A moment of virtual time, as `tokio::time::Instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The virtual time.
    ///
    /// # Panics
    ///
    /// Outside of a run.
    #[track_caller]
    pub fn now() -> Self {
        Self(clock().now() + BEFORE)
    }

    /// The time since `earlier`; nothing if that is later.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The time since `earlier`, unless that is later.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    /// The time since `earlier`; nothing if that is later.
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// The time that has passed since.
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The moment so much later, if there is one.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment so much earlier, if there is one.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The moment on this scale that `instant` is on the scale of `std`: both are as far from now.
    ///
    /// In an isolated run both scales are the run's. Elsewhere `std` has the clock of the machine: what comes of it is no
    /// function of the tape.
    #[track_caller]
    pub fn from_std(instant: OfStd) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it is asked how far from now an instant of std is")]
        let (here, there) = (Self::now(), OfStd::now());
        match instant.checked_duration_since(there) {
            Some(later) => here.later(later),
            None => Self(here.0.saturating_sub(there - instant)),
        }
    }

    /// The same the other way round.
    #[track_caller]
    pub fn into_std(self) -> OfStd {
        #[expect(clippy::disallowed_methods, reason = "it is asked how far from now an instant of std is")]
        let (here, there) = (Self::now(), OfStd::now());
        match self.checked_duration_since(here) {
            Some(later) => there + later,
            None => there - (here - self),
        }
    }

    /// On the scale of `ctx.time().now()`.
    fn since_start(self) -> Duration {
        self.0.saturating_sub(BEFORE)
    }

    /// So much later, or as late as can be.
    fn later(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl From<OfStd> for Instant {
    fn from(instant: OfStd) -> Self {
        Self::from_std(instant)
    }
}

impl From<Instant> for OfStd {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

#[track_caller]
fn clock() -> SimTime {
    SimTime(here())
}

/// Waits until a moment. Made by [`sleep`] and [`sleep_until`].
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    sleep: sim::Sleep,
    deadline: Instant,
}

impl Sleep {
    /// The moment it waits for.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Has it come?
    pub fn is_elapsed(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits until `deadline` instead.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        *self.get_mut() = sleep_until(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.sleep).poll(context)
    }
}

/// Waits for `duration` of virtual time.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now().later(duration))
}

/// Waits until `deadline`.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { sleep: clock().sleep_until(deadline.since_start()), deadline }
}

/// Waits for `future`, at most `limit`.
#[track_caller]
pub fn timeout<F: IntoFuture>(limit: Duration, future: F) -> Timeout<F::IntoFuture> {
    clock().timeout(limit, future.into_future())
}

/// Waits for `future`, at most until `deadline`.
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    timeout(deadline.duration_since(Instant::now()), future)
}

/// What becomes of the ticks that nobody was there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// They come at once, one after the other.
    #[default]
    Burst,
    /// The next one comes a period after the late one.
    Delay,
    /// They are left out; the next one comes where it would have come anyway.
    Skip,
}

/// How late a tick may be without being missed, as in tokio.
const LATE: Duration = Duration::from_millis(5);

/// Ticks in a fixed rhythm. Made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

/// Ticks at once and then every `period`.
///
/// # Panics
///
/// When `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start` and then every `period`.
///
/// # Panics
///
/// When `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval's period must not be zero");
    Interval { sleep: sleep_until(start), period, missed: MissedTickBehavior::default() }
}

impl Interval {
    /// Waits for the next tick, and gives the moment it was due.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|context| self.poll_tick(context)).await
    }

    /// The same as a poll.
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(context));
        let (due, now) = (self.sleep.deadline, Instant::now());
        let next = match self.missed {
            _ if now <= due.later(LATE) => due.later(self.period),
            MissedTickBehavior::Burst => due.later(self.period),
            MissedTickBehavior::Delay => now.later(self.period),
            MissedTickBehavior::Skip => {
                let over = (now - due).as_nanos() % self.period.as_nanos();
                now.later(self.period - Duration::from_nanos(over as u64))
            }
        };
        self.sleep = sleep_until(next);
        Poll::Ready(due)
    }

    /// The next tick comes a period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes now.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// The next tick comes so long from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.sleep = sleep(after);
    }

    /// The next tick comes at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep = sleep_until(deadline);
    }

    /// What becomes of the ticks that nobody was there for.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what becomes of the ticks that nobody was there for.
    pub fn set_missed_tick_behavior(&mut self, missed: MissedTickBehavior) {
        self.missed = missed;
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }
}
