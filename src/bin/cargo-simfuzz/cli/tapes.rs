//! What can be done with a tape: replay, minimise, explain, keep and try again.

use super::{Limits, Package};
use clap::{Args, ValueEnum};
use simfuzz::Minimizer;
use std::path::PathBuf;

/// Show tapes as text, with the story and the outcome of their runs.
///
/// Uses a plain build on any toolchain: no fuzzer, no C++.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz replay sim_target fuzz/artifacts/sim_target/crash-1f0c
  cargo simfuzz replay sim_target crash-1f0c -v --host replica-1 --from 1.5s --until 1.6s
  cargo simfuzz replay sim_target crash-1f0c --break-at-event 300

Exit codes: 0 passed, 1 a finding, 2 bad input, 3 the run was cut off at its bound.")]
pub(crate) struct ReplayArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// Tapes, as bytes or as text
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Tell of arrivals, choices, disk operations and `tracing` events too
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Show what happened on this host only: `server-1`, or `server` for all of that kind
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// Show what happened from this virtual time on: `1.5s`, `20ms`, `300us`
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Show what happened until this virtual time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Stop for a debugger when event N (`#N` in the story) is told
    ///
    /// Where none watches, it says how to start one.
    #[arg(long, value_name = "N")]
    pub(crate) break_at_event: Option<u64>,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Find the simplest tape that shows the same finding, and write it beside the file.
///
/// Simplest are the fewest choices that aren't calm, then the earliest and the smallest. Whole
/// families of choices and whole operations are dropped first, then single ones; what is left is
/// lowered and moved to the front. The finding stays the same: its identity is compared, not any
/// crash. The result is written as `minimized-from-...`, as libFuzzer and cargo-fuzz name it, and
/// shown with its story.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz minimize sim_target fuzz/artifacts/sim_target/crash-1f0c
  cargo simfuzz minimize sim_target crash-1f0c --budget 50000 --time 600

Exit codes: 0 done, 2 bad input, also a tape that shows nothing.")]
pub(crate) struct MinimizeArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// The tape of a finding
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) effort: Effort,
    /// Where to write it instead; must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// What minimising may take.
#[derive(Args, Debug)]
pub(crate) struct Effort {
    /// Runs that minimising takes at most
    #[arg(long, value_name = "RUNS", default_value_t = Minimizer::RUNS)]
    budget: u32,
    /// Seconds that minimising takes at most
    #[arg(long, value_name = "SECONDS", default_value_t = Minimizer::SECONDS)]
    time: u64,
    /// Threads that minimise, all cores without it; the result is the same, unless the time is up
    #[arg(short, long, value_name = "N")]
    jobs: Option<u16>,
}

impl Effort {
    /// As the target's binary takes it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self { budget, time, jobs } = self;
        let mut all = vec![format!("--budget={budget}"), format!("--time={time}")];
        all.extend(jobs.map(|jobs| format!("--jobs={jobs}")));
        all
    }
}

/// Say why a tape shows its finding: what each choice is worth, and when it became inevitable.
///
/// The tape is minimised first. Then other values are tried for each choice that is left; the run is
/// kept up to a moment with other weather after it, a hundred times for each of some moments, so
/// that one sees when the finding became likely and by what; and the nearest run that passes is laid
/// beside it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz explain sim_target fuzz/artifacts/sim_target/minimized-from-1f0c
  cargo simfuzz explain sim_target crash-1f0c --format json > why.json
  cargo simfuzz report sim_target minimized-from-1f0c --explain       as a page

Exit codes: 0 done, 2 bad input, also a tape that shows nothing.")]
pub(crate) struct ExplainArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// The tape of a finding
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) effort: Effort,
    /// Runs for each moment
    #[arg(long, value_name = "N", default_value_t = simfuzz::explain::Explainer::SEEDS, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seeds: u32,
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = Explained::Text)]
    pub(crate) format: Explained,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) package: Package,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Explained {
    Text,
    Json,
}

/// Keep a tape as a regression: corpus/TARGET/regressions/NAME.tape, which is text.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  cargo simfuzz promote sim_target fuzz/artifacts/sim_target/crash-1f0c --name lost-write

Exit codes: 0 kept, 2 bad input.")]
pub(crate) struct PromoteArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// The tape of a finding, or any other
    pub(crate) file: PathBuf,
    /// The regression's file name, without `.tape`
    #[arg(long)]
    pub(crate) name: String,
    /// The bug is known and open: the regression passes while it still shows
    #[arg(long)]
    pub(crate) open: bool,
    /// Replace the regression of that name
    #[arg(long)]
    pub(crate) force: bool,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Replay the regressions of one target, or of all.
///
/// With `--repair`, one that is stale or has drifted finds its way back: tapes near it are searched
/// for the same finding, which is minimised anew. The rows that are dropped (-), changed (~) and
/// added (+) are shown, and the file is rewritten; where nothing is found it stays as it is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz regress sim_target
  cargo simfuzz regress sim_target --repair corpus/sim_target/regressions/lost-write.tape --time 120

Exit codes: 0 all are as expected or repaired, 1 one is not or was not found again, 2 bad input.")]
pub(crate) struct RegressArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml; all of them without it
    pub(crate) target: Option<String>,
    /// Search for the finding of this regression, and write it anew
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) repair: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) effort: RepairEffort,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// What a repair may take.
#[derive(Args, Debug)]
pub(crate) struct RepairEffort {
    /// Runs that the search of a repair takes at most, and its minimising
    #[arg(long, value_name = "RUNS", requires = "repair")]
    budget: Option<u32>,
    /// Seconds that the search of a repair takes at most, and its minimising
    #[arg(long, value_name = "SECONDS", requires = "repair")]
    time: Option<u64>,
    /// Threads of a repair, all cores without it
    #[arg(short, long, value_name = "N", requires = "repair")]
    jobs: Option<u16>,
}

impl RepairEffort {
    /// As the target's binary takes it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let budget = self.budget.map(|runs| format!("--budget={runs}"));
        let time = self.time.map(|seconds| format!("--time={seconds}"));
        [budget, time, self.jobs.map(|jobs| format!("--jobs={jobs}"))].into_iter().flatten().collect()
    }
}
