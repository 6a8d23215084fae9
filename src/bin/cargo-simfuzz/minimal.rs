//! The simplest tape of a finding, made at the end of a campaign.
//!
//! Owns the call and the time that it may take; the work is done in the target's binary. That it
//! fails is no error, since the finding's own tape is there, but it is said: a finding that doesn't
//! come again is news.

use crate::screen::{Screen, clock};
use crate::watched::{Heard, Watched, interrupted};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Seconds for one finding. `cargo simfuzz minimize` takes more.
const SECONDS: u64 = 15;

/// How lines of progress begin.
const PROGRESS: &str = "simfuzz: minimising: ";

/// What the binary may take beyond that, for runs that take long themselves.
const PATIENCE: Duration = Duration::from_secs(10);

/// Findings of one campaign that are minimised, the ones with the shortest tapes.
pub(crate) const FINDINGS: usize = 4;

/// A tape that was minimised, or why there is none; nothing where nobody tried.
pub(crate) type Tried = Option<Result<Minimal, String>>;

/// A tape that was minimised.
#[derive(Debug)]
pub(crate) struct Minimal {
    pub(crate) path: PathBuf,
    /// How small it is, in a sentence.
    pub(crate) sentence: String,
    /// Can it be made no simpler? Otherwise the time was up.
    pub(crate) settled: bool,
}

/// By a plain build.
pub(crate) fn by_plain(binary: &Path, tape: &Path, screen: &mut Screen) -> Tried {
    let mut command = Command::new(binary);
    command.arg("minimize").arg(tape).args(["--quiet", "--lenient", "--time", &SECONDS.to_string()]);
    command.args(["--budget", &u32::MAX.to_string()]);
    made(command, screen)
}

/// By a fuzzer's build: it is there, while the plain build may take minutes the first time.
pub(crate) fn by_fuzzer(binary: &Path, tape: &Path, screen: &mut Screen) -> Tried {
    let mut command = Command::new(binary);
    // a target that is older than this command runs the tape, and that is all
    command.arg(tape).env("SIMFUZZ_MINIMIZE", SECONDS.to_string());
    made(command, screen)
}

fn made(command: Command, screen: &mut Screen) -> Tried {
    if interrupted() {
        return None;
    }
    screen.begin();
    let made = call(command, screen);
    screen.clear();
    Some(made)
}

fn call(command: Command, screen: &mut Screen) -> Result<Minimal, String> {
    let mut child = Watched::start(command).map_err(|stop| stop.to_string())?;
    let limit = Duration::from_secs(SECONDS) + PATIENCE;
    let mut reason = None;
    let mut so_far = String::new();
    loop {
        match child.next(Duration::from_millis(100)) {
            Heard::Line(line) => {
                if let Some((told, _)) = line.strip_prefix(PROGRESS).and_then(|told| told.rsplit_once(" after ")) {
                    so_far = format!(": {told}");
                }
                reason = line.strip_prefix("error: ").map(str::to_owned).or(reason);
            }
            Heard::Quiet if screen.elapsed() > limit => {
                reason = Some(format!("it took more than {}", clock(limit)));
                child.interrupt();
            }
            Heard::Quiet => {}
            Heard::Ended => break,
        }
        let whole = clock(Duration::from_secs(SECONDS));
        screen.live(|elapsed| format!("minimising {} of {whole}{so_far}", clock(elapsed)));
    }
    let (status, stdout) = child.finish().map_err(|stop| stop.to_string())?;
    let text = String::from_utf8_lossy(&stdout);
    let told = text.trim_end().rsplit_once("\nminimized: ").filter(|_| status.success());
    let Some((sentence, path)) = told else {
        return Err(reason.unwrap_or_else(|| "the target's binary gave none; is its simfuzz an older one?".to_owned()));
    };
    let mut parts = sentence.lines().last().unwrap_or_default().split(';');
    let sentence = parts.next().unwrap_or_default().to_owned();
    Ok(Minimal { path: PathBuf::from(path), sentence, settled: parts.next().is_none() })
}
