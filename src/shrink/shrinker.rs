//! The best tape so far, the budget, and what is known of other tapes.

use super::draft::{Draft, Exception};
use super::judge::Judge;
use super::passes;
use super::simplicity::Called;
use crate::choice::{Tape, Trace, hash_bytes};
use std::collections::{BTreeMap, BTreeSet};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Candidates that were run.
    pub(crate) runs: u32,
    /// Exceptions of the simplest tape so far.
    pub(crate) exceptions: usize,
}

/// What shrinking came to.
#[derive(Clone, Debug)]
pub(crate) struct Shrunk {
    pub(crate) tape: Tape,
    pub(crate) runs: u32,
    /// Is there no pass that makes it simpler? Otherwise the budget was spent.
    pub(crate) settled: bool,
}

/// Makes one tape simpler.
pub(crate) struct Shrinker<'a> {
    judge: &'a mut dyn Judge,
    /// Is there to be another run?
    go_on: &'a mut dyn FnMut(Progress) -> bool,
    budget: u32,
    runs: u32,
    stopped: bool,
    best: Draft,
    /// Where it began.
    origin: Draft,
    /// Exceptions of the simplest tape, while another is walked down.
    least: usize,
    called: Called,
    /// Tapes that don't show it, by a hash: the cache.
    seen: BTreeSet<(u64, u64)>,
}

impl<'a> Shrinker<'a> {
    /// Begins with `tape`, whose run made the choices of `trace`. `names` are those of its labels; at
    /// most `budget` candidates are run, and as long as `go_on` says so.
    pub(crate) fn new(
        tape: &Tape,
        trace: &Trace,
        names: BTreeMap<u32, String>,
        budget: u32,
        judge: &'a mut dyn Judge,
        go_on: &'a mut dyn FnMut(Progress) -> bool,
    ) -> Self {
        let best = Draft::of(tape, trace);
        Self {
            judge,
            go_on,
            budget,
            runs: 0,
            stopped: false,
            origin: best.clone(),
            best,
            least: usize::MAX,
            called: Called::new(names),
            seen: BTreeSet::new(),
        }
    }

    /// Runs the passes until none makes it simpler, or the budget is spent.
    pub(crate) fn shrink(mut self) -> Shrunk {
        let settled = passes::all(&mut self);
        Shrunk { tape: self.best.tape(), runs: self.runs, settled }
    }

    pub(super) fn best(&self) -> &Draft {
        &self.best
    }

    /// The tape that it began with.
    pub(super) fn origin(&self) -> &Draft {
        &self.origin
    }

    /// Exceptions of the simplest tape, while another is walked down.
    pub(super) fn least(&self) -> usize {
        self.least
    }

    /// The exceptions of the best tape, in the order of its run.
    pub(super) fn sets(&self) -> &[Exception] {
        &self.best.sets
    }

    pub(super) fn name(&self, label: u32) -> &str {
        self.called.name(label)
    }

    /// Names of labels that a pass has made.
    pub(super) fn learn(&mut self, names: BTreeMap<u32, String>) {
        self.called.learn(names);
    }

    /// Is the budget spent?
    pub(super) fn is_over(&self) -> bool {
        self.stopped || self.runs >= self.budget
    }

    /// Tries `candidates` in order. The first that shows it is the new best; gives its number. What
    /// isn't simpler than the best, or is known not to show it, isn't run.
    pub(super) fn first(&mut self, candidates: impl Iterator<Item = Draft>) -> Option<usize> {
        let (best, called) = (self.best.clone(), self.called.clone());
        let simpler = candidates.enumerate().filter(|(_, draft)| called.simpler(draft, &best));
        let (number, tape, trace) = self.run(simpler.map(|(number, draft)| (number, draft.tape())))?;
        // a run may use less than it was given, and then this is simpler still
        self.best = Draft::of(&tape, &trace);
        Some(number)
    }

    /// Tries tapes whose base isn't calm. The first that shows it is walked down by `passes` from where
    /// it is, in so many runs at most; says whether that ends at a simpler one than the best. If not,
    /// the best stays. `None` where none of them shows it.
    pub(super) fn walk_down_from(
        &mut self,
        candidates: impl Iterator<Item = Tape>,
        runs: u32,
        passes: impl FnOnce(&mut Self),
    ) -> Option<bool> {
        let (_, tape, trace) = self.run(candidates.enumerate())?;
        let calm = trace.materialise(&tape);
        let Some((_, tape, trace)) = self.run(std::iter::once((0, calm))) else { return Some(false) };
        let here = std::mem::replace(&mut self.best, Draft::of(&tape, &trace));
        let (budget, least) = (self.budget, self.least);
        self.budget = budget.min(self.runs.saturating_add(runs));
        self.least = least.min(here.len());
        passes(self);
        (self.budget, self.least) = (budget, least);
        let is_simpler = self.called.simpler(&self.best, &here);
        if !is_simpler {
            self.best = here;
        }
        Some(is_simpler)
    }

    /// The first of the numbered tapes that shows it, with its choices; those that are known not to
    /// aren't run.
    fn run(&mut self, tapes: impl Iterator<Item = (usize, Tape)>) -> Option<(usize, Tape, Trace)> {
        let mut offered: Vec<(usize, (u64, u64), Tape)> = Vec::new();
        let found = {
            let Self { judge, go_on, budget, runs, stopped, best, least, seen, .. } = self;
            let left = budget.saturating_sub(*runs) as usize;
            let mut fresh =
                tapes.map(|(number, tape)| (number, hash(&tape), tape)).filter(|(_, hash, _)| !seen.contains(hash));
            let mut tapes = std::iter::from_fn(|| {
                if *stopped || offered.len() >= left {
                    return None;
                }
                let next = fresh.find(|(_, hash, _)| offered.iter().all(|(_, other, _)| other != hash))?;
                let progress = Progress { runs: *runs + offered.len() as u32, exceptions: best.len().min(*least) };
                *stopped = !go_on(progress);
                if *stopped {
                    return None;
                }
                let tape = next.2.clone();
                offered.push(next);
                Some(tape)
            });
            judge.first(&mut tapes)
        };
        let judged = found.as_ref().map_or(offered.len(), |(nth, _)| nth + 1);
        self.runs += judged as u32;
        let failed = judged - usize::from(found.is_some());
        self.seen.extend(offered[..failed].iter().map(|&(_, hash, _)| hash));
        let (nth, trace) = found?;
        let (number, _, tape) = offered.swap_remove(nth);
        Some((number, tape, trace))
    }

    /// Tries what `candidate` makes of each of `0..count` in turn, from whatever is best then.
    pub(super) fn each(&mut self, count: usize, mut candidate: impl FnMut(&Draft, usize) -> Option<Draft>) {
        let mut at = 0;
        while at < count && !self.is_over() {
            let best = self.best.clone();
            // numbers are those of all offers, also of those that there is nothing to try for
            let offers = (at..count).map(|index| candidate(&best, index).unwrap_or_else(|| best.clone()));
            match self.first(offers) {
                Some(number) => at += number + 1,
                None => return,
            }
        }
    }
}

/// 128 bits of it: enough for no two of a few thousand tapes to share them.
fn hash(tape: &Tape) -> (u64, u64) {
    let bytes = tape.encode();
    (hash_bytes(1, &bytes), hash_bytes(2, &bytes))
}
