//! What must become true once the storm is over.
//!
//! Owns which conditions are still open. Each needs to hold at one instant of the window; what it
//! does afterwards is an invariant's business, or `check`'s.

use super::{Driver, Stop, nanos, now};
use crate::run::builder::InvariantFn;
use crate::sim::{Found, SharedState, contained, with};
use std::time::Duration;

/// How long conditions have, if the builder doesn't say.
///
/// As long as a peer may take to learn that a connection is gone: a system that waits for its
/// slowest timeout and then recovers still makes it.
const WINDOW: Duration = Duration::from_secs(30);

/// Evaluates a condition; a panic of it is a reason like any other.
fn evaluate(condition: &InvariantFn) -> Result<(), String> {
    let now = Duration::from_nanos(now());
    match contained(|| condition(&SharedState(()), now)) {
        Ok(result) => result,
        Err(panic) => Err(format!("panicked at {}: {}", panic.place, panic.message)),
    }
}

impl Driver<'_> {
    /// When workloads must be back: the time budget, or the end of the window after the storm.
    pub(super) fn deadline(&self, budget: u64) -> u64 {
        match (self.calm_since, self.simulation.limits.calm) {
            (Some(since), Some(window)) => since + nanos(window),
            _ => budget,
        }
    }

    /// Looks which of the open conditions hold now.
    #[inline]
    pub(super) fn look_at_conditions(&mut self) {
        if !self.open.is_empty() && self.calm_since.is_some() {
            self.close_conditions();
        }
    }

    #[cold]
    fn close_conditions(&mut self) {
        let conditions = &self.simulation.conditions;
        self.open.retain(|&number| {
            let (name, condition) = &conditions[number];
            let open = evaluate(condition).is_err();
            if !open {
                with(|world| world.tell_all(|| format!("has converged: {name}")));
            }
            open
        });
    }

    /// Waits until every condition has held, at most to the end of the window.
    pub(super) fn converge(&mut self) -> Stop {
        if self.open.is_empty() {
            return Stop::Done;
        }
        let window = self.simulation.limits.calm.unwrap_or(WINDOW);
        let deadline = self.calm_since.unwrap_or_else(now) + nanos(window);
        match self.drive(deadline, |driver| driver.open.is_empty()) {
            Stop::Late => {}
            // nothing will happen any more, but a condition may look at the clock
            Stop::Deadlock => with(|world| world.advance(deadline.max(world.now))),
            stop => return stop,
        }
        self.look_at_conditions();
        let Some(&number) = self.open.first() else { return Stop::Done };
        let (name, condition) = &self.simulation.conditions[number];
        let why = evaluate(condition).err().unwrap_or_default();
        let reason = format!("{name}: {why}, {} s after the storm", window.as_secs_f64());
        let name = name.clone();
        with(|world| world.find(Found { kind: "did not converge", name, reason, host: String::new() }));
        Stop::Found
    }
}
