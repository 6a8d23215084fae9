//! A child process whose lines are read as they come, and which Ctrl-C ends in good order.
//!
//! Owns the process, its pipes and the signal. What a line means is the caller's business.

use crate::stop::Stop;
use std::io::{BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Once, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// From the interrupt to the kill.
///
/// libFuzzer ends within a millisecond of its signal, cargo when its compilers have ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// From the child's end to the end of its pipe, which a grandchild may hold open.
const LAST_WORDS: Duration = Duration::from_secs(1);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Returns true once the user has pressed Ctrl-C, or somebody has asked us to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What came from the child.
#[derive(Debug)]
pub(crate) enum Heard {
    Line(String),
    /// Nothing within the time.
    Quiet,
    /// It has ended, and all of its lines were heard.
    Ended,
}

#[derive(Debug)]
pub(crate) struct Watched {
    child: Child,
    lines: Receiver<String>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    asked: Option<Instant>,
    ended: Option<Instant>,
}

impl Watched {
    /// Starts `command`; the lines are those of its standard error, its standard output is kept.
    pub(crate) fn start(mut command: Command) -> Result<Self, Stop> {
        catch_interrupts();
        own_group(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child = child.map_err(|error| {
            Stop::bad(format!("{} can't be started: {error}", command.get_program().to_string_lossy()))
        })?;
        let (sender, lines) = channel();
        let stderr = child.stderr.take().expect("the pipe was asked for");
        thread::spawn(move || split(stderr, &sender));
        let mut stdout = child.stdout.take().expect("the pipe was asked for");
        let stdout = thread::spawn(move || {
            let mut bytes = Vec::new();
            // what was read before an error is still worth showing
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        });
        Ok(Self { child, lines, stdout: Some(stdout), asked: None, ended: None })
    }

    /// The next line, if one comes within `wait`.
    pub(crate) fn next(&mut self, wait: Duration) -> Heard {
        if interrupted() {
            self.interrupt();
        }
        match self.lines.recv_timeout(wait) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Disconnected) => {
                // the pipe came to its end, so nobody holds it open and the other one ends as well
                self.ended = None;
                Heard::Ended
            }
            Err(RecvTimeoutError::Timeout) => {
                if self.ended.is_none() && matches!(self.child.try_wait(), Ok(Some(_))) {
                    self.ended = Some(Instant::now());
                }
                match self.ended {
                    Some(ended) if ended.elapsed() >= LAST_WORDS => Heard::Ended,
                    _ => Heard::Quiet,
                }
            }
        }
    }

    /// Asks the child and its children to end; kills it when it doesn't.
    pub(crate) fn interrupt(&mut self) {
        match self.asked {
            None => {
                self.asked = Some(Instant::now());
                // the group, since libFuzzer's -fork has children of its own
                let group = format!("-{}", self.child.id());
                let _ = Command::new("kill").args(["-INT", "--", &group]).stderr(Stdio::null()).status();
            }
            Some(asked) if asked.elapsed() >= PATIENCE => {
                let _ = self.child.kill();
            }
            Some(_) => {}
        }
    }

    /// Waits for the end: how it ended, and its standard output.
    pub(crate) fn finish(mut self) -> Result<(ExitStatus, Vec<u8>), Stop> {
        let status = self.child.wait().map_err(|error| Stop::bad(format!("waiting for a process failed: {error}")))?;
        let stdout = self.stdout.take().filter(|_| self.ended.is_none());
        Ok((status, stdout.and_then(|reader| reader.join().ok()).unwrap_or_default()))
    }
}

fn catch_interrupts() {
    static ONCE: Once = Once::new();
    // without a handler Ctrl-C still ends us, only without a summary
    ONCE.call_once(|| drop(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))));
}

/// Puts the child in a process group of its own, so that one signal reaches all of it, once.
fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Sends the lines of `source`; cargo ends those of its progress bar with `\r`.
fn split(source: impl Read, lines: &mpsc::Sender<String>) {
    let mut line = Vec::new();
    for byte in BufReader::new(source).bytes() {
        match byte {
            Ok(b'\n' | b'\r') => {
                if !line.is_empty() && lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
                line.clear();
            }
            Ok(byte) => line.push(byte),
            Err(_) => break,
        }
    }
    if !line.is_empty() {
        let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
    }
}
