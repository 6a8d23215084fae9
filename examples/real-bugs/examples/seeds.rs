//! Random search, the baseline of every claim about the fuzzer.
//!
//! `seeds flume 100000` runs so many seeds, three of four with swarm, and counts what it
//! finds; the digest over all runs is the same in every process. `seeds flume 100000 random` runs
//! them without swarm, with `swarm` all have it. `seeds flume first 10` gives, for 10 disjoint
//! ranges of seeds, the executions until the first finding, and their median.

use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Seeds of one range at most, when it looks for a first finding.
const RANGE: u64 = 10_000_000;

type Problem = (&'static str, fn() -> Simulation);

/// The problems, by name.
const PROBLEMS: &[Problem] = &[
    ("flash-removes", real_bugs::flash::removes),
    #[cfg(not(feature = "fixed"))]
    ("flash-stores", real_bugs::flash::stores),
    ("flume", real_bugs::flume::simulation),
    ("h2", real_bugs::h2::simulation),
    ("imbl", real_bugs::imbl::simulation),
    ("omnipaxos", real_bugs::omnipaxos::simulation),
    ("omnipaxos-600", real_bugs::omnipaxos::steps_600),
    ("omnipaxos-400", real_bugs::omnipaxos::steps_400),
    #[cfg(not(feature = "fixed"))]
    ("raft", real_bugs::raft::simulation),
    ("raft-engine", real_bugs::engine::simulation),
    ("raft-engine-hasty", real_bugs::engine::hasty),
    ("smoltcp", real_bugs::smoltcp::one_closing),
    ("smoltcp-closing", real_bugs::smoltcp::both_closing),
    ("smoltcp-last-ack", real_bugs::smoltcp::last_ack),
];

/// Which seeds have swarm.
#[derive(Clone, Copy)]
enum Swarm {
    Never,
    EverySecond,
    Always,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let named = |name: &str| PROBLEMS.iter().find(|(known, _)| *known == name);
    let Some((_, simulation)) = words.first().and_then(|name| named(name)) else { return usage() };
    let number = |word: &str| word.parse::<u64>().ok().filter(|&number| number > 0);
    let (count, swarm) = match words[1..] {
        ["first", ranges] => match number(ranges) {
            Some(ranges) => {
                first(&simulation(), ranges);
                return ExitCode::SUCCESS;
            }
            None => return usage(),
        },
        [count] => (number(count), Swarm::EverySecond),
        [count, "random"] => (number(count), Swarm::Never),
        [count, "swarm"] => (number(count), Swarm::Always),
        _ => return usage(),
    };
    let Some(count) = count else { return usage() };
    sweep(&simulation(), count, swarm);
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names: Vec<_> = PROBLEMS.iter().map(|(name, _)| *name).collect();
    eprintln!(
        "usage: seeds NAME COUNT [random|swarm]\n       seeds NAME first RANGES\nNAME is one of {}",
        names.join(", ")
    );
    ExitCode::from(2)
}

fn run(simulation: &Simulation, seed: u64, swarm: Swarm) -> Outcome {
    let mut tape = match swarm {
        Swarm::EverySecond if seed.is_multiple_of(2) => Tape::seeded(seed),
        Swarm::Never => Tape::seeded(seed),
        Swarm::EverySecond | Swarm::Always => Tape::swarm(seed),
    };
    if matches!(swarm, Swarm::Never) {
        tape.set(Label::parse("swarm/on"), 0, 0);
    }
    simulation.run_with(&tape, Recording::Result)
}

fn sweep(simulation: &Simulation, count: u64, swarm: Swarm) {
    let mut findings = BTreeMap::<String, (u64, u64)>::new();
    let (mut digest, mut events, mut truncated, mut restless) = (0u64, 0, 0, 0);
    for seed in 0..count {
        let outcome = run(simulation, seed, swarm);
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
        let found =
            (0..RANGE).find(|&seed| run(simulation, range * RANGE + seed, Swarm::EverySecond).finding().is_some());
        executions.push(found.map_or(RANGE, |seed| seed + 1));
    }
    println!("executions until the first finding: {executions:?}");
    executions.sort_unstable();
    let middle = executions.len() / 2;
    let median = (executions[(executions.len() - 1) / 2] + executions[middle]) as f64 / 2.0;
    println!("median {median}");
}
