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

/// What more than one in so many runs reach is common.
const COMMON: u64 = 10;

/// Features of which the rarest is taken: three most of the time, ten in so many of a hundred. With three alone the frontier of a
/// long way is hardly ever among them: of the dungeon's two hundred features some ten are new ones. With
/// ten alone a search among many states sits on the rarest, which come too late in a run to build upon.
const RAREST_OF: [usize; 2] = [3, 10];
const OF_MANY: usize = 30;

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
    /// Choices of the run.
    pub(crate) length: u32,
    /// The virtual nanosecond of the last one.
    pub(crate) end: u64,
}

impl Kept {
    /// The run that `tape` gave, which chose `trace`.
    pub(crate) fn new(tape: &Tape, trace: &Trace) -> Self {
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
        Self { tape: tape.clone(), uses, points, length, end: choices.last().map_or(0, |choice| choice.at) }
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

/// Which places a run may take among the elites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Of each feature one, and its kin's where that has one: all that descend from one seed are
    /// kin. Else the first lineage to come early takes all places, and the search can't leave it.
    One(u64),
    /// Of what is new only: one of many that were dealt anew from one place.
    New,
    /// Any; without niches.
    Any,
}

/// How often each feature was seen in its best quality, and its elites: tapes that reached that.
#[derive(Debug)]
pub(crate) struct Archive {
    counts: Vec<u64>,
    best: Vec<u64>,
    elites: Vec<Vec<Elite>>,
    known: Vec<u16>,
    runs: u64,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            counts: vec![0; SLOTS],
            best: vec![0; SLOTS],
            elites: vec![Vec::new(); SLOTS],
            known: Vec::new(),
            runs: 0,
        }
    }
}

impl Archive {
    /// A run showed `hits`; `kept` gives that run with the moment of one of its choices, and is
    /// asked only where an elite is made. `dice` is a source of random words. Gives the features
    /// that are new, or were never seen in such a quality.
    pub(crate) fn learn(
        &mut self,
        hits: &[Hit],
        claim: Claim,
        mut kept: impl FnMut(usize) -> (Rc<Kept>, Moment),
        mut dice: impl FnMut() -> u64,
    ) -> Vec<u16> {
        self.runs += 1;
        let mut new = Vec::new();
        for hit in hits {
            let slot = usize::from(hit.slot);
            if self.counts[slot] == 0 {
                self.known.push(hit.slot);
            }
            let is_new = self.counts[slot] == 0 || hit.quality > self.best[slot];
            if is_new {
                new.push(hit.slot);
                (self.counts[slot], self.best[slot]) = (0, hit.quality);
                self.elites[slot].clear();
            } else if hit.quality < self.best[slot] {
                continue;
            }
            self.counts[slot] += 1;
            if claim == Claim::New && !is_new {
                continue;
            }
            let elites = &mut self.elites[slot];
            // what common features have is rarely asked for, and would be made anew by each run
            let common = self.counts[slot] * COMMON > self.runs;
            let mut one_in = |n: u64| dice().is_multiple_of(n);
            let is_kin = |elite: &Elite| claim == Claim::One(elite.run.tape.seed());
            let kin = elites.iter().position(is_kin);
            let place = match kin {
                None if elites.len() < ELITES => elites.len(),
                _ if !one_in(if common { 32 } else { 4 }) => continue,
                Some(kin) => kin,
                None => (dice() % ELITES as u64) as usize,
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

    /// An elite of the rarest of some features; `None` before there are any.
    pub(crate) fn pick(&self, mut dice: impl FnMut() -> u64) -> Option<&Elite> {
        let mut below = |n: usize| (dice() % n.max(1) as u64) as usize;
        let [few, many] = RAREST_OF;
        let rarest_of = if below(100) < OF_MANY { many } else { few };
        let mut draw = || self.known.get(below(self.known.len())).copied();
        let drawn = std::iter::repeat_with(&mut draw).take(rarest_of).flatten();
        let slot = drawn.min_by_key(|&slot| self.counts[usize::from(slot)])?;
        let kept = &self.elites[usize::from(slot)];
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
        (Rc::new(Kept::new(tape, &trace)), trace)
    }

    fn learn(archive: &mut Archive, slot: u16, at: u64, dice: impl FnMut() -> u64) -> Vec<u16> {
        let (kept, trace) = run(&Tape::seeded(at));
        let hit = Hit { slot, quality: 0, at: at * 100, choice: at };
        archive.learn(&[hit], Claim::One(at), |index| (kept.clone(), trace.moment_of(index)), dice)
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
            (0..20).for_each(|_| _ = archive.learn(&[], Claim::Any, nothing, &mut dice));
        }
        let latest = archive.elites[3].iter().map(|elite| elite.at.1).max().unwrap();
        assert_eq!(archive.elites[3].len(), ELITES);
        assert!(latest <= 40, "{latest}");
    }

    #[test]
    fn a_new_feature_is_told_once() {
        let mut archive = Archive::default();
        let hits = [1, 9].map(|slot| Hit { slot, quality: 0, at: 0, choice: 0 });
        let (kept, trace) = run(&Tape::seeded(0));
        let mut tell = || archive.learn(&hits, Claim::Any, |index| (kept.clone(), trace.moment_of(index)), dice());
        assert_eq!(tell(), [1, 9]);
        assert!(tell().is_empty());
    }

    fn show(archive: &mut Archive, claim: Claim, seed: u64, quality: u64, at: u64) -> Vec<u16> {
        let (kept, trace) = run(&Tape::seeded(seed));
        let hit = Hit { slot: 5, quality, at: at * 100, choice: at };
        // the dice always let a run in
        archive.learn(&[hit], claim, |index| (kept.clone(), trace.moment_of(index)), || 0)
    }

    fn seeds(archive: &Archive) -> Vec<u64> {
        archive.elites[5].iter().map(|elite| elite.run.tape.seed()).collect()
    }

    #[test]
    fn a_lineage_has_one_place_for_each_feature() {
        let mut archive = Archive::default();
        for at in [50, 40, 30] {
            show(&mut archive, Claim::One(1), 1, 0, at);
        }
        show(&mut archive, Claim::One(2), 2, 0, 90);
        assert_eq!(seeds(&archive), [1, 2]);
        assert_eq!(archive.elites[5][0].at.1, 30);
    }

    #[test]
    fn one_of_many_may_only_plant_the_flag() {
        let mut archive = Archive::default();
        assert_eq!(show(&mut archive, Claim::New, 1, 0, 50), [5]);
        show(&mut archive, Claim::New, 1, 0, 10);
        assert_eq!((archive.elites[5].len(), archive.elites[5][0].at.1), (1, 50));
    }

    #[test]
    fn a_better_quality_is_new_and_a_worse_one_no_place_to_start_from() {
        let mut archive = Archive::default();
        assert_eq!(show(&mut archive, Claim::One(1), 1, 3, 50), [5]);
        assert_eq!(show(&mut archive, Claim::One(2), 2, 4, 90), [5]);
        assert!(show(&mut archive, Claim::One(3), 3, 3, 10).is_empty());
        assert_eq!(seeds(&archive), [2]);
        assert_eq!(archive.known(), 1);
    }

    #[test]
    fn rare_features_are_picked_before_common_ones() {
        let mut archive = Archive::default();
        for seed in 0..1_000 {
            (10..29).for_each(|slot| _ = learn(&mut archive, slot, 3, dice()));
            if seed % 100 == 0 {
                learn(&mut archive, 2, 7, dice());
            }
        }
        let mut dice = dice();
        let rare = (0..400).filter(|_| archive.pick(&mut dice).is_some_and(|elite| elite.at.1 == 7)).count();
        // three draws of twenty features meet it one time in seven, ten two times in five: 88 are expected, with
        // three alone 57, with one draw 20
        assert!((70..120).contains(&rare), "{rare}");
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
