//! `repair`: a regression that lost its way finds it again, and is written anew.
//!
//! Owns where the search starts, when it ends, and what is shown before the file changes. What a
//! search is lives in `explore`, what is simpler in `shrink`, what a regression says in `regress`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use super::minimize::EffortArgs;
use super::progress::Progress;
use super::{read, say};
use crate::campaign::Summary;
use crate::choice::{Base, Op, Row, Tape, TextTape};
use crate::explore::{Ear, Plan, search};
use crate::regress::{self, Expectation, Verdict};
use crate::run::{Finding, Simulation};
use clap::Args;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Neighbours that are run first: what the tape lists, in other weather. Where one of its rows has
/// lost its choice, the others still bring the run close.
const NEIGHBOURS: u64 = 64;

/// Notes that a regression is written with; others are the user's, and stay.
const OURS: [&str; 6] = ["target", "finding", "expect", "build", "witness", "site"];

/// What `repair` takes.
#[derive(Args, Debug)]
pub(super) struct RepairArgs {
    /// A regression that is stale, or has drifted.
    file: PathBuf,
    /// The target it belongs to.
    #[arg(long)]
    target: String,
    #[command(flatten)]
    effort: EffortArgs,
}

pub(super) fn repair(simulation: &Simulation, args: &RepairArgs) -> Result<ExitCode, String> {
    let file = args.file.display();
    let old = read(&args.file, false)?.text;
    let checked = regress::check(simulation, &args.target, &old).map_err(|error| format!("{file}: {error}"))?;
    say(&format_args!("{}  {file}", checked.line()));
    let identity = match (&checked.verdict, checked.finding.clone()) {
        (Verdict::Reproduced | Verdict::Fixed, _) => {
            say(&"it needs no repair, and the file is as it was");
            return Ok(ExitCode::SUCCESS);
        }
        (Verdict::Stale { .. } | Verdict::Drifted { .. }, Some(identity)) => identity,
        (_, None) => return Err(format!("{file} has no finding to look for: promote a tape that has one")),
        _ => return Err(format!("{file} is neither stale nor drifted, and the file is as it was")),
    };

    let hunt = Hunt::new(&identity, args.effort.runs(), args.effort.time());
    let plan =
        Plan { jobs: args.effort.threads(), keep_going: true, start: starts(simulation, &old), ..Plan::default() };
    let runs = search(simulation, &plan, &hunt).executions;
    let Some(found) = hunt.found() else {
        // one that has drifted still reaches the goals of its bug, so it is worth keeping
        let mended = match (&checked.verdict, checked.expect) {
            (Verdict::Drifted { .. }, Expectation::Fixed) => format!("{file} may stay"),
            (Verdict::Drifted { .. }, Expectation::Open) => {
                format!("change `expect: open` to `expect: fixed` in {file}")
            }
            _ => format!("delete {file}"),
        };
        eprintln!(
            "simfuzz: {runs} runs did not show `{identity}` again, and the file is as it was: if the bug is there, search longer with --time and --budget; if it is mended, {mended}"
        );
        return Ok(ExitCode::from(1));
    };
    say(&format_args!("found again after {runs} runs"));
    let promoted =
        regress::promote_by(args.effort.minimizer(simulation), simulation, &found, &args.target, checked.expect);
    let mut new = promoted.text;
    new.notes.extend(old.notes.iter().filter(|note| !OURS.contains(&note.key.as_str())).cloned());
    let shown = regress::check(simulation, &args.target, &new).map(|checked| checked.verdict);
    if shown != Ok(Verdict::Reproduced) {
        return Err(format!("the tape that was found doesn't show `{identity}` each time, and {file} is as it was"));
    }
    difference(&old, &new).iter().for_each(say);
    let text = format!("{}{}", comments(&args.file)?, new.print(Some(&promoted.trace)));
    regress::write_whole(&args.file, text.as_bytes()).map_err(|error| format!("cannot write {file}: {error}"))?;
    let shows = if checked.expect == Expectation::Open { ", which is known and open" } else { "" };
    say(&format_args!("repaired: {file} shows `{identity}` again{shows}"));
    Ok(ExitCode::SUCCESS)
}

/// The tape as it binds to the program of now, and the same in other weather.
fn starts(simulation: &Simulation, text: &TextTape) -> Vec<Vec<u8>> {
    let bound = regress::bind(simulation, text).tape;
    let neighbour = |seed| Tape::from_rows(seed, Base::Seeded, bound.rows().to_vec()).encode();
    std::iter::once(bound.encode()).chain((0..NEIGHBOURS).map(neighbour)).collect()
}

/// The lines of a file that are comments: they are the user's.
fn comments(path: &std::path::Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(text.lines().filter(|line| line.trim_start().starts_with(';')).map(|line| format!("{line}\n")).collect())
}

/// The rows that were dropped, changed and added, a line each.
fn difference(old: &TextTape, new: &TextTape) -> Vec<String> {
    let rows = |text: &TextTape| -> BTreeMap<(String, u32, Op), u32> {
        let name = |row: &Row| match text.labels.get(&row.label) {
            Some(name) => name.clone(),
            None => format!("~{:#010x}", row.label),
        };
        text.tape.rows().iter().map(|row| ((name(row), row.ordinal, row.op), row.value)).collect()
    };
    let (old, new) = (rows(old), rows(new));
    let mut lines = Vec::new();
    for ((name, ordinal, op), value) in &old {
        match new.get(&(name.clone(), *ordinal, *op)) {
            None => lines.push(format!("- {name} #{ordinal} = {value}")),
            Some(other) if other != value => lines.push(format!("~ {name} #{ordinal} = {value} -> {other}")),
            Some(_) => {}
        }
    }
    for ((name, ordinal, op), value) in &new {
        if !old.contains_key(&(name.clone(), *ordinal, *op)) {
            lines.push(format!("+ {name} #{ordinal} = {value}"));
        }
    }
    lines
}

/// Follows a search for one finding.
#[derive(Debug)]
struct Hunt<'a> {
    identity: &'a str,
    runs: u64,
    time: Duration,
    began: Instant,
    found: Mutex<Option<Tape>>,
    progress: Mutex<Progress>,
}

impl<'a> Hunt<'a> {
    fn new(identity: &'a str, runs: u64, time: Duration) -> Self {
        let progress = Mutex::new(Progress::new());
        Self { identity, runs, time, began: Instant::now(), found: Mutex::new(None), progress }
    }

    fn found(self) -> Option<Tape> {
        self.found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ear for Hunt<'_> {
    fn go_on(&self, executions: u64) -> bool {
        executions < self.runs && self.began.elapsed() < self.time && lock(&self.found).is_none()
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn news(&self, _line: &str) {}

    fn kept(&self, _bytes: &[u8]) {}

    fn found(&self, finding: &Finding, bytes: &[u8]) {
        // any other finding is not what this regression is about
        if finding.identity == self.identity {
            lock(&self.found).get_or_insert_with(|| Tape::decode(bytes));
        }
    }

    fn is_curious(&self, thread: usize) -> bool {
        thread == 0 && lock(&self.progress).is_due()
    }

    fn tell(&self, _thread: usize, summary: &Summary) {
        let (reached, all) = summary.reached();
        lock(&self.progress).tell(|| format!("searching: {} runs, {reached} of {all} goals", summary.executions));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_dropped_changed_and_added() {
        let text = |rows: &str| TextTape::parse(&format!("tape 1  seed 0x0  base calm\n{rows}")).unwrap();
        let old = text("a/x #0 = 1\na/y #2 = 3\na/z #0 = 4\n");
        let new = text("a/w #0 = 1\na/y #2 = 5\na/z #0 = 4\n");
        assert_eq!(difference(&old, &new), ["- a/x #0 = 1", "~ a/y #2 = 3 -> 5", "+ a/w #0 = 1"]);
    }
}
