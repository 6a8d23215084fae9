//! One campaign in one process: what was run, what it reached, what comes next.
//!
//! Knows no engine: bytes come in, and go out. libFuzzer and our own loop both sit on top.

mod cache;

use cache::Cache;
use crate::assert::catalogue;
use crate::choice::{ROW_BYTES, Tape};
use crate::goal::{self, Hit};
use crate::mutate::{Entry, Mutator};
use crate::run::{Finding, Outcome, Recording, Simulation};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::rc::Rc;

/// One run in so many is made again, after another one: the same tape must give the same digest.
const CANARY_EVERY: u64 = 1_000;

/// The state of a campaign.
#[derive(Debug)]
pub(crate) struct Campaign<S> {
    simulation: S,
    mutator: Mutator,
    cache: Cache,
    hits: Vec<Hit>,
    executions: u64,
    modules: BTreeSet<&'static str>,
    goals: BTreeSet<u16>,
    /// Is a crash being minimised? Then only what it has may be taken away.
    minimizing: bool,
}

/// What one execution came to.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) finding: Option<Finding>,
    /// Features that no execution of this campaign had shown.
    pub(crate) new: usize,
    /// What to tell people, a line each.
    pub(crate) news: Vec<String>,
}

impl<S: Borrow<Simulation>> Campaign<S> {
    pub(crate) fn new(simulation: S, seed: u64, minimizing: bool) -> Self {
        Self {
            simulation,
            mutator: Mutator::new(seed),
            cache: Cache::default(),
            hits: Vec::new(),
            executions: 0,
            modules: BTreeSet::new(),
            goals: BTreeSet::new(),
            minimizing,
        }
    }

    /// The simulation under test.
    #[cfg(all(fuzzing, feature = "fuzz"))]
    pub(crate) fn simulation(&self) -> &Simulation {
        self.simulation.borrow()
    }

    /// Runs the tape in `bytes`, learns from it, and keeps its features for
    /// [`hits`](Campaign::hits).
    pub(crate) fn execute(&mut self, bytes: &[u8]) -> Executed {
        self.executions += 1;
        let tape = Tape::decode(bytes);
        let mut outcome = self.simulation.borrow().run_with(&tape, Recording::Choices);
        goal::features(outcome.record(), outcome.guides(), &mut self.hits);
        if let Some(trace) = outcome.take_trace() {
            self.cache.ran(&tape, trace);
        }
        let (new, news) = self.learn(&tape, &outcome);
        let mut finding = outcome.finding().cloned();
        if self.executions.is_multiple_of(CANARY_EVERY) && finding.is_none() {
            finding = self.canary(&tape, &outcome);
        }
        crate::assert::recycle(outcome.into_record());
        Executed { finding, new, news }
    }

    /// The features of the last execution.
    #[cfg(all(fuzzing, feature = "fuzz"))]
    pub(crate) fn hits(&self) -> &[Hit] {
        &self.hits
    }

    fn learn(&mut self, tape: &Tape, outcome: &Outcome) -> (usize, Vec<String>) {
        let (cache, mutator) = (&mut self.cache, &mut self.mutator);
        let cache = std::cell::RefCell::new(cache);
        let new = mutator.learn(&self.hits, || {
            cache.borrow_mut().get(tape).unwrap_or_else(|| Rc::new(Entry::new(tape, crate::choice::Trace::default())))
        });
        let count = new.len();
        let named: Vec<_> = new.into_iter().filter(|&slot| goal::goal_name(slot).is_some()).collect();
        if named.is_empty() {
            return (count, Vec::new());
        }
        for &id in outcome.record().evaluated() {
            self.modules.extend(catalogue().entry(id).places.iter().map(|place| place.module));
        }
        self.goals.extend(&named);
        let modules = &self.modules;
        let all = catalogue()
            .iter()
            .filter(|entry| entry.kind.is_goal() && entry.places.iter().any(|place| modules.contains(place.module)))
            .count();
        let (executions, reached) = (self.executions, self.goals.len());
        let line = |name| format!("goal \"{name}\" reached first at execution {executions} ({reached} of {all} goals)");
        (count, named.into_iter().filter_map(goal::goal_name).map(line).collect())
    }

    fn canary(&self, tape: &Tape, outcome: &Outcome) -> Option<Finding> {
        let reason = crate::run::canary(self.simulation.borrow(), tape, outcome.digest())?;
        Some(Finding {
            identity: "nondeterminism: digest".to_owned(),
            reason,
            host: String::new(),
            at: outcome.virtual_time(),
        })
    }

    /// Another input from `bytes`, of at most `most` bytes (1 or more).
    pub(crate) fn mutate(&mut self, bytes: &[u8], other: Option<&[u8]>, seed: u32, most: usize) -> Vec<u8> {
        self.mutator.dice.stir(u64::from(seed));
        let offered = Tape::decode(bytes);
        let mut tape = if self.minimizing {
            self.lessen(&offered)
        } else {
            let other = other.map(Tape::decode);
            let (cache, simulation) = (&mut self.cache, self.simulation.borrow());
            self.mutator.mutate(&offered, other.as_ref(), |tape| trace(cache, simulation, tape))
        };
        let rows = (most / ROW_BYTES).saturating_sub(1);
        if tape.rows().len() > rows {
            self.mutator.shorten(&mut tape, rows);
        }
        let mut bytes = tape.encode();
        bytes.truncate(most.max(1));
        bytes
    }

    /// Something smaller than `tape`: a byte-level minimiser has no other use for us.
    fn lessen(&mut self, tape: &Tape) -> Tape {
        let mut less = tape.clone();
        let drop = 1 + self.mutator.dice.below(8);
        for _ in 0..drop.min(tape.rows().len() as u64) {
            self.mutator.shorten(&mut less, tape.rows().len() - 1);
            if self.mutator.dice.percent(50) {
                break;
            }
            let left = less.rows().len().saturating_sub(1);
            self.mutator.shorten(&mut less, left);
        }
        less
    }
}

/// The entry of `tape`: known, or run for it with findings muted.
fn trace(cache: &mut Cache, simulation: &Simulation, tape: &Tape) -> Rc<Entry> {
    if let Some(entry) = cache.get(tape) {
        return entry;
    }
    let mut outcome = simulation.run_with(tape, Recording::Choices);
    let trace = outcome.take_trace().unwrap_or_default();
    cache.put(tape.encode(), Entry::new(tape, trace))
}
