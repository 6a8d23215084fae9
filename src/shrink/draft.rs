//! A tape as the passes see it: its exceptions in the order of their run.

use crate::choice::{Base, Choice, Kind, ORDINAL_MAX, Op, Ran, Row, SCOPE_BITS, Tape, Trace};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A choice that the tape overrides, and what its run knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) label: u32,
    pub(super) ordinal: u32,
    pub(super) value: u64,
    pub(super) max: u64,
    pub(super) kind: Kind,
    /// When it was made, in virtual nanoseconds.
    pub(super) at: u64,
    /// The repeated thing that its ordinals are counted within, if they are.
    pub(super) repeated: Option<u32>,
}

impl Exception {
    fn of(trace: &Trace, choice: &Choice) -> Self {
        let &Choice { ordinal, value, max, kind, at, .. } = choice;
        let repeated = trace.scope(choice).map(|(repeated, _)| repeated.id());
        Self { label: trace.label(choice).id(), ordinal, value, max, kind, at, repeated }
    }

    /// Its place among its like: the number of its scope, or else its ordinal.
    pub(super) fn position(&self) -> u32 {
        match self.repeated {
            Some(_) => self.ordinal >> SCOPE_BITS,
            None => self.ordinal,
        }
    }

    /// The same choice, so many places earlier.
    pub(super) fn earlier(self, by: u32) -> Self {
        let by = if self.repeated.is_some() { by << SCOPE_BITS } else { by };
        Self { ordinal: self.ordinal - by, ..self }
    }

    /// The same choice, so many places later; `None` where no ordinal counts so far.
    pub(super) fn later(self, by: u32) -> Option<Self> {
        let by = if self.repeated.is_some() { by << SCOPE_BITS } else { by };
        let ordinal = self.ordinal.checked_add(by).filter(|&ordinal| ordinal <= ORDINAL_MAX)?;
        Some(Self { ordinal, ..self })
    }
}

/// A tape that is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    seed: u64,
    base: Base,
    /// The sets, in the order of the run that they were last seen in.
    pub(super) sets: Vec<Exception>,
    /// Calm stretches and reseeds: a pass can only drop them.
    pub(super) others: Vec<Row>,
    /// All choices of that run.
    pub(super) made: Rc<[Exception]>,
    /// Those of them that took the place of a running gap, by number.
    pub(super) redrawn: Rc<[(u32, Ran)]>,
}

impl Draft {
    /// What `tape` says that its run, of which this is the trace, made use of.
    pub(super) fn of(tape: &Tape, trace: &Trace) -> Self {
        let tape = trace.canonical(tape);
        let named = trace.named_by(&tape);
        let sets = tape.rows().iter().filter(|row| row.op == Op::Set);
        let mut wanted: BTreeSet<_> = sets.map(|row| (row.label, row.ordinal)).collect();
        let made: Rc<[_]> = trace.choices().iter().map(|choice| Exception::of(trace, choice)).collect();
        // an address that comes twice, past what a scope can count, is one row
        let is_set = |set: &&Exception| wanted.remove(&(set.label, set.ordinal));
        let named = trace.choices().iter().map(|choice| named[trace.label_index(choice)]);
        let sets = made.iter().zip(named).filter(|(_, named)| *named).map(|(set, _)| set).filter(is_set).copied();
        let sets = sets.collect();
        let of_use = |op| op == Op::Reseed || (op == Op::Calm && tape.base() == Base::Seeded);
        let others = tape.rows().iter().filter(|row| of_use(row.op)).copied().collect();
        let redrawn = trace.redrawn().into();
        Self { seed: tape.seed(), base: tape.base(), sets, others, made, redrawn }.without_calm()
    }

    pub(super) fn tape(&self) -> Tape {
        let mut rows = self.others.clone();
        for &Exception { label, ordinal, value, .. } in &self.sets {
            rows.push(Row { label, ordinal, op: Op::Set, value: value as u32 });
            let high = (value >> 32) as u32;
            if high > 0 {
                rows.push(Row { label, ordinal, op: Op::SetHigh, value: high });
            }
        }
        Tape::from_rows(self.seed, self.base, rows)
    }

    pub(super) fn base(&self) -> Base {
        self.base
    }

    /// How many exceptions there are.
    pub(super) fn len(&self) -> usize {
        self.sets.len() + self.others.len()
    }

    /// The draft with the sets that `keep` accepts.
    pub(super) fn keeping(&self, mut keep: impl FnMut(&Exception) -> bool) -> Self {
        Self { sets: self.sets.iter().filter(|set| keep(set)).copied().collect(), ..self.bare() }
    }

    /// The draft with each set made into what `change` says.
    pub(super) fn with(&self, change: impl FnMut(&Exception) -> Exception) -> Self {
        Self { sets: self.sets.iter().map(change).collect(), ..self.bare() }.without_calm()
    }

    /// The draft with other values for some sets, by number.
    pub(super) fn with_values(&self, values: &[(usize, u64)]) -> Self {
        let mut draft = self.clone();
        values.iter().for_each(|&(index, value)| draft.sets[index].value = value);
        draft.without_calm()
    }

    /// On a calm base, a set to 0 says what is said anyway.
    fn without_calm(mut self) -> Self {
        if self.base == Base::Calm {
            self.sets.retain(|set| set.value != 0);
        }
        self
    }

    fn bare(&self) -> Self {
        Self {
            seed: self.seed,
            base: self.base,
            sets: Vec::new(),
            others: self.others.clone(),
            made: self.made.clone(),
            redrawn: self.redrawn.clone(),
        }
    }
}

/// How many exceptions `tape` has: a wide value's two rows are one.
pub(crate) fn exceptions(tape: &Tape) -> usize {
    tape.rows().iter().filter(|row| row.op != Op::SetHigh).count()
}
