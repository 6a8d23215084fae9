//! `cargo simfuzz promote` and `regress`: tapes that are kept, and their replay.
//!
//! Owns where a regression lies and that none is overwritten unasked. What its text says, and
//! whether a run is as it expects, is known to the target's binary.

use crate::cli::{PromoteArgs, RegressArgs};
use crate::plain;
use crate::project::{Project, Target, shown};
use crate::screen::{Screen, count};
use crate::stop::{BAD, CLEAN, Stop};
use std::fs;
use std::path::PathBuf;

/// `cargo simfuzz promote`.
pub(crate) fn promote(args: &PromoteArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    plain::is_file(&args.file)?;
    check_name(&args.name)?;
    let kept = target.regressions().join(format!("{}.tape", args.name));
    if kept.exists() && !args.force {
        return Err(Stop::bad(format!(
            "{} exists: choose another `--name`, or replace it with `--force`",
            shown(&kept)
        )));
    }
    let mut command = plain::command(target, &args.package, &mut Screen::new())?;
    command
        .arg("promote")
        .arg(&args.file)
        .args(["--name", &args.name, "--target", target.name])
        .arg("--out")
        .arg(shown(&kept));
    let flags = [(args.open, "--open"), (args.force, "--force"), (args.lenient, "--lenient")];
    plain::call(command.args(flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag)))
}

/// A name that is a file name everywhere, and that no command takes for an option.
fn check_name(name: &str) -> Result<(), Stop> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        true => Ok(()),
        false => Err(Stop::bad(format!(
            "`{name}` is no name for a regression: use letters, digits, `-`, `_` and `.`, with a letter or a digit first"
        ))),
    }
}

/// `cargo simfuzz regress`.
pub(crate) fn regress(args: &RegressArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    if let (Some(file), Some(name)) = (&args.repair, &args.target) {
        let target = project.target(name)?;
        plain::is_file(file)?;
        let mut command = plain::command(target, &args.package, &mut Screen::new())?;
        command.arg("repair").arg(file).args(["--target", target.name]);
        return plain::call(command.args(args.effort.arguments()));
    }
    let targets: Vec<_> = match &args.target {
        Some(name) => vec![project.target(name)?],
        None => project.targets().collect(),
    };
    let mut screen = Screen::new();
    let mut worst = CLEAN;
    let mut replayed = 0;
    for target in targets {
        let tapes = tapes(target)?;
        if tapes.is_empty() {
            continue;
        }
        let mut command = plain::command(target, &args.package, &mut screen)?;
        let tapes: Vec<_> = tapes.iter().map(|tape| shown(tape)).collect();
        let code = plain::call(command.args(["regress", "--target", target.name]).args(&tapes))?;
        // the worst: bad input before a regression that isn't as expected
        worst = if worst == BAD { BAD } else { worst.max(code) };
        replayed += tapes.len();
    }
    match replayed {
        0 => println!("no regressions; `cargo simfuzz promote TARGET FILE --name NAME` keeps one"),
        _ => println!("{} replayed", count(replayed, "regression")),
    }
    Ok(worst)
}

/// The regressions of `target`, by name.
pub(crate) fn tapes(target: Target<'_>) -> Result<Vec<PathBuf>, Stop> {
    let folder = target.regressions();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |error| Stop::bad(format!("{} can't be read: {error}", shown(&folder)));
    let mut tapes = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "tape") {
            tapes.push(path);
        }
    }
    tapes.sort();
    Ok(tapes)
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names() {
        for good in ["lost-write", "issue_12", "1", "v1.2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".hidden", "-f", "a/b", "a b", "a\\b", "ä", "a\n"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
