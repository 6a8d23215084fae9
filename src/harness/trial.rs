//! `trial`: a search in this process until its first finding or the end of its processor time.
//!
//! Owns the plain opponents of the benchmark, random seeds with and without swarm, and the measured
//! call of our own loop. Nothing is recorded and no feature is computed for the plain ones.

use crate::assert;
use crate::choice::{Label, Tape};
use crate::explore;
use crate::fuzz::trial::{cpu_seconds, line};
use crate::run::{Recording, Simulation};
use clap::ValueEnum;

/// How a trial searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Seeds without swarm.
    Random,
    /// Seeds, each with swarm.
    Swarm,
    /// Our own loop with its guidance.
    Explore,
}

/// Runs the trial; the line of JSON that tells of it.
pub(super) fn trial(simulation: &Simulation, mode: Mode, seed: u64, cap: f64) -> String {
    let mut executions = 0;
    let found = match mode {
        Mode::Random => seeds(simulation, plain, seed, cap, &mut executions),
        Mode::Swarm => seeds(simulation, Tape::swarm, seed, cap, &mut executions),
        Mode::Explore => {
            let explored = explore::explore_while(simulation, seed, |_| cpu_seconds() < cap, |_| ());
            executions = explored.executions;
            explored.finding.map(|(finding, _)| finding.identity)
        }
    };
    line(found.as_deref(), executions)
}

/// The run that a seed deals without swarm; by itself every second one draws it.
fn plain(seed: u64) -> Tape {
    let mut tape = Tape::seeded(seed);
    tape.set(Label::parse("swarm/on"), 0, 0);
    tape
}

/// Two trials share no seed: each has 2^32 of its own.
fn seeds(
    simulation: &Simulation,
    tape: impl Fn(u64) -> Tape,
    seed: u64,
    cap: f64,
    executions: &mut u64,
) -> Option<String> {
    while cpu_seconds() < cap {
        let outcome = simulation.run_with(&tape((seed << 32).wrapping_add(*executions)), Recording::Result);
        *executions += 1;
        if let Some(finding) = outcome.finding() {
            return Some(finding.identity.clone());
        }
        assert::recycle(outcome.into_record());
    }
    None
}
