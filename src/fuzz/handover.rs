//! The numbers of a campaign, handed to the program that watches it.
//!
//! A watcher names a folder in `SIMFUZZ_HANDOVER`, and when it began in `SIMFUZZ_BEGAN`
//! (milliseconds since 1970). Each process, and each thread that searches by itself, keeps one
//! file there, replaced as a whole twice a second and at the end. Without the variables nothing
//! is written, and no clock is read.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the campaign, outside of every run"
)]

use crate::campaign::Summary;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two versions of a file: a live line that is younger than a second.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Handover {
    file: PathBuf,
    /// Since the campaign began, when this was made.
    before: Duration,
    made: Instant,
    written: Option<Instant>,
}

/// The folder that a watcher names.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os("SIMFUZZ_HANDOVER").map(PathBuf::from)
}

impl Handover {
    /// The one that a watcher asks for; `part` tells the threads of a process apart.
    pub(crate) fn asked_for(part: usize) -> Option<Self> {
        let folder = folder()?;
        let began = std::env::var("SIMFUZZ_BEGAN").ok().and_then(|millis| millis.parse().ok());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = began.map_or(Duration::ZERO, |began| since_1970.saturating_sub(Duration::from_millis(began)));
        let file = folder.join(format!("{}-{part}.json", std::process::id()));
        Some(Self { file, before, made: Instant::now(), written: None })
    }

    /// The real time since the campaign began.
    pub(crate) fn now(&self) -> Duration {
        self.before + self.made.elapsed()
    }

    /// Is it time for another version?
    pub(crate) fn is_due(&self) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= EVERY)
    }

    /// Replaces the file.
    pub(crate) fn write(&mut self, summary: &Summary) {
        self.written = Some(Instant::now());
        let beside = self.file.with_extension("part");
        let text = serde_json::to_vec(summary).unwrap_or_default();
        // a watcher that has gone, or a full disk: the campaign itself is unharmed, and a watcher
        // that is still there says what it misses
        let _ = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.file));
    }
}
