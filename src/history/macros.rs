//! `assert_history!`: a judgement as an assertion of the run.

/// States a promise about a history: the check that `judgement` came of holds.
///
/// As [`assert_always!`](crate::assert_always), with the operations that show a violation in the
/// finding's text. The name is a literal and the identity. A check that was not decided is no pass:
/// it is a finding of its own, under the name with ` (undecided)`.
///
/// ```
/// use simfuzz::assert;
/// use simfuzz::history::{History, Register, RegisterOp::*, RegisterReply::*};
/// use std::time::Duration;
///
/// let mut history = History::new();
/// let write = history.invoke("alice", Duration::from_secs(1), Write(1));
/// history.ok(write, Duration::from_secs(2), Done);
/// let read = history.invoke("bob", Duration::from_secs(3), Read);
/// history.ok(read, Duration::from_secs(4), Value(0));
///
/// assert::begin();
/// simfuzz::assert_history!(history.linearizable(&Register::new(0)), "the register is linearizable");
/// let violations = assert::end().violations;
/// assert_eq!(violations[0].name, "the register is linearizable");
/// assert_eq!(
///     violations[0].detail,
///     "no order of these operations explains their answers
///   alice  1.000000s to 2.000000s  Write(1) -> Done
///   bob    3.000000s to 4.000000s  Read -> Value(0)"
/// );
/// ```
#[macro_export]
macro_rules! assert_history {
    ($judgement:expr, $name:literal $(,)?) => {{
        let judgement: $crate::history::Judgement = $judgement;
        let site = $crate::__site!(Always, [], $name);
        let undecided =
            $crate::__site!(@ $crate::assert::Kind::Unreachable, [], ::core::concat!($name, " (undecided)"));
        $crate::history::judged(site, undecided, &judgement);
    }};
}
