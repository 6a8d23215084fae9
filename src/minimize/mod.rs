//! Minimising: from the tape of a finding to the simplest one that shows the same finding.
//!
//! Owns what "the same" is (the finding's identity), the way onto the calm base, and who runs the
//! candidates. Which candidates there are is `shrink`'s business; files and clocks are the caller's.

mod team;

use crate::assert;
use crate::choice::{Names, Tape, Trace};
use crate::run::{Finding, Outcome, Recording, Simulation};
use crate::shrink::{Judge, Plain, Shrinker, exceptions};
use std::collections::BTreeMap;
use std::fmt;

/// A candidate is cut off after so many times the events of the original run, and then so many more.
///
/// A run that misses the finding goes on to its own end, which may be far; none of the crashes of
/// the repository's bugs got longer as it got simpler.
const EVENTS: (u64, u64) = (4, 10_000);

/// How far a minimisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Candidates that were run.
    pub runs: u32,
    /// Choices that aren't calm, in the simplest tape so far.
    pub choices: usize,
}

/// Finds the simplest tape with the same finding: the fewest choices that aren't calm, then the
/// earliest and the smallest.
///
/// What the tape's run chose is written down as exceptions on a calm base; then they are dropped
/// (whole families, whole operations, single ones), lowered, moved to the front and changed in pairs,
/// for as long as the run ends with a finding of the same identity. Nothing of the simulation is
/// known to it but its choices. The passes are those of Hypothesis and minithesis, on choices that
/// have addresses.
///
/// The result is a function of the tape and the number of [`runs`](Minimizer::runs), also with
/// several [`jobs`](Minimizer::jobs), as long as [`progress`](Minimizer::progress)
/// never says no.
///
/// ```
/// use simfuzz::prelude::*;
///
/// struct Sum;
///
/// #[async_trait(?Send)]
/// impl Workload for Sum {
///     fn name(&self) -> &str {
///         "sum"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let total: u32 = (0..10).map(|_| ctx.random().label("part").random_range(0..2_000)).sum();
///         assert_always!(total <= 1_000, "the sum is small");
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Sum)).build();
/// let minimized = simfuzz::Minimizer::new(&simulation).minimize(&Tape::seeded(1)).unwrap();
/// // 1,001 as the first part, and nothing else
/// assert_eq!((minimized.choices, minimized.tape.rows()[0].value), (1, 1_001));
/// ```
pub struct Minimizer<'a> {
    simulation: &'a Simulation,
    runs: u32,
    jobs: usize,
    progress: Box<dyn FnMut(Progress) -> bool + 'a>,
}

impl fmt::Debug for Minimizer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minimizer").field("runs", &self.runs).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// The simplest tape that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Minimized {
    /// The tape.
    pub tape: Tape,
    /// Choices of it that aren't calm.
    pub choices: usize,
    /// Choices of the original's run that were not calm.
    pub original: usize,
    /// Candidates that were run.
    pub runs: u32,
    /// Did the passes drop nothing any more? Otherwise the budget was spent, and more of it may help.
    pub settled: bool,
    /// Its run, with the story.
    pub outcome: Outcome,
}

impl Minimized {
    /// What it shows: the same identity as the original.
    ///
    /// # Panics
    ///
    /// Never: what shows nothing is no `Minimized`.
    pub fn finding(&self) -> &Finding {
        self.outcome.finding().expect("its run has a finding, or it would be an error")
    }
}

/// Why there is nothing to minimise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MinimizeError {
    /// The tape's run has no finding.
    NoFinding,
    /// The same tape shows the finding in one run and not in another.
    NotRepeatable {
        /// The identity of the finding that came once.
        identity: String,
    },
}

impl fmt::Display for MinimizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFinding => write!(
                f,
                "the tape shows no finding, so there is nothing to keep to: look at its run with `cargo simfuzz replay`"
            ),
            Self::NotRepeatable { identity } => write!(
                f,
                "the tape shows `{identity}` in one run and not in the next: the run is no function of its tape; \
                 look for hash maps, threads, real time and `tokio::select!` in the code, or try `.isolate()`"
            ),
        }
    }
}

impl std::error::Error for MinimizeError {}

impl Minimizer<'_> {
    /// Candidates that are run, unless somebody says otherwise.
    ///
    /// Most tapes of the bugs in simfuzz's repository come to their end within 5,000 (the table in
    /// `docs/minimise.md`); the long ones, of a thousand choices and more, take up to 15,000, and where they are
    /// long to read then, each other way down takes some thousand more.
    pub const RUNS: u32 = 60_000;

    /// Seconds that it may take from the command line, unless somebody says otherwise.
    pub const SECONDS: u64 = 60;
}

impl<'a> Minimizer<'a> {
    /// One for tapes of `simulation`: [`RUNS`](Self::RUNS), on this thread.
    pub fn new(simulation: &'a Simulation) -> Self {
        Self { simulation, runs: Self::RUNS, jobs: 1, progress: Box::new(|_| true) }
    }

    /// Runs at most so many candidates.
    #[must_use]
    pub fn runs(mut self, runs: u32) -> Self {
        self.runs = runs;
        self
    }

    /// Runs so many candidates at a time, each on a thread; the result is the same.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Calls `progress` before each run; where it says no, the simplest so far is the result.
    #[must_use]
    pub fn progress(mut self, progress: impl FnMut(Progress) -> bool + 'a) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Finds the simplest tape that shows what `tape` shows.
    ///
    /// # Errors
    ///
    /// When it shows nothing, or not always the same.
    pub fn minimize(mut self, tape: &Tape) -> Result<Minimized, MinimizeError> {
        let simulation = self.simulation;
        let first = simulation.run_with(tape, Recording::Story);
        let Some(identity) = first.finding().map(|finding| finding.identity.clone()) else {
            return Err(MinimizeError::NoFinding);
        };
        let events = first.events().saturating_mul(EVENTS.0).saturating_add(EVENTS.1);
        let shows = |tape: &Tape| shows(simulation, tape, &identity, events);
        let (start, trace) =
            onto_calm(tape, &first, &shows).ok_or(MinimizeError::NotRepeatable { identity: identity.clone() })?;
        let original = first.trace().map_or(0, Trace::wild);
        let names = first.names().zip(first.trace()).map(|(names, trace)| called(names, trace)).unwrap_or_default();
        let mut go_on = |so_far: crate::shrink::Progress| {
            (self.progress)(Progress { runs: so_far.runs, choices: so_far.exceptions })
        };
        let mut shrink =
            |judge: &mut dyn Judge| Shrinker::new(&start, &trace, names.clone(), self.runs, judge, &mut go_on).shrink();
        let shrunk = match self.jobs {
            1 => shrink(&mut Plain(&shows)),
            jobs => team::with(jobs, &shows, |team| shrink(team)),
        };
        let outcome = simulation.run_with(&shrunk.tape, Recording::Story);
        if outcome.finding().is_none_or(|finding| finding.identity != identity) {
            return Err(MinimizeError::NotRepeatable { identity });
        }
        let (runs, settled) = (shrunk.runs, shrunk.settled);
        Ok(Minimized { choices: exceptions(&shrunk.tape), tape: shrunk.tape, original, runs, settled, outcome })
    }
}

/// The choices of the tape's run, if it ends with this finding.
fn shows(simulation: &Simulation, tape: &Tape, identity: &str, events: u64) -> Option<Trace> {
    let finds = |recording| {
        let mut outcome = simulation.run_within(tape, recording, events);
        let found = outcome.finding().is_some_and(|finding| finding.identity == identity);
        let trace = outcome.take_trace();
        assert::recycle(outcome.into_record());
        found.then_some(trace)
    };
    // most candidates show nothing, and to keep their choices would cost more than to run those that
    // do once more
    finds(Recording::Result)?;
    finds(Recording::Choices)?
}

/// The tape's run as exceptions on a calm base, with its choices; or what the tape itself says, where
/// that shows something else: choices beyond what a trace keeps, or an ordinal can count.
fn onto_calm(tape: &Tape, outcome: &Outcome, shows: &dyn Fn(&Tape) -> Option<Trace>) -> Option<(Tape, Trace)> {
    let trace = outcome.trace()?;
    [trace.materialise(tape), trace.canonical(tape)].into_iter().find_map(|start| {
        let trace = shows(&start)?;
        Some((start, trace))
    })
}

/// The names of the labels in use, by their 32 bits.
fn called(names: &Names, trace: &Trace) -> BTreeMap<u32, String> {
    trace.labels().filter_map(|label| Some((label.id(), names.get(label)?.to_owned()))).collect()
}
