//! A line now and then, for those who wait at a terminal or read a log.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use std::time::{Duration, Instant};

/// Between two lines.
const EVERY: Duration = Duration::from_secs(2);

/// Set by `cargo simfuzz --quiet`.
const QUIET: &str = "SIMFUZZ_QUIET";

#[derive(Debug)]
pub(in crate::harness) struct Progress {
    began: Instant,
    last: Instant,
    quiet: bool,
}

impl Progress {
    pub(in crate::harness) fn new() -> Self {
        let now = Instant::now();
        Self { began: now, last: now, quiet: std::env::var_os(QUIET).is_some() }
    }

    pub(in crate::harness) fn is_due(&self) -> bool {
        !self.quiet && self.last.elapsed() >= EVERY
    }

    /// Says how far it is, if it is time.
    pub(in crate::harness) fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.is_due() {
            self.last = Instant::now();
            eprintln!("simfuzz: {} after {} s", what(), self.began.elapsed().as_secs());
        }
    }
}
