//! Explaining a finding: what its choices are worth, when it became inevitable, and a run beside it
//! that passes.
//!
//! Owns the questions, and the answers as plain data. It makes no tape simpler (`minimize` does, and
//! only a minimal tape is worth explaining), and prints nothing.

mod likelihood;
mod twin;
mod values;

use crate::assert;
use crate::choice::Tape;
use crate::minimize::MinimizeError;
use crate::run::{Outcome, Recording, Simulation, Status};
use serde::Serialize;

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
}

impl Likelihood {
    /// The share of the runs that show it.
    pub fn share(&self) -> f64 {
        f64::from(self.found) / f64::from(self.runs.max(1))
    }
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

/// Explains what `tape` shows, with `seeds` runs for each moment; `told` hears how many runs there were
/// so far.
///
/// # Errors
///
/// When it shows nothing.
pub fn explain(
    simulation: &Simulation,
    tape: &Tape,
    seeds: u32,
    told: &mut dyn FnMut(u64),
) -> Result<Explanation, MinimizeError> {
    let outcome = simulation.run_with(tape, Recording::Story);
    let Some(finding) = outcome.finding().cloned() else { return Err(MinimizeError::NoFinding) };
    let mut asked = Asked { simulation, identity: finding.identity.clone(), runs: 1, told };
    let (choices, others) = values::of(&mut asked, tape, &outcome);
    let (likelihood, step) = likelihood::over_time(&mut asked, tape, &outcome, seeds);
    let twin = twin::nearest(simulation, tape, &outcome, &choices, &others);
    let at = finding.at.as_nanos() as u64;
    Ok(Explanation { finding: finding.identity, at, choices, likelihood, step, twin, runs: asked.runs })
}

/// Somebody who runs tapes and counts.
struct Asked<'a> {
    simulation: &'a Simulation,
    identity: String,
    runs: u64,
    told: &'a mut dyn FnMut(u64),
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Shows,
    Passes,
    /// Another finding, or a truncated run.
    Neither,
}

impl Asked<'_> {
    fn run(&mut self, tape: &Tape) -> Answer {
        (self.told)(self.runs);
        self.runs += 1;
        let outcome = self.simulation.run_with(tape, Recording::Result);
        let answer = match (outcome.finding(), outcome.status()) {
            (Some(finding), _) if finding.identity == self.identity => Answer::Shows,
            (None, Status::Passed) => Answer::Passes,
            _ => Answer::Neither,
        };
        assert::recycle(outcome.into_record());
        answer
    }
}

/// The lines of a story that are worth reading.
fn lines(outcome: &Outcome) -> impl Iterator<Item = (u64, Line)> + '_ {
    outcome.story().iter().filter(|line| line.main).map(|line| {
        let told = Line { at: line.at, host: line.host.clone(), text: line.text.clone() };
        (line.choices, told)
    })
}
