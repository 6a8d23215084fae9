//! `explore`, `import` and `cmin`: our own search loop, with files and a clock.
//!
//! Owns when a search ends and what is written. What a search is lives in the `explore` room.

mod cmin;
mod follower;

pub(super) use cmin::cmin;

use super::say;
use crate::choice::Tape;
use crate::explore::{Explored, Plan, search};
use crate::fuzz::{Folder, tidy};
use crate::run::Simulation;
use crate::underway;
use clap::Args;
use follower::Follower;
use std::ops::Range;
use std::path::{Path, PathBuf};
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
    pub(super) artifacts: Option<PathBuf>,
}

/// What `import` takes.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The seeds, `FROM..TO`.
    #[arg(long, value_parser = seeds, required_unless_present = "from")]
    seeds: Option<Range<u64>>,
    /// A folder of tapes, of another machine for instance; it is only read.
    #[arg(long)]
    from: Vec<PathBuf>,
    /// The corpus.
    #[arg(long)]
    corpus: PathBuf,
}

pub(super) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let sentence = || format!("`{text}` is no range of seeds: write `0..1000`, the last not included");
    let (from, to) = text.split_once("..").ok_or_else(sentence)?;
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from < to => Ok(from..to),
        _ => Err(sentence()),
    }
}

/// Searches until a finding, a limit, or for ever.
pub(super) fn explore(simulation: &Simulation, args: &ExploreArgs) -> Result<ExitCode, String> {
    let corpus = args.corpus.as_deref().map(Folder::open_to_write).transpose()?;
    args.corpus.iter().for_each(|corpus| _ = tidy(corpus));
    let read = args.read.iter().map(|folder| Folder::open(folder)).collect::<Result<Vec<_>, _>>()?;
    let artifacts = args.artifacts.as_deref().map(Folder::open_to_write).transpose()?;
    if let Some(folder) = &artifacts {
        interrupted(folder, args.artifacts.as_deref().unwrap_or(Path::new(".")))?;
    }
    let mut start = Vec::new();
    for folder in read.iter().chain(&corpus) {
        start.extend(folder.tapes()?);
    }
    let follower = Follower::new(args.runs, args.time, args.jobs, corpus, artifacts);
    let plan = Plan { seed: args.seed, jobs: args.jobs.max(1), keep_going: args.keep_going, start, ..Plan::default() };
    let explored = search(simulation, &plan, &follower);
    end(&explored, &follower)
}

/// Says that an earlier search ended in the midst of a run, and keeps the tape of that.
fn interrupted(artifacts: &Folder, path: &Path) -> Result<(), String> {
    for tape in underway::collect(path) {
        let (path, _) = artifacts.keep("interrupted-", &tape)?;
        eprintln!(
            "simfuzz: an earlier search ended in the midst of a run; if nobody stopped it, its tape did: replay {}",
            path.display()
        );
    }
    Ok(())
}

/// Runs tapes of other folders and plain seeds on top of the corpus, and adds those that show what none
/// before did.
pub(super) fn import(simulation: &Simulation, args: &ImportArgs) -> Result<ExitCode, String> {
    let corpus = Folder::open(&args.corpus)?;
    let mut start = corpus.tapes()?;
    let before = start.len();
    let mut offered = Vec::new();
    for folder in &args.from {
        offered.extend(Folder::open(folder)?.tapes()?);
    }
    // of tapes that show the same the smallest is wanted
    offered.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    offered.dedup();
    offered.extend(args.seeds.iter().cloned().flatten().map(|seed| Tape::swarm(seed).encode()));
    let (count, what) = (offered.len(), if args.from.is_empty() { "seeds" } else { "tapes" });
    start.append(&mut offered);
    let follower = Follower::new(None, None, 1, Some(corpus), None);
    let plan = Plan { start, only_start: true, keep_going: true, ..Plan::default() };
    let explored = search(simulation, &plan, &follower);
    if let Some(sentence) = follower.failure() {
        return Err(sentence);
    }
    say(&format_args!(
        "{} of {count} {what} added to the {before} tapes in {}",
        follower.written(),
        args.corpus.display()
    ));
    let findings: Vec<_> = explored.summary().findings.iter().map(|found| found.identity.clone()).collect();
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format_args!("{what} with a finding are not added; there is {}", findings.join(", ")));
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
