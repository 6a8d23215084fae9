//! `replay`: tapes as text, with the stories of their runs.

use super::{read, say};
use crate::choice::Tape;
use crate::regress;
use crate::run::{Outcome, Recording, Simulation, Status};
use std::path::PathBuf;
use std::process::ExitCode;

pub(super) fn replay(
    simulation: &Simulation,
    files: &[PathBuf],
    verbose: bool,
    lenient: bool,
) -> Result<ExitCode, String> {
    let mut worst = 0;
    for path in files {
        let saved = read(path, lenient)?;
        let tape = if saved.is_text { regress::bind(simulation, &saved.text).tape } else { saved.text.tape };
        let outcome = simulation.run_with(&tape, Recording::Story);
        print(&tape, &outcome, verbose);
        let code = match outcome.status() {
            Status::Passed => 0,
            Status::Found => 1,
            Status::Truncated => 3,
        };
        // a finding is worse than a truncated run
        worst = if worst == 1 { 1 } else { code.max(worst) };
        if code == 1 {
            worst = 1;
        }
    }
    Ok(ExitCode::from(worst))
}

fn print(tape: &Tape, outcome: &Outcome, verbose: bool) {
    let text = outcome.text(tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
    say(&format_args!("{text}\n{}\n{outcome}", outcome.tell(verbose)));
}
