//! `replay`: tapes as text, with the stories of their runs; and `report`: their accounts as JSON.

use super::reading::Reading;
use super::{debugger, log, say, tape};
use crate::account::Account;
use crate::choice::Tape;
use crate::run::{Outcome, Recording, Simulation, Status};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(super) fn replay(
    simulation: &Simulation,
    files: &[PathBuf],
    reading: &Reading,
    break_at: Option<u64>,
    lenient: bool,
) -> Result<ExitCode, String> {
    log::listen();
    if let Some(number) = break_at {
        debugger::stop_at(number)?;
    }
    let mut worst = 0;
    for path in files {
        let (tape, outcome) = run(simulation, path, lenient)?;
        let text = outcome.text(&tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
        say(&format_args!("{text}\n{}\n{outcome}", reading.read(&outcome)?));
        if let Some(number) = break_at.filter(|&number| number >= outcome.story().len() as u64) {
            return Err(format!("the run has {} events: there is no event {number}", outcome.story().len()));
        }
        let code = match outcome.status() {
            Status::Passed => 0,
            Status::Found => 1,
            Status::Truncated => 3,
        };
        // a finding is worse than a truncated run
        worst = if worst == 1 || code == 1 { 1 } else { code.max(worst) };
    }
    Ok(ExitCode::from(worst))
}

fn run(simulation: &Simulation, path: &Path, lenient: bool) -> Result<(Tape, Outcome), String> {
    let tape = tape(simulation, path, lenient)?;
    let outcome = simulation.run_with(&tape, Recording::Story);
    Ok((tape, outcome))
}

/// Prints `{"run": .., "original": ..}`: the account of a tape, and briefly that of the tape it was
/// made from.
pub(super) fn report(
    simulation: &Simulation,
    path: &Path,
    original: Option<&Path>,
    lenient: bool,
) -> Result<ExitCode, String> {
    log::listen();
    let account = |path: &Path| run(simulation, path, lenient).map(|(tape, outcome)| Account::of(&tape, &outcome));
    let original = original.map(account).transpose()?.map(Account::brief);
    let all = json_line(&account(path)?, original.as_ref()).map_err(|error| format!("the account: {error}"))?;
    let mut out = std::io::stdout().lock();
    match out.write_all(&all).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("the account is not written: {error}"))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn json_line(run: &Account, original: Option<&Account>) -> serde_json::Result<Vec<u8>> {
    let mut line = br#"{"run":"#.to_vec();
    serde_json::to_writer(&mut line, run)?;
    line.extend(br#","original":"#);
    serde_json::to_writer(&mut line, &original)?;
    line.extend(b"}\n");
    Ok(line)
}
