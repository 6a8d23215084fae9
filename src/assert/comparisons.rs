//! The eight of the macros that are about numbers, each a promise or a goal with a way towards it.
//!
//! What they share with the others, the place and the message, is in `macros`.

/// States a promise about numbers: `value > threshold` whenever it is evaluated here.
///
/// As [`assert_always!`](crate::assert_always), and beyond it a guide: a value that comes closer
/// to the threshold than any before is a step, so that a fuzzer can walk towards a violation
/// ([levels](crate::assert::HOLDS)). Both are any [`Number`](crate::assert::Number).
///
/// ```
/// use simfuzz::{assert, assert_always_greater_than};
///
/// assert::begin();
/// for free in [900_u64, 30, 70, 10] {
///     assert_always_greater_than!(free, 10, "room for the log");
/// }
/// let record = assert::end();
///
/// assert_eq!(record.reached.len(), 3, "70 is no closer than 30");
/// assert_eq!(record.violations[0].detail, "10 is not greater than 10");
/// ```
#[macro_export]
macro_rules! assert_always_greater_than {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__always_compared!(GreaterThan, $value, $threshold, $($message)+)
    };
}

/// States a promise about numbers: `value >= threshold` whenever it is evaluated here.
///
/// As [`assert_always_greater_than!`](crate::assert_always_greater_than).
///
/// ```
/// use simfuzz::{assert, assert_always_greater_than_or_equal_to};
///
/// assert::begin();
/// assert_always_greater_than_or_equal_to!(3_u32, 3_usize, "a majority votes");
/// assert_always_greater_than_or_equal_to!(2_u32, 3_usize, "a majority votes");
/// let detail = &assert::end().violations[0].detail;
/// assert_eq!(detail, "2 is not greater than or equal to 3");
/// ```
#[macro_export]
macro_rules! assert_always_greater_than_or_equal_to {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__always_compared!(GreaterThanOrEqualTo, $value, $threshold, $($message)+)
    };
}

/// States a promise about numbers: `value < threshold` whenever it is evaluated here.
///
/// As [`assert_always_greater_than!`](crate::assert_always_greater_than).
///
/// ```
/// use simfuzz::{assert, assert_always_less_than};
/// use std::time::Duration;
///
/// assert::begin();
/// let (node, took) = (2, Duration::from_secs(1));
/// assert_always_less_than!(took, Duration::from_secs(5), "answered in time");
/// assert_always_less_than!(took, Duration::from_millis(1), "synced in time", { "node" => node });
/// let violations = assert::end().violations;
/// assert_eq!(violations[0].detail, "1000000000 is not less than 1000000; node = 2");
/// ```
#[macro_export]
macro_rules! assert_always_less_than {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__always_compared!(LessThan, $value, $threshold, $($message)+)
    };
}

/// States a promise about numbers: `value <= threshold` whenever it is evaluated here.
///
/// As [`assert_always_greater_than!`](crate::assert_always_greater_than).
///
/// ```
/// use simfuzz::{assert, assert_always_less_than_or_equal_to};
///
/// assert::begin();
/// let leaders = [1, 3];
/// assert_always_less_than_or_equal_to!(leaders.len(), 1, format!("leaders {leaders:?}"));
/// let violations = assert::end().violations;
/// assert_eq!(violations[0].name, "leaders {leaders:?}");
/// assert_eq!(violations[0].detail, "2 is not less than or equal to 1; leaders [1, 3]");
/// ```
#[macro_export]
macro_rules! assert_always_less_than_or_equal_to {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__always_compared!(LessThanOrEqualTo, $value, $threshold, $($message)+)
    };
}

/// States a goal about numbers: in some run of the campaign, `value > threshold` here.
///
/// Beyond [`assert_sometimes!`](crate::assert_sometimes) it is a guide: a value closer to the
/// threshold than any before is a step, and so is one further beyond it
/// ([levels](crate::assert::HOLDS)). Both are any [`Number`](crate::assert::Number).
///
/// ```
/// use simfuzz::{assert, assert_sometimes_greater_than};
///
/// assert::begin();
/// for depth in [0, 40, 2, 90, 101, 105] {
///     assert_sometimes_greater_than!(depth, 100, "deep recursion");
/// }
/// let record = assert::end();
///
/// let levels: Vec<u64> = record.reached.iter().map(|reach| reach.level).collect();
/// assert_eq!(levels, [57, 58, 60, assert::HOLDS, 67]);
/// ```
#[macro_export]
macro_rules! assert_sometimes_greater_than {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__sometimes_compared!(GreaterThan, $value, $threshold, $($message)+)
    };
}

/// States a goal about numbers: in some run of the campaign, `value >= threshold` here.
///
/// As [`assert_sometimes_greater_than!`](crate::assert_sometimes_greater_than).
///
/// ```
/// use simfuzz::{assert, assert_sometimes_greater_than_or_equal_to};
///
/// assert::begin();
/// assert_sometimes_greater_than_or_equal_to!(u64::MAX, 1 << 20, "a full mebibyte");
/// assert!(assert::end().reached[0].level > assert::HOLDS);
/// ```
#[macro_export]
macro_rules! assert_sometimes_greater_than_or_equal_to {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__sometimes_compared!(GreaterThanOrEqualTo, $value, $threshold, $($message)+)
    };
}

/// States a goal about numbers: in some run of the campaign, `value < threshold` here.
///
/// As [`assert_sometimes_greater_than!`](crate::assert_sometimes_greater_than), downwards.
///
/// ```
/// use simfuzz::{assert, assert_sometimes_less_than};
///
/// assert::begin();
/// for alive in [5, 4, 4, 2] {
///     assert_sometimes_less_than!(alive, 3, "no majority");
/// }
/// let record = assert::end();
/// assert_eq!(record.reached.last().unwrap().level, assert::HOLDS);
/// ```
#[macro_export]
macro_rules! assert_sometimes_less_than {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__sometimes_compared!(LessThan, $value, $threshold, $($message)+)
    };
}

/// States a goal about numbers: in some run of the campaign, `value <= threshold` here.
///
/// As [`assert_sometimes_greater_than!`](crate::assert_sometimes_greater_than), downwards.
///
/// ```
/// use simfuzz::{assert, assert_sometimes_less_than_or_equal_to};
///
/// assert::begin();
/// assert_sometimes_less_than_or_equal_to!(0, 0, "disk full");
/// assert_eq!(assert::end().reached[0].level, assert::HOLDS);
/// ```
#[macro_export]
macro_rules! assert_sometimes_less_than_or_equal_to {
    ($value:expr, $threshold:expr, $($message:tt)+) => {
        $crate::__sometimes_compared!(LessThanOrEqualTo, $value, $threshold, $($message)+)
    };
}

/// A numeric always.
#[doc(hidden)]
#[macro_export]
macro_rules! __always_compared {
    ($comparison:ident, $value:expr, $threshold:expr, $($message:tt)+) => {{
        let site = $crate::__site!(
            AlwaysCompared($crate::assert::Comparison::$comparison),
            [],
            $($message)+
        );
        if $crate::assert::always_compared(
            site,
            $crate::assert::Number::number($value),
            $crate::assert::Number::number($threshold),
        ) {
            $crate::__explain!(site, $($message)+);
        }
    }};
}

/// A numeric sometimes.
#[doc(hidden)]
#[macro_export]
macro_rules! __sometimes_compared {
    ($comparison:ident, $value:expr, $threshold:expr, $($message:tt)+) => {{
        let site = $crate::__site!(
            SometimesCompared($crate::assert::Comparison::$comparison),
            [],
            $($message)+
        );
        $crate::__check_message!($($message)+);
        $crate::assert::sometimes_compared(
            site,
            $crate::assert::Number::number($value),
            $crate::assert::Number::number($threshold),
        );
    }};
}
