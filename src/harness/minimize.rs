//! `minimize`: the simplest tape that shows what a tape shows, written beside it.
//!
//! Owns the clock, the file's name and what is printed. What is simpler lives in `shrink`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use super::progress::Progress;
use super::{read, say};
use crate::fuzz::file_name;
use crate::minimize::{Minimized, Minimizer};
use crate::regress::{self, write_whole};
use crate::run::Simulation;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What `minimize` takes.
#[derive(Args, Debug)]
pub(super) struct MinimizeArgs {
    /// A crash file, a corpus entry or a regression.
    file: PathBuf,
    #[command(flatten)]
    effort: Effort,
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
pub(super) struct Effort {
    /// Candidates that are run at most.
    #[arg(long, value_name = "RUNS", default_value_t = 20_000)]
    budget: u32,
    /// Seconds at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time: u64,
    /// Threads; the result is the same, unless the time is up.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
}

impl Effort {
    /// One that keeps to it, and says now and then how far it is.
    pub(super) fn minimizer<'a>(&self, simulation: &'a Simulation) -> Minimizer<'a> {
        let (began, time) = (Instant::now(), Duration::from_secs(self.time));
        let mut progress = Progress::new();
        Minimizer::new(simulation).runs(self.budget).jobs(self.jobs).progress(move |so_far| {
            progress.tell(|| format!("minimising: {} choices, {} runs", so_far.choices, so_far.runs));
            began.elapsed() < time
        })
    }
}

pub(super) fn minimize(simulation: &Simulation, args: &MinimizeArgs) -> Result<ExitCode, String> {
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        return Err(format!("{} exists: choose another --out", out.display()));
    }
    let saved = read(&args.file, args.lenient)?;
    let tape = if saved.is_text { regress::bind(simulation, &saved.text).tape } else { saved.text.tape };
    let began = Instant::now();
    let minimized = args
        .effort
        .minimizer(simulation)
        .minimize(&tape)
        .map_err(|error| format!("{}: {error}", args.file.display()))?;
    let seconds = began.elapsed().as_secs_f64();
    let bytes = minimized.tape.encode();
    let out = match &args.out {
        Some(out) => out.clone(),
        None => free_name(&args.file, &bytes)?,
    };
    write_whole(&out, &bytes).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    if !args.quiet {
        let outcome = &minimized.outcome;
        let text = outcome.text(&minimized.tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
        say(&format_args!("{text}\n{}\n{outcome}\n", outcome.tell(false)));
    }
    say(&summary(&minimized, seconds));
    say(&format_args!("minimized: {}", out.display()));
    Ok(ExitCode::SUCCESS)
}

fn summary(minimized: &Minimized, seconds: f64) -> String {
    let Minimized { choices, original, runs, settled, .. } = minimized;
    let end = if *settled { "" } else { "; stopped by the budget, which `--budget` and `--time` raise" };
    format!("{original} choices that are not calm became {choices}, in {runs} runs and {seconds:.1} s{end}")
}

/// A name beside `file` under which there is nothing else: `minimized-from-` and the SHA-1 of the
/// original, as libFuzzer and cargo-fuzz call it.
fn free_name(file: &Path, bytes: &[u8]) -> Result<PathBuf, String> {
    let original = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let name = format!("minimized-from-{}", file_name(&original));
    let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}.{number}")));
    let mut paths = names.map(|name| file.with_file_name(name));
    // the same bytes may be there from the last time
    let free = paths.find(|path| !path.exists() || fs::read(path).is_ok_and(|there| there == bytes));
    Ok(free.expect("numbers don't end"))
}
