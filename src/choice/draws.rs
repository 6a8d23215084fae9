//! Typed draws, each written in terms of the one primitive.
//!
//! Owns the odds of the base: what an override says knows none. Zero is the gentle choice of
//! every draw.

use super::{Choices, Kind, Slot, scale};
use std::ops::RangeInclusive;

/// When a rare event comes next: so many units away, or never.
///
/// One choice an event, where a coin at every step would be thousands whose ordinals move with
/// everything. The distances are spread over the powers of two, so that the near and the far
/// are equally likely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Probability, in `0.0..=1.0`, that it comes at all.
    pub chance: f64,
    /// The farthest it can be, in units.
    pub limit: u64,
}

impl Gap {
    /// The same gap for an event `factor` times as frequent: it is as much nearer.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        let chance = (self.chance * f64::from(factor)).min(0.95);
        Self { chance, limit: (self.limit / u64::from(factor.max(1))).max(1) }
    }
}

impl Choices {
    /// A value in `0..=max`, all equally likely.
    #[inline]
    pub(crate) fn uniform(&mut self, slot: Slot, max: u64) -> u64 {
        self.draw(slot, Kind::Range, max, |word| scale(word, max))
    }

    /// An index into `weights`, as likely as its weight; the first is the calmest.
    #[inline]
    pub(crate) fn weighted(&mut self, slot: Slot, weights: &[u32]) -> usize {
        self.draw(slot, Kind::Pick, weights.len() as u64 - 1, |word| by_weight(word, weights)) as usize
    }

    /// A knob of the run: an index into `weights`.
    pub(crate) fn knob(&mut self, slot: Slot, weights: &[u32]) -> usize {
        self.draw(slot, Kind::Knob, weights.len() as u64 - 1, |word| by_weight(word, weights)) as usize
    }

    /// The distance to the next event, at least 1; `None` when it never comes, the calm value.
    #[inline]
    pub(crate) fn gap(&mut self, slot: Slot, gap: Gap) -> Option<u64> {
        let distance = self.draw(slot, Kind::Gap, gap.limit, |word| gap_index(word, gap));
        (distance > 0).then_some(distance)
    }

    /// A value of `range`, spread over the powers of two times its start, so that short and long
    /// are equally likely; the start is the calmest.
    pub(crate) fn spread(&mut self, slot: Slot, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        low + self.draw(slot, Kind::Range, high - low, |word| octave(word, low.max(1), high.max(1)) - low.max(1))
    }

    /// How far something is off, at most the gap's limit to either side; 0, not at all, unless the
    /// gap's chance comes true. The values: 1 is one ahead, 2 one behind, 3 two ahead, and so on.
    pub(crate) fn deviation(&mut self, slot: Slot, gap: Gap) -> i64 {
        let value = self.draw(slot, Kind::Gap, gap.limit * 2, |word| {
            if fires(word, gap.chance) { 1 + either_side(word, gap.limit) } else { 0 }
        });
        value.checked_sub(1).map_or(0, signed)
    }

    /// A step of at least one and at most `limit` to either side; the calmest is one ahead.
    pub(crate) fn leap(&mut self, slot: Slot, limit: u64) -> i64 {
        signed(self.draw(slot, Kind::Range, limit * 2 - 1, |word| either_side(word, limit)))
    }
}

/// A distance to either side, as an index: 0 is one ahead, 1 one behind, 2 two ahead, and so on.
fn either_side(word: u64, limit: u64) -> u64 {
    let inner = super::mix(word);
    (octave(inner, 1, limit) - 1) * 2 + (super::mix(!inner) & 1)
}

/// The distance at that index.
fn signed(index: u64) -> i64 {
    let far = (index / 2 + 1) as i64;
    if index.is_multiple_of(2) { far } else { -far }
}

/// Is `word` among the top share `p` of all words? (Zero, the calmest word, is not.)
#[inline]
pub(crate) fn fires(word: u64, p: f64) -> bool {
    // 2^-64 is the size of one word
    (!word as f64) * 5.421_010_862_427_522e-20 < p
}

/// The index that `word` falls to.
pub(crate) fn by_weight(word: u64, weights: &[u32]) -> u64 {
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    if total == 0 {
        return 0;
    }
    let mut at = scale(word, total - 1);
    for (index, &weight) in weights.iter().enumerate() {
        match at.checked_sub(u64::from(weight)) {
            Some(rest) => at = rest,
            None => return index as u64,
        }
    }
    unreachable!("`at` is below the total")
}

fn gap_index(word: u64, gap: Gap) -> u64 {
    if !fires(word, gap.chance) {
        return 0;
    }
    // from bits the coin did not use
    octave(super::mix(word), 1, gap.limit)
}

/// A value of `start..=end`: a power of two times the start first, a place inside it then.
fn octave(word: u64, start: u64, end: u64) -> u64 {
    let powers = 64 - (end / start).leading_zeros();
    let low = start << scale(word, u64::from(powers) - 1);
    let high = (low * 2 - 1).min(end);
    low + scale(super::mix(word), high - low)
}

#[cfg(test)]
mod tests {
    use super::super::prf::Prf;
    use super::*;

    fn words() -> impl Iterator<Item = u64> {
        (0..100_000).map(|n| Prf::new(9).word(1, n))
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn a_chance_comes_true_as_often_as_it_says() {
        assert!(!fires(0, 0.999));
        for p in [0.0, 0.01, 0.5, 1.0] {
            let share = words().filter(|&word| fires(word, p)).count() as f64 / 100_000.0;
            assert!((share - p).abs() < 0.006, "{share} for {p}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn weights_are_odds() {
        let mut counts = [0; 3];
        words().for_each(|word| counts[by_weight(word, &[1, 0, 3]) as usize] += 1);
        assert_eq!(counts[1], 0);
        assert!((24_000..26_000).contains(&counts[0]), "{counts:?}");
        assert_eq!(by_weight(5, &[0, 0]), 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn gaps_are_spread_over_the_powers_of_two() {
        let gap = Gap { chance: 0.5, limit: 1_000 };
        let (mut never, mut near, mut far) = (0, 0, 0);
        for distance in words().map(|word| gap_index(word, gap)) {
            assert!(distance <= 1_000);
            match distance {
                0 => never += 1,
                1..32 => near += 1,
                _ => far += 1,
            }
        }
        assert!((49_000..51_000).contains(&never), "{never}");
        assert!((24_000..26_000).contains(&near), "{near} {far}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn a_spread_is_even_over_its_octaves() {
        let (mut short, mut long) = (0, 0);
        for value in words().map(|word| octave(word, 10, 10_240)) {
            assert!((10..=10_240).contains(&value));
            if value < 320 { short += 1 } else { long += 1 }
        }
        // 5 octaves below, and 5 above with the end as one more
        assert!((44_000..47_000).contains(&short), "{short} {long}");
        assert_eq!(octave(7, 5, 5), 5);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn a_deviation_goes_to_both_sides_and_no_farther_than_its_limit() {
        let indexes: std::collections::BTreeSet<_> = words().map(|word| either_side(word, 4)).collect();
        let all: Vec<_> = indexes.into_iter().map(signed).collect();
        assert_eq!(all, [1, -1, 2, -2, 3, -3, 4, -4]);
    }

    #[test]
    fn a_more_frequent_gap_is_nearer() {
        let gap = Gap { chance: 0.1, limit: 800 }.times(8);
        assert_eq!((gap.chance, gap.limit), (0.8, 100));
    }
}
