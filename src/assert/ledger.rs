//! The record of the run on this thread, and the functions the macros call.
//!
//! A run is on one thread, so there is no lock. Outside a run every function here looks at one
//! thread-local flag and returns. What a call adds to the record is the record's business.

use super::catalogue::{Site, catalogue};
use super::kind::Kind;
use super::level;
use super::record::{Record, Violation, When, comparison_failed};
use std::cell::{Cell, RefCell};
use std::fmt;

/// Apart from the record, so that it needs no destructor and reading it is a plain load.
struct Switch {
    active: Cell<bool>,
    violated: Cell<bool>,
    now: Cell<u64>,
    choices: Cell<fn() -> u64>,
}

thread_local! {
    static SWITCH: Switch = const {
        Switch {
            active: Cell::new(false),
            violated: Cell::new(false),
            now: Cell::new(0),
            choices: Cell::new(|| 0),
        }
    };
    static RECORD: RefCell<Record> = const { RefCell::new(Record::new()) };
}

/// Starts to record on this thread, at the virtual time 0.
///
/// # Panics
///
/// If this thread records already: a run inside a run would mix their records.
pub fn begin() {
    assert!(!active(), "this thread records a run already");
    RECORD.with_borrow_mut(|record| record.clear(catalogue().len()));
    SWITCH.with(|switch| {
        switch.active.set(true);
        switch.violated.set(false);
        switch.now.set(0);
    });
}

/// Stops recording on this thread and returns what was recorded.
///
/// # Panics
///
/// If this thread does not record.
pub fn end() -> Record {
    assert!(active(), "this thread records no run");
    SWITCH.with(|switch| {
        switch.active.set(false);
        switch.violated.set(false);
    });
    RECORD.take()
}

/// Gives the buffers of `record` to the next run on this thread.
///
/// ```
/// use simfuzz::assert;
///
/// for _ in 0..3 {
///     assert::begin();
///     simfuzz::assert_reachable!("ran");
///     let record = assert::end();
///     assert_eq!(record.reached.len(), 1);
///     assert::recycle(record); // the next run allocates nothing
/// }
/// ```
pub fn recycle(record: Record) {
    if !active() {
        RECORD.set(record);
    }
}

/// Returns true if this thread records a run.
#[inline]
pub fn active() -> bool {
    SWITCH.with(|switch| switch.active.get())
}

/// The first violation of the run on this thread, if there is one yet.
pub fn first_violation() -> Option<Violation> {
    RECORD.with_borrow(|record| record.violations.first().cloned())
}

/// Returns true if the run on this thread has violated an assertion.
///
/// ```
/// use simfuzz::{assert, assert_always};
///
/// assert::begin();
/// assert_always!(1 + 1 == 2, "arithmetic holds");
/// assert!(!assert::violated());
/// assert_always!(1 + 1 == 3, "arithmetic holds");
/// assert!(assert::violated());
/// assert_eq!(assert::end().violations[0].name, "arithmetic holds");
/// ```
#[inline]
pub fn violated() -> bool {
    SWITCH.with(|switch| switch.violated.get())
}

/// Sets the time that is recorded from now on, in virtual nanoseconds.
#[inline]
pub fn set_now(virtual_ns: u64) {
    SWITCH.with(|switch| switch.now.set(virtual_ns));
}

/// Sets what counts the choices of runs on this thread: each step towards a goal is recorded
/// with that number. Without it the number is 0.
#[inline]
pub fn count_choices_by(choices: fn() -> u64) {
    SWITCH.with(|switch| switch.choices.set(choices));
}

/// Counts an evaluation of an `assert_always!`; true if it asks for an explanation.
#[inline]
#[must_use]
pub fn always(site: &'static Site, holds: bool) -> bool {
    active() && record_always(site, holds)
}

fn record_always(site: &'static Site, holds: bool) -> bool {
    RECORD.with_borrow_mut(|record| {
        record.evaluate(site.id(), holds);
        !holds && violate(record, site)
    })
}

/// Counts an evaluation of an `assert_unreachable!`; true if it asks for an explanation.
#[inline]
#[must_use]
pub fn unreachable(site: &'static Site) -> bool {
    always(site, false)
}

/// Counts an evaluation of an `assert_sometimes!`.
#[inline]
pub fn sometimes(site: &'static Site, holds: bool) {
    if active() {
        record_sometimes(site, holds);
    }
}

fn record_sometimes(site: &'static Site, holds: bool) {
    RECORD.with_borrow_mut(|record| {
        let id = site.id();
        record.evaluate(id, holds);
        if holds {
            record.reach(id, 0, when());
        }
    });
}

/// Counts an evaluation of an `assert_reachable!`.
#[inline]
pub fn reachable(site: &'static Site) {
    sometimes(site, true);
}

/// Counts an evaluation of an `assert_sometimes_all!`.
#[inline]
pub fn sometimes_all(site: &'static Site, conditions: &[bool]) {
    if active() {
        record_sometimes_all(site, conditions);
    }
}

fn record_sometimes_all(site: &'static Site, conditions: &[bool]) {
    let holding = conditions.iter().filter(|&&holds| holds).count();
    RECORD.with_borrow_mut(|record| {
        let id = site.id();
        record.evaluate(id, holding == conditions.len());
        if holding > 0 {
            record.reach(id, holding as u64, when());
        }
    });
}

/// Counts an evaluation of an `assert_sometimes_each!`.
#[inline]
pub fn sometimes_each<const QUALITIES: usize>(site: &'static Site, keys: &[i64], qualities: [i64; QUALITIES]) {
    const { assert!(QUALITIES <= 4, "a tuple of keys has at most four qualities") };
    if active() {
        record_sometimes_each(site, keys, &qualities);
    }
}

fn record_sometimes_each(site: &'static Site, keys: &[i64], qualities: &[i64]) {
    RECORD.with_borrow_mut(|record| {
        let id = site.id();
        record.evaluate(id, true);
        record.reach_tuple(id, keys, level::quality(qualities), when());
    });
}

/// Counts an evaluation of a numeric always; true if it asks for an explanation.
#[inline]
#[must_use]
pub fn always_compared(site: &'static Site, value: i128, threshold: i128) -> bool {
    active() && record_always_compared(site, value, threshold)
}

fn record_always_compared(site: &'static Site, value: i128, threshold: i128) -> bool {
    let Kind::AlwaysCompared(comparison) = site.kind else {
        unreachable!("the macros pair each kind with its function");
    };
    // What is sought here is the violation.
    let level = level::compared(comparison.negated(), value, threshold);
    let holds = level < level::HOLDS;
    let first = RECORD.with_borrow_mut(|record| {
        let id = site.id();
        record.evaluate(id, holds);
        record.reach(id, level, when());
        !holds && violate(record, site)
    });
    if first {
        let text = comparison_failed(comparison, value, threshold);
        explain(site, format_args!("{text}"));
    }
    first
}

/// Counts an evaluation of a numeric sometimes.
#[inline]
pub fn sometimes_compared(site: &'static Site, value: i128, threshold: i128) {
    if active() {
        record_sometimes_compared(site, value, threshold);
    }
}

fn record_sometimes_compared(site: &'static Site, value: i128, threshold: i128) {
    let Kind::SometimesCompared(comparison) = site.kind else {
        unreachable!("the macros pair each kind with its function");
    };
    let level = level::compared(comparison, value, threshold);
    RECORD.with_borrow_mut(|record| {
        let id = site.id();
        record.evaluate(id, level >= level::HOLDS);
        record.reach(id, level, when());
    });
}

/// Adds to the detail of the violation that `site` has just caused.
///
/// A message without arguments adds nothing, since it is the name already.
#[cold]
pub fn explain(site: &'static Site, text: fmt::Arguments<'_>) {
    // Formatted before the record is borrowed: a user's `Display` may evaluate assertions itself.
    let text = text.to_string();
    if text != site.name {
        RECORD.with_borrow_mut(|record| record.explain(site.id(), &text));
    }
}

fn violate(record: &mut Record, site: &Site) -> bool {
    SWITCH.with(|switch| switch.violated.set(true));
    record.violate(site, now())
}

fn when() -> When {
    SWITCH.with(|switch| When { at: switch.now.get(), choice: switch.choices.get()() })
}

fn now() -> u64 {
    SWITCH.with(|switch| switch.now.get())
}
