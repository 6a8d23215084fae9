//! Minimising with a clock: how long, where the result is written, and the lines that say so.
//!
//! The plain program and the fuzzer's build both do it; what is simpler lives in `shrink`.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use super::folder::name;
use crate::choice::Tape;
use crate::minimize::{Minimized, Minimizer, Progress};
use crate::regress::write_whole;
use crate::run::Simulation;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Candidates at most.
    pub(crate) runs: u32,
    /// Time at most.
    pub(crate) time: Duration,
    /// Threads.
    pub(crate) jobs: usize,
}

impl Effort {
    /// One that keeps to it; `told` hears how far it is, often.
    pub(crate) fn minimizer<'a>(
        &self,
        simulation: &'a Simulation,
        mut told: impl FnMut(Progress) + 'a,
    ) -> Minimizer<'a> {
        let (began, time) = (Instant::now(), self.time);
        Minimizer::new(simulation).runs(self.runs).jobs(self.jobs).progress(move |so_far| {
            told(so_far);
            began.elapsed() < time
        })
    }
}

/// Between two lines of progress.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// Writes the tape to `out`, or beside `file`; the path.
///
/// # Errors
///
/// A sentence, if the disk doesn't take it.
pub(crate) fn keep(minimized: &Minimized, file: &Path, out: Option<&Path>) -> Result<PathBuf, String> {
    let bytes = minimized.tape.encode();
    let path = match out {
        Some(out) => out.to_owned(),
        None => free_name(file, &bytes)?,
    };
    write_whole(&path, &bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

/// A name beside `file` under which there is nothing else: `minimized-from-` and the SHA-1 of the
/// original, as libFuzzer and cargo-fuzz call it.
fn free_name(file: &Path, bytes: &[u8]) -> Result<PathBuf, String> {
    let original = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let name = format!("minimized-from-{}", name(&original));
    let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}.{number}")));
    let mut paths = names.map(|name| file.with_file_name(name));
    // the same bytes may be there from the last time
    let free = paths.find(|path| !path.exists() || fs::read(path).is_ok_and(|there| there == bytes));
    Ok(free.expect("numbers don't end"))
}

/// What it came to, and where it is: the two lines that `cargo simfuzz` reads.
pub(crate) fn lines(minimized: &Minimized, path: &Path) -> String {
    let Minimized { choices, original, runs, settled, .. } = minimized;
    let end = if *settled { "" } else { "; stopped by the budget, which `--budget` and `--time` raise" };
    format!("{original} choices that are not calm became {choices}, in {runs} runs{end}\nminimized: {}", path.display())
}

/// What the fuzzer's build does when `SIMFUZZ_MINIMIZE` names a tape: minimises it for so many seconds,
/// prints the lines, and gives the exit code.
#[cfg_attr(not(fuzzing), expect(dead_code, reason = "libFuzzer's build alone is asked like this"))]
pub(crate) fn asked_for(simulation: &Simulation, file: &Path, seconds: u64) -> i32 {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let effort = Effort { runs: u32::MAX, time: Duration::from_secs(seconds), jobs };
    let (began, mut told) = (Instant::now(), Instant::now());
    let tell = move |Progress { runs, choices }: Progress| {
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            eprintln!("simfuzz: minimising: {choices} choices, {runs} runs after {} s", began.elapsed().as_secs());
        }
    };
    let done = fs::read(file).map_err(|error| error.to_string()).and_then(|bytes| {
        let minimized = effort.minimizer(simulation, tell).minimize(&Tape::decode(&bytes));
        let minimized = minimized.map_err(|error| error.to_string())?;
        Ok(lines(&minimized, &keep(&minimized, file, None)?))
    });
    match done {
        Ok(lines) => {
            println!("{lines}");
            0
        }
        Err(sentence) => {
            eprintln!("error: {}: {sentence}", file.display());
            2
        }
    }
}
