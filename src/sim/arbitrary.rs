//! Whole values, drawn field by field: what `#[derive(Arbitrary)]` is written in terms of.
//!
//! Owns how the usual types are drawn, and under which labels. A draw is the provider's.

use super::random::SimRandomProvider;

/// Types of which a value can be drawn: operations, mostly.
///
/// Derive it. Each field is then a choice of its own under its own label, so the fuzzer edits and
/// the minimiser lowers them one by one. The idea, and the name, are those of QuickCheck and of the
/// `arbitrary` crate, which reads its values from bytes instead.
///
/// ```
/// use simfuzz::prelude::*;
///
/// #[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
/// enum Op {
///     #[arbitrary(weight = 5)]
///     Get {
///         #[arbitrary(range = 0..8)]
///         key: u8,
///     },
///     #[arbitrary(weight = 3)]
///     Put {
///         #[arbitrary(range = 0..8)]
///         key: u8,
///         value: u32,
///     },
///     Pause(#[arbitrary(range = Duration::ZERO..Duration::from_secs(1))] Duration),
/// }
///
/// struct Client;
///
/// #[async_trait(?Send)]
/// impl Workload for Client {
///     fn name(&self) -> &str {
///         "client"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         for number in 0..3 {
///             let op: Op = ctx.random().scope("op", number).label("kind").arbitrary();
///             assert_always!(op != Op::Put { key: 5, value: 2 }, "nobody puts 2 under 5");
///         }
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Client)).build();
/// simulation.run(&Tape::calm()).assert_ok();
/// // the operation number 1, its key and its value: three choices
/// let mut tape = Tape::calm();
/// for (label, value) in [("client/op/kind", 1), ("client/op/kind/key", 5), ("client/op/kind/value", 2)] {
///     tape.set(Label::parse(label), 1 << 8, value);
/// }
/// assert!(simulation.run(&tape).finding().is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "no value of `{Self}` can be drawn",
    note = "derive `simfuzz::Arbitrary` for it, or say how the field is drawn: `#[arbitrary(range = 0..8)]`, `#[arbitrary(with = function)]`"
)]
pub trait Arbitrary: Sized {
    /// A value, drawn under the label of `random` and labels below it; all draws at 0 are the calmest
    /// value.
    ///
    /// To draw one, call [`SimRandomProvider::arbitrary`].
    fn arbitrary(random: &SimRandomProvider) -> Self;
}

/// Enums of which a value can be drawn: the alphabets of operations. Derived with [`Arbitrary`].
pub trait Alphabet: Arbitrary {
    /// What the variants are called, in their order.
    const NAMES: &'static [&'static str];
    /// How likely they are.
    const WEIGHTS: &'static [u32];

    /// A value, its variant as likely as its weight.
    ///
    /// To draw one, call [`SimRandomProvider::arbitrary_weighted`].
    fn arbitrary_by(random: &SimRandomProvider, weights: &[u32]) -> Self;
}

/// The most elements that a drawn `Vec`, and characters that a drawn `String`, has.
const LENGTH_MAX: usize = 8;

macro_rules! standard {
    ($($kind:ty)*) => {$(
        impl Arbitrary for $kind {
            fn arbitrary(random: &SimRandomProvider) -> Self {
                random.random()
            }
        }
    )*};
}

standard!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f64 bool);

impl Arbitrary for char {
    /// A letter of `a` to `z`.
    fn arbitrary(random: &SimRandomProvider) -> Self {
        random.random_range(b'a'..=b'z').into()
    }
}

impl Arbitrary for () {
    fn arbitrary(_: &SimRandomProvider) -> Self {}
}

impl<T: Arbitrary> Arbitrary for Box<T> {
    fn arbitrary(random: &SimRandomProvider) -> Self {
        Self::new(T::arbitrary(random))
    }
}

impl<T: Arbitrary> Arbitrary for Option<T> {
    /// Nothing half of the time, which is the calmest; else what is under `some`.
    fn arbitrary(random: &SimRandomProvider) -> Self {
        random.random_bool(0.5).then(|| T::arbitrary(&random.label("some")))
    }
}

impl<T: Arbitrary> Arbitrary for Vec<T> {
    /// Up to eight elements, which are under `item`.
    fn arbitrary(random: &SimRandomProvider) -> Self {
        let item = random.label("item");
        (0..random.random_range(0..=LENGTH_MAX)).map(|_| T::arbitrary(&item)).collect()
    }
}

impl Arbitrary for String {
    /// Up to eight letters, which are under `item`.
    fn arbitrary(random: &SimRandomProvider) -> Self {
        Vec::<char>::arbitrary(random).into_iter().collect()
    }
}

impl<T: Arbitrary, const N: usize> Arbitrary for [T; N] {
    /// All elements are under `item`.
    fn arbitrary(random: &SimRandomProvider) -> Self {
        let item = random.label("item");
        std::array::from_fn(|_| T::arbitrary(&item))
    }
}

macro_rules! tuples {
    ($($($kind:ident $name:literal)*;)*) => {$(
        impl<$($kind: Arbitrary),*> Arbitrary for ($($kind,)*) {
            /// Each element is under its number.
            fn arbitrary(random: &SimRandomProvider) -> Self {
                ($($kind::arbitrary(&random.label($name)),)*)
            }
        }
    )*};
}

tuples! {
    A "0" B "1";
    A "0" B "1" C "2";
    A "0" B "1" C "2" D "3";
}
