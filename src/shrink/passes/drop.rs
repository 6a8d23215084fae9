//! Fewer exceptions: whole families of labels, whole operations, stretches of the run, single ones.

use super::LARGE;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Address = (u32, u32);

fn address(set: &Exception) -> Address {
    (set.label, set.ordinal)
}

/// `best` without those at `gone`; `None` if there are none of them.
pub(super) fn without(best: &Draft, gone: &BTreeSet<Address>) -> Option<Draft> {
    let draft = best.keeping(|set| !gone.contains(&address(set)));
    (draft.len() < best.len()).then_some(draft)
}

/// Calm stretches and reseeds: all, then one by one.
pub(super) fn others(shrinker: &mut Shrinker<'_>) {
    let mut bare = shrinker.best().clone();
    bare.others.clear();
    if shrinker.first(std::iter::once(bare)).is_some() {
        return;
    }
    let others = shrinker.best().others.clone();
    shrinker.each(others.len(), |best, index| {
        let mut draft = best.clone();
        draft.others.retain(|row| *row != others[index]);
        Some(draft)
    });
}

/// All exceptions under one path: `fault`, then `fault/10.0.1.1`, and so on; the largest first.
pub(super) fn families(shrinker: &mut Shrinker<'_>) {
    for depth in 1.. {
        let (mut families, deeper) = families_at(shrinker, depth);
        families.sort_by_key(|addresses| std::cmp::Reverse(addresses.len()));
        shrinker.each(families.len(), |best, index| without(best, &families[index]));
        if !deeper || shrinker.is_over() {
            return;
        }
    }
}

/// The exceptions by the first `depth` parts of their labels' names; and whether there are names
/// with more parts.
pub(super) fn families_at(shrinker: &Shrinker<'_>, depth: usize) -> (Vec<BTreeSet<Address>>, bool) {
    let mut families: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
    let mut deeper = false;
    for set in shrinker.sets() {
        let name = shrinker.name(set.label);
        deeper |= name.split('/').count() > depth;
        let path = name.split('/').take(depth).collect::<Vec<_>>().join("/");
        // a label without a name is a family of its own
        let path = if path.is_empty() { format!("~{}", set.label) } else { path };
        families.entry(path).or_default().insert(address(set));
    }
    (families.into_values().collect(), deeper)
}

/// Whole operations: all that was drawn inside one scope, from the end.
pub(super) fn scopes(shrinker: &mut Shrinker<'_>) {
    let mut scopes: Vec<((u32, u32), BTreeSet<Address>)> = Vec::new();
    for set in shrinker.sets().iter().rev() {
        let Some(repeated) = set.repeated else { continue };
        let scope = (repeated, set.position());
        match scopes.iter_mut().find(|(known, _)| *known == scope) {
            Some((_, addresses)) => _ = addresses.insert(address(set)),
            None => scopes.push((scope, BTreeSet::from([address(set)]))),
        }
    }
    shrinker.each(scopes.len(), |best, index| without(best, &scopes[index].1));
}

/// Stretches of the run, from its end: first half of all, then a quarter, at last single ones.
pub(super) fn chunks(shrinker: &mut Shrinker<'_>) {
    chunks_of(shrinker, 1);
}

/// The same, large ones only.
pub(super) fn large_chunks(shrinker: &mut Shrinker<'_>) {
    let least = shrinker.sets().len().div_ceil(LARGE);
    chunks_of(shrinker, least);
}

fn chunks_of(shrinker: &mut Shrinker<'_>, least: usize) {
    let mut size = shrinker.sets().len().div_ceil(2);
    while size >= least.max(1) && !shrinker.is_over() {
        let addresses: Vec<_> = shrinker.sets().iter().rev().map(address).collect();
        let chunks: Vec<BTreeSet<_>> = addresses.chunks(size).map(|chunk| chunk.iter().copied().collect()).collect();
        shrinker.each(chunks.len(), |best, index| without(best, &chunks[index]));
        size /= 2;
    }
}
