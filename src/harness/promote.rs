//! `promote` and `regress`: tapes that are kept, and what became of them.

use super::minimize::EffortArgs;
use super::{read, say};
use crate::regress::{self, Expectation};
use crate::run::Simulation;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[expect(clippy::too_many_arguments, reason = "they are the command's arguments, one by one")]
pub(super) fn promote(
    simulation: &Simulation,
    file: &Path,
    name: &str,
    out: &Path,
    target: &str,
    expect: Expectation,
    force: bool,
    lenient: bool,
) -> Result<ExitCode, String> {
    if out.exists() && !force {
        return Err(format!("{} exists: choose another --name, or --force to replace it", out.display()));
    }
    let saved = read(file, lenient)?;
    let minimizer = EffortArgs::default().minimizer(simulation);
    let promoted = regress::promote_by(minimizer, simulation, &saved.text.tape, target, expect);
    let text = promoted.text.print(Some(&promoted.trace));
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    regress::write_whole(out, text.as_bytes()).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    say(&text);
    let rows = promoted.text.tape.rows().len();
    say(&format_args!("{name}: {rows} choices that are not calm, written to {}", out.display()));
    match &promoted.finding {
        Some(finding) => {
            say(&format_args!("it shows: {}", finding.identity));
            say(&match expect == Expectation::Open {
                true => "its test passes while the bug is there, and fails when it is gone",
                false => "its test fails until the bug is mended: `cargo test`, or `cargo simfuzz regress`",
            });
        }
        None => say(&"it has no finding: it is kept for the goals it reaches"),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn regressions(simulation: &Simulation, target: &str, files: &[PathBuf]) -> Result<ExitCode, String> {
    let mut unexpected = 0u8;
    for path in files {
        let saved = read(path, false)?;
        let checked =
            regress::check(simulation, target, &saved.text).map_err(|error| format!("{}: {error}", path.display()))?;
        say(&format_args!("{}  {}", checked.line(), path.display()));
        unexpected |= u8::from(!checked.is_expected());
    }
    Ok(ExitCode::from(unexpected))
}
