//! `check`: is a run a function of its tape? Each tape is run, another one, and it again, and all of
//! them in another process.
//!
//! Owns what is run and what is printed. How a run is made under other conditions is `observe`'s, what
//! a difference comes from is `leak`'s.

mod leak;
mod observe;

pub(super) use observe::observe;

use super::explore::seeds;
use super::progress::Progress;
use super::{say, tape};
use crate::choice::Tape;
use crate::fuzz::Folder;
use crate::run::{Difference, Recording, Simulation, Told, another, parting};
use clap::{Args, ValueEnum};
use leak::Leak;
use observe::{Observer, Request};
use serde::Serialize;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

/// Seeds that are checked when nothing else is named.
const SEEDS: u64 = 100;

/// Tapes that differ before it ends: one is enough to look for the leak.
const DIFFERENT_MAX: usize = 3;

/// What `check` takes.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Tapes; without them those of the corpus, or the seeds.
    files: Vec<PathBuf>,
    /// Checks the plain seeds `FROM..TO`, with swarm.
    #[arg(long, value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// A folder of tapes.
    #[arg(long)]
    corpus: Vec<PathBuf>,
    /// How often each tape is run in this process, each time after another one.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..))]
    runs: u32,
    /// For people, or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Reads empty and torn files as the fuzzer does.
    #[arg(long)]
    lenient: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// What came of it, as JSON has it.
#[derive(Serialize)]
struct Checked {
    tapes: usize,
    /// Runs in all processes, without those that looked for leaks.
    runs: u64,
    different: Vec<Different>,
}

/// A tape whose runs differ.
#[derive(Serialize)]
struct Different {
    tape: String,
    digests: Vec<String>,
    /// Where two of its runs part; of the first tape only.
    difference: Option<Difference>,
    leaks: Vec<Leak>,
}

pub(super) fn check(simulation: &Simulation, args: &CheckArgs) -> Result<ExitCode, String> {
    let tapes = tapes(simulation, args)?;
    if tapes.is_empty() {
        return Err("there is no tape to check: name one, or `--seeds 0..100`".to_owned());
    }
    let mut progress = Progress::new();
    let mut runs = 0;
    let mut digests: Vec<Vec<u64>> = Vec::new();
    for (number, (_, tape)) in tapes.iter().enumerate() {
        progress.tell(|| format!("{number} of {} tapes", tapes.len()));
        digests.push(here(simulation, tape, args.runs));
        runs += u64::from(args.runs) * 2 - 1;
    }
    // from the last to the first, so that each meets what others have left behind
    let mut elsewhere = Observer::start()?;
    for (number, (name, tape)) in tapes.iter().enumerate().rev() {
        progress.tell(|| format!("{} of {} tapes in another process", tapes.len() - number, tapes.len()));
        let observed = elsewhere.ask(&Request::plain(tape)).map_err(|reason| format!("{name}: {reason}"))?;
        digests[number].push(observed.digest);
        runs += 1;
    }
    drop(elsewhere);
    let mut different = Vec::new();
    for ((name, tape), mut digests) in tapes.iter().zip(digests) {
        digests.sort_unstable();
        digests.dedup();
        if digests.len() < 2 || different.len() >= DIFFERENT_MAX {
            continue;
        }
        let (mut difference, mut leaks) = (None, Vec::new());
        if different.is_empty() {
            progress.tell(|| "looking for the leak".to_owned());
            difference = part(simulation, tape)?;
            leaks = leak::find(simulation, tape)?;
        }
        let digests = digests.iter().map(|digest| format!("{digest:016x}")).collect();
        different.push(Different { tape: name.clone(), digests, difference, leaks });
    }
    let checked = Checked { tapes: tapes.len(), runs, different };
    match args.format {
        Format::Json => say(&serde_json::to_string(&checked).map_err(|error| format!("the result: {error}"))?),
        Format::Text => tell(&checked),
    }
    Ok(ExitCode::from(u8::from(!checked.different.is_empty())))
}

/// The digests of runs in this process.
fn here(simulation: &Simulation, tape: &Tape, runs: u32) -> Vec<u64> {
    let run = |tape: &Tape| simulation.run_with(tape, Recording::Result).digest();
    let first = run(tape);
    let later = (1..runs).map(|number| {
        run(&another(tape, u64::from(number)));
        run(tape)
    });
    std::iter::once(first).chain(later).collect()
}

/// Two runs that part: in this process, or in fresh ones.
fn part(simulation: &Simulation, tape: &Tape) -> Result<Option<Difference>, String> {
    if let Some(difference) = parting(simulation, tape) {
        return Ok(Some(difference));
    }
    let mut first: Option<Told> = None;
    for before in std::iter::once(&[][..]).chain(leak::BEFORE) {
        let request = Request { told: true, before: before.to_vec(), ..Request::plain(tape) };
        let Some(told) = Observer::start()?.ask(&request)?.told else { continue };
        let Some(first) = &first else {
            first = Some(told);
            continue;
        };
        if let Some(difference) = Difference::between(first, &told) {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

/// What is to be checked: each with its name.
fn tapes(simulation: &Simulation, args: &CheckArgs) -> Result<Vec<(String, Tape)>, String> {
    let mut tapes = Vec::new();
    for file in &args.files {
        tapes.push((file.display().to_string(), tape(simulation, file, args.lenient)?));
    }
    for folder in &args.corpus {
        let files = Folder::open(folder)?.files()?;
        tapes.extend(files.iter().map(|(path, bytes)| (path.display().to_string(), Tape::decode(bytes))));
    }
    let seeds = args.seeds.clone().or_else(|| tapes.is_empty().then_some(0..SEEDS));
    let seed = |seed: u64| (format!("seed {seed}"), Tape::swarm(seed));
    tapes.extend(seeds.into_iter().flatten().map(seed));
    Ok(tapes)
}

fn tell(checked: &Checked) {
    let Checked { tapes, runs, different } = checked;
    let Some(first) = different.first() else {
        say(&format_args!("deterministic: {tapes} tapes, {runs} runs in two processes, and each tape has one digest"));
        return;
    };
    for Different { tape, digests, .. } in different {
        say(&format_args!("NOT DETERMINISTIC: {tape} gave {} digests: {}", digests.len(), digests.join(", ")));
    }
    if different.len() == DIFFERENT_MAX {
        say(&"(no more are listed)");
    }
    match &first.difference {
        Some(difference) => say(&format_args!("\n{}", difference.to_string().trim_end())),
        None => say(&format_args!("\nits runs are the same again, so where they part is not known")),
    }
    first.leaks.iter().for_each(|leak| say(&format_args!("\n{leak}")));
}
