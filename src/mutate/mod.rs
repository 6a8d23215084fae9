//! The mutator: tape and trace in, tape out; the same code in every engine.
//!
//! At first most calls deal a fresh seed, later most keep a tape up to a moment and deal new weather after it (a
//! *reseed*, see `split.rs`); the others make a few typed edits, which know the label, kind and range of each choice. No
//! raw bytes are touched: byte havoc must guess a label. Owns the weights; runs nothing: it asks its caller for a trace.

mod burst;
mod edit;
mod operations;
mod parts;
mod split;

pub(crate) use parts::Parts;

use crate::choice::{Kind, Label, Moment, ROWS_MAX, Row, Tape, Trace, mix};
use crate::goal::{Archive, Claim, Elite, Hit, Kept};
use burst::Bursts;
use split::{Source, Split};
use std::cell::OnceCell;
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

    /// A number from 0 to 100.
    pub(crate) fn hundred(&mut self) -> f64 {
        self.below(100_000) as f64 / 1_000.0
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
    kept: OnceCell<Rc<Kept>>,
}

impl Entry {
    pub(crate) fn new(tape: &Tape, mut trace: Trace) -> Self {
        trace.shrink();
        let mut by_label = vec![Vec::new(); trace.labels().len()];
        for (index, choice) in (0u32..).zip(trace.choices()) {
            by_label[trace.label_index(choice)].push(index);
        }
        by_label.retain(|choices| !choices.is_empty());
        Self { tape: trace.canonical(tape), trace, by_label, kept: OnceCell::new() }
    }

    /// The repeated things whose operations the run drew.
    fn repeated(&self) -> Vec<Label> {
        let of = |choices: &Vec<u32>| self.trace.scope(&self.trace.choices()[choices[0] as usize]);
        let mut things: Vec<_> = self.by_label.iter().filter_map(of).map(|(thing, _)| thing).collect();
        things.sort_unstable();
        things.dedup();
        things
    }

    /// The run to be kept without its trace.
    pub(crate) fn kept(&self) -> Rc<Kept> {
        self.kept.get_or_init(|| Rc::new(Kept::new(&self.tape, &self.trace))).clone()
    }
}

/// How often an elite is the base, rather than what the engine offers, in percent.
const FROM_ELITES: u64 = 80;

/// Reseeds of an elite where its goal was reached or soon after, in percent; the others are anywhere. What no goal
/// marks is built upon only by those. A new goal has its burst, and that starts at the goal.
const AT_THE_GOAL: u64 = 20;

/// Fresh seeds with swarm, in percent. Swarm is worth a factor of two or more either way, so neither kind goes without.
const SWARM: u64 = 67;

/// The mutator with what it has learnt in this process.
#[derive(Debug)]
pub(crate) struct Mutator {
    pub(crate) dice: Dice,
    pub(crate) archive: Archive,
    pub(crate) parts: Parts,
    split: Split,
    bursts: Bursts,
    /// How the last tape was made, until its run is known.
    made: Option<Source>,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        let parts = Parts::from_environment();
        Self {
            dice: Dice::new(seed),
            archive: Archive::default(),
            parts,
            split: Split::default(),
            bursts: Bursts::default(),
            made: None,
        }
    }

    /// The run of the last tape, which is `entry` and descends from the seed `lineage`, showed
    /// `hits`. Gives the features that are new.
    pub(crate) fn learn(&mut self, hits: &[Hit], lineage: u64, entry: impl Fn() -> Rc<Entry>) -> Vec<u16> {
        let claim = match (self.bursts.made_the_last(), self.parts.niches) {
            (true, _) => Claim::New,
            (false, true) => Claim::One(lineage),
            (false, false) => Claim::Any,
        };
        let dice = &mut self.dice;
        let known = OnceCell::new();
        let kept = |choice| {
            let entry = known.get_or_init(&entry);
            (entry.kept(), entry.trace.moment_of(choice))
        };
        let new = self.archive.learn(hits, claim, kept, || dice.word());
        self.bursts.ran(&new, |slot| self.archive.newest(slot));
        if let Some(source) = self.made.take() {
            self.split.ran(source, !new.is_empty());
        }
        new
    }

    /// The run of the last tape is not known, only that nobody keeps it.
    #[cfg(feature = "fuzz")]
    pub(crate) fn made_nothing_new(&mut self) {
        if let Some(source) = self.made.take() {
            self.bursts.ran(&[], |slot| self.archive.newest(slot));
            self.split.ran(source, false);
        }
    }

    /// How many runs each way to make a tape had, with its name.
    pub(crate) fn runs_by_source(&self) -> [(&'static str, u64); 3] {
        self.split.runs()
    }

    /// Another tape: from `offered`, which the engine chose, or from an elite; `trace` runs a
    /// tape to learn its choices.
    pub(crate) fn mutate(
        &mut self,
        offered: &Tape,
        other: Option<&Tape>,
        mut trace: impl FnMut(&Tape) -> Rc<Entry>,
    ) -> Tape {
        let Parts { reseeds, elites, bursts, .. } = self.parts;
        if (reseeds && elites && bursts)
            && self.dice.hundred() < self.bursts.share()
            && let Some(elite) = self.bursts.next()
        {
            self.made = Some(Source::Reseed);
            return self.reseed(&elite.run, elite.choice(), elite.moment);
        }
        let mut source = self.split.pick(self.dice.hundred(), self.dice.hundred());
        if source == Source::Reseed && !reseeds {
            source = Source::Edit;
        }
        self.made = Some(source);
        if source == Source::Fresh {
            let seed = self.dice.word();
            return if self.dice.percent(SWARM) { Tape::swarm(seed) } else { Tape::seeded(seed) };
        }
        let mut elite = None;
        if elites && self.dice.percent(FROM_ELITES) {
            let dice = &mut self.dice;
            elite = self.archive.pick(|| dice.word()).cloned();
        }
        if source == Source::Reseed {
            return match elite {
                Some(elite) => self.reseed_elite(&elite, &mut trace),
                None => self.reseed_anywhere(&trace(offered).kept()),
            };
        }
        let focus = elite.as_ref().map(Elite::choice);
        let base = trace(elite.as_ref().map_or(offered, |elite| &elite.run.tape));
        let partner = match (other, &elite) {
            (Some(other), _) => Some(trace(other)),
            (None, Some(_)) if self.dice.percent(30) => Some(trace(offered)),
            _ => None,
        };
        self.edit(&base, partner.as_deref(), focus)
    }

    /// Keeps the run of an elite up to a moment and deals anew after it.
    fn reseed_elite(&mut self, elite: &Elite, trace: &mut impl FnMut(&Tape) -> Rc<Entry>) -> Tape {
        let (run, hit) = (&elite.run, elite.choice());
        if !self.dice.percent(AT_THE_GOAL) {
            return self.reseed_anywhere(run);
        }
        match self.dice.below(16) {
            // just before the last lottery on the way there: another ticket
            0 => {
                let entry = trace(&run.tape);
                let before = &entry.trace.choices()[..(hit as usize).min(entry.trace.choices().len())];
                if let Some(index) = before.iter().rposition(|choice| choice.kind == Kind::Shape) {
                    return self.reseed(run, index as u32, entry.trace.moment_of(index));
                }
            }
            // soon after
            1..=7 => {
                let soon = run.points(hit, hit + run.length / 15 + 1);
                if !soon.is_empty() {
                    let (index, moment) = soon[self.dice.index(soon.len())];
                    return self.reseed(run, index, moment);
                }
            }
            _ => {}
        }
        // when the goal was reached
        self.reseed(run, hit, elite.moment)
    }

    fn reseed_anywhere(&mut self, run: &Kept) -> Tape {
        let points = run.points(0, run.length);
        match points.len() {
            0 => self.reseed(run, 0, Moment::default()),
            count => {
                let (index, moment) = points[self.dice.index(count)];
                self.reseed(run, index, moment)
            }
        }
    }

    /// The run up to the choice with this index, which is made at `moment`, and new weather.
    fn reseed(&mut self, run: &Kept, index: u32, moment: Moment) -> Tape {
        let mut tape = run.until(index);
        let salt = self.dice.word() as u32;
        tape.put(Row::reseed(moment, if self.parts.turns { salt } else { salt & !1 }));
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
