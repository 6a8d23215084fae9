//! A family less, and the values of others dealt anew: for tapes on which no small step helps.
//!
//! A finding that hangs on a narrow moment is lost with every latency that is dropped, and is there
//! again once a fault comes a little earlier. So a few dozen deals are tried with each family
//! gone. What they are is a function of the tape: the result stays one too.

use super::drop::{families_at, without};
use crate::choice::{Kind, mix, scale};
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;

/// Tapes with fewer exceptions than this can be read as they are.
const WORTH_FROM: usize = 15;

/// Deals for each family.
const DEALS: usize = 40;

/// Tries each family, the largest first.
pub(super) fn deal(shrinker: &mut Shrinker<'_>) {
    if shrinker.best().len() < WORTH_FROM {
        return;
    }
    let mut families: Vec<_> = (1..=3).flat_map(|depth| families_at(shrinker, depth).0).collect();
    families.sort_by_key(|family| std::cmp::Reverse(family.len()));
    families.dedup();
    families.truncate(16);
    for family in families {
        let best = shrinker.best().clone();
        let Some(less) = without(&best, &family) else { continue };
        if shrinker.first((0..DEALS as u64).map(|number| dealt(&less, number))).is_some() || shrinker.is_over() {
            return;
        }
    }
}

fn dealt(draft: &Draft, number: u64) -> Draft {
    let mut word = mix(number + 1);
    draft.with(|set| {
        word = mix(word.wrapping_add(u64::from(set.label) ^ u64::from(set.ordinal) << 32));
        if !matches!(set.kind, Kind::Gap | Kind::Range) || word & 3 != 0 {
            return *set;
        }
        let value = match word >> 2 & 1 {
            // somewhere around what it was, or an order of magnitude nearer
            0 => scale(mix(word), set.value.saturating_mul(2).min(set.max)),
            _ => set.value >> (word >> 3 & 7),
        };
        Exception { value: value.max(1), ..*set }
    })
}
