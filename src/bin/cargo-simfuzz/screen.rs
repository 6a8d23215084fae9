//! What the user sees while something takes long: one live line, and lines above it.
//!
//! Owns standard error. On a terminal the live line is redrawn in place; elsewhere it becomes a
//! plain line now and then, so that a log of a CI job stays readable.

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Did somebody say `--quiet`?
static QUIET: AtomicBool = AtomicBool::new(false);

/// Tells no more of how far something is: not here, and not in the targets that are called.
pub(crate) fn be_quiet() {
    QUIET.store(true, Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Relaxed)
}

/// Hands the user's wish for quiet on to a target.
pub(crate) fn hand_on(command: &mut Command) {
    if is_quiet() {
        command.env("SIMFUZZ_QUIET", "1");
    }
}

/// Between two plain lines.
///
/// Often enough to see that something moves, and 60 seconds of fuzzing are twelve lines of a log.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Before the first live line.
///
/// A cargo build that has nothing to do takes under a second, and needs no words.
const SILENCE: Duration = Duration::from_millis(1500);

#[derive(Debug)]
pub(crate) struct Screen {
    terminal: bool,
    bar: Option<ProgressBar>,
    began: Instant,
    plain: Option<Instant>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), bar: None, began: Instant::now(), plain: None }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Begins a new piece of work: the clock of its live line starts at zero.
    pub(crate) fn begin(&mut self) {
        self.clear();
        self.began = Instant::now();
        self.plain = None;
    }

    /// How long the piece of work has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns true once the work has taken long enough to be spoken of.
    pub(crate) fn is_long(&self) -> bool {
        self.elapsed() >= SILENCE
    }

    /// A line that stays.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// The state of the work, with `text` made only if it is shown.
    pub(crate) fn live(&mut self, text: impl FnOnce(Duration) -> String) {
        if !self.is_long() || is_quiet() {
            return;
        }
        let elapsed = self.elapsed();
        if self.terminal {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{spinner} {wide_msg}");
                ProgressBar::new_spinner().with_style(style.expect("the template is a constant"))
            });
            bar.set_message(text(elapsed));
            bar.tick();
        } else if self.plain.is_none_or(|last| last.elapsed() >= PLAIN_EVERY) {
            eprintln!("{}", text(elapsed));
            self.plain = Some(Instant::now());
        }
    }

    /// Takes the live line away.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `1:02:03`, `2:03`.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 tape`, `2 tapes`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(clock(Duration::from_secs(5)), "0:05");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
        assert_eq!(count(1, "tape"), "1 tape");
        assert_eq!(count(1200, "tape"), "1,200 tapes");
    }
}
