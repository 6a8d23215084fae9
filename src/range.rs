//! Ranges and types that values are drawn from: which value an index stands for.
//!
//! Owns no randomness: whoever draws gives the index, 0 for the start of the range. Production
//! code reaches it by `buggify_or!`, so it knows no simulator.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

/// Types that can be drawn from a range: integers, `f64` and `Duration`.
pub trait Uniform: Copy + PartialOrd {
    /// The value at an index of `low..=high` that `draw` gives for the highest index.
    #[doc(hidden)]
    fn pick(low: Self, high: Bound<Self>, draw: impl FnOnce(u64) -> u64) -> Self;
}

/// The end of a range.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Bound<T> {
    Included(T),
    Excluded(T),
}

/// Ranges to draw from: `a..b` and `a..=b`.
pub trait SampleRange<T> {
    /// The start and the end.
    #[doc(hidden)]
    fn bounds(self) -> (T, Bound<T>);
}

impl<T: Uniform> SampleRange<T> for Range<T> {
    fn bounds(self) -> (T, Bound<T>) {
        (self.start, Bound::Excluded(self.end))
    }
}

impl<T: Uniform> SampleRange<T> for RangeInclusive<T> {
    fn bounds(self) -> (T, Bound<T>) {
        let (low, high) = self.into_inner();
        (low, Bound::Included(high))
    }
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Uniform for $int {
            fn pick(low: Self, high: Bound<Self>, draw: impl FnOnce(u64) -> u64) -> Self {
                let high = match high {
                    Bound::Included(high) => (low <= high).then_some(high),
                    Bound::Excluded(high) => (low < high).then(|| high - 1),
                };
                let high = high.expect("a range to draw from must not be empty");
                let max = high.wrapping_sub(low) as u64 & (u64::MAX >> (64 - <$int>::BITS));
                low.wrapping_add(draw(max) as $int)
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// Steps of a float in `0.0..1.0`: as many as its mantissa holds.
pub(crate) const FLOAT_STEPS: u64 = (1 << 53) - 1;

/// The float at an index of `0..=FLOAT_STEPS`, in `0.0..1.0`.
pub(crate) fn unit(index: u64) -> f64 {
    index as f64 / (FLOAT_STEPS + 1) as f64
}

impl Uniform for f64 {
    fn pick(low: Self, high: Bound<Self>, draw: impl FnOnce(u64) -> u64) -> Self {
        let (Bound::Included(high) | Bound::Excluded(high)) = high;
        assert!(low <= high, "a range to draw from must not be empty");
        low + (high - low) * unit(draw(FLOAT_STEPS))
    }
}

impl Uniform for Duration {
    fn pick(low: Self, high: Bound<Self>, draw: impl FnOnce(u64) -> u64) -> Self {
        let nanos = |duration: Self| duration.as_nanos() as u64;
        let high = match high {
            Bound::Included(high) => Bound::Included(nanos(high)),
            Bound::Excluded(high) => Bound::Excluded(nanos(high)),
        };
        Self::from_nanos(u64::pick(nanos(low), high, draw))
    }
}

/// Types that `ctx.random().random()` draws.
pub trait Standard {
    /// A value, by way of `draw`, which gives an index up to its argument.
    #[doc(hidden)]
    fn from_draw(draw: impl FnOnce(u64) -> u64) -> Self;
}

macro_rules! standard_integers {
    ($($int:ty)*) => {$(
        impl Standard for $int {
            fn from_draw(draw: impl FnOnce(u64) -> u64) -> Self {
                draw(u64::MAX >> (64 - <$int>::BITS)) as $int
            }
        }
    )*};
}

standard_integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl Standard for f64 {
    fn from_draw(draw: impl FnOnce(u64) -> u64) -> Self {
        unit(draw(FLOAT_STEPS))
    }
}

impl Standard for bool {
    fn from_draw(draw: impl FnOnce(u64) -> u64) -> Self {
        draw(1) == 1
    }
}
