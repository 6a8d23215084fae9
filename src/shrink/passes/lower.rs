//! Smaller values.

use crate::choice::Kind;
use crate::shrink::draft::Exception;
use crate::shrink::shrinker::Shrinker;

/// The values from 1 to this are tried one by one, where what they mean has no order.
const FEW: u64 = 8;

/// Of more exceptions than this, values are found roughly: most of them will be dropped yet.
const EXACT_UNTIL: usize = 30;

/// In so many steps, each to two thirds or less.
const ROUGH: u32 = 2;

/// Each value by itself.
pub(super) fn values(shrinker: &mut Shrinker<'_>) {
    for set in shrinker.sets().to_vec() {
        let here = move |other: &Exception| (other.label, other.ordinal) == (set.label, set.ordinal);
        search(shrinker, &set, here);
    }
}

/// All that have one value and as many to choose from: an amount that must be the same twice.
pub(super) fn equals(shrinker: &mut Shrinker<'_>) {
    let sets = shrinker.sets().to_vec();
    for (index, set) in sets.iter().enumerate() {
        let (value, max) = (set.value, set.max);
        let like = |other: &Exception| (other.value, other.max) == (value, max);
        if sets[..index].iter().any(like) || !sets[index + 1..].iter().any(like) {
            continue;
        }
        let addresses: Vec<_> = sets.iter().filter(|set| like(set)).map(|set| (set.label, set.ordinal)).collect();
        search(shrinker, set, move |other| addresses.contains(&(other.label, other.ordinal)));
    }
}

/// Finds the smallest value for all that `chosen` accepts, which now have that of `set`.
fn search(shrinker: &mut Shrinker<'_>, set: &Exception, chosen: impl Fn(&Exception) -> bool) {
    let now = |shrinker: &Shrinker<'_>| shrinker.sets().iter().find(|set| chosen(set)).map(|set| set.value);
    let try_each = |shrinker: &mut Shrinker<'_>, values: &mut dyn Iterator<Item = u64>| {
        let best = shrinker.best().clone();
        let with = |value| best.with(|set| if chosen(set) { Exception { value, ..*set } } else { *set });
        shrinker.first(values.map(with))
    };
    let Some(mut high) = now(shrinker) else { return };
    let ordered = matches!(set.kind, Kind::Range | Kind::Gap);
    let few = if ordered && high > FEW { 1 } else { FEW };
    if try_each(shrinker, &mut (1..high.min(few + 1))).is_some() || high <= few || set.kind == Kind::Word {
        return;
    }
    // by thirds: two candidates at a time, which two cores run, and one core runs no more than by
    // halves
    let mut low = few + 1;
    let mut probed = 0;
    while low < high && !shrinker.is_over() {
        probed += 1;
        if probed > ROUGH && shrinker.best().len() > EXACT_UNTIL {
            return;
        }
        let third = (high - low) / 3;
        let probes = [low + third, high - 1 - third];
        match try_each(shrinker, &mut probes.into_iter()) {
            Some(nth) => {
                low = if nth > 0 { probes[0] + 1 } else { low };
                high = probes[nth];
            }
            None => low = probes[1] + 1,
        }
    }
    // need not be monotone: the neighbours are what one would try by hand
    let Some(high) = now(shrinker) else { return };
    try_each(shrinker, &mut (1..=2).filter_map(|step| high.checked_sub(step)));
}
