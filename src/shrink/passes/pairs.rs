//! Two exceptions at once: what is needed together can only go together.

use super::drop::without;
use crate::choice::Kind;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeSet;

/// Of more exceptions than this, only neighbours are paired: the pairs of 60 are 1,770 runs.
const ALL_PAIRS_UNTIL: usize = 60;

/// Of more exceptions than this, pairs are changed in large steps only.
const ALL_STEPS_UNTIL: usize = 12;

/// So many steps of a pair, then it is the next one's turn: two latencies of millions of nanoseconds
/// can be exchanged one by one.
const STEPS: usize = 8;

/// How far apart neighbours are.
const NEAR: usize = 4;

/// The pairs that are tried, by number in the run.
fn pairs(count: usize) -> Vec<(usize, usize)> {
    let far = if count <= ALL_PAIRS_UNTIL { count } else { NEAR };
    (0..count).flat_map(|one| (one + 1..count.min(one + 1 + far)).map(move |other| (one, other))).collect()
}

fn address(set: &Exception) -> (u32, u32) {
    (set.label, set.ordinal)
}

/// Drops two.
pub(super) fn drop(shrinker: &mut Shrinker<'_>) {
    let sets = shrinker.sets().to_vec();
    let pairs = pairs(sets.len());
    shrinker.each(pairs.len(), |best, index| {
        let (one, other) = pairs[pairs.len() - 1 - index];
        let gone = BTreeSet::from([address(&sets[one]), address(&sets[other])]);
        without(best, &gone).filter(|draft| draft.len() + 2 == best.len())
    });
}

/// Drops each and gives what it had to one near it: a time that must stay.
pub(super) fn merge(shrinker: &mut Shrinker<'_>) {
    let sets = shrinker.sets().to_vec();
    let near =
        |index: usize| (1..=NEAR).flat_map(move |far| [index.checked_add(far), index.checked_sub(far)]).flatten();
    let offers: Vec<_> = (0..sets.len())
        .rev()
        .flat_map(|from| near(from).map(move |to| (from, to)))
        .filter(|&(from, to)| to < sets.len() && sets[from].kind == Kind::Range && sets[to].kind == Kind::Range)
        .collect();
    shrinker.each(offers.len(), |best, index| {
        let (from, to) = offers[index];
        let place = |set: &Exception| best.sets.iter().position(|other| address(other) == address(set));
        let (from, to) = (place(&sets[from])?, place(&sets[to])?);
        let sum = best.sets[from].value.checked_add(best.sets[to].value).filter(|&sum| sum <= best.sets[to].max)?;
        Some(best.with_values(&[(from, 0), (to, sum)]))
    });
}

/// Lowers two by as much: half of what they have, a quarter, ... A difference that must stay.
pub(super) fn lower(shrinker: &mut Shrinker<'_>) {
    change(shrinker, |best, one, other| {
        let (a, b) = (best.sets[one].value, best.sets[other].value);
        steps(a.min(b), best.len()).map(|by| best.with_values(&[(one, a - by), (other, b - by)])).collect()
    });
}

/// Gives from one to the other, all that it has, half of it, a quarter, ...: a sum that must stay.
/// Or swaps them: an order that doesn't matter. What is simpler decides who gives.
pub(super) fn exchange(shrinker: &mut Shrinker<'_>) {
    change(shrinker, |best, one, other| {
        let (a, b) = (best.sets[one], best.sets[other]);
        let to_other = steps(a.value.min(b.max - b.value), best.len()).map(|by| (a.value - by, b.value + by));
        let to_one = steps(b.value.min(a.max - a.value), best.len()).map(|by| (a.value + by, b.value - by));
        let swapped = (a.max == b.max).then_some((b.value, a.value));
        let values = to_other.chain(to_one).chain(swapped);
        values.map(|(first, second)| best.with_values(&[(one, first), (other, second)])).collect()
    });
}

/// From much to little; where there are many exceptions, only the most and half of it.
fn steps(most: u64, exceptions: usize) -> impl Iterator<Item = u64> {
    let steps = if exceptions > ALL_STEPS_UNTIL { 2 } else { usize::MAX };
    std::iter::successors((most > 0).then_some(most), |&by| (by > 1).then_some(by / 2)).take(steps)
}

/// Tries what `candidates` makes of each pair, for as long as one of it is simpler and does.
fn change(shrinker: &mut Shrinker<'_>, candidates: impl Fn(&Draft, usize, usize) -> Vec<Draft>) {
    // of a word's bits none is smaller than another
    let sets: Vec<_> = shrinker.sets().iter().filter(|set| set.kind != Kind::Word).map(address).collect();
    for (one, other) in pairs(sets.len()) {
        for _ in 0..STEPS {
            let best = shrinker.best().clone();
            let place = |wanted| best.sets.iter().position(|set| address(set) == wanted);
            let (Some(one), Some(other)) = (place(sets[one]), place(sets[other])) else { break };
            if shrinker.first(candidates(&best, one, other).into_iter()).is_none() || shrinker.is_over() {
                break;
            }
        }
    }
}
