//! What an exploration came to, for those who called it.

use crate::campaign::{SavedTape, Summary};
use crate::choice::Tape;
use crate::run::Finding;
use std::fmt;

/// What an exploration came to. Its `Display` has the table of the goals; a test asserts on it
/// with [`assert_ok`](Explored::assert_ok).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explored {
    /// How many runs there were.
    pub executions: u64,
    /// The first finding and the tape that shows it.
    pub finding: Option<(Finding, Tape)>,
    /// Features that were seen.
    pub features: usize,
    /// Tapes that were kept.
    pub corpus: Vec<Tape>,
    pub(super) summary: Summary,
}

impl Explored {
    /// The goals (`sometimes`, `reachable`, ...) of the modules that runs entered and that no run
    /// reached.
    pub fn unreached_goals(&self) -> Vec<&str> {
        self.summary.goals.iter().filter(|goal| goal.runs == 0).map(|goal| goal.name.as_str()).collect()
    }

    /// Panics with the finding and the whole report, unless there was none. Unreached goals don't
    /// fail: see [`assert_goals`](Explored::assert_goals).
    ///
    /// # Panics
    ///
    /// As said; also when there were no runs at all, or none that was not truncated.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.executions > 0, "no tape was run, so nothing was tested");
        assert!(self.summary.truncated < self.executions, "every run was truncated, so nothing was tested\n{self}\n");
        assert!(self.finding.is_none(), "\n{self}\n");
    }

    /// Panics unless every goal of the modules that runs entered was reached.
    ///
    /// # Panics
    ///
    /// As said.
    #[track_caller]
    pub fn assert_goals(&self) {
        let unreached = self.unreached_goals();
        assert!(unreached.is_empty(), "goals that no run reached: {unreached:?}\n{self}\n");
    }

    /// All of it in numbers: when each goal was first reached, how often, its smallest tape.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.summary)?;
        let Some((finding, tape)) = &self.finding else { return Ok(()) };
        writeln!(f, "\nFINDING {finding}")?;
        let SavedTape { hex, .. } = SavedTape::of(tape);
        writeln!(f, "  its tape: echo {hex} | xxd -r -p > crash")?;
        writeln!(f, "  the story: cargo simfuzz replay TARGET crash")
    }
}
