//! One campaign in one process: what was run, what it reached, what comes next.
//!
//! Knows no engine: bytes come in, and go out. libFuzzer and our own loop both sit on top.

mod cache;
mod summary;
mod table;
mod tally;

pub use summary::{Fault, First, Found, Goal, SavedTape, Summary};

use crate::choice::{ROW_BYTES, Tape};
use crate::goal::{self, Hit};
use crate::mutate::{Entry, Mutator};
use crate::run::{Finding, Outcome, Recording, Simulation};
use cache::Cache;
use std::borrow::Borrow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;
use tally::Tally;

/// One run in so many is made again, after another one: the same tape must give the same digest.
const CANARY_EVERY: u64 = 1_000;

/// The state of a campaign.
#[derive(Debug)]
pub(crate) struct Campaign<S> {
    simulation: S,
    mutator: Mutator,
    cache: Cache,
    hits: Vec<Hit>,
    tally: Tally,
    /// Is a crash being minimised? Then only what it has may be taken away.
    minimizing: bool,
}

/// What one execution came to.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) finding: Option<Finding>,
    /// Is there no smaller tape with the same finding?
    pub(crate) smallest: bool,
    /// The tape without its unused rows, if it showed a feature that none before had.
    pub(crate) kept: Option<Vec<u8>>,
    /// What to tell people, a line each.
    pub(crate) news: Vec<String>,
}

impl<S: Borrow<Simulation>> Campaign<S> {
    pub(crate) fn new(simulation: S, seed: u64, minimizing: bool) -> Self {
        let tally = Tally::new(simulation.borrow());
        Self { simulation, mutator: Mutator::new(seed), cache: Cache::default(), hits: Vec::new(), tally, minimizing }
    }

    /// The simulation under test.
    #[cfg(all(fuzzing, feature = "fuzz"))]
    pub(crate) fn simulation(&self) -> &Simulation {
        self.simulation.borrow()
    }

    /// Runs the tape in `bytes`, learns from it, and keeps its features for
    /// [`hits`](Campaign::hits).
    pub(crate) fn execute(&mut self, bytes: &[u8]) -> Executed {
        let tape = Tape::decode(bytes);
        let mut outcome = self.simulation.borrow().run_with(&tape, Recording::Choices);
        self.hits.clear();
        let parts = self.mutator.parts;
        if parts.goals {
            let contexts = if parts.contexts { outcome.contexts() } else { &[] };
            goal::features(outcome.record(), outcome.guides(), contexts, &mut self.hits);
        }
        if let Some(trace) = outcome.take_trace() {
            self.cache.ran(&tape, trace);
        }
        let kept = self.learn(&tape);
        let news = self.count(&tape, &outcome);
        let mut finding = outcome.finding().cloned();
        if self.tally.executions() % CANARY_EVERY == 1 && finding.is_none() {
            finding = self.canary(&tape, &outcome);
        }
        let smallest = finding.as_ref().is_some_and(|finding| self.tally.find(&tape, finding));
        crate::assert::recycle(outcome.into_record());
        Executed { finding, smallest, kept, news }
    }

    /// The features of the last execution.
    #[cfg(all(fuzzing, feature = "fuzz"))]
    pub(crate) fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Learns from a run; gives the tape to be kept, if it showed something new.
    fn learn(&mut self, tape: &Tape) -> Option<Vec<u8>> {
        let (cache, mutator) = (&mut self.cache, &mut self.mutator);
        let cache = std::cell::RefCell::new(cache);
        let known = OnceCell::new();
        let entry = || -> Rc<Entry> {
            let make = || {
                let known = cache.borrow_mut().get(tape);
                known.unwrap_or_else(|| Rc::new(Entry::new(tape, crate::choice::Trace::default())))
            };
            known.get_or_init(make).clone()
        };
        let new = mutator.learn(&self.hits, tape.seed(), entry);
        (!new.is_empty()).then(|| entry().tape.encode())
    }

    /// Counts the run; gives what is to be told of it.
    fn count(&mut self, tape: &Tape, outcome: &Outcome) -> Vec<String> {
        let new = self.tally.add(tape, outcome);
        if new.is_empty() {
            return Vec::new();
        }
        let (executions, (reached, all)) = (self.tally.executions(), self.tally.reached());
        let line = |name| format!("goal \"{name}\" reached first at execution {executions} ({reached} of {all} goals)");
        new.into_iter().map(line).collect()
    }

    /// So much real time has passed since the campaign began.
    pub(crate) fn set_now(&mut self, now: Duration) {
        self.tally.set_now(now);
    }

    /// What it has come to so far.
    pub(crate) fn summary(&self) -> Summary {
        let runs = self.mutator.runs_by_source();
        let all = runs.iter().map(|(_, runs)| runs).sum::<u64>().max(1) as f64;
        let split = runs.map(|(name, runs)| (name.to_owned(), 100.0 * runs as f64 / all)).into();
        Summary { split, ..self.tally.summary() }
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

    /// The last mutation showed nothing new to an engine that keeps its own corpus.
    #[cfg(feature = "fuzz")]
    pub(crate) fn showed_nothing(&mut self) {
        self.mutator.made_nothing_new();
    }

    /// How many features the campaign has seen.
    pub(crate) fn features(&self) -> usize {
        self.mutator.archive.known()
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
        let rows = tape.rows().len();
        let most = if self.mutator.dice.percent(50) { 1 } else { rows.div_ceil(2) };
        let drop = 1 + self.mutator.dice.index(most);
        self.mutator.shorten(&mut less, rows.saturating_sub(drop));
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
    cache.put(Entry::new(tape, trace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::mix;
    use crate::error::{SimulationError, SimulationResult};
    use crate::run::{SimContext, SimulationBuilder, Workload};
    use async_trait::async_trait;
    use std::time::Duration;

    /// Steps up a ladder, one chance in 30 each; the seventh step is an error.
    struct Ladder;

    #[async_trait(?Send)]
    impl Workload for Ladder {
        fn name(&self) -> &str {
            "ladder"
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            let mut height = 0;
            for step in 0..20 {
                ctx.time().sleep(Duration::from_millis(ctx.random().random_range(1..9))).await;
                if ctx.random().scope("step", step).label("up").random_range(0..30) == 13 {
                    height += 1;
                    ctx.state().guide("height", &[height]);
                }
                if height == 7 {
                    return Err(SimulationError::InvalidState("the top".into()));
                }
            }
            Ok(())
        }
    }

    fn ladder() -> Simulation {
        SimulationBuilder::new().workload(|| Box::new(Ladder)).build()
    }

    fn bytes(case: u64) -> Vec<u8> {
        let length = mix(case) % 300;
        (0..length).map(|at| mix(case * 1_000 + at) as u8).collect()
    }

    #[test]
    fn every_byte_string_runs_and_shows_the_same_features_twice() {
        let mut campaign = Campaign::new(ladder(), 1, false);
        for case in 0..300 {
            campaign.execute(&bytes(case));
            let hits = campaign.hits.clone();
            campaign.execute(&bytes(case));
            assert_eq!(campaign.hits, hits, "case {case}");
        }
    }

    #[test]
    fn unused_rows_change_nothing() {
        let simulation = ladder();
        let mut campaign = Campaign::new(&simulation, 2, false);
        let mut tape = Tape::swarm(3);
        for round in 0..300 {
            tape = Tape::decode(&campaign.mutate(&tape.encode(), Some(&bytes(round)), round as u32, 4_096));
            let outcome = simulation.run(&tape);
            let canonical = outcome.trace().unwrap().canonical(&tape);
            assert!(canonical.rows().len() <= tape.rows().len());
            assert_eq!(simulation.run(&canonical).digest(), outcome.digest(), "round {round}");
        }
    }

    #[test]
    fn a_mutation_fits_wherever_it_must() {
        let mut campaign = Campaign::new(ladder(), 3, false);
        for round in 0..300u32 {
            campaign.execute(&bytes(u64::from(round)));
            for most in [1, 11, 12, 13, 100, 4_096] {
                let mutated = campaign.mutate(&bytes(u64::from(round)), None, round, most);
                assert!((1..=most).contains(&mutated.len()), "{} of {most}", mutated.len());
            }
        }
    }

    #[test]
    fn minimising_takes_away_only() {
        let mut campaign = Campaign::new(ladder(), 4, true);
        let mut tape = Tape::seeded(1);
        (0..30).for_each(|n| _ = tape.set(crate::choice::Label::new("x"), n, 1));
        for round in 0..100 {
            let less = Tape::decode(&campaign.mutate(&tape.encode(), None, round, 4_096));
            assert!(less.rows().len() < tape.rows().len());
            assert!(less.rows().iter().all(|row| tape.rows().contains(row)));
        }
    }

    #[test]
    fn the_same_search_twice_is_the_same_search() {
        let simulation = ladder();
        let search = || {
            let explored = crate::explore(&simulation, 5, 2_000, |_| ());
            (explored.executions, explored.features, explored.corpus)
        };
        assert_eq!(search(), search());
    }

    /// One plain seed in 280,000 reaches the top.
    #[test]
    fn the_top_is_found_by_building_on_the_steps() {
        let simulation = ladder();
        let mut executions: Vec<_> =
            (0..5).map(|seed| crate::explore(&simulation, seed, 30_000, |_| ()).executions).collect();
        executions.sort_unstable();
        assert!(executions[2] < 10_000, "{executions:?}");
    }
}
