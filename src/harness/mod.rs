//! The plain program of a fuzz target: `replay`, `seeds`, `explore`, `promote`, `regress` and others.
//!
//! Owns the command line and the exit codes: 0 nothing found, 1 a finding or an unexpected
//! verdict, 2 bad input, 3 truncated. What a verdict means lives in `regress`.

mod check;
mod debugger;
mod explain;
mod explore;
mod limits;
mod log;
mod minimize;
mod progress;
mod promote;
mod reading;
mod repair;
mod replay;
mod seeds;
mod trial;

use crate::choice::{Tape, TextTape, printable};
use crate::regress::{Expectation, Saved};
use crate::run::Simulation;
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
    #[command(flatten)]
    limits: limits::LimitArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs tapes, and prints each as text with the story of its run.
    Replay {
        /// Corpus entries, crash files or regressions.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        reading: reading::Reading,
        /// Stops for a debugger when event N of the story is told.
        #[arg(long, value_name = "N")]
        break_at_event: Option<u64>,
        /// Reads empty and torn files as the fuzzer does.
        #[arg(long)]
        lenient: bool,
    },
    /// Runs a tape, and prints as JSON all that happened: `cargo simfuzz report` makes a page of it.
    Report {
        /// The tape.
        file: PathBuf,
        /// The tape that it was made from.
        #[arg(long, value_name = "FILE")]
        original: Option<PathBuf>,
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
    Explore(explore::ExploreArgs),
    /// Runs plain seeds and keeps those that show something new as corpus entries.
    Import(explore::ImportArgs),
    /// Removes the corpus entries that show nothing of their own.
    Cmin {
        /// The corpus.
        #[arg(long)]
        corpus: PathBuf,
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
    /// Finds the simplest tape that shows the same finding as FILE, and writes it beside it.
    Minimize(minimize::MinimizeArgs),
    /// Says why FILE shows its finding: what each choice is worth, and when it became inevitable.
    Explain(explain::ExplainArgs),
    /// Runs tapes again and again, here and in other processes, and says where their runs part.
    Check(check::CheckArgs),
    /// Runs tapes under conditions that are read from standard input, for `check`.
    #[command(hide = true)]
    Observe,
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
    /// Searches for the finding of a regression that is stale or has drifted, and writes it anew.
    Repair(repair::RepairArgs),
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
    arguments.limits.watch(&arguments.command);
    let simulation = simulation().into();
    let result = match arguments.command {
        Command::Replay { files, reading, break_at_event, lenient } => {
            replay::replay(&simulation, &files, &reading, break_at_event, lenient)
        }
        Command::Report { file, original, lenient } => replay::report(&simulation, &file, original.as_deref(), lenient),
        Command::Seeds { count, from, jobs } => Ok(seeds::seeds(&simulation, count, from, jobs)),
        Command::Explore(args) => explore::explore(&simulation, &args),
        Command::Import(args) => explore::import(&simulation, &args),
        Command::Cmin { corpus } => explore::cmin(&simulation, &corpus),
        Command::Trial { mode, seed, cap } => {
            say(&trial::trial(&simulation, mode, seed.into(), cap));
            Ok(ExitCode::SUCCESS)
        }
        Command::Minimize(args) => minimize::minimize(&simulation, &args),
        Command::Explain(args) => explain::explain(&simulation, &args),
        Command::Check(args) => check::check(&simulation, &args),
        Command::Observe => check::observe(&simulation),
        Command::Goals => Ok(seeds::goals()),
        Command::Promote { file, name, out, target, open, force, lenient } => {
            let expect = if open { Expectation::Open } else { Expectation::Fixed };
            promote::promote(&simulation, &file, &name, &out, &target, expect, force, lenient)
        }
        Command::Repair(args) => repair::repair(&simulation, &args),
        Command::Regress { target, files } => promote::regressions(&simulation, &target, &files),
    };
    crate::underway::end();
    result.unwrap_or_else(|sentence| {
        eprintln!("error: {}", printable(&sentence));
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

/// The tape in a file; one that is text is bound to the program as it is now.
fn tape(simulation: &Simulation, path: &Path, lenient: bool) -> Result<Tape, String> {
    let saved = read(path, lenient)?;
    Ok(if saved.is_text { crate::regress::bind(simulation, &saved.text).tape } else { saved.text.tape })
}

/// Prints a line. That nobody reads on (`| head`) is no error of ours.
fn say(line: &impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
