//! Swarm of operations: which of an alphabet a run has at all.
//!
//! A run that lacks an operation, or has few, reaches what the average run doesn't: a queue that
//! is only filled, an account that is never read. From Groce and others, Swarm Testing (2012).
//! Owns what a run has left out, place by place; how likely what is left is, the weights say.

use crate::choice::{Choices, Label, by_weight, scale};
use std::collections::BTreeMap;

/// Operations of one alphabet that take part; those past them are always on.
const OPERATIONS_MAX: usize = 64;

/// What this run leaves out, by the place that draws: shared by all actors that draw there, and
/// kept under each actor's own label as well, so that a draw costs one lookup.
#[derive(Debug, Default)]
pub(crate) struct Alphabets(BTreeMap<Label, u64>);

impl Alphabets {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What is left out of the draws under `label`, if one was made.
    #[inline]
    pub(crate) fn known(&self, label: Label) -> Option<u64> {
        self.0.get(&label).copied()
    }

    /// Draws what is left out of the draws under `label`, one of those at `place`, as bits, unless
    /// another actor has drawn there. `name` is how the choice for one operation is called.
    #[cold]
    pub(crate) fn learn(
        &mut self,
        choices: &mut Choices,
        label: Label,
        place: Label,
        operations: usize,
        name: impl Fn(usize) -> String,
    ) -> u64 {
        let off = self.known(place).unwrap_or_else(|| {
            let drawn = (0..operations.min(OPERATIONS_MAX)).map(|index| {
                let name = name(index);
                let slot = choices.slot(Label::parse(&name), || name);
                (choices.knob(slot, &[1, 1]) as u64) << index
            });
            drawn.fold(0, |off, bit| off | bit)
        });
        self.0.insert(place, off);
        self.0.insert(label, off);
        off
    }
}

/// The index that `word` falls to, with the weights of what is `off` taken for 0; if nothing is
/// left, all is on.
pub(crate) fn by_weight_without(word: u64, weights: &[u32], off: u64) -> u64 {
    let is_on = |index: usize| index >= OPERATIONS_MAX || off >> index & 1 == 0;
    let weight = |index: usize| if is_on(index) { u64::from(weights[index]) } else { 0 };
    let total: u64 = (0..weights.len()).map(weight).sum();
    if total == 0 {
        return by_weight(word, weights);
    }
    let mut at = scale(word, total - 1);
    for index in 0..weights.len() {
        match at.checked_sub(weight(index)) {
            Some(rest) => at = rest,
            None => return index as u64,
        }
    }
    unreachable!("`at` is below the total")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_not_drawn() {
        let drawn = |weights: &[u32], off| {
            let mut seen: Vec<_> = (0..1_000).map(|n| by_weight_without(crate::choice::mix(n), weights, off)).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        assert_eq!(drawn(&[1, 1, 1], 0b010), [0, 2]);
        assert_eq!(drawn(&[1, 1, 1], 0b111), [0, 1, 2], "all off means all on");
        assert_eq!(drawn(&[0, 1, 1], 0b110), [1, 2], "also when what is on has no weight");
        assert_eq!(drawn(&[1; 70], u64::MAX), Vec::from_iter(64..70));
    }

    #[test]
    fn with_nothing_off_it_is_the_plain_draw() {
        for n in 0..1_000 {
            let word = crate::choice::mix(n);
            assert_eq!(by_weight_without(word, &[5, 0, 3, 1], 0), by_weight(word, &[5, 0, 3, 1]));
        }
    }
}
