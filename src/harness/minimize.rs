//! `minimize`: the simplest tape that shows what a tape shows, written beside it.
//!
//! Owns what is printed. The clock and the file's name live in `fuzz`, what is simpler in `shrink`.

use super::progress::Progress;
use super::{say, tape};
use crate::fuzz::minimal::{self, Effort};
use crate::minimize::Minimizer;
use crate::run::Simulation;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What `minimize` takes.
#[derive(Args, Debug)]
pub(super) struct MinimizeArgs {
    /// A crash file, a corpus entry or a regression.
    file: PathBuf,
    #[command(flatten)]
    effort: EffortArgs,
    /// Where to write it; must not exist. Without it, beside the file, as `minimized-from-...`.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Says where it is and how small, and no more.
    #[arg(short, long)]
    quiet: bool,
    /// Reads empty and torn files as the fuzzer does.
    #[arg(long)]
    lenient: bool,
}

/// How long it may take.
#[derive(Args, Clone, Debug)]
pub(super) struct EffortArgs {
    /// Candidates that are run at most.
    #[arg(long, value_name = "RUNS", default_value_t = Minimizer::RUNS)]
    budget: u32,
    /// Seconds at most.
    #[arg(long, value_name = "SECONDS", default_value_t = Minimizer::SECONDS)]
    time: u64,
    /// Threads; the result is the same, unless the time is up.
    #[arg(long, default_value_t = Self::default().jobs)]
    jobs: usize,
}

impl Default for EffortArgs {
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Self { budget: Minimizer::RUNS, time: Minimizer::SECONDS, jobs }
    }
}

impl EffortArgs {
    pub(super) fn runs(&self) -> u64 {
        self.budget.into()
    }

    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.time)
    }

    pub(super) fn threads(&self) -> usize {
        self.jobs.max(1)
    }

    /// One that keeps to it, and says now and then how far it is.
    pub(super) fn minimizer<'a>(&self, simulation: &'a Simulation) -> Minimizer<'a> {
        let mut progress = Progress::new();
        let effort = Effort { runs: self.budget, time: self.time(), jobs: self.threads() };
        effort.minimizer(simulation, move |so_far| {
            progress.tell(|| format!("minimising: {} choices, {} runs", so_far.choices, so_far.runs));
        })
    }
}

pub(super) fn minimize(simulation: &Simulation, args: &MinimizeArgs) -> Result<ExitCode, String> {
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        return Err(format!("{} exists: choose another --out", out.display()));
    }
    let tape = tape(simulation, &args.file, args.lenient)?;
    let minimized = args
        .effort
        .minimizer(simulation)
        .minimize(&tape)
        .map_err(|error| format!("{}: {error}", args.file.display()))?;
    let path = minimal::keep(&minimized, &args.file, args.out.as_deref())?;
    if !args.quiet {
        let outcome = &minimized.outcome;
        let text = outcome.text(&minimized.tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
        say(&format_args!("{text}\n{}\n{outcome}\n", outcome.tell(false)));
    }
    say(&minimal::lines(&minimized, &path));
    Ok(ExitCode::SUCCESS)
}
