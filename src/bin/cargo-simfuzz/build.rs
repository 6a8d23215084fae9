//! Cargo at work: its compilers' words pass through, its progress becomes the live line.
//!
//! Owns how cargo's output is read. Which command runs is the caller's business.

use crate::screen::{Screen, clock};
use crate::stop::Stop;
use crate::watched::{Heard, Watched, interrupted};
use std::process::Command;
use std::time::Duration;

/// The words with which cargo begins a line on what it does.
const STATUS: &[&str] = &[
    "Adding",
    "Blocking",
    "Compiling",
    "Dirty",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Ignored",
    "Installed",
    "Installing",
    "Locking",
    "Replaced",
    "Replacing",
    "Running",
    "Unpacking",
    "Updating",
];

/// A call of cargo.
#[derive(Debug)]
pub(crate) struct Cargo {
    command: Command,
    what: String,
}

impl Cargo {
    /// `what` is a phrase such as "building sim_target".
    pub(crate) fn new(command: Command, what: impl Into<String>) -> Self {
        Self { command, what: what.into() }
    }

    /// Runs it to its end; returns its standard output.
    pub(crate) fn run(self, screen: &mut Screen) -> Result<Vec<u8>, Stop> {
        let Self { mut command, what } = self;
        // a bar needs a width to be drawn into a pipe; a wide one has room for the crates' names
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "160");
        command.env("CARGO_TERM_COLOR", if screen.is_terminal() { "always" } else { "never" });
        command.env_remove("CARGO_TERM_QUIET").env_remove("CARGO_TERM_VERBOSE");
        screen.begin();
        let mut child = Watched::start(command)?;
        let mut doing = String::new();
        loop {
            match child.next(Duration::from_millis(100)) {
                Heard::Line(line) => match Said::of(&line) {
                    Said::Progress(now) => doing = now,
                    Said::Status => {}
                    Said::Words => screen.line(&line),
                },
                Heard::Quiet => {}
                Heard::Ended => break,
            }
            screen.live(|elapsed| format!("{what} {}  {doing}", clock(elapsed)));
        }
        screen.clear();
        let (status, stdout) = child.finish()?;
        if interrupted() {
            return Err(Stop::interrupted());
        }
        if !status.success() {
            return Err(Stop::bad(format!("{what} failed; the reason is above")));
        }
        if screen.is_long() {
            screen.line(&format!("{what}: done in {}", clock(screen.elapsed())));
        }
        Ok(stdout)
    }
}

/// What a line of cargo's is.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// How far it is.
    Progress(String),
    /// What it has begun or ended.
    Status,
    /// A warning, an error: for the user.
    Words,
}

impl Said {
    fn of(line: &str) -> Self {
        let plain = plain(line);
        let text = plain.trim();
        let first = text.split_whitespace().next().unwrap_or_default();
        match text.split_once("] ") {
            // `Building [=====>   ] 12/34: bank, simfuzz(build)`
            Some((bar, rest)) if bar.contains('[') && rest.starts_with(|c: char| c.is_ascii_digit()) => {
                // `Fetch [=====>   ] 72 complete; 1 pending` is of the registry's index
                let fetches = rest.ends_with(" pending");
                let doing = if fetches { "looking up what it needs" } else { rest.trim_end_matches(':') };
                Self::Progress(doing.to_owned())
            }
            _ if text.is_empty() || STATUS.contains(&first) => Self::Status,
            _ => Self::Words,
        }
    }
}

/// `line` without the terminal's colours.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        // `[1;32m`, `[K`: to the first letter
        let end = escape.find(|c: char| c.is_ascii_alphabetic()).map_or(escape.len(), |end| end + 1);
        rest = &escape[end..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_understood() {
        let bar = "\u{1b}[K\u{1b}[1;36m    Building\u{1b}[0m [====>    ] 12/34: bank, libfuzzer-sys(build)";
        assert_eq!(Said::of(bar), Said::Progress("12/34: bank, libfuzzer-sys(build)".into()));
        let index = "       Fetch [=====>    ] 72 complete; 1 pending";
        assert_eq!(Said::of(index), Said::Progress("looking up what it needs".into()));
        assert_eq!(Said::of("   Compiling bank v0.1.0 (/x)"), Said::Status);
        assert_eq!(Said::of("\u{1b}[1;32m    Finished\u{1b}[0m `release` profile"), Said::Status);
        assert_eq!(Said::of("warning: unused variable: `x`"), Said::Words);
        assert_eq!(Said::of("12 | let x = [1] + 1;"), Said::Words);
    }
}
