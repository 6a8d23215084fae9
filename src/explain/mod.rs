//! Explaining a finding: what its choices are worth, when it became inevitable, and a run beside it
//! that passes.
//!
//! Owns the questions, and the answers as plain data. It makes no tape simpler (`minimize` does, and
//! only a minimal tape is worth explaining), and prints nothing.

mod asked;
mod likelihood;
mod twin;
mod values;

use crate::choice::Tape;
use crate::minimize::MinimizeError;
use crate::run::{Outcome, Recording, Simulation};
use asked::{Answer, Asked};
use serde::Serialize;
use std::fmt;

/// Why a tape shows what it shows.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The identity of the finding.
    pub finding: String,
    /// When it came, in virtual nanoseconds.
    pub at: u64,
    /// The choices that the tape makes, in the order of the run.
    pub choices: Vec<ExplainedChoice>,
    /// How likely the finding is if the run is kept up to a moment and other weather is dealt from
    /// there on; by time.
    pub likelihood: Vec<Likelihood>,
    /// The step at which it became likely, unless it was never anything else.
    pub step: Option<Step>,
    /// A run that passes, by the smallest change of one choice; `None` if no change tried gives one.
    pub twin: Option<Twin>,
    /// Runs that were made to find all this out.
    pub runs: u64,
}

/// A choice of the tape, and what its other values do.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExplainedChoice {
    /// Its label; `~` and its 32 bits where nothing is known of its name.
    pub label: String,
    /// Its number under the label; within a scope, `scope.number`.
    pub ordinal: String,
    /// Its value; 0 is the calmest.
    pub value: u64,
    /// The highest that it could have had.
    pub max: u64,
    /// When it was made, in virtual nanoseconds.
    pub at: u64,
    /// What other values do.
    pub meaning: Meaning,
    /// Other values that were tried and show the finding too.
    pub shows: Vec<u64>,
    /// Those that were tried and don't.
    pub misses: Vec<u64>,
}

/// What it means that a choice has its value: Hypothesis's "explain" phase says the same of
/// arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Meaning {
    /// No other value that was tried shows the finding.
    Essential,
    /// Every value that was tried does, except for the calmest, 0.
    AnyValue,
    /// Some do.
    Some,
}

/// How likely the finding is from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Likelihood {
    /// The moment, in virtual nanoseconds.
    pub at: u64,
    /// Choices of the run that are kept: those before the moment.
    pub kept: usize,
    /// Runs with other weather from there on.
    pub runs: u32,
    /// Those of them that show the finding.
    pub found: u32,
    /// The lower end of the share's 95 % interval, of 0 to 1: Wilson's score interval (Wilson, *Probable
    /// inference, the law of succession, and statistical inference*, 1927).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Likelihood {
    fn new(at: u64, kept: usize, runs: u32, found: u32) -> Self {
        let (low, high) = wilson(f64::from(found), f64::from(runs.max(1)));
        Self { at, kept, runs, found, low, high }
    }

    /// The share of the runs that show it.
    pub fn share(&self) -> f64 {
        f64::from(self.found) / f64::from(self.runs.max(1))
    }
}

/// The 95 % score interval of a share, `found` of `runs`.
fn wilson(found: f64, runs: f64) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let share = found / runs;
    let weight = 1.0 + Z * Z / runs;
    let middle = share + Z * Z / (2.0 * runs);
    let half = Z * (share * (1.0 - share) / runs + Z * Z / (4.0 * runs * runs)).sqrt();
    // none of them, or all of them: the end is exact
    let low = if found > 0.0 { (middle - half) / weight } else { 0.0 };
    let high = if found < runs { (middle + half) / weight } else { 1.0 };
    (low, high)
}

/// The largest rise of the likelihood between two moments, as narrow as it could be made.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// Before it.
    pub before: Likelihood,
    /// After it.
    pub after: Likelihood,
    /// What happened between: lines of the story.
    pub events: Vec<Line>,
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// When, in virtual nanoseconds.
    pub at: u64,
    /// The host; empty for the simulation itself.
    pub host: String,
    /// What happened.
    pub text: String,
}

/// A run that passes, and is as near as could be found.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Twin {
    /// The label of the choice that differs.
    pub label: String,
    /// Its ordinal.
    pub ordinal: String,
    /// The value with the finding.
    pub from: u64,
    /// The value with which the run passes.
    pub to: u64,
    /// The first line of the story that the twin doesn't have.
    pub here: Option<Line>,
    /// What the twin has in its place.
    pub there: Option<Line>,
}

/// Explains findings: says how hard to look, and on how many threads.
///
/// ```
/// use simfuzz::explain::{Explainer, Meaning};
/// use simfuzz::prelude::*;
/// # struct Sum;
/// # #[async_trait(?Send)]
/// # impl Workload for Sum {
/// #     fn name(&self) -> &str { "sum" }
/// #     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
/// // two draws of 0..=9, of which one must be 7
/// let (one, _) = (ctx.random().random_range(0..=9_u32), ctx.random().random_range(0..=9_u32));
/// assert_always!(one != 7, "no seven");
/// #         Ok(())
/// #     }
/// # }
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Sum)).build();
/// let start = (0..).map(Tape::seeded).find(|tape| simulation.run(tape).finding().is_some()).unwrap();
/// let minimized = simfuzz::Minimizer::new(&simulation).minimize(&start).unwrap();
/// let explanation = Explainer::new(&simulation).explain(&minimized.tape).unwrap();
/// assert_eq!(explanation.choices.len(), 1);
/// assert_eq!(explanation.choices[0].meaning, Meaning::Essential);
/// ```
pub struct Explainer<'a> {
    simulation: &'a Simulation,
    seeds: u32,
    jobs: usize,
    progress: Box<dyn FnMut(u64) + 'a>,
}

impl fmt::Debug for Explainer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").field("seeds", &self.seeds).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

impl<'a> Explainer<'a> {
    /// Runs for each moment of the likelihood, unless somebody says otherwise.
    pub const SEEDS: u32 = 100;

    /// One for tapes of `simulation`: [`SEEDS`](Self::SEEDS) runs for each moment, on this thread.
    pub fn new(simulation: &'a Simulation) -> Self {
        Self { simulation, seeds: Self::SEEDS, jobs: 1, progress: Box::new(|_| ()) }
    }

    /// Makes so many runs for each moment of the likelihood; fewer than 1 are 1.
    #[must_use]
    pub fn seeds(mut self, seeds: u32) -> Self {
        self.seeds = seeds.max(1);
        self
    }

    /// Makes so many runs at a time, each on a thread; the result is the same.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Calls `progress` now and then with how many runs there were so far.
    #[must_use]
    pub fn progress(mut self, progress: impl FnMut(u64) + 'a) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Explains what `tape` shows.
    ///
    /// # Errors
    ///
    /// When it shows nothing.
    pub fn explain(self, tape: &Tape) -> Result<Explanation, MinimizeError> {
        let Self { simulation, seeds, jobs, progress } = self;
        let outcome = simulation.run_with(tape, Recording::Story);
        let Some(finding) = outcome.finding().cloned() else { return Err(MinimizeError::NoFinding) };
        let mut asked = Asked::new(simulation, finding.identity.clone(), jobs, progress);
        let (choices, others) = values::of(&mut asked, tape, &outcome);
        let (likelihood, step) = likelihood::over_time(&mut asked, tape, &outcome, seeds);
        let twin = twin::nearest(simulation, tape, &outcome, &choices, &others);
        let at = finding.at.as_nanos() as u64;
        // the two whose stories are told
        let runs = asked.runs() + 1 + u64::from(twin.is_some());
        Ok(Explanation { finding: finding.identity, at, choices, likelihood, step, twin, runs })
    }
}

/// The lines of a story that are worth reading.
fn lines(outcome: &Outcome) -> impl Iterator<Item = (u64, Line)> + '_ {
    outcome.story().iter().filter(|line| line.main).map(|line| {
        let told = Line { at: line.at, host: line.host.clone(), text: line.text.clone() };
        (line.choices, told)
    })
}

#[cfg(test)]
mod tests {
    use super::wilson;

    /// Of Newcombe, *Two-sided confidence intervals for the single proportion* (1998), table I, method 3.
    #[test]
    fn the_interval_is_that_of_the_literature() {
        let near = |(low, high): (f64, f64), (l, h): (f64, f64)| {
            assert!((low - l).abs() < 5e-5 && (high - h).abs() < 5e-5, "{low} {high}");
        };
        near(wilson(81.0, 263.0), (0.2553, 0.3662));
        near(wilson(15.0, 148.0), (0.0624, 0.1605));
        near(wilson(0.0, 20.0), (0.0, 0.1611));
        near(wilson(1.0, 29.0), (0.0061, 0.1718));
        assert_eq!(wilson(20.0, 20.0).1, 1.0);
    }
}
