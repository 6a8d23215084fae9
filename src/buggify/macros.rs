//! The two macros: each captures the place where it stands, and calls a function.

/// Is it time for this place to misbehave? False outside of a simulation.
///
/// `buggify!()`, `buggify!("name")`, `buggify!(0.05)` or `buggify!("name", 0.05)`: the number is
/// the probability that the place fires when it is active in a run; without it, the builder's
/// `Buggify` has one. See the [module](mod@crate::buggify) for what it is for.
///
/// ```
/// # #[cfg(feature = "sim")]
/// # {
/// use simfuzz::prelude::*;
///
/// struct Work;
///
/// #[async_trait(?Send)]
/// impl Workload for Work {
///     fn name(&self) -> &str {
///         "work"
///     }
///     async fn run(&mut self, _: &SimContext) -> SimulationResult<()> {
///         assert_always!(!buggify!("rare way", 0.1), "the rare way is never gone");
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Work)).buggify(Buggify::default()).build();
/// assert!(simulation.run(&Tape::calm()).finding().is_none());
///
/// let mut tape = Tape::calm();
/// tape.set(Label::parse("fault/buggify/rare way/active"), 0, 1);
/// tape.set(Label::parse("fault/10.0.0.1/buggify/rare way"), 0, 1);
/// assert!(simulation.run(&tape).finding().is_some());
/// # }
/// ```
#[macro_export]
macro_rules! buggify {
    () => {{ $crate::buggify::fires(|_| {}) }};
    ($name:literal, $probability:expr $(,)?) => {{
        $crate::buggify::fires(|place| {
            $crate::buggify::Trait::describe($name, place);
            $crate::buggify::Trait::describe($probability, place);
        })
    }};
    ($what:expr $(,)?) => {{ $crate::buggify::fires(|place| $crate::buggify::Trait::describe($what, place)) }};
}

/// The normal value, or when this place misbehaves one of the range.
///
/// `buggify_or!(normal, range)`, with a name, a probability or both before, as in
/// [`buggify!`](crate::buggify!). Integers, floats and durations; the start of the range is the
/// calmest. The range is not evaluated outside of a simulation's storm.
///
/// ```
/// use simfuzz::buggify_or;
/// use std::time::Duration;
///
/// let window = buggify_or!("window", 0.1, 64 * 1024, 1..=16);
/// let patience = buggify_or!(Duration::from_secs(5), Duration::ZERO..Duration::from_millis(1));
/// assert_eq!((window, patience), (65_536, Duration::from_secs(5)));
/// ```
#[macro_export]
macro_rules! buggify_or {
    ($normal:expr, $range:expr $(,)?) => {{ $crate::buggify::or(|_| {}, || $normal, || $range) }};
    ($what:literal, $normal:expr, $range:expr $(,)?) => {{ $crate::buggify::or(|place| $crate::buggify::Trait::describe($what, place), || $normal, || $range) }};
    ($name:literal, $probability:expr, $normal:expr, $range:expr $(,)?) => {{
        $crate::buggify::or(
            |place| {
                $crate::buggify::Trait::describe($name, place);
                $crate::buggify::Trait::describe($probability, place);
            },
            || $normal,
            || $range,
        )
    }};
}
