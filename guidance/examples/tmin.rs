//! What `cargo fuzz tmin` leaves of a finding's tape, and what minimising leaves, in the same time: a table of
//! `docs/minimise.md`.
//!
//!     cargo fuzz build --fuzz-dir guidance -s none
//!     cargo run --release --manifest-path guidance/Cargo.toml --example tmin -- DIR SECONDS [PROBLEM...]
//!
//! Starting tapes are those of the example `minimal`, kept in DIR. Each is given to three, one after the other:
//! to what `cargo fuzz tmin --fuzz-dir guidance -s none PROBLEM TAPE -r 1000000000` calls once it has built; to
//! the same with the tape written out, a calm base and each choice that isn't, so that there are bytes to take
//! away; to `Minimizer` on one thread. Each has SECONDS on the clock, then it is ended and what it has by then
//! counts. What is counted is the choices of the run that aren't calm, `run.tape.wild` of `cargo simfuzz report
//! --format json`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the time that a user waits, outside of every run"
)]

use guidance::known;
use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording, Tape};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Tapes of each problem.
const TAPES: usize = 3;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("the first argument is a folder of starting tapes"));
    let seconds = arguments.next().and_then(|text| text.parse().ok()).expect("the second is a number of seconds");
    let wanted: Vec<String> = arguments.collect();
    println!("| problem | choices | `cargo fuzz tmin` | of the tape written out | `minimize` | its seconds |");
    println!("|---|---|---|---|---|---|");
    for (name, simulation) in known::problems(&wanted) {
        let simulation = simulation();
        for start in known::starts(&simulation, &folder.join(name)).into_iter().take(TAPES) {
            compare(name, &simulation, &start, Duration::from_secs(seconds));
        }
    }
}

fn compare(name: &str, simulation: &Simulation, start: &Tape, time: Duration) {
    let (before, identity) = wild(simulation, start);
    let identity = identity.expect("it was found before");
    let outcome = simulation.run_with(start, Recording::Choices);
    let written = outcome.trace().expect("choices are recorded").materialise(start);
    let left = |tape: &Tape| {
        let left = tmin(name, tape, time).unwrap_or_else(|| tape.clone());
        let (wild, found) = wild(simulation, &left);
        // libFuzzer keeps to any crash
        let other = if found.as_deref() == Some(&identity) { "" } else { " (another finding)" };
        format!("{wild}{other}")
    };
    let (bytes, written) = (left(start), left(&written));
    let began = Instant::now();
    let minimized = Minimizer::new(simulation).progress(|_| began.elapsed() < time).minimize(start);
    let ours = wild(simulation, &minimized.expect("the tape shows its finding each time").tape).0;
    println!("| {name} | {before} | {bytes} | {written} | {ours} | {:.1} |", began.elapsed().as_secs_f64());
}

/// The choices of its run that aren't calm, and what it shows.
fn wild(simulation: &Simulation, tape: &Tape) -> (usize, Option<String>) {
    let outcome = simulation.run_with(tape, Recording::Choices);
    let wild = outcome.trace().map_or(0, |trace| trace.wild());
    (wild, outcome.finding().map(|finding| finding.identity.clone()))
}

/// What `cargo fuzz tmin` makes of it in that time, if anything.
fn tmin(name: &str, tape: &Tape, time: Duration) -> Option<Tape> {
    let folder = std::env::temp_dir().join(format!("tmin-{}", std::process::id()));
    let made = folder.join("artifacts");
    fs::create_dir_all(&made).expect("there is room for a tape");
    let file = folder.join("tape");
    fs::write(&file, tape.encode()).expect("there is room for a tape");
    let binary = format!("{}/target/x86_64-unknown-linux-gnu/release/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(binary);
    // runs without end; the clock is ours, since libFuzzer's bounds each of its steps and not their sum
    command.args(["-minimize_crash=1", "-runs=1000000000"]).arg(format!("-max_total_time={}", time.as_secs()));
    command.arg(format!("-artifact_prefix={}/", made.display())).arg(&file);
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let began = Instant::now();
    let mut child = command.spawn().expect("`cargo fuzz build` has made it");
    while began.elapsed() < time && child.try_wait().expect("it is our child").is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let group = format!("-{}", child.id());
    // where it has ended by itself there is nobody to end
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    child.wait().expect("it is our child");
    let newest = newest(&made).map(|path| Tape::decode(&fs::read(path).expect("it is there")));
    fs::remove_dir_all(&folder).expect("it is ours");
    newest
}

fn newest(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is there").path());
    files.max_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).expect("it is there"))
}
