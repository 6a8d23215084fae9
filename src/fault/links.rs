//! Decisions about links: who is cut off from whom, which links are late, and for how long.

use super::{Partitions, shared_slot};
use crate::choice::{Choices, Kind, mix, scale};
use crate::timeline::Nanos;

/// Processes besides the first whose side of a split is drawn one by one; the others stay with
/// the first. The split of so many is one choice of 32 bits.
const SUBSET_MAX: usize = 32;

/// Who is cut off from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One process from everybody.
    Isolate(usize),
    /// What one process sends is lost.
    Mute(usize),
    /// What is sent to one process is lost.
    Deafen(usize),
    /// The processes before this one from it and those after; each side keeps its clients.
    Halves(usize),
    /// One process from another one.
    Pair(usize, usize),
    /// The processes whose bits are set from the others; each side keeps its clients.
    Subset(u64),
    /// What one process sends to another one is lost.
    OneWay(usize, usize),
}

/// The shape of a cut, by its odds in the base: a shape that cuts no process off from all others
/// has the two finer ones beside it where there are enough processes to tell them apart.
fn base_shape(word: u64, processes: usize) -> u64 {
    match scale(word, 4) {
        coarse @ 3..=4 if processes > 3 && mix(word) & 1 == 1 => coarse + 2,
        coarse => coarse,
    }
}

/// Somebody among `0..=last` who is not `at`.
fn other_than(choices: &mut Choices, family: &str, at: usize, last: u64) -> usize {
    let other = shared_slot(choices, family, "other");
    let other = choices.uniform(other, last - 1) as usize;
    other + usize::from(other >= at)
}

/// Which cut, among `processes`, and for how long.
pub(crate) fn partition(choices: &mut Choices, partitions: &Partitions, processes: usize) -> (Cut, Nanos) {
    let last = processes as u64 - 1;
    let shape = shared_slot(choices, "partition", "shape");
    let which = shared_slot(choices, "partition", "which");
    let shape = choices.draw(shape, Kind::Shape, 6, |word| base_shape(word, processes));
    let at = choices.uniform(which, last) as usize;
    let cut = match shape {
        0 => Cut::Isolate(at),
        1 => Cut::Mute(at),
        2 => Cut::Deafen(at),
        // neither half is empty, and nobody is cut off from itself
        3 if processes > 1 => Cut::Halves(at.max(1)),
        4 if processes > 1 => Cut::Pair(at, other_than(choices, "partition", at, last)),
        5 if processes > 1 => {
            let members = shared_slot(choices, "partition", "members");
            // each split once: the first process is always on the same side
            let splits = (1u64 << (processes - 1).min(SUBSET_MAX)) - 2;
            Cut::Subset((1 + choices.uniform(members, splits)) << 1)
        }
        6 if processes > 1 => Cut::OneWay(at, other_than(choices, "partition", at, last)),
        _ => Cut::Isolate(at),
    };
    let length = shared_slot(choices, "partition", "length");
    let (low, high) = partitions.lengths();
    (cut, low + choices.uniform(length, high - low))
}

/// Which links are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jam {
    /// All that one process sends and all that is sent to it.
    All(usize),
    /// What one process sends to another host.
    From(usize, usize),
    /// What another host sends to one process.
    To(usize, usize),
}

/// Which links are clogged, among `processes` and all `hosts`, and for how long.
///
/// The simplest shape names one process alone: a kept tape means the same when hosts are added.
pub(crate) fn clog(choices: &mut Choices, (low, high): (Nanos, Nanos), processes: usize, hosts: usize) -> (Jam, Nanos) {
    let shape = shared_slot(choices, "clog", "shape");
    let shape = choices.draw(shape, Kind::Shape, 2, |word| scale(word, 2));
    let which = shared_slot(choices, "clog", "which");
    let at = choices.uniform(which, processes as u64 - 1) as usize;
    let last = hosts as u64 - 1;
    let jam = match shape {
        1 if hosts > 1 => Jam::From(at, other_than(choices, "clog", at, last)),
        2 if hosts > 1 => Jam::To(at, other_than(choices, "clog", at, last)),
        _ => Jam::All(at),
    };
    let length = shared_slot(choices, "clog", "length");
    (jam, low + choices.uniform(length, high - low))
}
