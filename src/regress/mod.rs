//! Regressions: tapes kept as text, and what became of them.
//!
//! A saved tape is shrunk and stands on a calm base, so that it survives most changes of the
//! program. It says what it must show: a finding, and the goals that led there (its *witness*).
//! A tape that neither finds nor reaches its witness tests nothing any more, and fails. Owns
//! saving, binding to a changed program, and the verdict; writing rows is `choice`'s business.

mod alias;
mod bind;
mod build;
mod file;
mod folder;

pub use bind::{Bound, bind};
pub use file::{Saved, write_whole};
pub use folder::assert_all;
#[cfg(feature = "regressions")]
#[doc(hidden)]
pub use folder::each;

use crate::assert::catalogue;
use crate::choice::{Op, Tape, TextTape, Trace, escaped};
use crate::minimize::{Minimized, Minimizer};
use crate::run::{Finding, Outcome, Recording, Simulation, Status};
use build::Profile;
use std::fmt;

/// What looks for a finding that its tape has lost.
const REPAIR: &str = "`cargo simfuzz regress TARGET --repair FILE`";

/// What a regression is expected to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The finding is gone for good: showing it fails.
    Fixed,
    /// The finding is known and open: *not* showing it fails, so that a fix is noticed.
    Open,
}

/// What became of a regression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It shows its finding.
    Reproduced,
    /// It doesn't, and reaches the goals that led there: every row was used.
    Fixed,
    /// The same, but the program has changed around it: so many of its rows are of no use now,
    /// or were bound to other places in the source.
    Drifted {
        /// Rows that no choice used.
        unused: usize,
        /// Places in the source that have moved.
        moved: usize,
    },
    /// It doesn't, and misses this goal on the way, or all that it lists: it tests nothing any more.
    Stale {
        /// The first goal that is missing, or `any choice that it lists`.
        missing: String,
    },
    /// It doesn't, and this build of the program doesn't check all that the one it was kept in did: an
    /// overflow, say, would pass unseen.
    NotComparable {
        /// What it lacks: `overflow checks`, for instance.
        lacks: String,
    },
    /// It shows another finding.
    Other {
        /// The identity of that one.
        identity: String,
    },
    /// Its run was truncated.
    Truncated,
}

/// A regression that was replayed.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What became of it.
    pub verdict: Verdict,
    /// What it was expected to show.
    pub expect: Expectation,
    /// The identity of its finding; `None` when it is kept for its goals alone.
    pub finding: Option<String>,
}

impl Checked {
    /// Is the verdict the one that lets a test pass?
    pub fn is_expected(&self) -> bool {
        match (&self.verdict, self.expect) {
            (Verdict::Reproduced, expect) => expect == Expectation::Open,
            (Verdict::Fixed | Verdict::Drifted { .. }, expect) => {
                expect == Expectation::Fixed || self.finding.is_none()
            }
            _ => false,
        }
    }

    /// The verdict as a line, with the way out where one is needed.
    pub fn line(&self) -> String {
        let finding = self.finding.as_deref().unwrap_or("(kept for its goals)");
        let what = match (&self.verdict, self.is_expected()) {
            (Verdict::Reproduced, true) => format!("reproduced (known and open): {finding}"),
            (Verdict::Reproduced, false) => format!("REPRODUCED: {finding}"),
            (Verdict::Fixed, false) => {
                format!("NO LONGER REPRODUCED: {finding}; if it is fixed, change `expect: open` to `expect: fixed`")
            }
            (Verdict::Drifted { unused, moved }, false) => {
                format!(
                    "NO LONGER REPRODUCED: {finding} ({}); if it is fixed, change `expect: open` to `expect: fixed`; if not, {REPAIR} searches for it",
                    drifted(*unused, *moved)
                )
            }
            (Verdict::Fixed, true) => format!("fixed: {finding}"),
            (Verdict::Drifted { unused, moved }, true) => {
                let drifted = drifted(*unused, *moved);
                match self.finding {
                    Some(_) => format!("fixed: {finding} ({drifted}; in doubt, {REPAIR} searches for it)"),
                    None => format!("fixed: {finding} ({drifted})"),
                }
            }
            (Verdict::Stale { missing }, _) => {
                format!(
                    "STALE: {finding}; it no longer reaches \"{missing}\", so it tests nothing: {REPAIR} searches for it, or delete it"
                )
            }
            (Verdict::NotComparable { lacks }, _) => {
                format!(
                    "NOT COMPARABLE: {finding}; it was kept in a build with {lacks}, which this one lacks, so that it may be there unseen: test with a profile that has them (dev has, as fuzz/Cargo.toml does), or promote it anew"
                )
            }
            (Verdict::Other { identity }, _) => format!("ANOTHER FINDING: {identity}, instead of {finding}"),
            (Verdict::Truncated, _) => format!("TRUNCATED: {finding}; raise the simulation's event budget"),
        };
        format!("{:5} {}", if self.is_expected() { "ok" } else { "FAIL" }, escaped(&what))
    }
}

/// A tape made into a regression.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// The text, complete.
    pub text: TextTape,
    /// What the shrunk run chose.
    pub trace: Trace,
    /// What it shows.
    pub finding: Option<Finding>,
}

/// Makes `tape` a regression: its run as exceptions on a calm base, [minimised](Minimizer) as long as
/// it shows the same finding. A tape without one is kept as it is.
pub fn promote(simulation: &Simulation, tape: &Tape, target: &str, expect: Expectation) -> Promoted {
    promote_by(Minimizer::new(simulation), simulation, tape, target, expect)
}

/// As [`promote`], with a budget and with somebody who follows it.
pub(crate) fn promote_by(
    minimizer: Minimizer<'_>,
    simulation: &Simulation,
    tape: &Tape,
    target: &str,
    expect: Expectation,
) -> Promoted {
    let (least, outcome) = match minimizer.minimize(tape) {
        Ok(Minimized { tape, outcome, .. }) => (tape, outcome),
        Err(_) => onto_calm(simulation, tape),
    };
    let identity = outcome.finding().map(|finding| finding.identity.clone());
    let mut text = outcome.text(&least).unwrap_or_default();
    text.note("target", target);
    if let Some(identity) = &identity {
        text.note("finding", identity);
    }
    text.note("build", &Profile::current().to_string());
    text.note("expect", if expect == Expectation::Open { "open" } else { "fixed" });
    for goal in witness(&outcome) {
        text.note("witness", goal);
    }
    for site in bind::sites(simulation, &least) {
        text.note("site", &site);
    }
    Promoted { text, trace: outcome.trace().cloned().unwrap_or_default(), finding: outcome.finding().cloned() }
}

/// A tape that shows no finding, or none that repeats, on a calm base.
fn onto_calm(simulation: &Simulation, tape: &Tape) -> (Tape, Outcome) {
    let original = simulation.run_with(tape, Recording::Story);
    let Some(trace) = original.trace() else { return (tape.clone(), original) };
    let calm = trace.materialise(tape);
    let outcome = simulation.run_with(&calm, Recording::Story);
    match witness(&outcome) == witness(&original) {
        true => (calm, outcome),
        false => (trace.canonical(tape), original),
    }
}

/// The goals that a run reached, in order.
pub(crate) fn witness(outcome: &Outcome) -> Vec<&'static str> {
    let mut goals = Vec::new();
    for reach in &outcome.record().reached {
        let entry = catalogue().entry(reach.id);
        if entry.kind.is_goal() && entry.is_end(reach.level) && !goals.contains(&entry.name) {
            goals.push(entry.name);
        }
    }
    goals
}

/// Why a file is no regression of this target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegressionError {
    /// It is one of another target.
    Target {
        /// The one it belongs to.
        found: String,
        /// The one it was replayed with.
        wanted: String,
    },
    /// A note is missing or says nothing we know.
    Note {
        /// Its key.
        key: &'static str,
    },
}

impl fmt::Display for RegressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target { found, wanted } => {
                write!(
                    f,
                    "is a regression of the target `{found}`, not of `{wanted}`: replay it with `{found}`",
                    found = escaped(found)
                )
            }
            Self::Note { key } => write!(
                f,
                "has no line `{key}: ...` that this build knows: make a regression with `cargo simfuzz promote`, or replay the tape with `cargo simfuzz replay`"
            ),
        }
    }
}

impl std::error::Error for RegressionError {}

/// How far a tape and the program have come apart.
fn drifted(unused: usize, moved: usize) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    format!("drifted: {} of no use now, {} moved", count(unused, "row"), count(moved, "place"))
}

/// Replays a regression of `target`.
///
/// # Errors
///
/// When `text` is no regression, or one of another target.
pub fn check(simulation: &Simulation, target: &str, text: &TextTape) -> Result<Checked, RegressionError> {
    let found = text.noted("target").next().ok_or(RegressionError::Note { key: "target" })?;
    if found != target {
        return Err(RegressionError::Target { found: found.to_owned(), wanted: target.to_owned() });
    }
    let expect = match text.noted("expect").next() {
        Some("fixed") => Expectation::Fixed,
        Some("open") => Expectation::Open,
        _ => return Err(RegressionError::Note { key: "expect" }),
    };
    let finding = text.noted("finding").next().map(str::to_owned);
    // those that were kept before builds were noted are taken for comparable
    let kept_in = match text.noted("build").next() {
        Some(note) => Profile::parse(note).ok_or(RegressionError::Note { key: "build" })?,
        None => Profile::default(),
    };
    let bound = bind(simulation, text);
    let outcome = simulation.run_with(&bound.tape, Recording::Choices);
    let lacks = finding.as_ref().and_then(|_| Profile::current().lacks(&kept_in));
    let verdict = judge(&outcome, &bound, finding.as_deref(), lacks, text);
    Ok(Checked { verdict, expect, finding })
}

fn judge(outcome: &Outcome, bound: &Bound, finding: Option<&str>, lacks: Option<String>, text: &TextTape) -> Verdict {
    match outcome.finding() {
        Some(found) if Some(found.identity.as_str()) == finding => return Verdict::Reproduced,
        Some(found) => return Verdict::Other { identity: found.identity.clone() },
        None if outcome.status() == Status::Truncated => return Verdict::Truncated,
        None => {}
    }
    if let Some(lacks) = lacks {
        return Verdict::NotComparable { lacks };
    }
    let reached = witness(outcome);
    if let Some(missing) = text.noted("witness").find(|goal| !reached.contains(goal)) {
        return Verdict::Stale { missing: missing.to_owned() };
    }
    let sets = bound.tape.rows().iter().filter(|row| row.op == Op::Set);
    let all = sets.clone().count();
    let unused = sets.filter(|row| outcome.trace().is_some_and(|trace| trace.choice_of(row).is_none())).count();
    if all > 0 && unused == all {
        // a calm run, which a tape whose finding came before all goals would take for a fix
        return Verdict::Stale { missing: "any choice that it lists".to_owned() };
    }
    match (unused, bound.moved) {
        (0, 0) => Verdict::Fixed,
        (unused, moved) => Verdict::Drifted { unused, moved },
    }
}
