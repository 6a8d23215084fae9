//! `ctx.time()`: the virtual clock, sleeping, timeouts.

use super::events::Event;
use super::world::{World, try_with, with};
use crate::error::SimulationError;
#[cfg(target_os = "linux")]
use crate::timeline::Nanos;
use crate::timeline::TimerId;
use crate::topology::HostId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

/// The clocks of a host: virtual time passes only while everybody waits.
///
/// [`now`](SimTime::now), sleeps and timeouts are monotonic and true on every host. The wall clock
/// of a process may be off, if [`ClockFaults`](crate::ClockFaults) are on.
#[derive(Clone, Copy, Debug)]
pub struct SimTime(pub(crate) HostId);

impl SimTime {
    /// Virtual time since the start of the run.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(with(|world| world.now))
    }

    /// What the wall clock of this host shows, in place of `SystemTime::now()`. A run begins on the
    /// first of January 2026, at midnight in UTC.
    ///
    /// During the storm the clock of a process may be off, drift, and jump forward or back; a
    /// workload's is always right. It goes on while its host is down or stands still.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # fn expired(ctx: &SimContext, lease_until: std::time::SystemTime) -> bool {
    /// ctx.time().wall() >= lease_until
    /// # }
    /// ```
    pub fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.unix_time()
    }

    /// The same as the time since the Unix epoch.
    pub fn unix_time(&self) -> Duration {
        // an injector's clock is right
        let clock = |world: &World| world.hosts.get(self.0.index()).map_or_else(Default::default, |host| host.clock);
        Duration::from_nanos(with(|world| clock(world).read(world.now)))
    }

    /// Waits for `duration` of virtual time.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now().saturating_add(duration))
    }

    /// Waits until `deadline`, on the scale of [`SimTime::now`].
    pub fn sleep_until(&self, deadline: Duration) -> Sleep {
        sleep_until(deadline)
    }

    /// Waits for `future`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the limit came first; it turns into a `SimulationError` that counts as
    /// giving up while faults are on.
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        Timeout { future: Box::pin(future), sleep: self.sleep(limit) }
    }

    /// Ticks at once and then every `period`, counted from the start, as tokio's `interval`.
    ///
    /// # Panics
    ///
    /// When `period` is zero.
    pub fn interval(&self, period: Duration) -> Interval {
        assert!(!period.is_zero(), "an interval's period must not be zero");
        Interval { next: self.now(), period }
    }
}

/// What the clocks of the host show whose task is being polled: monotonic time, and the wall clock
/// since the Unix epoch. `None` when no run is under way.
#[cfg(target_os = "linux")]
pub(crate) fn clocks() -> Option<(Nanos, Nanos)> {
    try_with(|world| {
        // an injector's clock is right
        let clock = world.hosts.get(world.current.index()).map_or_else(Default::default, |host| host.clock);
        (world.now, clock.read(world.now))
    })
}

/// Sleeps in a row that one poll of a task finds over before one of them gives way to others.
///
/// A task that sleeps in a loop until a time that has passed would never return from its poll: the
/// run would hang, where a million polls at one instant are a finding. That many polls of 16 sleeps
/// take a second; with tokio's budget of 128 they would take eight.
pub(crate) const PATIENCE: u32 = 16;

/// Waits until a virtual time. Made by [`SimTime::sleep`].
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    run: u64,
    deadline: u64,
    timer: Option<TimerId>,
}

fn sleep_until(deadline: Duration) -> Sleep {
    let deadline = u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX);
    Sleep { run: with(|world| world.run), deadline, timer: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        with(|world| {
            assert!(world.run == this.run, "a sleep of an earlier run was polled: its time is over");
            if world.now >= this.deadline {
                if world.patience == 0 && this.timer.is_none() {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                world.patience = world.patience.saturating_sub(1);
                return Poll::Ready(());
            }
            match this.timer {
                Some(timer) => world.timers.rewake(timer, world.tasks.waiter(context.waker())),
                None => {
                    let timer = world.timers.add(world.tasks.waiter(context.waker()));
                    this.timer = Some(timer);
                    world.queue.schedule(this.deadline, Event::Timer(timer));
                }
            }
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            try_with(|world| {
                if world.run == self.run {
                    world.timers.remove(timer);
                }
            });
        }
    }
}

/// A future with a limit. Made by [`SimTime::timeout`].
#[must_use = "a timeout does nothing unless it is awaited"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        match Pin::new(&mut self.sleep).poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(Elapsed(()))),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The limit of a [`Timeout`] came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

impl From<Elapsed> for SimulationError {
    fn from(elapsed: Elapsed) -> Self {
        Self::Timeout(elapsed.to_string())
    }
}

/// Ticks in a fixed rhythm. Made by [`SimTime::interval`].
#[derive(Debug)]
pub struct Interval {
    next: Duration,
    period: Duration,
}

impl Interval {
    /// Waits for the next tick, and gives the virtual time it was due. A tick that was missed
    /// comes at once.
    pub async fn tick(&mut self) -> Duration {
        let due = self.next;
        sleep_until(due).await;
        self.next = due.saturating_add(self.period);
        due
    }
}
