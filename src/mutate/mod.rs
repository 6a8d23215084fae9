//! The mutator: tape and trace in, tape out; the same code in every engine.
//!
//! Half of the calls keep a tape up to a moment and deal new weather after it (a *reseed*); the
//! others make a few typed edits, which know the label, kind and range of each choice. No raw
//! bytes are touched: byte havoc must guess a label. Owns the weights; runs nothing: it asks its
//! caller for a trace.

mod edit;
mod parts;

pub(crate) use parts::Parts;

use crate::choice::{Choice, Kind, ROWS_MAX, Row, Tape, Trace, mix};
use crate::goal::{Archive, Elite, Hit};
use std::rc::Rc;

/// A source of random words for the search itself; no run ever sees it.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x6d75_7461_7465))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Below `n`; 0 when `n` is.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(n)) >> 64) as u64
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    pub(crate) fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    /// Mixes entropy of the engine in.
    pub(crate) fn stir(&mut self, seed: u64) {
        self.0 ^= mix(seed);
    }
}

/// A tape with what its run chose.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) tape: Tape,
    pub(crate) trace: Trace,
    /// Choices by label: for each, the indexes of its choices.
    by_label: Vec<Vec<u32>>,
}

impl Entry {
    pub(crate) fn new(tape: &Tape, trace: Trace) -> Self {
        let mut by_label = vec![Vec::new(); trace.labels().len()];
        for (index, choice) in (0u32..).zip(trace.choices()) {
            by_label[trace.label_index(choice)].push(index);
        }
        by_label.retain(|choices| !choices.is_empty());
        Self { tape: trace.canonical(tape), trace, by_label }
    }

    /// When the run made its last choice.
    pub(crate) fn end(&self) -> u64 {
        self.trace.choices().last().map_or(0, |choice| choice.at)
    }

    /// The entry as an elite, to be kept without its trace.
    pub(crate) fn elite(&self) -> Elite {
        let mut made: Vec<(u32, u32, u64)> = Vec::new();
        if !self.tape.rows().is_empty() {
            made.extend(
                self.trace.choices().iter().map(|choice| (self.trace.label(choice).id(), choice.ordinal, choice.at)),
            );
            made.sort_unstable();
        }
        let time = |row: &Row| match row.op {
            crate::choice::Op::Reseed => row.micros().saturating_mul(1_000),
            _ => match made.binary_search_by_key(&(row.label, row.ordinal), |&(label, ordinal, _)| (label, ordinal)) {
                Ok(index) | Err(index) => made.get(index).map_or(0, |&(.., at)| at),
            },
        };
        let times = self.tape.rows().iter().map(time).collect();
        Elite { tape: self.tape.clone(), times, at: 0, end: self.end() }
    }
}

/// Weights of the mutator, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weights {
    /// Calls that give a fresh seed; half of those have swarm.
    pub(crate) fresh: u64,
    /// Calls that start from an elite instead of what the engine offers.
    pub(crate) elite: u64,
    /// Calls that are a reseed.
    pub(crate) reseed: u64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { fresh: 10, elite: 50, reseed: 50 }
    }
}

/// The mutator with what it has learnt in this process.
#[derive(Debug)]
pub(crate) struct Mutator {
    pub(crate) dice: Dice,
    pub(crate) archive: Archive,
    pub(crate) weights: Weights,
    pub(crate) parts: Parts,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            archive: Archive::default(),
            weights: Weights::default(),
            parts: Parts::from_environment(),
        }
    }

    /// A run of `entry` showed `hits`; gives the features that are new.
    pub(crate) fn learn(&mut self, hits: &[Hit], entry: impl Fn() -> Rc<Entry>) -> Vec<u16> {
        let dice = &mut self.dice;
        self.archive.learn(hits, || entry().elite(), || dice.word())
    }

    /// Another tape: from `offered`, which the engine chose, or from an elite; `trace` runs a
    /// tape to learn its choices.
    pub(crate) fn mutate(
        &mut self,
        offered: &Tape,
        other: Option<&Tape>,
        mut trace: impl FnMut(&Tape) -> Rc<Entry>,
    ) -> Tape {
        if self.dice.percent(self.weights.fresh) {
            let seed = self.dice.word();
            return if self.dice.percent(50) { Tape::swarm(seed) } else { Tape::seeded(seed) };
        }
        let mut elite = None;
        if self.parts.elites && self.dice.percent(self.weights.elite) {
            let dice = &mut self.dice;
            elite = self.archive.pick(|| dice.word()).cloned();
        }
        if self.parts.reseeds && self.dice.percent(self.weights.reseed) {
            let elite = elite.unwrap_or_else(|| trace(offered).elite());
            return self.reseed(&elite, &mut trace);
        }
        let focus = elite.as_ref().map(|elite| elite.at);
        let base = trace(elite.as_ref().map_or(offered, |elite| &elite.tape));
        let partner = match (other, &elite) {
            (Some(other), _) => Some(trace(other)),
            (None, Some(_)) if self.dice.percent(30) => Some(trace(offered)),
            _ => None,
        };
        self.edit(&base, partner.as_deref(), focus)
    }

    /// Keeps the run up to a moment and deals anew after it.
    fn reseed(&mut self, elite: &Elite, trace: &mut impl FnMut(&Tape) -> Rc<Entry>) -> Tape {
        let at = match self.dice.below(4) {
            // when the goal was reached
            0 if elite.at > 0 => elite.at + 1_000,
            // soon after
            1 if elite.at > 0 => elite.at + 1_000 + self.dice.below(elite.end / 15 + 1),
            // just before the last lottery on the way there: another ticket
            2 if elite.at > 0 && self.dice.percent(25) => {
                let entry = trace(&elite.tape);
                let lottery = |choice: &&Choice| choice.at <= elite.at && choice.kind == Kind::Shape;
                entry.trace.choices().iter().rev().find(lottery).map_or(elite.at, |choice| choice.at)
            }
            _ => self.dice.below(elite.end + 1),
        };
        let mut tape = elite.until(at);
        tape.put(Row::reseed(at / 1_000, self.dice.word() as u32));
        self.shorten(&mut tape, ROWS_MAX);
        tape
    }

    /// Shortens `tape` to at most `rows` rows, by dropping any: what is left of a mutation where
    /// an engine demands a smaller input.
    pub(crate) fn shorten(&mut self, tape: &mut Tape, rows: usize) {
        while tape.rows().len() > rows {
            let doomed = tape.rows()[self.dice.index(tape.rows().len())];
            tape.retain(|row| *row != doomed);
        }
    }
}
