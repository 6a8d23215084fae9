//! Which of a list of things that were not synced are there after a crash.
//!
//! Owns the shapes. What the things are (parts of writes, changes of directories), and which
//! shape it is, was settled by others.

use std::ops::Range;

/// A part of a list, by shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Survivors {
    /// Those of this range and no others: none, a prefix, a suffix, one.
    Only(Range<u64>),
    /// All but those of this range; an empty range keeps all.
    Except(Range<u64>),
    /// Bit `n` says that the `n`-th is lost; past 64, whether its hash says so.
    Masked(u64),
}

impl Survivors {
    /// All of them: the page cache was written back in time.
    pub(crate) const ALL: Self = Self::Except(0..0);
    /// None of them.
    pub(crate) const NONE: Self = Self::Only(0..0);

    /// Is number `index` there?
    pub(crate) fn keeps(&self, index: u64) -> bool {
        match self {
            Self::Only(range) => range.contains(&index),
            Self::Except(range) => !range.contains(&index),
            Self::Masked(lost) if index < 64 => lost >> index & 1 == 0,
            Self::Masked(lost) => crate::choice::mix(lost ^ index) & 1 == 0,
        }
    }

    /// How many of `count` are lost.
    pub(crate) fn lost_of(&self, count: u64) -> u64 {
        match self {
            Self::Only(range) => count - (range.end.min(count) - range.start.min(count)),
            Self::Except(range) => range.end.min(count) - range.start.min(count),
            Self::Masked(_) => (0..count).filter(|&index| !self.keeps(index)).count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_and_loses_what_it_says() {
        for (survivors, kept) in [
            (Survivors::ALL, "012345"),
            (Survivors::NONE, ""),
            (Survivors::Only(0..2), "01"),
            (Survivors::Only(4..6), "45"),
            (Survivors::Except(1..5), "05"),
            (Survivors::Masked(0b10_0110), "034"),
        ] {
            let left: String = (0..6).filter(|&n| survivors.keeps(n)).map(|n| n.to_string()).collect();
            assert_eq!(left, kept, "{survivors:?}");
            assert_eq!(survivors.lost_of(6), 6 - kept.len() as u64, "{survivors:?}");
        }
        let many = Survivors::Masked(u64::MAX).lost_of(64 + 1_000);
        assert!((64 + 400..64 + 600).contains(&many), "{many}");
    }
}
