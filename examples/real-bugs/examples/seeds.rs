//! Random search, the baseline of every claim about the fuzzer.
//!
//! `seeds flume 100000` runs so many seeds, every second one with swarm, and counts what it
//! finds; the digest over all runs is the same in every process. `seeds flume first 10` gives,
//! for 10 disjoint ranges of seeds, the executions until the first finding, and their median.

use simfuzz::{Outcome, Recording, Simulation, Tape};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Seeds of one range at most, when it looks for a first finding.
const RANGE: u64 = 10_000_000;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let simulation = match words.first() {
        Some(&"flume") => real_bugs::flume::simulation(),
        Some(&"omnipaxos") => real_bugs::omnipaxos::simulation(),
        _ => return usage(),
    };
    let number = |word: &str| word.parse::<u64>().ok();
    match words[1..] {
        ["first", ranges] => match number(ranges) {
            Some(ranges @ 1..) => first(&simulation, ranges),
            _ => return usage(),
        },
        [count] => match number(count) {
            Some(count @ 1..) => sweep(&simulation, count),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: seeds flume|omnipaxos COUNT, or: seeds flume|omnipaxos first RANGES");
    ExitCode::FAILURE
}

fn run(simulation: &Simulation, seed: u64) -> Outcome {
    let tape = if seed.is_multiple_of(2) { Tape::seeded(seed) } else { Tape::swarm(seed) };
    simulation.run_with(&tape, Recording::Result)
}

fn sweep(simulation: &Simulation, count: u64) {
    let mut findings = BTreeMap::<String, (u64, u64)>::new();
    let (mut digest, mut events, mut truncated, mut restless) = (0u64, 0, 0, 0);
    for seed in 0..count {
        let outcome = run(simulation, seed);
        digest = digest.rotate_left(5) ^ outcome.digest();
        events += outcome.events();
        truncated += u64::from(outcome.status() == simfuzz::Status::Truncated);
        restless += u64::from(!outcome.came_to_rest() && outcome.finding().is_none());
        if let Some(finding) = outcome.finding() {
            findings.entry(finding.identity.clone()).or_insert((seed, 0)).1 += 1;
        }
    }
    println!("{count} runs, {events} events, {truncated} truncated, {restless} not at rest, digest {digest:016x}");
    for (identity, (seed, times)) in findings {
        println!("{times:>7} of {count}, first in seed {seed}: {identity}");
    }
}

fn first(simulation: &Simulation, ranges: u64) {
    let mut executions = Vec::new();
    for range in 0..ranges {
        let found = (0..RANGE).find(|&seed| run(simulation, range * RANGE + seed).finding().is_some());
        executions.push(found.map_or(RANGE, |seed| seed + 1));
    }
    println!("executions until the first finding: {executions:?}");
    executions.sort_unstable();
    let middle = executions.len() / 2;
    let median = (executions[(executions.len() - 1) / 2] + executions[middle]) as f64 / 2.0;
    println!("median {median}");
}
