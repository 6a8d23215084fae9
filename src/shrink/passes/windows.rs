//! Whole windows of the run, as if they had never been: what comes after moves up to their start.
//!
//! To drop the exceptions of a window alone leaves its calm choices where they are, and those after
//! it as late as before. Here every label's count goes on after the window as it stood before it,
//! and what is needed at one time together stays together.

use super::LARGE;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeMap;
use std::ops::Range;

/// The smallest window, in choices.
const LEAST: usize = 4;

/// What counts its places together: the operations of one client, or the choices under one label.
type Lane = (bool, u32);

fn lane(set: &Exception) -> Lane {
    match set.repeated {
        Some(repeated) => (true, repeated),
        None => (false, set.label),
    }
}

/// Takes windows out of the run: half of it, a quarter, ...
pub(super) fn take_out(shrinker: &mut Shrinker<'_>) {
    down_to(shrinker, usize::MAX);
}

/// The same, large ones only.
pub(super) fn take_out_large(shrinker: &mut Shrinker<'_>) {
    down_to(shrinker, LARGE);
}

fn down_to(shrinker: &mut Shrinker<'_>, parts_most: usize) {
    let mut parts = 2;
    loop {
        let size = shrinker.best().made.len() / parts;
        if size < LEAST || parts > parts_most || shrinker.is_over() {
            return;
        }
        // windows overlap by half: a boundary is rarely where it would have to be
        shrinker.each(parts * 2 - 1, |best, index| {
            let start = index * size / 2;
            without(best, start..(start + size).min(best.made.len()))
        });
        parts *= 2;
    }
}

fn without(best: &Draft, window: Range<usize>) -> Option<Draft> {
    // when each place began
    let mut begun: BTreeMap<(Lane, u32), usize> = BTreeMap::new();
    for (index, choice) in best.made.iter().enumerate() {
        begun.entry((lane(choice), choice.position())).or_insert(index);
    }
    let mut gone: BTreeMap<Lane, u32> = BTreeMap::new();
    for ((lane, _), _) in begun.iter().filter(|(_, index)| window.contains(index)) {
        *gone.entry(*lane).or_default() += 1;
    }
    let begun = |set: &Exception| begun.get(&(lane(set), set.position())).copied().unwrap_or(usize::MAX);
    let kept = best.keeping(|set| !window.contains(&begun(set)));
    let moved = kept.with(|set| match gone.get(&lane(set)) {
        Some(&by) if begun(set) >= window.end => set.earlier(by.min(set.position())),
        _ => *set,
    });
    Some(moved)
}
