//! `explore`, `import` and `cmin`: our own search loop, with files and a clock.
//!
//! Owns when a search ends and what is written. What a search is lives in the `explore` room.

mod cmin;
mod follower;

pub(super) use cmin::cmin;

use super::say;
use crate::choice::Tape;
use crate::explore::{Explored, Plan, search};
use crate::fuzz::Folder;
use crate::run::Simulation;
use clap::Args;
use follower::Follower;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `explore` takes.
#[derive(Args, Debug)]
pub(super) struct ExploreArgs {
    /// How many runs at most.
    #[arg(long)]
    runs: Option<u64>,
    /// How many seconds at most.
    #[arg(long)]
    time: Option<u64>,
    /// The seed of the search: with one job and no limit of time, the same seed and corpus search
    /// the same way.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Goes on after a finding.
    #[arg(long)]
    keep_going: bool,
    /// The folder of tapes to start from, into which new ones are written; nothing is kept without.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// One more folder of tapes to start from; it is only read.
    #[arg(long)]
    read: Vec<PathBuf>,
    /// The folder for the tapes of findings; must exist.
    #[arg(long)]
    artifacts: Option<PathBuf>,
}

/// What `import` takes.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The seeds, `FROM..TO`.
    #[arg(long, value_parser = seeds)]
    seeds: Range<u64>,
    /// The corpus.
    #[arg(long)]
    corpus: PathBuf,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let sentence = || format!("`{text}` is no range of seeds: write `0..1000`, the last not included");
    let (from, to) = text.split_once("..").ok_or_else(sentence)?;
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from < to => Ok(from..to),
        _ => Err(sentence()),
    }
}

/// Searches until a finding, a limit, or for ever.
pub(super) fn explore(simulation: &Simulation, args: &ExploreArgs) -> Result<ExitCode, String> {
    let corpus = args.corpus.as_deref().map(Folder::open).transpose()?;
    let read = args.read.iter().map(|folder| Folder::open(folder)).collect::<Result<Vec<_>, _>>()?;
    let artifacts = args.artifacts.as_deref().map(Folder::open).transpose()?;
    let mut start = Vec::new();
    for folder in read.iter().chain(&corpus) {
        start.extend(folder.tapes()?);
    }
    let follower = Follower::new(args.runs, args.time, args.jobs, corpus, artifacts);
    let plan = Plan { seed: args.seed, jobs: args.jobs.max(1), keep_going: args.keep_going, start, ..Plan::default() };
    let explored = search(simulation, &plan, &follower);
    end(&explored, &follower)
}

/// Runs plain seeds on top of the corpus, and adds those that show what none before did.
pub(super) fn import(simulation: &Simulation, args: &ImportArgs) -> Result<ExitCode, String> {
    let corpus = Folder::open(&args.corpus)?;
    let mut start = corpus.tapes()?;
    let before = start.len();
    start.extend(args.seeds.clone().map(|seed| Tape::swarm(seed).encode()));
    let follower = Follower::new(None, None, 1, Some(corpus), None);
    let plan = Plan { start, only_start: true, keep_going: true, ..Plan::default() };
    let explored = search(simulation, &plan, &follower);
    if let Some(sentence) = follower.failure() {
        return Err(sentence);
    }
    let seeds = args.seeds.end - args.seeds.start;
    say(&format_args!(
        "{} of {seeds} seeds added to the {before} tapes in {}",
        follower.written(),
        args.corpus.display()
    ));
    let findings: Vec<_> = explored.summary().findings.iter().map(|found| found.identity.clone()).collect();
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format_args!("seeds with a finding are not added; there is {}", findings.join(", ")));
    Ok(ExitCode::from(1))
}

fn end(explored: &Explored, follower: &Follower) -> Result<ExitCode, String> {
    if let Some(sentence) = follower.failure() {
        return Err(sentence);
    }
    if explored.executions == 0 {
        return Err("no tape was run, so nothing was tested".to_owned());
    }
    if !follower.is_watched() {
        say(&explored.summary());
        if let Some((finding, _)) = &explored.finding {
            say(&finding);
        }
        follower.findings().iter().for_each(|path| say(&format_args!("tape: {}", path.display())));
    }
    Ok(ExitCode::from(u8::from(explored.finding.is_some())))
}
