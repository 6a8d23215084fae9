//! Elites: for each feature the tapes that reached it earliest.
//!
//! A tape that reaches a rare goal early, kept up to that moment and dealt anew after it, is a
//! run that starts from there: importance splitting without snapshots. "Earliest" carries it: in
//! the lab, elites that any later hit could replace were no better than random seeds.

use super::{Hit, SLOTS};
use crate::choice::{Moment, Op, Row, Tape, Trace};
use std::rc::Rc;

/// Tapes kept for each feature.
const ELITES: usize = 8;

/// A later hit than the elite's is still taken when it is so much later: one 200th of the run,
/// in virtual time. Without drift the archive freezes on its first find.
const DRIFT: u64 = 200;

/// What more than one in so many runs reach is no place to start from.
const COMMON: u64 = 10;

/// Moments of a run that are kept, to deal anew from.
const POINTS: usize = 64;

/// A run without its trace: its tape, and where it can be cut.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) tape: Tape,
    /// For each row of the tape the index of the choice that it is first good for.
    uses: Vec<u32>,
    /// Some moments with the index of the choice at each: evenly spread over the choices.
    points: Vec<(u32, Moment)>,
    /// The features that it showed, sorted.
    pub(crate) shown: Vec<u16>,
    /// Choices of the run.
    pub(crate) length: u32,
    /// The virtual nanosecond of the last one.
    pub(crate) end: u64,
}

impl Kept {
    /// The run that `tape` gave, which chose `trace` and showed these features.
    pub(crate) fn new(tape: &Tape, trace: &Trace, shown: Vec<u16>) -> Self {
        let choices = trace.choices();
        let mut made: Vec<(u32, u32, u32)> = Vec::new();
        if !tape.rows().is_empty() {
            let named = trace.named_by(tape);
            let choices = (0u32..).zip(choices).filter(|(_, choice)| named[trace.label_index(choice)]);
            made.extend(choices.map(|(index, choice)| (trace.label(choice).id(), choice.ordinal, index)));
            made.sort_unstable();
        }
        let first_use = |row: &Row| match row.op {
            Op::Reseed => trace.index_of(row.moment()) as u32,
            _ => {
                let next = made.partition_point(|&(label, ordinal, _)| (label, ordinal) < (row.label, row.ordinal));
                made.get(next).map_or(0, |&(.., index)| index)
            }
        };
        let uses = tape.rows().iter().map(first_use).collect();
        let points = (0..POINTS.min(choices.len())).map(|n| {
            let index = n * choices.len() / POINTS.min(choices.len());
            (index as u32, trace.moment_of(index))
        });
        let (points, length) = (points.collect(), choices.len() as u32);
        Self { tape: tape.clone(), uses, points, shown, length, end: choices.last().map_or(0, |choice| choice.at) }
    }

    /// The tape as it is before the choice with this index: rows that serve later ones are dropped.
    pub(crate) fn until(&self, index: u32) -> Tape {
        let rows: Vec<Row> =
            self.tape.rows().iter().zip(&self.uses).filter(|&(_, &first)| first < index).map(|(&row, _)| row).collect();
        Tape::from_rows(self.tape.seed(), self.tape.base(), rows)
    }

    /// Those of the moments that are kept which lie in `from..to`, by the index of their choices.
    pub(crate) fn points(&self, from: u32, to: u32) -> &[(u32, Moment)] {
        let first = self.points.partition_point(|&(index, _)| index < from);
        let end = self.points.partition_point(|&(index, _)| index < to);
        &self.points[first..end.max(first)]
    }
}

/// A tape that reached a feature.
#[derive(Clone, Debug)]
pub(crate) struct Elite {
    pub(crate) run: Rc<Kept>,
    /// When: the virtual nanosecond, and how many choices were made by then.
    at: (u64, u64),
    /// The same as the moment of the next choice.
    pub(crate) moment: Moment,
}

impl Elite {
    /// The index of the first choice after the feature was reached.
    pub(crate) fn choice(&self) -> u32 {
        self.at.1.min(u64::from(self.run.length)) as u32
    }

    /// May a run that reached the feature at `hit` take this one's place?
    fn yields_to(&self, hit: &Hit) -> bool {
        match self.run.end {
            // a program that never waits does everything at one instant
            0 => hit.choice <= self.at.1 + u64::from(self.run.length) / DRIFT,
            end => hit.at <= self.at.0 + end / DRIFT,
        }
    }
}

/// How often each feature was seen, and its elites.
#[derive(Debug)]
pub(crate) struct Archive {
    counts: Vec<u64>,
    elites: Vec<Vec<Elite>>,
    known: Vec<u16>,
    runs: u64,
}

impl Default for Archive {
    fn default() -> Self {
        Self { counts: vec![0; SLOTS], elites: vec![Vec::new(); SLOTS], known: Vec::new(), runs: 0 }
    }
}

impl Archive {
    /// A run showed `hits`; `kept` gives that run with the moment of one of its choices, and is
    /// asked only where an elite is made. `dice` is a source of random words. Gives the features
    /// that are new.
    pub(crate) fn learn(
        &mut self,
        hits: &[Hit],
        mut kept: impl FnMut(usize) -> (Rc<Kept>, Moment),
        mut dice: impl FnMut() -> u64,
    ) -> Vec<u16> {
        self.runs += 1;
        let mut new = Vec::new();
        for hit in hits {
            let slot = usize::from(hit.slot);
            if self.counts[slot] == 0 {
                self.known.push(hit.slot);
                new.push(hit.slot);
            }
            self.counts[slot] += 1;
            let elites = &mut self.elites[slot];
            let place = if elites.len() < ELITES {
                elites.len()
            } else if self.counts[slot] * COMMON > self.runs {
                continue;
            } else if dice().is_multiple_of(4) {
                (dice() % ELITES as u64) as usize
            } else {
                continue;
            };
            if elites.get(place).is_some_and(|old| !old.yields_to(hit)) {
                continue;
            }
            let (run, moment) = kept(hit.choice as usize);
            let elite = Elite { run, at: (hit.at, hit.choice), moment };
            match elites.get_mut(place) {
                Some(old) => *old = elite,
                None => elites.push(elite),
            }
        }
        new
    }

    /// The tape that reached a feature last, of those that are kept.
    pub(crate) fn newest(&self, slot: u16) -> Option<&Elite> {
        self.elites[usize::from(slot)].last()
    }

    /// How many features were seen.
    pub(crate) fn known(&self) -> usize {
        self.known.len()
    }

    /// How rare a feature is: 1 when it was seen once, half when twice.
    pub(crate) fn rarity(&self, slot: u16) -> f64 {
        1.0 / self.counts[usize::from(slot)].max(1) as f64
    }

    /// An elite of the rarest of three features that are rare enough; `None` when none is.
    pub(crate) fn pick(&self, mut dice: impl FnMut() -> u64) -> Option<&Elite> {
        let mut below = |n: usize| (dice() % n as u64) as usize;
        let mut best: Option<u16> = None;
        for _ in 0..12 {
            if self.known.is_empty() {
                return None;
            }
            let slot = self.known[below(self.known.len())];
            if self.counts[usize::from(slot)] * COMMON > self.runs {
                continue;
            }
            match best {
                Some(other) if self.counts[usize::from(other)] <= self.counts[usize::from(slot)] => {}
                _ => best = Some(slot),
            }
            if below(3) == 0 {
                break;
            }
        }
        let kept = &self.elites[usize::from(best?)];
        kept.get(below(kept.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Choice, Kind, Label, Slot};

    /// A run of a hundred choices, of which ten are made at each microsecond.
    fn run(tape: &Tape) -> (Rc<Kept>, Trace) {
        let choice = |n: u32| Choice {
            slot: Slot::from_raw(0),
            ordinal: n,
            kind: Kind::Range,
            max: 9,
            value: 1,
            at: u64::from(n / 10) * 1_000,
        };
        let trace = Trace::new(vec![(Label::new("a"), None)], (0..100).map(choice).collect());
        (Rc::new(Kept::new(tape, &trace, Vec::new())), trace)
    }

    fn learn(archive: &mut Archive, slot: u16, at: u64, dice: impl FnMut() -> u64) -> Vec<u16> {
        let (kept, trace) = run(&Tape::seeded(at));
        let hit = Hit { slot, at: at * 100, choice: at };
        archive.learn(&[hit], |index| (kept.clone(), trace.moment_of(index)), dice)
    }

    fn dice() -> impl FnMut() -> u64 {
        let mut state = 1u64;
        move || {
            state = crate::choice::mix(state.wrapping_add(1));
            state
        }
    }

    fn nothing(_: usize) -> (Rc<Kept>, Moment) {
        unreachable!("nothing was reached")
    }

    #[test]
    fn the_earliest_tapes_stay() {
        let mut archive = Archive::default();
        let mut dice = dice();
        for round in 0..2_000 {
            learn(&mut archive, 3, 100 - (round / 20).min(90), &mut dice);
            (0..20).for_each(|_| _ = archive.learn(&[], nothing, &mut dice));
        }
        let latest = archive.elites[3].iter().map(|elite| elite.at.1).max().unwrap();
        assert_eq!(archive.elites[3].len(), ELITES);
        assert!(latest <= 11, "{latest}");
    }

    #[test]
    fn a_new_feature_is_told_once() {
        let mut archive = Archive::default();
        let hits = [1, 9].map(|slot| Hit { slot, at: 0, choice: 0 });
        let (kept, trace) = run(&Tape::seeded(0));
        let mut tell = || archive.learn(&hits, |index| (kept.clone(), trace.moment_of(index)), dice());
        assert_eq!(tell(), [1, 9]);
        assert!(tell().is_empty());
    }

    #[test]
    fn rare_features_are_picked_before_common_ones() {
        let mut archive = Archive::default();
        for seed in 0..1_000 {
            learn(&mut archive, 1, 3, dice());
            if seed % 100 == 0 {
                learn(&mut archive, 2, 7, dice());
            }
        }
        let mut dice = dice();
        for _ in 0..50 {
            assert_eq!(archive.pick(&mut dice).map(|elite| elite.at.1), Some(7));
        }
    }

    #[test]
    fn a_tape_is_cut_at_a_choice_and_not_only_at_a_time() {
        let mut tape = Tape::seeded(4);
        for ordinal in [3, 24, 27] {
            tape.set(Label::new("a"), ordinal, 5);
        }
        let within = |micros, choice| Row::reseed(Moment { micros, choice }, 1);
        tape.put(within(2, 6));
        tape.put(within(9, 0));
        let (kept, trace) = run(&tape);
        let rows = |index| kept.until(index).rows().len();
        assert_eq!([0, 4, 25, 26, 27, 28, 90, 91].map(rows), [0, 1, 2, 2, 3, 4, 4, 5]);
        assert_eq!(trace.moment_of(26), Moment { micros: 2, choice: 6 });
        assert_eq!(trace.index_of(Moment { micros: 2, choice: 6 }), 26);
        let points: Vec<_> = kept.points(20, 30).iter().map(|&(index, moment)| (index, moment.micros)).collect();
        assert_eq!(points.first(), Some(&(20, 2)));
        assert!(points.len() > 3, "{points:?}");
    }
}
