//! `observe`: a process that makes one run after another under conditions that it is told, and the
//! side of it that asks.
//!
//! Owns the protocol: a line of JSON for each run, and one back. Standard output is shared with the
//! code under test, hence the mark.

use crate::campaign::SavedTape;
use crate::choice::Tape;
use crate::run::{Asked, Conditions, Recording, Simulation, Told, another, asked};
use serde::{Deserialize, Serialize};
use std::future::{Future, pending, ready};
use std::io::{BufRead, BufReader, Write};
use std::pin::pin;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::task::{Context, Waker};

/// What stands before an answer.
const MARK: &str = "simfuzz-observed ";

/// A run to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) tape: SavedTape,
    /// Those of the simulation without.
    pub(super) conditions: Option<Conditions>,
    /// What is run before: 0 is the tape itself, other numbers are other tapes.
    pub(super) before: Vec<u32>,
    /// How often the counters behind `select!` are turned before.
    pub(super) turns: Option<(Select, u32)>,
    /// Is the story wanted?
    pub(super) told: bool,
}

/// Whose `select!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Select {
    Tokio,
    Futures,
}

impl Request {
    /// The run as the simulation has it.
    pub(super) fn plain(tape: &Tape) -> Self {
        Self { tape: SavedTape::of(tape), conditions: None, before: Vec::new(), turns: None, told: false }
    }

    /// The run under `conditions`.
    pub(super) fn under(tape: &Tape, conditions: Conditions) -> Self {
        Self { conditions: Some(conditions), ..Self::plain(tape) }
    }
}

/// What was seen of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Observed {
    pub(super) digest: u64,
    /// Threads that the code under test has started.
    pub(super) threads: u64,
    pub(super) asked: Asked,
    pub(super) told: Option<Told>,
}

/// A process that observes.
#[derive(Debug)]
pub(super) struct Observer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Observer {
    /// As the system starts processes.
    pub(super) fn start() -> Result<Self, String> {
        Self::begin(false)
    }

    /// With the same addresses each time, where the system can do that.
    pub(super) fn start_in_place() -> Result<Self, String> {
        Self::begin(true)
    }

    fn begin(in_place: bool) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("another process can't be started: {error}");
        let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
        command.arg("observe").stdin(Stdio::piped()).stdout(Stdio::piped());
        if in_place {
            same_addresses(&mut command);
        }
        let mut child = command.spawn().map_err(cannot)?;
        let requests = child.stdin.take().expect("the pipe was asked for");
        let answers = BufReader::new(child.stdout.take().expect("the pipe was asked for"));
        Ok(Self { child, requests, answers })
    }

    /// Has a run made.
    ///
    /// # Errors
    ///
    /// A sentence, when the process ends instead.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Observed, String> {
        let line = serde_json::to_string(request).map_err(|error| format!("the request: {error}"))?;
        // a process that has ended is seen below
        let _ = writeln!(self.requests, "{line}").and_then(|()| self.requests.flush());
        loop {
            let mut bytes = Vec::new();
            let read = self.answers.read_until(b'\n', &mut bytes).unwrap_or(0);
            if read == 0 {
                let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(format!("the other process ended in the midst of the run ({status})"));
            }
            if let Some(answer) = bytes.strip_prefix(MARK.as_bytes()) {
                return serde_json::from_slice(answer).map_err(|error| format!("the answer: {error}"));
            }
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        // it has nothing left to do, and nobody waits for its words
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the C interface of personality, between fork and exec")]
fn same_addresses(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: the closure makes one system call, which is safe between fork and exec.
    unsafe {
        command.pre_exec(|| {
            // where it is forbidden the addresses differ, and more is blamed on them
            libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn same_addresses(_: &mut Command) {}

/// Answers the requests of standard input.
pub(in crate::harness) fn observe(simulation: &Simulation) -> Result<ExitCode, String> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("a request can't be read: {error}"))?;
        let request = serde_json::from_str(&line).map_err(|error| format!("a request: {error}"))?;
        let answer = serde_json::to_string(&answer(simulation, &request)?).map_err(|error| error.to_string())?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{MARK}{answer}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(simulation: &Simulation, request: &Request) -> Result<Observed, String> {
    let tape = Tape::decode(&request.tape.tape().ok_or("the tape of a request is no hexadecimal number")?);
    let run = |tape: &Tape, recording| match request.conditions {
        None => simulation.run_with(tape, recording),
        // asked for by the tape itself, not by those before
        Some(conditions) => simulation.run_under(tape, recording, conditions),
    };
    if let Some((whose, times)) = request.turns {
        (0..times).for_each(|_| turn(whose));
    }
    for &number in &request.before {
        let before = if number == 0 { tape.clone() } else { another(&tape, u64::from(number)) };
        run(&before, Recording::Result);
    }
    let threads = thread_number();
    let recording = if request.told { Recording::Story } else { Recording::Result };
    let (outcome, asked) = match request.conditions {
        // what is noted is the thread's own
        Some(conditions) if conditions.watched => std::thread::scope(|scope| {
            let (tape, here) = (&tape, Conditions { thread: false, ..conditions });
            let watched = move || (simulation.run_under(tape, recording, here), asked());
            scope.spawn(watched).join().map_err(|_| "the run panicked".to_owned())
        })?,
        _ => (run(&tape, recording), Asked::default()),
    };
    let own = 1 + u64::from(request.conditions.map_or(simulation.isolated, |conditions| conditions.thread));
    Ok(Observed {
        digest: outcome.digest(),
        threads: (thread_number() - threads).saturating_sub(own),
        asked,
        told: request.told.then(|| Told::of(&outcome)),
    })
}

/// The number of a thread that is started now: `std` counts them.
fn thread_number() -> u64 {
    let id = std::thread::scope(|scope| {
        scope.spawn(|| format!("{:?}", std::thread::current().id())).join().unwrap_or_default()
    });
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

/// Turns the counter by which a `select!` chooses the branch that it looks at first: each thread takes
/// one number of it.
fn turn(whose: Select) {
    fn poll(future: impl Future<Output = ()>) {
        let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    }
    std::thread::scope(|scope| {
        scope.spawn(|| match whose {
            Select::Tokio => poll(async {
                tokio::select! {
                    () = ready(()) => {}
                    () = pending() => {}
                }
            }),
            Select::Futures => poll(async {
                let (mut one, mut other) = (futures_util::future::ready(()), futures_util::future::pending::<()>());
                futures_util::select! {
                    () = one => {}
                    () = other => {}
                }
            }),
        });
    });
}
