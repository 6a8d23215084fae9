//! The plain program of a fuzz target: `replay`, `seeds`, `goals`, `promote`, `regress`, `trial`.
//!
//! Owns the command line and the exit codes: 0 nothing found, 1 a finding or an unexpected
//! verdict, 2 bad input, 3 truncated. What a verdict means lives in `regress`.

mod trial;

use crate::assert;
use crate::choice::{Tape, TextTape};
use crate::regress::{self, Expectation, Saved};
use crate::run::{Outcome, Recording, Simulation, Status, run_seeds};
use clap::{Parser, Subcommand};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Replays tapes of this target, runs seeds, keeps regressions.
///
/// The same target fuzzes with `cargo fuzz run` or `cargo simfuzz run`.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs tapes, and prints each as text with the story of its run.
    Replay {
        /// Corpus entries, crash files or regressions.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Tells of every choice and disk operation too.
        #[arg(short, long)]
        verbose: bool,
        /// Reads empty and torn files as the fuzzer does.
        #[arg(long)]
        lenient: bool,
    },
    /// Runs seeds with swarm, the plain way.
    Seeds {
        /// How many.
        count: u64,
        /// The first one.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Threads.
        #[arg(long, default_value_t = 1)]
        jobs: usize,
    },
    /// Searches with the mutator in a loop of its own: no libFuzzer, guided by goals alone.
    Explore {
        /// How many runs at most.
        runs: u64,
        /// The seed of the search.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Where to write the tape of a finding.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// One trial of the benchmark: searches until a finding or for SECONDS of processor time.
    ///
    /// Prints one line of JSON. `cargo simfuzz bench` makes many of them, and compares.
    Trial {
        /// How to search.
        #[arg(long, value_enum)]
        mode: trial::Mode,
        /// The search's seed; trials with other seeds share no run.
        #[arg(long)]
        seed: u32,
        /// Processor time at most, of the whole process.
        #[arg(long, value_name = "SECONDS")]
        cap: f64,
    },
    /// Lists every assertion of the program.
    Goals,
    /// Turns a corpus entry or crash into a regression: text, shrunk, on a calm base.
    Promote {
        /// The tape.
        file: PathBuf,
        /// What to call it.
        #[arg(long)]
        name: String,
        /// Where to write it; must not exist.
        #[arg(long)]
        out: PathBuf,
        /// The target it belongs to.
        #[arg(long)]
        target: String,
        /// The bug is known and open: the regression passes while it still shows.
        #[arg(long)]
        open: bool,
        /// Overwrites `out`.
        #[arg(long)]
        force: bool,
        /// Reads empty and torn files as the fuzzer does.
        #[arg(long)]
        lenient: bool,
    },
    /// Replays regressions and says of each what became of it.
    Regress {
        /// The target they must belong to.
        #[arg(long)]
        target: String,
        /// The regressions.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// The `main` of a plain target.
#[doc(hidden)]
pub fn main<S: Into<Simulation>>(simulation: impl FnOnce() -> S) -> ExitCode {
    let arguments = Arguments::parse();
    let simulation = simulation().into();
    let result = match arguments.command {
        Command::Replay { files, verbose, lenient } => replay(&simulation, &files, verbose, lenient),
        Command::Seeds { count, from, jobs } => Ok(seeds(&simulation, count, from, jobs)),
        Command::Explore { runs, seed, out } => explored(&simulation, runs, seed, out.as_deref()),
        Command::Trial { mode, seed, cap } => {
            say(&trial::trial(&simulation, mode, seed.into(), cap));
            Ok(ExitCode::SUCCESS)
        }
        Command::Goals => Ok(goals()),
        Command::Promote { file, name, out, target, open, force, lenient } => {
            let expect = if open { Expectation::Open } else { Expectation::Fixed };
            promote(&simulation, &file, &name, &out, &target, expect, force, lenient)
        }
        Command::Regress { target, files } => regressions(&simulation, &target, &files),
    };
    result.unwrap_or_else(|sentence| {
        eprintln!("error: {sentence}");
        ExitCode::from(2)
    })
}

/// Reads a tape from a file, in either form.
fn read(path: &Path, lenient: bool) -> Result<Saved, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if lenient && !bytes.starts_with(b"tape ") {
        return Ok(Saved { text: TextTape { tape: Tape::decode(&bytes), ..TextTape::default() }, is_text: false });
    }
    Saved::read(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn replay(simulation: &Simulation, files: &[PathBuf], verbose: bool, lenient: bool) -> Result<ExitCode, String> {
    let mut worst = 0;
    for path in files {
        let saved = read(path, lenient)?;
        let tape = if saved.is_text { regress::bind(simulation, &saved.text).tape } else { saved.text.tape };
        let outcome = simulation.run_with(&tape, Recording::Story);
        print(&tape, &outcome, verbose);
        let code = match outcome.status() {
            Status::Passed => 0,
            Status::Found => 1,
            Status::Truncated => 3,
        };
        // a finding is worse than a truncated run
        worst = if worst == 1 { 1 } else { code.max(worst) };
        if code == 1 {
            worst = 1;
        }
    }
    Ok(ExitCode::from(worst))
}

fn print(tape: &Tape, outcome: &Outcome, verbose: bool) {
    let text = outcome.text(tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
    say(&format_args!("{text}\n{}\n{outcome}", outcome.tell(verbose)));
}

/// Prints a line. That nobody reads on (`| head`) is no error of ours.
fn say(line: &impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn seeds(simulation: &Simulation, count: u64, from: u64, jobs: usize) -> ExitCode {
    let seeds: Vec<_> = (from..from.saturating_add(count)).collect();
    let report = run_seeds(simulation, &seeds, jobs.max(1));
    say(&report);
    if count == 0 {
        eprintln!("error: no seed was run, so nothing was tested");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(report.passed() + report.truncated() < report.runs()))
}

fn explored(simulation: &Simulation, runs: u64, seed: u64, out: Option<&Path>) -> Result<ExitCode, String> {
    let explored = crate::explore(simulation, seed, runs, |line| eprintln!("{line}"));
    say(&format_args!(
        "{} executions, {} features, {} tapes kept",
        explored.executions,
        explored.features,
        explored.corpus.len()
    ));
    let Some((finding, tape)) = explored.finding else { return Ok(ExitCode::SUCCESS) };
    say(&finding);
    if let Some(out) = out {
        if out.exists() {
            return Err(format!("{} exists: choose another --out", out.display()));
        }
        regress::write_whole(out, &tape.encode())
            .map_err(|error| format!("cannot write {}: {error}", out.display()))?;
        say(&format_args!("the tape is in {}", out.display()));
    }
    Ok(ExitCode::from(1))
}

fn goals() -> ExitCode {
    for entry in assert::catalogue() {
        let place = entry.place();
        let file = crate::choice::short_file(place.file);
        say(&format_args!("{:24}  {}  ({file}:{})", entry.kind.to_string(), entry.name, place.line));
    }
    ExitCode::SUCCESS
}

#[expect(clippy::too_many_arguments, reason = "they are the command's arguments, one by one")]
fn promote(
    simulation: &Simulation,
    file: &Path,
    name: &str,
    out: &Path,
    target: &str,
    expect: Expectation,
    force: bool,
    lenient: bool,
) -> Result<ExitCode, String> {
    if out.exists() && !force {
        return Err(format!("{} exists: choose another --name, or --force to replace it", out.display()));
    }
    let saved = read(file, lenient)?;
    let promoted = regress::promote(simulation, &saved.text.tape, target, expect);
    let text = promoted.text.print(Some(&promoted.trace));
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    regress::write_whole(out, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    say(&text);
    let rows = promoted.text.tape.rows().len();
    say(&format_args!("{name}: {rows} choices that are not calm, written to {}", out.display()));
    match &promoted.finding {
        Some(finding) => say(&format_args!("it shows: {}", finding.identity)),
        None => say(&"it has no finding: it is kept for the goals it reaches"),
    }
    Ok(ExitCode::SUCCESS)
}

fn regressions(simulation: &Simulation, target: &str, files: &[PathBuf]) -> Result<ExitCode, String> {
    let mut unexpected = 0u8;
    for path in files {
        let saved = read(path, false)?;
        let checked =
            regress::check(simulation, target, &saved.text).map_err(|error| format!("{}: {error}", path.display()))?;
        say(&format_args!("{}  {}", checked.line(), path.display()));
        unexpected |= u8::from(!checked.is_expected());
    }
    Ok(ExitCode::from(unexpected))
}
