//! Typed edits: a few changes to single choices of a tape.

use super::{Entry, Mutator};
use crate::choice::{Choice, Kind, Op, ROWS_MAX, Row, Tape};

/// The edits, and how often each is made, in percent.
const EDITS: [(Edit, u64); 8] = [
    (Edit::Set, 40),
    (Edit::Operations, 10),
    (Edit::Setting, 25),
    (Edit::Delete, 12),
    (Edit::Move, 10),
    (Edit::Swap, 6),
    (Edit::Copy, 10),
    (Edit::Seed, 5),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    /// One choice gets another value.
    Set,
    /// One of the run's settings does: swarm must keep turning, and what the workload drew once.
    Setting,
    /// Overrides are dropped: one, half of them, or all of a label.
    Delete,
    /// An override moves, or is repeated, along its label.
    Move,
    /// Two overrides of a label trade values.
    Swap,
    /// Choices are copied from another tape.
    Copy,
    /// Whole operations are left out, repeated, swapped or taken from another tape.
    Operations,
    /// Another seed under the same overrides.
    Seed,
}

/// The highest ordinal that a row can name.
const ORDINAL_MAX: u32 = (1 << 24) - 1;

impl Mutator {
    /// One to four edits of `base`; from an elite (`focus` is the choice after which it reached its goal) one or
    /// two, half of the time only after that.
    pub(super) fn edit(&mut self, base: &Entry, partner: Option<&Entry>, focus: Option<u32>) -> Tape {
        let mut tape = base.tape.clone();
        let from = match focus {
            Some(at) if self.dice.percent(50) => at,
            _ => 0,
        };
        let edits = 1 + self.dice.below(if focus.is_some() { 2 } else { 4 });
        for round in 0..edits {
            let mut edit = self.pick_edit();
            if round == 0 && partner.is_some() && focus.is_none() {
                edit = Edit::Copy;
            }
            match edit {
                Edit::Delete if !tape.rows().is_empty() => self.delete(&mut tape),
                Edit::Move if self.has_sets(&tape) => self.shift(&mut tape),
                Edit::Swap if self.has_sets(&tape) => self.swap(&mut tape),
                Edit::Seed => tape = tape.with_seed(self.dice.word()),
                Edit::Setting => self.set_setting(&mut tape, base),
                Edit::Operations if self.edit_operations(&mut tape, base, partner) => {}
                Edit::Copy => match partner {
                    Some(partner) => self.copy(&mut tape, partner),
                    None => self.set(&mut tape, base, from),
                },
                _ => self.set(&mut tape, base, from),
            }
        }
        self.shorten(&mut tape, ROWS_MAX);
        tape
    }

    fn pick_edit(&mut self) -> Edit {
        let mut roll = self.dice.below(EDITS.iter().map(|(_, weight)| weight).sum());
        for (edit, weight) in EDITS {
            match roll.checked_sub(weight) {
                Some(rest) => roll = rest,
                None => return edit,
            }
        }
        Edit::Set
    }

    fn has_sets(&self, tape: &Tape) -> bool {
        tape.rows().iter().any(|row| row.op == Op::Set)
    }

    /// A choice of `entry`, number `from` or a later one: by label first two times of three, so that
    /// the rare labels get their share.
    fn pick_choice<'a>(&mut self, entry: &'a Entry, from: u32) -> Option<&'a Choice> {
        let choices = entry.trace.choices();
        for _ in 0..8 {
            let index = if self.dice.below(3) == 0 {
                let first = (from as usize).min(choices.len());
                first + self.dice.index(choices.len() - first)
            } else {
                let label = entry.by_label.get(self.dice.index(entry.by_label.len()))?;
                let first = label.partition_point(|&index| index < from);
                if first == label.len() {
                    continue;
                }
                label[first + self.dice.index(label.len() - first)] as usize
            };
            match choices.get(index) {
                // words can only be dealt anew: rarely worth it
                Some(choice) if choice.kind == Kind::Word && self.dice.percent(75) => {}
                Some(choice) if choice.ordinal <= ORDINAL_MAX => return Some(choice),
                _ => {}
            }
        }
        None
    }

    fn set(&mut self, tape: &mut Tape, base: &Entry, from: u32) {
        if let Some(choice) = self.pick_choice(base, from) {
            let value = self.other_value(choice);
            put(tape, base.trace.label(choice).id(), choice.ordinal, value);
        }
    }

    /// Another value, by the kind of choice.
    fn other_value(&mut self, choice: &Choice) -> u64 {
        let (value, max) = (choice.value, choice.max);
        let any = |mutator: &mut Self| match max.checked_add(1) {
            Some(size) => mutator.dice.below(size),
            None => mutator.dice.word(),
        };
        match choice.kind {
            Kind::Flag => 1 - value.min(1),
            Kind::Word => self.dice.word() >> 32,
            Kind::Pick | Kind::Shape | Kind::Knob => any(self),
            Kind::Range => match self.dice.below(7) {
                0 => 0,
                1 => max,
                2 => value.saturating_sub(1),
                3 => value.saturating_add(1).min(max),
                4 => value ^ (1 << self.dice.below(u64::from(64 - max.leading_zeros()))),
                _ => any(self),
            },
            Kind::Gap => match self.dice.below(8) {
                0 => 0,
                1 => value / 2,
                2 => value.saturating_mul(2).min(max),
                3 => value.saturating_sub(1 + self.dice.below(4)),
                4 => value.saturating_add(1 + self.dice.below(4)).min(max),
                // the near and the far are equally likely, as in the base
                _ => any(self) >> self.dice.below(u64::from(64 - max.leading_zeros())),
            },
        }
    }

    /// A knob, or else a choice that is the only one of its label: a rate, a size, who is who. Such
    /// a draw is one of thousands, and what all the others mean hangs on it.
    fn set_setting(&mut self, tape: &mut Tape, base: &Entry) {
        let choices = base.trace.choices();
        let knobs: Vec<_> = choices.iter().filter(|choice| choice.kind == Kind::Knob).collect();
        let alone = base.by_label.iter().filter(|label| label.len() == 1).map(|label| &choices[label[0] as usize]);
        let drawn: Vec<_> = alone.filter(|choice| !matches!(choice.kind, Kind::Knob | Kind::Word)).collect();
        let settings = if knobs.is_empty() || !drawn.is_empty() && self.dice.percent(50) { drawn } else { knobs };
        if !settings.is_empty() {
            let choice = settings[self.dice.index(settings.len())];
            let value = self.other_value(choice);
            put(tape, base.trace.label(choice).id(), choice.ordinal, value);
        }
    }

    fn delete(&mut self, tape: &mut Tape) {
        let chosen = tape.rows()[self.dice.index(tape.rows().len())];
        match self.dice.below(3) {
            0 => tape.retain(|row| *row != chosen),
            1 => {
                let dice = &mut self.dice;
                tape.retain(|_| dice.percent(50));
            }
            _ => tape.retain(|row| row.label != chosen.label),
        }
    }

    fn pick_set(&mut self, tape: &Tape) -> Row {
        let sets: Vec<_> = tape.rows().iter().filter(|row| row.op == Op::Set).collect();
        *sets[self.dice.index(sets.len())]
    }

    fn shift(&mut self, tape: &mut Tape) {
        let row = self.pick_set(tape);
        let ordinal = if self.dice.percent(50) {
            tape.retain(|other| *other != row);
            (row.ordinal + self.dice.below(17) as u32).saturating_sub(8)
        } else {
            row.ordinal + 1 + self.dice.below(16) as u32
        };
        tape.put(Row { ordinal: ordinal.min(ORDINAL_MAX), ..row });
    }

    fn swap(&mut self, tape: &mut Tape) {
        let one = self.pick_set(tape);
        let same: Vec<_> = tape
            .rows()
            .iter()
            .filter(|row| row.op == Op::Set && row.label == one.label && **row != one)
            .copied()
            .collect();
        if !same.is_empty() {
            let other = same[self.dice.index(same.len())];
            tape.put(Row { value: other.value, ..one });
            tape.put(Row { value: one.value, ..other });
        }
    }

    /// Copies what another run chose, seed or override, for some choices of a label; or all its
    /// overrides of a label.
    fn copy(&mut self, tape: &mut Tape, partner: &Entry) {
        let rows = partner.tape.rows();
        if !rows.is_empty() && self.dice.percent(40) {
            let label = rows[self.dice.index(rows.len())].label;
            rows.iter().filter(|row| row.label == label).for_each(|&row| tape.put(row));
            return;
        }
        let Some(first) = self.pick_choice(partner, 0) else { return };
        let (label, count) = (partner.trace.label(first), 1 + self.dice.index(8));
        let choices = partner.trace.choices().iter().filter(|choice| {
            partner.trace.label(choice) == label && choice.ordinal >= first.ordinal && choice.ordinal <= ORDINAL_MAX
        });
        for choice in choices.take(count) {
            put(tape, label.id(), choice.ordinal, choice.value);
        }
    }
}

pub(super) fn put(tape: &mut Tape, label: u32, ordinal: u32, value: u64) {
    tape.put(Row { label, ordinal, op: Op::Set, value: value as u32 });
    let high = (value >> 32) as u32;
    if high > 0 {
        tape.put(Row { label, ordinal, op: Op::SetHigh, value: high });
    } else {
        tape.retain(|row| !(row.op == Op::SetHigh && row.label == label && row.ordinal == ordinal));
    }
}
