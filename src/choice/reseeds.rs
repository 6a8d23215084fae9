//! When the reseeds of a tape come into force.
//!
//! Owns the row that is next, and its moment: at a time, or after some choices of one instant. What
//! is dealt anew is the choices' business; who must hear of it, the world's.

use super::tape::{Moment, Op, Row, Tape};

/// What a reseed has dealt anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dealt {
    /// Nothing.
    #[default]
    No,
    /// All choices from here on.
    Choices,
    /// The knobs of the run as well.
    Knobs,
}

/// The reseeds of the run's tape.
#[derive(Debug, Default)]
pub(super) struct Reseeds {
    /// The row that is next; reseeds are a tape's last rows, by moment.
    next: usize,
    /// When this many choices are made, it comes into force without time moving.
    due_at: u64,
    /// The microsecond of now, and how many choices were made before it; kept while there are
    /// reseeds to come.
    instant: (u64, u64),
    /// What has come into force that nobody has heeded yet.
    dealt: Dealt,
}

impl Reseeds {
    /// A run of `tape` begins.
    pub(super) fn start(&mut self, tape: &Tape) {
        let next = tape.rows().partition_point(|row| row.op != Op::Reseed);
        *self = Self { next, ..Self::default() };
        self.expect(tape);
    }

    /// Is one due after so many choices?
    #[inline]
    pub(super) fn is_due(&self, made: u64) -> bool {
        made >= self.due_at
    }

    /// Are there any to come?
    #[inline]
    pub(super) fn are_left(&self, tape: &Tape) -> bool {
        self.next < tape.rows().len()
    }

    /// What was dealt anew since somebody last asked.
    #[inline]
    pub(super) fn dealt(&mut self) -> Dealt {
        std::mem::take(&mut self.dealt)
    }

    /// Time moves to microsecond `micros`, after so many choices. Gives the last row that is over
    /// by then and was not yet in force.
    #[cold]
    pub(super) fn advance(&mut self, tape: &Tape, micros: u64, made: u64) -> Option<Row> {
        if micros != self.instant.0 {
            self.instant = (micros, made);
        }
        let mut last = None;
        while tape.rows().get(self.next).is_some_and(|row| row.moment() <= Moment::from(micros)) {
            last = self.take(tape);
        }
        self.expect(tape);
        last
    }

    /// In the middle of an instant: gives the last row that is due after so many choices.
    #[cold]
    pub(super) fn catch_up(&mut self, tape: &Tape, made: u64) -> Option<Row> {
        let mut last = None;
        while self.is_due(made) {
            last = self.take(tape);
            self.expect(tape);
        }
        last
    }

    fn take(&mut self, tape: &Tape) -> Option<Row> {
        let row = *tape.rows().get(self.next)?;
        self.next += 1;
        self.dealt = self.dealt.max(if row.turns_knobs() { Dealt::Knobs } else { Dealt::Choices });
        Some(row)
    }

    /// Finds out after how many choices the next one is due, if it is at this instant.
    fn expect(&mut self, tape: &Tape) {
        let (micros, before) = self.instant;
        let next = tape.rows().get(self.next).map(Row::moment).filter(|next| next.micros == micros);
        self.due_at = next.map_or(u64::MAX, |next| before + u64::from(next.choice));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Choices, Label};
    use super::*;

    fn run(tape: &Tape, draws: impl FnOnce(&mut Choices)) -> super::super::Trace {
        let mut choices = Choices::default();
        choices.start(tape);
        draws(&mut choices);
        choices.take_trace()
    }

    #[test]
    fn a_reseed_deals_anew_from_its_time_on() {
        let mut later = Tape::seeded(1);
        later.put(Row::reseed(5, 77));
        let drawn = |tape: &Tape| {
            let trace = run(tape, |choices| {
                let slot = choices.slot(Label::new("a"), || "a".into());
                for nanos in 0..10 {
                    choices.advance(nanos * 1_000);
                    choices.uniform(slot, u64::MAX);
                }
            });
            trace.choices().iter().map(|choice| choice.value).collect::<Vec<_>>()
        };
        let (plain, reseeded) = (drawn(&Tape::seeded(1)), drawn(&later));
        assert_eq!(plain[..5], reseeded[..5]);
        assert!(plain[5..].iter().zip(&reseeded[5..]).all(|(a, b)| a != b));
    }

    #[test]
    fn a_reseed_parts_what_happens_at_one_instant() {
        let drawn = |moments: &[Moment]| {
            let mut tape = Tape::seeded(1);
            (1..).zip(moments).for_each(|(salt, &moment)| tape.put(Row::reseed(moment, salt)));
            let mut dealt = Vec::new();
            let trace = run(&tape, |choices| {
                let slot = choices.slot(Label::new("a"), || "a".into());
                for draw in 0..12 {
                    // four draws an instant
                    if draw % 4 == 0 && draw > 0 {
                        dealt.push(choices.advance(draw * 1_000));
                    }
                    choices.uniform(slot, u64::MAX);
                }
            });
            let values: Vec<_> = trace.choices().iter().map(|choice| choice.value).collect();
            (values, dealt)
        };
        let at = |micros, choice| Moment { micros, choice };
        let same = |a: &[u64], b: &[u64]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let (plain, dealt) = drawn(&[]);
        assert_eq!(dealt, [Dealt::No, Dealt::No]);
        for (moment, kept, told) in [
            (at(0, 0), 0, [Dealt::Knobs, Dealt::No]),
            (at(0, 3), 3, [Dealt::Knobs, Dealt::No]),
            (at(4, 0), 4, [Dealt::Knobs, Dealt::No]),
            (at(4, 2), 6, [Dealt::No, Dealt::Knobs]),
            // what doesn't come in its instant comes when that is over
            (at(4, 9), 8, [Dealt::No, Dealt::Knobs]),
            (at(6, 1), 8, [Dealt::No, Dealt::Knobs]),
            (at(8, 3), 11, [Dealt::No, Dealt::No]),
        ] {
            let (values, dealt) = drawn(&[moment]);
            assert_eq!((same(&values, &plain), dealt), (kept, told.to_vec()), "{moment:?}");
        }
        let (once, _) = drawn(&[at(4, 2)]);
        let (twice, _) = drawn(&[at(4, 2), at(4, 3)]);
        assert_eq!((same(&once, &plain), same(&once, &twice)), (6, 7));
    }
}
