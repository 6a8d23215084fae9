//! One trial: a call of the target that ends by itself, and the line in which it says how.
//!
//! Owns the call, its folder and its start. What the numbers mean is the table's business.

use super::mode::{Engine, Mode};
use crate::fuzzer::FLAGS;
use crate::stop::Stop;
use crate::watched::{Heard, Watched, interrupted};
use serde_json::Value;
use simfuzz::Tape;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Inputs that a fuzzer starts from, so that trials differ from the start; as many as our own loop.
const STARTS: u64 = 16;

/// The most bytes of an input of the naive encoding: 8,192 choices, and more than most runs make.
///
/// A tape needs fewer, since it holds the exceptions alone.
const NAIVE_BYTES: usize = 16 * 1024;

/// The length of the naive encoding's starts.
const NAIVE_START: usize = 4 * 1024;

/// What a trial may take on the clock of the wall: so many times its cap, and so long besides.
///
/// It is meant for a run that never ends. A busy machine makes a trial slow, but not this slow.
const WALL: (f64, f64) = (20.0, 120.0);

/// Lines that are kept to explain a trial without a result.
const TAIL: usize = 6;

/// A trial that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) problem: String,
    pub(super) mode: Mode,
    pub(super) number: u32,
    pub(super) seed: u32,
    pub(super) cap: f64,
    pub(super) binary: PathBuf,
    /// For its corpus and its crash; it is made and removed here.
    pub(super) folder: PathBuf,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Result {
    pub(super) found: Option<String>,
    pub(super) executions: u64,
    pub(super) cpu: f64,
}

impl Job {
    /// Makes the trial; the time it takes is the search's own.
    pub(super) fn run(&self) -> std::result::Result<Result, Stop> {
        let made = fs::create_dir_all(&self.folder).and_then(|()| self.command());
        let command = made.map_err(|error| Stop::bad(format!("{} can't be made: {error}", self.folder.display())))?;
        let result = self.watch(command);
        // a leftover in the build folder does no harm
        let _ = fs::remove_dir_all(&self.folder);
        result
    }

    fn command(&self) -> std::io::Result<Command> {
        let mut command = Command::new(&self.binary);
        self.mode.set(&mut command);
        let plain = match self.mode.engine {
            Engine::Random => "random",
            Engine::Swarm => "swarm",
            Engine::Explore => "explore",
            Engine::Libfuzzer | Engine::Bytes | Engine::BytesGoals => {
                self.fuzzer(&mut command)?;
                return Ok(command);
            }
        };
        command.args(["trial", "--mode", plain]);
        command.args(["--seed", &self.seed.to_string(), "--cap", &self.cap.to_string()]);
        Ok(command)
    }

    fn fuzzer(&self, command: &mut Command) -> std::io::Result<()> {
        let corpus = self.folder.join("corpus");
        fs::create_dir_all(&corpus)?;
        for number in 0..STARTS {
            let seed = u64::from(self.seed) << 32 | number;
            let start = if self.mode.is_bytes() { noise(seed) } else { Tape::swarm(seed).encode() };
            fs::write(corpus.join(number.to_string()), start)?;
        }
        command.args(FLAGS);
        // a run that takes long is no find, and the machine may be busy
        command.args(["-timeout=600".into(), format!("-seed={}", self.seed)]);
        if self.mode.is_bytes() {
            command.arg(format!("-max_len={NAIVE_BYTES}"));
        }
        let mut prefix = std::ffi::OsString::from("-artifact_prefix=");
        prefix.push(self.folder.join(""));
        command.arg(prefix).arg(corpus).env("SIMFUZZ_TRIAL", self.cap.to_string());
        Ok(())
    }

    fn watch(&self, command: Command) -> std::result::Result<Result, Stop> {
        let wall = Duration::from_secs_f64(self.cap * WALL.0 + WALL.1);
        let began = Instant::now();
        let mut child = Watched::start(command)?;
        let mut said = None;
        let mut tail = std::collections::VecDeque::new();
        let mut late = false;
        loop {
            match child.next(Duration::from_millis(100)) {
                Heard::Line(line) => match line.strip_prefix("simfuzz: trial ").and_then(read) {
                    Some(result) => said = Some(result),
                    None => {
                        if tail.len() == TAIL {
                            tail.pop_front();
                        }
                        tail.push_back(line);
                    }
                },
                Heard::Quiet => {}
                Heard::Ended => break,
            }
            if began.elapsed() > wall {
                late = true;
                child.interrupt();
            }
        }
        let (status, stdout) = child.finish()?;
        // a trial that ended in time counts, whatever was pressed meanwhile
        let said = said.or_else(|| String::from_utf8_lossy(&stdout).lines().find_map(read));
        match said {
            Some(result) => Ok(result),
            None if interrupted() => Err(Stop::interrupted()),
            None if late => {
                Err(Stop::bad(format!("{self} didn't end within {} seconds: does a run of it hang?", wall.as_secs())))
            }
            None => {
                let tail: Vec<_> = tail.iter().map(|line| format!("\n  {line}")).collect();
                Err(Stop::bad(format!("{self} ended without a result ({status}); its last lines:{}", tail.concat())))
            }
        }
    }
}

impl std::fmt::Display for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.problem, self.mode, self.number)
    }
}

/// The line of JSON in which a target tells of a trial.
fn read(line: &str) -> Option<Result> {
    let value: Value = serde_json::from_str(line).ok()?;
    let found = value["found"].as_str().map(str::to_owned);
    Some(Result { found, executions: value["executions"].as_u64()?, cpu: value["cpu_seconds"].as_f64()? })
}

/// Bytes that are as good as random: each choice of a run is drawn from them.
fn noise(seed: u64) -> Vec<u8> {
    let mut word = seed;
    let mut bytes = Vec::with_capacity(NAIVE_START);
    while bytes.len() < NAIVE_START {
        // splitmix64 (Steele, Lea, Flood)
        word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((mixed ^ mixed >> 31).to_le_bytes());
    }
    bytes
}

/// A hash of a file, which tells one build from another.
pub(super) fn hash(path: &Path) -> std::io::Result<String> {
    let bytes = fs::read(path)?;
    // FNV-1a, by words: a binary has millions
    let hash = bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325_u64, |hash, chunk| {
        let word = chunk.iter().rev().fold(0, |word: u64, &byte| word << 8 | u64::from(byte));
        (hash ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    });
    Ok(format!("{hash:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_trial_is_read() {
        let found = read(r#"{"found":"always: a","executions":12,"cpu_seconds":0.5}"#).unwrap();
        assert_eq!(found, Result { found: Some("always: a".into()), executions: 12, cpu: 0.5 });
        assert_eq!(read(r#"{"found":null,"executions":1,"cpu_seconds":3}"#).unwrap().found, None);
        assert_eq!(read("#12 NEW"), None);
    }

    #[test]
    fn starts_of_different_seeds_differ() {
        assert_eq!(noise(1).len(), NAIVE_START);
        assert_ne!(noise(1)[..64], noise(2)[..64]);
    }
}
