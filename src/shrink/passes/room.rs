//! Rows are dropped and calm is put in their place: what comes after them comes later.
//!
//! What goes on by itself needs no exceptions, but time: messages arrive in their order, a server boots. Where
//! exceptions hurry it up, so many calm operations do as well, and are simpler to read.

use super::drop::{Address, without};
use crate::shrink::draft::Draft;
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeSet;

/// So many calm operations are put in.
const ROOM: [u32; 3] = [4, 16, 64];

/// Drops stretches of what one label chose in the operations of one actor: all, half of it, ..., single ones.
pub(super) fn make(shrinker: &mut Shrinker<'_>) {
    let labels: BTreeSet<u32> =
        shrinker.sets().iter().filter(|set| set.repeated.is_some()).map(|set| set.label).collect();
    for label in labels {
        let count = |shrinker: &Shrinker<'_>| shrinker.sets().iter().filter(|set| set.label == label).count();
        let mut size = count(shrinker);
        while size > 0 && !shrinker.is_over() {
            let addresses: Vec<Address> =
                shrinker.sets().iter().rev().filter(|set| set.label == label).map(|set| (label, set.ordinal)).collect();
            let chunks: Vec<BTreeSet<Address>> =
                addresses.chunks(size).map(|chunk| chunk.iter().copied().collect()).collect();
            shrinker.each(chunks.len() * ROOM.len(), |best, index| {
                put_in(best, &chunks[index / ROOM.len()], ROOM[index % ROOM.len()])
            });
            size /= 2;
        }
    }
}

/// `best` without those at `gone`, and from the first of them on so many operations later.
fn put_in(best: &Draft, gone: &BTreeSet<Address>, by: u32) -> Option<Draft> {
    let first =
        best.sets.iter().filter(|set| gone.contains(&(set.label, set.ordinal))).min_by_key(|set| set.position())?;
    let (repeated, from) = (first.repeated?, first.position());
    let mut rest = without(best, gone)?;
    for set in rest.sets.iter_mut().filter(|set| set.repeated == Some(repeated) && set.position() >= from) {
        *set = set.later(by)?;
    }
    Some(rest)
}
