//! Places in the code that misbehave on purpose: FoundationDB's BUGGIFY.
//!
//! Some bugs need the code itself to take its rare way: a batch of one, a cache that is always
//! full, a reply that is dropped before it is sent. [`buggify!`](crate::buggify!) marks such a
//! place; a simulation decides for each run whether the place is active, and then each time
//! whether it fires. Owns the macros and the switch of a thread; who decides, and how, is set by
//! whoever runs a simulation. So production code can carry the macros: outside a run each costs
//! one thread-local load, and is false or the normal value.
//!
//! ```
//! use simfuzz::{buggify, buggify_or};
//!
//! /// How many records are flushed at once.
//! fn batch_size() -> usize {
//!     buggify_or!("batch size", 512, 1..=2)
//! }
//!
//! fn send(replies: &mut Vec<u32>, reply: u32) {
//!     if buggify!("lose a reply", 0.05) {
//!         return; // the caller's retry gets something to do
//!     }
//!     replies.push(reply);
//! }
//!
//! // in production
//! assert_eq!(batch_size(), 512);
//! let mut replies = Vec::new();
//! send(&mut replies, 7);
//! assert_eq!(replies, [7]);
//! ```
//!
//! A named place survives every change of the source; an unnamed one is known by where it stands.
//! Faults of this kind are off unless the builder was given a `Buggify`, and come in the storm
//! only.

mod macros;

use crate::range::{SampleRange, Uniform};
use std::cell::Cell;
use std::panic::Location;

/// A place that may misbehave.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// What it is called, if it is.
    pub name: Option<&'static str>,
    /// The probability that it fires when it is active, if it has one of its own.
    pub probability: Option<f64>,
    /// Where it stands.
    pub at: &'static Location<'static>,
}

/// Decides whether a place fires; then the answer is a value in `0..=max`.
#[doc(hidden)]
pub type Decide = fn(place: &Place, max: u64) -> Option<u64>;

thread_local! {
    /// Who decides on this thread; nobody outside of storms. Without a destructor, so that
    /// reading it is a plain load.
    static DECIDE: Cell<Option<Decide>> = const { Cell::new(None) };
}

/// Sets who decides on this thread.
#[doc(hidden)]
pub fn decided_by(decide: Option<Decide>) {
    DECIDE.set(decide);
}

/// What a macro says of its place: a name or a probability.
#[doc(hidden)]
pub trait Trait {
    /// Adds it to what is known of the place.
    fn describe(self, place: &mut Place);
}

impl Trait for &'static str {
    fn describe(self, place: &mut Place) {
        place.name = Some(self);
    }
}

impl Trait for f64 {
    fn describe(self, place: &mut Place) {
        assert!((0.0..=1.0).contains(&self), "a probability is in 0.0..=1.0, not {self}");
        place.probability = Some(self);
    }
}

/// Does the place of the caller fire?
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn fires(describe: impl FnOnce(&mut Place)) -> bool {
    match DECIDE.get() {
        None => false,
        Some(decide) => ask(decide, Location::caller(), describe, 0).is_some(),
    }
}

/// `normal`, or a value of `range` when the place of the caller fires.
#[doc(hidden)]
#[inline]
#[track_caller]
pub fn or<T: Uniform, R: SampleRange<T>>(
    describe: impl FnOnce(&mut Place),
    normal: impl FnOnce() -> T,
    range: impl FnOnce() -> R,
) -> T {
    let Some(decide) = DECIDE.get() else { return normal() };
    let at = Location::caller();
    let (low, high) = range().bounds();
    let mut fired = false;
    let value = T::pick(low, high, |max| {
        let index = ask(decide, at, describe, max);
        fired = index.is_some();
        index.unwrap_or(0)
    });
    if fired { value } else { normal() }
}

#[cold]
fn ask(decide: Decide, at: &'static Location<'static>, describe: impl FnOnce(&mut Place), max: u64) -> Option<u64> {
    let mut place = Place { name: None, probability: None, at };
    describe(&mut place);
    decide(&place, max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_decides_outside_of_a_storm() {
        assert!(!crate::buggify!());
        assert!(!crate::buggify!(1.0));
        assert!(!crate::buggify!("a name", 1.0));
        assert_eq!(crate::buggify_or!(64, 1..=8), 64);
    }

    #[test]
    fn a_place_tells_what_it_is() {
        fn named(place: &Place, max: u64) -> Option<u64> {
            assert!(place.at.file().ends_with("buggify/mod.rs"));
            match place.name {
                Some("yes") => Some(max),
                Some(_) => None,
                None => place.probability.filter(|&p| p == 0.5).map(|_| 0),
            }
        }
        decided_by(Some(named));
        const HALF: f64 = 0.5;
        let fired = [
            crate::buggify!(),
            crate::buggify!(0.5),
            crate::buggify!(HALF),
            crate::buggify!("yes"),
            crate::buggify!("no", 0.5),
        ];
        let values = [
            crate::buggify_or!(64, 1..=8),
            crate::buggify_or!("yes", 64, 1..=8),
            crate::buggify_or!("no", 0.5, 64, 1..=8),
            crate::buggify_or!(0.5, 64, 1..9),
        ];
        decided_by(None);
        assert_eq!(fired, [false, true, true, true, false]);
        assert_eq!(values, [64, 8, 64, 1]);
    }
}
