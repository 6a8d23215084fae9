//! The trace: what a run chose. Mutators, the shrinker, the printer and the drift check read it.

use super::SCOPE_BITS;
use super::Slot;
use super::label::Label;
use super::tape::ORDINAL_MAX;
use super::tape::{Base, Moment, Op, Row, Tape};
use std::collections::BTreeSet;

/// What sort of choice it was: an edit treats each in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Yes or no; yes is the event.
    Flag,
    /// One of a few named or listed things.
    Pick,
    /// A number of a range.
    Range,
    /// How far away the next event is; 0 is never.
    Gap,
    /// Which part of a large set: none, prefix, suffix, ...
    Shape,
    /// A knob of the run, drawn before it begins.
    Knob,
    /// Bits for a generator of the `rand` crates; an edit can only deal them anew.
    Word,
}

/// One choice of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub(crate) slot: Slot,
    /// The n-th choice under its label, from 0.
    pub ordinal: u32,
    /// What sort of choice it was.
    pub kind: Kind,
    /// The highest value it could have had.
    pub max: u64,
    /// Its value; 0 is the calmest.
    pub value: u64,
    /// The virtual time, in nanoseconds.
    pub at: u64,
}

/// How long a running gap had run when a reseed drew it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It counts microseconds.
    ByTime,
    /// It counts operations, and so many of it were left; one that is never to end is
    /// [`NEVER`](crate::choice::NEVER) long.
    Left(u64),
}

/// All choices of one run, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    labels: Vec<(Label, Option<Label>)>,
    choices: Vec<Choice>,
    /// The choices that took the place of a running gap, by index.
    redrawn: Vec<(u32, Ran)>,
}

impl Trace {
    pub(crate) fn new(labels: Vec<(Label, Option<Label>)>, choices: Vec<Choice>) -> Self {
        Self { labels, choices, redrawn: Vec::new() }
    }

    /// With the choices that took the place of a running gap, by index.
    pub(super) fn with_redrawn(self, redrawn: Vec<(u32, Ran)>) -> Self {
        Self { redrawn, ..self }
    }

    /// The choices that took the place of a running gap, by index: a reseed drew them.
    pub(crate) fn redrawn(&self) -> &[(u32, Ran)] {
        &self.redrawn
    }

    /// The buffer, for another run.
    pub(super) fn into_choices(mut self) -> Vec<Choice> {
        self.choices.clear();
        self.choices
    }

    /// Without room for more choices: what is kept for long shall not keep a buffer.
    pub(crate) fn shrink(&mut self) {
        self.choices.shrink_to_fit();
    }

    /// The choices, in the order they were made.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The label under which `choice` was made.
    pub fn label(&self, choice: &Choice) -> Label {
        self.labels[choice.slot.0 as usize].0
    }

    /// The labels in order of first use.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = Label> + '_ {
        self.labels.iter().map(|&(label, _)| label)
    }

    /// Is `label` counted within scopes (an ordinal is then `scope << 8 | number`)?
    pub fn is_scoped(&self, label: Label) -> bool {
        self.labels.iter().any(|&(known, scope)| known == label && scope.is_some())
    }

    /// The repeated thing, for instance the operations of a client, that `choice` belongs to, and
    /// its number.
    pub(crate) fn scope(&self, choice: &Choice) -> Option<(Label, u32)> {
        self.labels[choice.slot.0 as usize].1.map(|repeated| (repeated, choice.ordinal >> SCOPE_BITS))
    }

    /// The index of `choice`'s label in [`Trace::labels`].
    pub(crate) fn label_index(&self, choice: &Choice) -> usize {
        choice.slot.0 as usize
    }

    /// How many choices were not calm.
    pub fn wild(&self) -> usize {
        self.choices.iter().filter(|choice| choice.value != 0).count()
    }

    /// The choice that made the override row `row` useful, if one did.
    pub fn choice_of(&self, row: &Row) -> Option<&Choice> {
        let id = row.label;
        self.choices.iter().find(|choice| choice.ordinal == row.ordinal && self.label(choice).id() == id)
    }

    /// The index of the first choice at `moment` or later; the number of choices if there is none.
    pub fn index_of(&self, moment: Moment) -> usize {
        let first = self.choices.partition_point(|choice| choice.at / 1_000 < moment.micros);
        let next = self.choices.partition_point(|choice| choice.at / 1_000 <= moment.micros);
        (first + moment.choice as usize).min(next)
    }

    /// The moment of the choice with this index; past the last one, of the next in its instant.
    pub fn moment_of(&self, index: usize) -> Moment {
        let Some(choice) = self.choices.get(index).or(self.choices.last()) else { return Moment::default() };
        let micros = choice.at / 1_000;
        let first = self.choices.partition_point(|choice| choice.at / 1_000 < micros);
        Moment { micros, choice: u32::try_from(index - first).unwrap_or(u32::MAX) }
    }

    /// For each label of the run, whether `tape` has rows under it. Few are, and most choices of a
    /// long run need no looking at.
    pub(crate) fn named_by(&self, tape: &Tape) -> Vec<bool> {
        let ids: BTreeSet<u32> = tape.rows().iter().filter(|row| row.op != Op::Reseed).map(|row| row.label).collect();
        self.labels().map(|label| ids.contains(&label.id())).collect()
    }

    /// `tape` without the rows that this run, its run, never read.
    pub fn canonical(&self, tape: &Tape) -> Tape {
        let named = self.named_by(tape);
        let made: BTreeSet<_> = self
            .choices
            .iter()
            .filter(|choice| named[self.label_index(choice)])
            .map(|choice| (self.label(choice).id(), choice.ordinal))
            .collect();
        let mut kept = tape.clone();
        kept.retain(|row| match row.op {
            Op::Set => made.contains(&(row.label, row.ordinal)),
            // the high half counts where the choice is wide
            Op::SetHigh => self.choice_of(row).is_some_and(|choice| choice.max > u64::from(u32::MAX)),
            Op::Calm => made.range((row.label, row.ordinal)..=(row.label, ORDINAL_MAX)).next().is_some(),
            Op::Reseed => self.index_of(row.moment()) < self.choices.len(),
        });
        kept
    }

    /// This run, which `tape` gave, as exceptions on a calm base: the same values, and no seed
    /// behind them.
    ///
    /// A saved tape of this form survives changes that re-deal a seeded one. Words for `rand`
    /// generators are kept as the bits they were. Reseeds stay: they deal nothing on a calm base,
    /// but running gaps are drawn again at their times, as in the run.
    pub fn materialise(&self, tape: &Tape) -> Tape {
        let mut rows: Vec<Row> = tape.rows().iter().filter(|row| row.op == Op::Reseed).copied().collect();
        for choice in self.choices.iter().filter(|choice| choice.value != 0 && choice.ordinal <= ORDINAL_MAX) {
            let label = self.label(choice).id();
            rows.push(Row { label, ordinal: choice.ordinal, op: Op::Set, value: choice.value as u32 });
            let high = (choice.value >> 32) as u32;
            if high > 0 {
                rows.push(Row { label, ordinal: choice.ordinal, op: Op::SetHigh, value: high });
            }
        }
        Tape::from_rows(0, Base::Calm, rows)
    }
}
