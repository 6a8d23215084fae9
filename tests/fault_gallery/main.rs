//! The gallery: for each fault a small system with the classic bug that only this fault exposes.
//!
//! Each row is run by seeds with swarm, in this process. It must be found; it must be silent with
//! the bug fixed, while the fault still happens; and with the fault turned off the bug must hide.
//!
//! `cargo test --release --test fault_gallery -- --nocapture` prints the rows.
#![cfg(feature = "sim")]

mod actors;
mod alone;
mod calls;
mod churn;
mod clocks;
mod code;
mod datagrams;
mod disk;
mod disk_errors;
mod hosts;
mod network;
mod partitions;

use simfuzz::prelude::*;

/// A classic bug and the fault that it takes to see it.
pub(crate) struct Row {
    /// The bug, in a few words.
    pub(crate) bug: &'static str,
    /// The fault without which it hides.
    pub(crate) fault: FaultKind,
    /// A part of the finding's identity.
    pub(crate) finding: &'static str,
    /// The system, with its bug or without.
    pub(crate) system: fn(Version) -> SimulationBuilder,
}

/// Which of the two a system is built as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Broken,
    Fixed,
}

/// Seeds before a bug counts as missed.
const LIMIT: u64 = 20_000;
/// Seeds for which silence is shown at least, or thrice as many as the bug took.
const SILENCE: u64 = 1_000;

struct Found {
    executions: u64,
    injected: u64,
}

/// Runs seeds until one finds what is looked for.
fn search(row: &Row) -> Result<Found, String> {
    let simulation = (row.system)(Version::Broken).build();
    let mut injected = 0;
    for seed in 0..LIMIT {
        let outcome = simulation.run(&Tape::swarm(seed));
        injected += u64::from(outcome.injected(row.fault));
        match outcome.finding() {
            Some(finding) if finding.identity.contains(row.finding) => {
                return Ok(Found { executions: seed + 1, injected });
            }
            Some(finding) => return Err(format!("seed {seed} found something else: {finding}")),
            None => {}
        }
    }
    Err(format!("not found in {LIMIT} executions, with {injected} {}", row.fault))
}

/// Runs seeds that must find nothing, and counts the faults.
fn silence(builder: SimulationBuilder, fault: FaultKind, seeds: u64) -> Result<u64, String> {
    let simulation = builder.build();
    let mut injected = 0;
    for seed in 0..seeds {
        let outcome = simulation.run(&Tape::swarm(seed));
        injected += u64::from(outcome.injected(fault));
        if let Some(finding) = outcome.finding() {
            return Err(format!("seed {seed}: {finding}"));
        }
    }
    Ok(injected)
}

fn show(row: &Row) -> Result<String, String> {
    let found = search(row)?;
    let seeds = (found.executions * 3).max(SILENCE);
    let in_fixed =
        silence((row.system)(Version::Fixed), row.fault, seeds).map_err(|error| format!("fixed, {error}"))?;
    if in_fixed == 0 {
        return Err(format!("fixed, there were no {} in {seeds} executions", row.fault));
    }
    silence((row.system)(Version::Broken).without(row.fault), row.fault, seeds)
        .map_err(|error| format!("found without the fault, {error}"))?;
    Ok(format!(
        "{:<28} {:>9} injected, found at execution {:>6}; fixed, clean for {:>6} with {:>7} injected  ({})",
        row.fault.to_string(),
        found.injected,
        found.executions,
        seeds,
        in_fixed,
        row.bug
    ))
}

#[test]
fn each_fault_finds_its_classic_bug() {
    let rows = [
        churn::rows(),
        clocks::rows(),
        code::rows(),
        datagrams::rows(),
        disk::rows(),
        disk_errors::rows(),
        hosts::rows(),
        network::rows(),
        partitions::rows(),
    ];
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    // what a crash takes has kinds of its own
    let shown = |kind: &FaultKind| *kind == FaultKind::Crash || rows.iter().any(|row| row.fault == *kind);
    let without: Vec<_> = FaultKind::ALL.iter().filter(|kind| !shown(kind)).collect();
    assert!(without.is_empty(), "the gallery shows no bug of {without:?}");
    let mut missed = Vec::new();
    for row in &rows {
        match show(row) {
            Ok(line) => println!("{line}"),
            Err(error) => missed.push(format!("{} ({}): {error}", row.bug, row.fault)),
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}
