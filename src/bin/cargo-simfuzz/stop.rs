//! Why a command could not do its work: one sentence with the way out.
//!
//! Owns the exit codes. A finding is not a `Stop`: the command did its work.

use std::fmt;

/// The target ended without a finding.
pub(crate) const CLEAN: u8 = 0;
/// There is a finding.
pub(crate) const FINDING: u8 = 1;
/// Bad input, a missing tool, a build that fails.
pub(crate) const BAD: u8 = 2;
/// Ctrl-C before the campaign began, as shells count it (128 + SIGINT).
pub(crate) const INTERRUPTED: u8 = 130;

/// Ends the command.
#[derive(Debug)]
pub(crate) struct Stop {
    code: u8,
    sentence: String,
}

impl Stop {
    /// Something is missing or wrong; `sentence` says what, and the way out.
    pub(crate) fn bad(sentence: impl Into<String>) -> Self {
        Self { code: BAD, sentence: sentence.into() }
    }

    /// The user pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self { code: INTERRUPTED, sentence: "interrupted".into() }
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
