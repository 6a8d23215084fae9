//! How far an evaluation got, as one number that is worth more when it is higher.
//!
//! Pure arithmetic: no site, no run. Levels are few for each assertion, since each new one is
//! a feature to the fuzzer, and a fuzzer that is rewarded for every unit of a counter keeps an
//! input for every unit.

use super::kind::Comparison;
use std::time::Duration;

/// The level of a numeric assertion whose sought comparison just holds.
///
/// For `assert_sometimes_*` it is the comparison itself that is sought, for `assert_always_*`
/// its violation. Under this level lie the buckets of the distance still to go, above it those
/// of the distance beyond: a bucket is the number of bits of the distance, so a level is
/// `64 - bits` or `64 + bits`, from 0 to 128. From a threshold of 1000 a value that climbs from
/// zero passes 11 levels and then at most one for each doubling.
pub const HOLDS: u64 = 64;

/// Returns the level of `value comparison threshold` when the comparison is what is sought.
pub(super) fn compared(comparison: Comparison, value: i128, threshold: i128) -> u64 {
    let margin = margin(comparison, value, threshold);
    let bits = u64::from(128 - margin.unsigned_abs().leading_zeros()).min(64);
    if margin >= 0 { HOLDS + bits } else { HOLDS - bits }
}

/// Returns by how much the comparison holds: 0 if just, negative if it does not.
fn margin(comparison: Comparison, value: i128, threshold: i128) -> i128 {
    let above = value.saturating_sub(threshold);
    let below = threshold.saturating_sub(value);
    match comparison {
        Comparison::GreaterThan => above.saturating_sub(1),
        Comparison::GreaterThanOrEqualTo => above,
        Comparison::LessThan => below.saturating_sub(1),
        Comparison::LessThanOrEqualTo => below,
    }
}

/// Returns a hash of a tuple of keys: the same in every process and build.
pub(super) fn tuple(keys: &[i64]) -> u64 {
    // FNV-1a over the bytes; its high bits are weak for short inputs, and whoever takes the
    // hash modulo a table would see that, hence the finalizer of splitmix64.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in keys.iter().flat_map(|key| key.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Packs qualities into one number that orders as they do, the first being the weightiest.
///
/// Each has 16 bits: four fit, and what lies outside `0..=65535` is taken as the nearer end.
pub(super) fn quality(qualities: &[i64]) -> u64 {
    qualities.iter().fold(0, |packed, &quality| packed << 16 | quality.clamp(0, 0xffff).cast_unsigned())
}

/// A value that the numeric macros can compare: the integers, [`Duration`] (in nanoseconds),
/// and references to them.
///
/// Value and threshold may be of different types. Nothing wraps: a `u128` above `i128::MAX`
/// counts as that. Floating point is left out, since cutting off the fraction would report
/// `0.5 > 0.2` as a violation: scale it first.
///
/// ```
/// use simfuzz::assert::Number;
///
/// assert_eq!(u64::MAX.number(), 18_446_744_073_709_551_615);
/// assert_eq!((&-3_i32).number(), -3);
/// assert_eq!(std::time::Duration::from_micros(2).number(), 2_000);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number an assertion can compare",
    note = "integers, `Duration` and references to them are; scale floating point to an integer"
)]
pub trait Number {
    /// Returns the value as the widest integer.
    fn number(self) -> i128;
}

macro_rules! number_from {
    ($($integer:ty)*) => {$(
        impl Number for $integer {
            #[inline]
            fn number(self) -> i128 {
                i128::from(self)
            }
        }
    )*};
}

number_from!(i8 i16 i32 i64 i128 u8 u16 u32 u64);

macro_rules! number_saturating {
    ($($integer:ty)*) => {$(
        impl Number for $integer {
            #[inline]
            fn number(self) -> i128 {
                i128::try_from(self).unwrap_or(i128::MAX)
            }
        }
    )*};
}

// An isize always fits: its conversion is fallible in name only.
number_saturating!(isize usize u128);

impl Number for Duration {
    #[inline]
    fn number(self) -> i128 {
        self.as_nanos().number()
    }
}

impl<T: Number + Copy> Number for &T {
    #[inline]
    fn number(self) -> i128 {
        (*self).number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Comparison::*;

    #[test]
    fn a_level_holds_exactly_when_the_comparison_does() {
        for value in -70..70 {
            for threshold in -3..4 {
                let truths = [
                    (GreaterThan, value > threshold),
                    (GreaterThanOrEqualTo, value >= threshold),
                    (LessThan, value < threshold),
                    (LessThanOrEqualTo, value <= threshold),
                ];
                for (comparison, truth) in truths {
                    let sought = compared(comparison, value, threshold);
                    let feared = compared(comparison.negated(), value, threshold);
                    assert_eq!(sought >= HOLDS, truth, "{value} {comparison} {threshold}");
                    assert_eq!(feared >= HOLDS, !truth, "{value} {comparison} {threshold}");
                }
            }
        }
    }

    #[test]
    fn a_better_value_never_has_a_lower_level() {
        for value in -300..300 {
            let step = |comparison| {
                let now = compared(comparison, value, 100);
                let next = compared(comparison, value + 1, 100);
                (now, next)
            };
            let (now, next) = step(GreaterThan);
            assert!(now <= next);
            let (now, next) = step(LessThanOrEqualTo);
            assert!(now >= next);
        }
    }

    #[test]
    fn the_ends_saturate() {
        assert_eq!(compared(GreaterThan, i128::MIN, i128::MAX), 0);
        assert_eq!(compared(GreaterThan, i128::MAX, i128::MIN), 128);
        assert_eq!(compared(LessThan, i128::MAX, i128::MIN), 0);
        assert_eq!(compared(GreaterThan, u64::MAX.number(), 0), 128);
        assert_eq!(u128::MAX.number(), i128::MAX);
        assert_eq!(usize::MAX.number(), i128::from(u64::MAX));
    }

    #[test]
    fn a_climb_to_a_thousand_passes_eleven_levels() {
        let mut levels: Vec<_> = (0..=1000).map(|value| compared(GreaterThanOrEqualTo, value, 1000)).collect();
        levels.dedup();
        assert_eq!(levels.len(), 11);
        assert_eq!(levels.last(), Some(&HOLDS));
    }

    /// A changed hash would make saved features mean other things: the values are part of it.
    #[test]
    fn the_hash_of_a_tuple_is_fixed() {
        assert_eq!(tuple(&[]), 0xf52a_15e9_a9b5_e89b);
        assert_eq!(tuple(&[1, 2]), 0x35cc_bd7b_cc8d_bf8a);
        assert_ne!(tuple(&[1, 2]), tuple(&[2, 1]));
        assert_ne!(tuple(&[0]), tuple(&[0, 0]));
    }

    #[test]
    fn the_first_quality_outweighs_the_rest() {
        assert!(quality(&[2, 0]) > quality(&[1, 0xffff]));
        assert_eq!(quality(&[-5, 70_000]), 0xffff);
        assert_eq!(quality(&[]), 0);
        assert_eq!(quality(&[0xffff; 4]), u64::MAX);
    }
}
