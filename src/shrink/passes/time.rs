//! Stretches of time are cut out of the run: what lies in them is dropped, what lasts beyond is
//! shorter by as much.
//!
//! What must come at one time, a fault by the clock and an operation, hangs on every latency before
//! it: none can be dropped alone, since then all but the fault comes sooner. A stretch that is cut
//! out of all at once moves them together.
//!
//! Knows of times that a range may be nanoseconds, and a gap microseconds if its end came after as
//! many. What is no time is too small to reach across a stretch.

use crate::choice::{Kind, Moment, Op, Row};
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeMap;

/// The shortest stretch that is worth a run, in nanoseconds.
const LEAST: u64 = 1_000;

/// The smallest stretches are so many parts of the run.
const PARTS: u64 = 64;

/// Cuts out halves of the run, quarters, ..., and then as long as each exception lasts.
pub(super) fn cut_out(shrinker: &mut Shrinker<'_>) {
    let mut parts = 2;
    while parts <= PARTS && !shrinker.is_over() {
        // stretches overlap by half: a boundary is rarely where it would have to be
        shrinker.each(parts as usize * 2 - 1, |best, index| {
            let end = best.made.last().map_or(0, |choice| choice.at);
            without(best, end * index as u64 / (parts * 2), end / parts, false)
        });
        parts *= 2;
    }
    let exceptions: Vec<_> = shrinker.sets().iter().map(|set| (set.label, set.ordinal)).collect();
    shrinker.each(exceptions.len() * 4, |best, index| {
        let wanted = exceptions[exceptions.len() - 1 - index / 4];
        let set = best.sets.iter().find(|set| (set.label, set.ordinal) == wanted)?;
        let lasts = lasts(set, &units(best));
        // the latter part of it may be all that others wait for
        let skipped = if index % 2 == 0 { 0 } else { lasts / 2 };
        without(best, set.at + skipped, lasts - skipped, index % 4 > 1)
    });
}

/// By label and ordinal, how many nanoseconds one is of those gaps that are times.
fn units(best: &Draft) -> BTreeMap<(u32, u32), u64> {
    let mut last: BTreeMap<u32, &Exception> = BTreeMap::new();
    let mut units = BTreeMap::new();
    for choice in best.made.iter().filter(|choice| choice.kind == Kind::Gap) {
        if let Some(before) = last.insert(choice.label, choice)
            && before.value > 0
            && choice.at - before.at == before.value.saturating_mul(1_000)
        {
            units.insert((before.label, before.ordinal), 1_000);
        }
    }
    units
}

/// How long it lasts, if it is a time.
fn lasts(set: &Exception, units: &BTreeMap<(u32, u32), u64>) -> u64 {
    match set.kind {
        Kind::Range => set.value,
        Kind::Gap => set.value.saturating_mul(units.get(&(set.label, set.ordinal)).copied().unwrap_or(0)),
        _ => 0,
    }
}

/// `best` without a stretch of its time; `None` where nothing lasts so long. Reseeds after it come sooner,
/// by a microsecond more if so asked: their moments are whole ones.
fn without(best: &Draft, start: u64, length: u64, more: bool) -> Option<Draft> {
    if length < LEAST {
        return None;
    }
    let units = units(best);
    let end = start + length;
    let mut cut = best.with(|set| {
        let (from, to) = (set.at, set.at.saturating_add(lasts(set, &units)));
        let gone = to.min(end).saturating_sub(from.max(start));
        let unit = if set.kind == Kind::Gap { 1_000 } else { 1 };
        // an event comes all the same
        let least = u64::from(set.kind == Kind::Gap);
        Exception { value: (set.value - gone / unit).max(least.min(set.value)), ..*set }
    });
    for row in cut.others.iter_mut().filter(|row| row.op == Op::Reseed) {
        let Moment { micros, choice } = row.moment();
        let gone = (micros * 1_000).min(end).saturating_sub(start) / 1_000 + u64::from(more);
        let micros = if micros * 1_000 > start { micros.saturating_sub(gone) } else { micros };
        *row = Row::reseed(Moment { micros, choice }, row.value);
    }
    let is_news = cut != *best && (!more || cut.others != best.others);
    is_news.then_some(cut)
}
