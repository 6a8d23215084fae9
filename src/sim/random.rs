//! `ctx.random()`: a user's draws. Each is one choice of the tape, so the fuzzer edits it.

use super::alphabet::by_weight_without;
use super::arbitrary::{Alphabet, Arbitrary};
use super::world::with;
use crate::choice::{Dealt, Kind, Label, Site, fires, scale, site_name};
use crate::range::{SampleRange, Standard, Uniform};
use crate::topology::{HostId, Topology};
use crate::trace::{Mark, What};
use rand_core::TryRng;
use std::convert::Infallible;
use std::fmt::{self, Write as _};
use std::panic::Location;

/// Random values of one actor: each is a choice with an address, 0 the calmest.
///
/// A draw is addressed by its actor and its place in the source, or by a name that [`label`]
/// gives it. The methods have the names and shapes of the `rand` crate's. It is also a generator
/// for `rand` 0.10 and what builds on it: those words can only be dealt anew as a whole, so
/// prefer the methods here.
///
/// [`label`]: SimRandomProvider::label
///
/// ```
/// use simfuzz::prelude::*;
///
/// struct Roll;
///
/// #[async_trait(?Send)]
/// impl Workload for Roll {
///     fn name(&self) -> &str {
///         "roll"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         assert_eq!(ctx.random().label("die").random_range(1..=6), 4);
///         assert_eq!(ctx.random().random_range(1..=6), 1);
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Roll)).build();
/// let mut tape = Tape::calm();
/// tape.set(Label::parse("roll/die"), 0, 3);
/// simulation.run(&tape).assert_ok();
/// ```
#[derive(Clone, Debug)]
pub struct SimRandomProvider {
    host: HostId,
    /// The parts of the path below the actor, which is the host: names of scopes, and of the draw.
    parts: [Option<Part>; PARTS_MAX],
    label: Label,
    named: bool,
    /// The repeated thing that its draws belong to, and its number.
    scope: Option<(Label, u32)>,
}

/// How deep scopes and names nest; deeper ones share the last place of the name, not the label.
const PARTS_MAX: usize = 6;

/// A part of a label's path.
#[derive(Clone, Copy, Debug)]
enum Part {
    Name(&'static str),
    /// Where a value was drawn that was not named, and by which method.
    Site(&'static Location<'static>, &'static str),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Name(name) => f.write_str(name),
            Self::Site(place, method) => Site::at(place, method).fmt(f),
        }
    }
}

impl SimRandomProvider {
    pub(crate) fn new(host: HostId, actor: &str) -> Self {
        Self { host, parts: [None; PARTS_MAX], label: Label::new(actor), named: false, scope: None }
    }

    /// The generator of an injector: its labels begin with `fault/` and its name.
    pub(crate) fn of_injector(host: HostId, name: &str) -> Self {
        Self { label: Label::new("fault").child(name), ..Self::new(host, name) }
    }

    /// The same generator, its draws under the name `name`: it survives every change of the
    /// source that keeps the name.
    #[must_use]
    #[inline]
    pub fn label(&self, name: &'static str) -> Self {
        let mut deeper = self.clone();
        deeper.named = true;
        deeper.go_below(name);
        deeper
    }

    /// The generator for number `index` of a repeated thing, for instance an operation. Its
    /// draws are counted on their own: one more of them in this operation moves nothing in the
    /// next.
    #[must_use]
    pub fn scope(&self, name: &'static str, index: u32) -> Self {
        let deeper = self.below(name);
        let scope = Some((deeper.label, index % (1 << 16)));
        Self { named: false, scope, ..deeper }
    }

    #[inline]
    fn below(&self, name: &'static str) -> Self {
        let mut deeper = self.clone();
        deeper.go_below(name);
        deeper
    }

    /// In place, since it is 170 bytes long: a draw under a name made it three times, which was 4 % of an echo run.
    #[inline]
    fn go_below(&mut self, name: &'static str) {
        self.label = self.label.child(name);
        self.add(Part::Name(name));
    }

    #[inline]
    fn add(&mut self, new: Part) {
        match self.parts.iter_mut().find(|part| part.is_none()) {
            Some(part) => *part = Some(new),
            None => self.parts[PARTS_MAX - 1] = Some(new),
        }
    }

    fn with_part(&self, label: Label, new: Part) -> Self {
        let mut deeper = Self { label, ..self.clone() };
        deeper.add(new);
        deeper
    }

    /// The generator for the parts of a value that is drawn at `place`, unless it was named.
    fn of_value(&self, place: &'static Location<'static>, method: &'static str) -> Self {
        if self.named {
            return self.clone();
        }
        Self { named: true, ..self.with_part(self.label.site(place, method), Part::Site(place, method)) }
    }

    fn path(&self, topology: &Topology) -> String {
        let mut path = topology.host(self.host).name.clone();
        for part in self.parts.iter().flatten() {
            path.push('/');
            let _ = write!(path, "{part}");
        }
        path
    }

    fn label_at(&self, place: &'static Location<'static>, method: &'static str) -> Label {
        if self.named { self.label } else { self.label.site(place, method) }
    }

    /// The operations of the alphabet drawn at `place` that this run goes without, as bits.
    fn left_out(&self, place: &'static Location<'static>, operations: usize) -> u64 {
        if operations < 2 {
            return 0;
        }
        with(|world| {
            // an actor that never waits hears of a reseed here alone
            match world.choices.dealt() {
                Dealt::No => {}
                dealt => world.heed(dealt),
            }
            if !world.swarm.is_on() {
                return 0;
            }
            let label = self.label_at(place, "weighted");
            if let Some(off) = world.alphabets.known(label) {
                return off;
            }
            // without the actor: all that draw at this place share it
            let parts: String = self.parts.iter().flatten().map(|part| format!("/{part}")).collect();
            let shared = Label::parse(&format!("alphabet{parts}"));
            let shared = if self.named { shared } else { shared.site(place, "weighted") };
            let name = |index| {
                let path = format!("swarm{parts}/{index}");
                if self.named { path } else { site_name(&path, place, "weighted") }
            };
            world.alphabets.learn(&mut world.choices, label, shared, operations, name)
        })
    }

    #[inline]
    fn draw(
        &self,
        place: &'static Location<'static>,
        method: &'static str,
        kind: Kind,
        max: u64,
        base: impl FnOnce(u64) -> u64,
    ) -> u64 {
        let label = self.label_at(place, method);
        with(|world| {
            let topology = &world.topology;
            let name = || {
                let path = self.path(topology);
                if self.named { path } else { site_name(&path, place, method) }
            };
            let slot = world.choices.slot(label, name);
            let value = match self.scope {
                None => world.choices.draw(slot, kind, max, base),
                Some((repeated, scope)) => world.choices.draw_scoped(slot, repeated, scope, kind, max, base),
            };
            if world.events.told() && max > 0 && kind != Kind::Word {
                let path = self.path(&world.topology);
                let name = if self.named { path } else { site_name(&path, place, method) };
                world.tell_as(Mark::Choice, false, self.host, || format!("chose {name} = {value} (0..={max})"));
            }
            value
        })
    }

    /// A value of `range`; its start is the calmest.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    #[track_caller]
    pub fn random_range<T: Uniform, R: SampleRange<T>>(&self, range: R) -> T {
        let place = Location::caller();
        let (low, high) = range.bounds();
        T::pick(low, high, |max| self.draw(place, "range", Kind::Range, max, |word| scale(word, max)))
    }

    /// True with probability `p`; false is the calmest. With 0 it never is and with 1 always,
    /// whatever the tape says.
    ///
    /// # Panics
    ///
    /// When `p` is outside `0.0..=1.0`.
    #[track_caller]
    pub fn random_bool(&self, p: f64) -> bool {
        assert!((0.0..=1.0).contains(&p), "a probability is in 0.0..=1.0, not {p}");
        self.coin(Location::caller(), "bool", p)
    }

    /// What is impossible or certain is no choice: no tape can make it otherwise.
    fn coin(&self, place: &'static Location<'static>, method: &'static str, p: f64) -> bool {
        p > 0.0 && (p >= 1.0 || self.draw(place, method, Kind::Flag, 1, |word| u64::from(fires(word, p))) == 1)
    }

    /// True `numerator` times of `denominator`; false is the calmest.
    ///
    /// # Panics
    ///
    /// When `denominator` is 0 or less than `numerator`.
    #[track_caller]
    pub fn random_ratio(&self, numerator: u32, denominator: u32) -> bool {
        assert!(denominator > 0 && numerator <= denominator, "{numerator} of {denominator} is no probability");
        let p = f64::from(numerator) / f64::from(denominator);
        self.coin(Location::caller(), "ratio", p)
    }

    /// Any value of `T`, all equally likely; for floats, of `0.0..1.0`.
    #[track_caller]
    pub fn random<T: Standard>(&self) -> T {
        let place = Location::caller();
        T::from_draw(|max| self.draw(place, "random", Kind::Range, max, |word| scale(word, max)))
    }

    /// One of `items`, the first the calmest; `None` when there are none.
    #[track_caller]
    pub fn choose<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        let max = (items.len() as u64).checked_sub(1)?;
        let index = self.draw(Location::caller(), "choose", Kind::Pick, max, |word| scale(word, max));
        items.get(index as usize)
    }

    /// An index into `weights`, as likely as its weight; 0 is the calmest.
    ///
    /// Made for the alphabet of a workload's operations, which takes part in swarm: where a run has
    /// it, about half of the operations are off for the whole run, the same ones for all that draw
    /// at this place. The choices for it are called `swarm/` and the label or place.
    ///
    /// # Panics
    ///
    /// When all weights are 0.
    #[track_caller]
    pub fn weighted(&self, weights: &[u32]) -> usize {
        assert!(weights.iter().any(|&weight| weight > 0), "all weights are 0");
        let max = weights.len() as u64 - 1;
        let place = Location::caller();
        let off = self.left_out(place, weights.len());
        let index =
            self.draw(place, "weighted", Kind::Pick, max, |word| by_weight_without(word, weights, off)) as usize;
        // an override knows no weights; what has none is never drawn all the same
        (index..weights.len()).chain(0..index).find(|&index| weights[index] > 0).expect("a weight above 0")
    }

    /// A value of `T`, drawn field by field: an operation, for instance. See [`Arbitrary`], which is
    /// to be derived.
    ///
    /// Fields are labelled below the value: `client/op/key` for the field `key` of what
    /// `ctx.random().label("op").arbitrary()` draws.
    #[track_caller]
    pub fn arbitrary<T: Arbitrary>(&self) -> T {
        T::arbitrary(&self.of_value(Location::caller(), "arbitrary"))
    }

    /// A value of an enum, its variants weighted by `table` instead of by their attributes: their
    /// names and weights, and what it doesn't name keeps the weight it has.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # #[derive(Arbitrary)]
    /// # enum Op { Get, Put, Delete }
    /// # fn with(ctx: &SimContext, reads: u32) {
    /// let op: Op = ctx.random().label("op").arbitrary_weighted(&[("Get", reads), ("Delete", 0)]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the enum has no variant of a name, or all weights are 0.
    #[track_caller]
    pub fn arbitrary_weighted<T: Alphabet>(&self, table: &[(&str, u32)]) -> T {
        let mut weights = T::WEIGHTS.to_vec();
        for &(name, weight) in table {
            let index = T::NAMES.iter().position(|&known| known == name);
            let known = || T::NAMES.join(", ");
            weights[index.unwrap_or_else(|| panic!("there is no variant `{name}` to weigh: there is {}", known()))] =
                weight;
        }
        T::arbitrary_by(&self.of_value(Location::caller(), "arbitrary"), &weights)
    }

    /// Puts `items` into any order; the order they are in is the calmest.
    #[track_caller]
    pub fn shuffle<T>(&self, items: &mut [T]) {
        let place = Location::caller();
        for index in 0..items.len().saturating_sub(1) {
            let max = (items.len() - 1 - index) as u64;
            let other = self.draw(place, "shuffle", Kind::Pick, max, |word| scale(word, max));
            items.swap(index, index + other as usize);
        }
    }

    /// Words for other generators: never constants, since rejection loops must end.
    fn word(&self) -> u64 {
        let label = self.label.child("rng");
        with(|world| {
            let topology = &world.topology;
            let slot = world.choices.slot(label, || format!("{}/rng", self.path(topology)));
            let mut natural = 0;
            let drawn = world.choices.draw(slot, Kind::Word, u64::from(u32::MAX), |word| {
                natural = word;
                word >> 32
            });
            // an override, or a calm base, names a word; it is not the bits of it
            let word = if natural >> 32 == drawn && natural != 0 {
                natural
            } else {
                crate::choice::mix(drawn ^ label.word_salt())
            };
            let mixed = crate::choice::mix(word ^ world.choices.made());
            world.events.record(world.now, What::Chose, mixed, 0);
            mixed
        })
    }
}

impl TryRng for SimRandomProvider {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        // one choice, whatever the length: an edit deals the whole anew
        let mut word = self.word();
        for chunk in bytes.chunks_mut(8) {
            word = crate::choice::mix(word.wrapping_add(0x9e37_79b9_7f4a_7c15));
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
