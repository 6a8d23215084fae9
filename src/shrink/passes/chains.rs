//! Events that follow one another: after each the distance to the next is drawn, so that dropping one
//! is the end of all that follow. Here one is taken out of its chain, and the next keeps its time.

use crate::choice::Kind;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::{BTreeMap, BTreeSet};

/// What belongs to the events of a chain: `fault/10.0.1.1/crash` with `how` and `restart` beside it;
/// of a call site, the label alone.
fn family(shrinker: &Shrinker<'_>, label: u32) -> String {
    let name = shrinker.name(label);
    match name.rsplit_once('/') {
        Some((parent, _)) if !name.contains("/@") => parent.to_owned(),
        _ => format!("{name}~{label}"),
    }
}

/// The chains of the best tape: the label of the distances, and the labels of what belongs to them.
fn chains(shrinker: &Shrinker<'_>) -> Vec<(u32, BTreeSet<u32>)> {
    let mut families: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for set in shrinker.best().made.iter().filter(|set| set.repeated.is_none()) {
        families.entry(family(shrinker, set.label)).or_default().insert(set.label);
    }
    let gaps: BTreeSet<_> = shrinker.sets().iter().filter(|set| set.kind == Kind::Gap).map(|set| set.label).collect();
    let labels = |label: &u32| families.get(&family(shrinker, *label)).cloned().unwrap_or_default();
    gaps.iter().map(|label| (*label, labels(label))).collect()
}

/// Takes out single events, from the end: first so that what follows keeps its time.
pub(super) fn take_out(shrinker: &mut Shrinker<'_>) {
    for (gaps, labels) in chains(shrinker) {
        let events = shrinker.sets().iter().filter(|set| is_event(set, gaps)).count();
        // the end of a chain, as long as possible
        let tails = std::iter::successors((events > 1).then_some(events), |&n| (n > 1).then_some(n / 2));
        let best = shrinker.best().clone();
        shrinker.first(tails.filter_map(|count| without_tail(&best, gaps, &labels, count)));
        shrinker.each(events * 2, |best, index| without(best, gaps, &labels, events - 1 - index / 2, index % 2 == 0));
    }
}

fn is_event(set: &Exception, gaps: u32) -> bool {
    set.label == gaps && set.kind == Kind::Gap
}

/// The places in the run of the chain's events that come.
fn events(best: &Draft, gaps: u32) -> Vec<usize> {
    let made = best.made.iter().enumerate();
    made.filter(|(_, set)| is_event(set, gaps) && set.value > 0).map(|(index, _)| index).collect()
}

fn without_tail(best: &Draft, gaps: u32, labels: &BTreeSet<u32>, count: usize) -> Option<Draft> {
    let events = events(best, gaps);
    let start = *events.get(events.len().checked_sub(count)?)?;
    let gone: BTreeSet<_> = best.made[start..]
        .iter()
        .filter(|set| labels.contains(&set.label))
        .map(|set| (set.label, set.ordinal))
        .collect();
    Some(best.keeping(|set| !gone.contains(&(set.label, set.ordinal))))
}

/// `best` without the chain's event of that number; `kept` adds its distance to the next one's.
fn without(best: &Draft, gaps: u32, labels: &BTreeSet<u32>, number: usize, kept: bool) -> Option<Draft> {
    let events = events(best, gaps);
    let (&this, &next) = (events.get(number)?, events.get(number + 1)?);
    // per label, the first ordinal that is gone and how many are
    let mut gone: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for set in best.made[this..next].iter().filter(|set| labels.contains(&set.label)) {
        gone.entry(set.label).or_insert((set.ordinal, 0)).1 += 1;
    }
    let (this, next) = (best.made[this], best.made[next]);
    let mut draft = best.keeping(|set| match gone.get(&set.label) {
        Some(&(first, count)) => !(first..first + count).contains(&set.ordinal),
        None => true,
    });
    for set in &mut draft.sets {
        if kept && (set.label, set.ordinal) == (next.label, next.ordinal) {
            set.value = set.value.saturating_add(this.value).min(set.max);
        }
        if let Some(&(first, count)) = gone.get(&set.label)
            && set.ordinal >= first + count
        {
            *set = set.earlier(count);
        }
    }
    Some(draft)
}
