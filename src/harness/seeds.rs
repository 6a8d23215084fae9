//! `seeds` and `goals`: plain random runs, and the catalogue.

use super::say;
use crate::assert;
use crate::run::{Simulation, run_seeds};
use std::process::ExitCode;

pub(super) fn seeds(simulation: &Simulation, count: u64, from: u64, jobs: usize) -> ExitCode {
    let seeds: Vec<_> = (from..from.saturating_add(count)).collect();
    let report = run_seeds(simulation, &seeds, jobs.max(1));
    say(&report);
    // to be compared with another process's
    say(&format_args!("digest {:016x} over {} runs", report.digest(), report.runs()));
    if count == 0 {
        eprintln!("error: no seed was run, so nothing was tested");
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(report.passed() + report.truncated() < report.runs()))
}

pub(super) fn goals() -> ExitCode {
    for entry in assert::catalogue() {
        let place = entry.place();
        let file = crate::choice::short_file(place.file);
        say(&format_args!("{:24}  {}  ({file}:{})", entry.kind.to_string(), entry.name, place.line));
    }
    ExitCode::SUCCESS
}
