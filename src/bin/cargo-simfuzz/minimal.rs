//! The simplest tape of a finding, made at the end of a campaign.
//!
//! Owns the call and the time that it may take; the work is done in the target's binary. That it
//! fails is no error: the finding's own tape is there.

use crate::screen::{Screen, clock};
use crate::watched::{Heard, Watched, interrupted};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Seconds for one finding. `cargo simfuzz minimize` takes more.
const SECONDS: u64 = 15;

/// What the binary may take beyond that, for runs that take long themselves.
const PATIENCE: Duration = Duration::from_secs(10);

/// Findings of one campaign that are minimised, the ones with the shortest tapes.
pub(crate) const FINDINGS: usize = 4;

/// A tape that was minimised.
#[derive(Debug)]
pub(crate) struct Minimal {
    pub(crate) path: PathBuf,
    /// How small it is, in a sentence.
    pub(crate) sentence: String,
}

/// By a plain build.
pub(crate) fn by_plain(binary: &Path, tape: &Path, screen: &mut Screen) -> Option<Minimal> {
    let mut command = Command::new(binary);
    command.arg("minimize").arg(tape).args(["--quiet", "--lenient", "--time", &SECONDS.to_string()]);
    command.args(["--budget", &u32::MAX.to_string()]);
    made(command, screen)
}

/// By a fuzzer's build: it is there, while the plain build may take minutes the first time.
pub(crate) fn by_fuzzer(binary: &Path, tape: &Path, screen: &mut Screen) -> Option<Minimal> {
    let mut command = Command::new(binary);
    // a target that is older than this command runs the tape, and that is all
    command.arg(tape).env("SIMFUZZ_MINIMIZE", SECONDS.to_string());
    made(command, screen)
}

fn made(command: Command, screen: &mut Screen) -> Option<Minimal> {
    if interrupted() {
        return None;
    }
    screen.begin();
    let mut child = Watched::start(command).ok()?;
    let limit = Duration::from_secs(SECONDS) + PATIENCE;
    loop {
        match child.next(Duration::from_millis(100)) {
            Heard::Quiet if screen.elapsed() > limit => child.interrupt(),
            Heard::Quiet | Heard::Line(_) => {}
            Heard::Ended => break,
        }
        screen.live(|elapsed| format!("minimising {} of {}", clock(elapsed), clock(Duration::from_secs(SECONDS))));
    }
    screen.clear();
    let (status, stdout) = child.finish().ok()?;
    let text = String::from_utf8_lossy(&stdout);
    let (sentence, path) = text.trim_end().rsplit_once("\nminimized: ")?;
    let sentence = sentence.lines().last()?.split(';').next()?.to_owned();
    status.success().then(|| Minimal { path: PathBuf::from(path), sentence })
}
