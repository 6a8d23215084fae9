//! Another end: the run is kept up to a moment, and from there on other weather is dealt, with most
//! families of choices calm. Where that shows the finding too, it is walked down from there.
//!
//! For tapes on which no small step helps. A finding that hangs on a narrow moment is lost with every
//! latency that is dropped; but from a moment shortly before it there is often a simpler way to it.
//! What is dealt is a function of the tape, so the result stays one too.

use super::{drop_all, settle};
use crate::choice::{Base, Op, Row, Tape, mix};
use crate::shrink::draft::Draft;
use crate::shrink::shrinker::Shrinker;
use std::collections::{BTreeMap, BTreeSet};

/// Tapes with fewer exceptions than this can be read as they are.
const WORTH_FROM: usize = 6;

/// Runs on the way down from one other end: most ways take some hundred.
const RUNS: u32 = 2_000;

/// How much of the run is kept, in hundredths of its choices.
const KEPT: [usize; 8] = [97, 93, 87, 78, 65, 45, 20, 0];

/// How much of the run is shared with another way down, in hundredths of its choices.
const SHARED: [usize; 4] = [75, 50, 25, 0];

/// Runs on another way down: as many as a tape of some hundred exceptions takes.
const WAY: u32 = 8_000;

/// So many labels are dealt or calm each for itself.
const FEW: usize = 16;

/// Deals for each moment.
const DEALS: u64 = 96;

pub(super) fn ends(shrinker: &mut Shrinker<'_>) {
    if shrinker.best().len() < WORTH_FROM || shrinker.best().base() != Base::Calm {
        return;
    }
    for kept in KEPT {
        let until = shrinker.best().made.len() * kept / 100;
        let best = shrinker.best().clone();
        let families = families(shrinker, &best);
        let deals = (0..DEALS).map(|number| dealt(&best, until, &families, mix(number << 8 | kept as u64)));
        if shrinker.walk_down_from(deals, RUNS, drop_all) == Some(true) || shrinker.is_over() {
            return;
        }
    }
}

/// Goes another way down: from a tape that shares its run up to a moment with the one that all began with. Says
/// whether it ends at something simpler; `None` where there is no such tape.
///
/// Where passes get stuck is as much the tape's doing as the bug's: of several tapes with one bug some come
/// to a third of what others do.
pub(super) fn other_way(shrinker: &mut Shrinker<'_>, number: u64) -> Option<bool> {
    let origin = shrinker.origin().clone();
    if origin.base() != Base::Calm {
        return None;
    }
    let until = origin.made.len() * SHARED[number as usize % SHARED.len()] / 100;
    let families = families(shrinker, &origin);
    let deals = (0..DEALS).map(|deal| {
        // weather of all kinds, or of some
        let families = if deal % 2 == 0 { &[] } else { &families[..] };
        dealt(&origin, until, families, mix(number << 8 | deal))
    });
    shrinker.walk_down_from(deals, WAY, |shrinker| {
        drop_all(shrinker);
        if shrinker.best().len() <= shrinker.least() * 3 / 2 {
            settle(shrinker);
        }
    })
}

/// The labels of the run by the first two parts of their names; each for itself where they are few.
fn families(shrinker: &Shrinker<'_>, best: &Draft) -> Vec<BTreeSet<u32>> {
    let labels: BTreeSet<u32> = best.made.iter().map(|set| set.label).collect();
    if labels.len() <= FEW {
        return labels.into_iter().map(|label| BTreeSet::from([label])).collect();
    }
    let mut families: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for label in labels {
        let path: Vec<_> = shrinker.name(label).split('/').take(2).collect();
        families.entry(path.join("/")).or_default().insert(label);
    }
    families.into_values().collect()
}

/// `best` until the choice of that number; then what `seed` deals, for a quarter of the families.
fn dealt(best: &Draft, until: usize, families: &[BTreeSet<u32>], seed: u64) -> Tape {
    let mut calm: BTreeMap<u32, u32> = BTreeMap::new();
    let mut kept = BTreeSet::new();
    for set in &best.made[..until] {
        let end = calm.entry(set.label).or_default();
        *end = (*end).max(set.ordinal + 1);
        kept.insert((set.label, set.ordinal));
    }
    let mut word = seed;
    for family in families {
        word = mix(word);
        if word & 3 != 0 {
            // a calm row of no length has no end
            calm.extend(family.iter().map(|&label| (label, 0)));
        }
    }
    let mut rows = best.keeping(|set| kept.contains(&(set.label, set.ordinal))).tape().rows().to_vec();
    rows.extend(calm.into_iter().map(|(label, value)| Row { label, ordinal: 0, op: Op::Calm, value }));
    Tape::from_rows(seed, Base::Seeded, rows)
}
