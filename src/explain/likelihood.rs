//! When the finding became inevitable: the run is kept up to a moment, and from there on other weather
//! is dealt, many times.
//!
//! The idea is that of Antithesis's likelihood analysis; snapshots are not needed, since a tape can
//! say what is kept.

use super::{Answer, Asked, Likelihood, Line, Step, lines};
use crate::choice::{Base, Moment, Op, Row, Tape, Trace, mix};
use crate::run::Outcome;
use std::collections::BTreeMap;

/// Moments over the whole run, evenly by choices.
const MOMENTS: usize = 8;

/// More moments, each in the middle of the largest rise.
const HALVINGS: usize = 10;

/// Lines of the story that tell of a step.
const LINES: usize = 8;

pub(super) fn over_time(
    asked: &mut Asked<'_>,
    tape: &Tape,
    outcome: &Outcome,
    seeds: u32,
) -> (Vec<Likelihood>, Option<Step>) {
    let Some(trace) = outcome.trace() else { return (Vec::new(), None) };
    let end = trace.choices().len();
    let mut points = BTreeMap::new();
    let mut measure = |points: &mut BTreeMap<usize, Likelihood>, kept: usize| {
        let dealt: Vec<_> = (0..seeds).map(|seed| dealt(tape, trace, kept, seed)).collect();
        let found = asked.all(&dealt).iter().filter(|answer| **answer == Answer::Shows).count();
        let at = trace.choices().get(kept).map_or(outcome.virtual_time().as_nanos() as u64, |choice| choice.at);
        points.insert(kept, Likelihood::new(at, kept, seeds, found as u32));
    };
    for number in 0..=MOMENTS {
        measure(&mut points, end * number / MOMENTS);
    }
    for _ in 0..HALVINGS {
        let Some((before, after)) = largest_rise(&points) else { break };
        if after.kept - before.kept < 2 {
            break;
        }
        measure(&mut points, before.kept + (after.kept - before.kept) / 2);
    }
    let step = largest_rise(&points).map(|(before, after)| {
        let within = before.kept as u64..=after.kept as u64;
        let told: Vec<Line> = lines(outcome).filter(|(made, _)| within.contains(made)).map(|(_, line)| line).collect();
        // those nearest to what came of it
        Step { before, after, events: told[told.len().saturating_sub(LINES)..].to_vec() }
    });
    (points.into_values().collect(), step)
}

fn largest_rise(points: &BTreeMap<usize, Likelihood>) -> Option<(Likelihood, Likelihood)> {
    let pairs = points.values().zip(points.values().skip(1)).filter(|(before, after)| after.found > before.found);
    let (before, after) = pairs.max_by_key(|(before, after)| after.found - before.found)?;
    Some((*before, *after))
}

/// The run up to its choice of that number, and after it what `seed` deals.
///
/// What is kept stands there as it was: sets, and calm stretches for what was calm. A reseed has the
/// gaps drawn anew that are under way at that moment: what had been put off for ever may come.
fn dealt(tape: &Tape, trace: &Trace, kept: usize, seed: u32) -> Tape {
    let seed = mix(u64::from(seed) + 1);
    let moment: Moment = trace.moment_of(kept);
    let mut rows: Vec<Row> =
        tape.rows().iter().filter(|row| row.op == Op::Reseed && row.moment() < moment).copied().collect();
    let mut calm: BTreeMap<u32, u32> = BTreeMap::new();
    for choice in &trace.choices()[..kept] {
        let label = trace.label(choice).id();
        let until = calm.entry(label).or_default();
        *until = (*until).max(choice.ordinal + 1);
        if choice.value > 0 {
            rows.push(Row { label, ordinal: choice.ordinal, op: Op::Set, value: choice.value as u32 });
        }
        if choice.value >> 32 > 0 {
            rows.push(Row { label, ordinal: choice.ordinal, op: Op::SetHigh, value: (choice.value >> 32) as u32 });
        }
    }
    rows.extend(calm.into_iter().map(|(label, value)| Row { label, ordinal: 0, op: Op::Calm, value }));
    // an even salt: the knobs of the run stay
    rows.push(Row::reseed(moment, seed as u32 & !1));
    Tape::from_rows(seed, Base::Seeded, rows)
}
