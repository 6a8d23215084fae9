//! A folder of regressions in `cargo test`: all in one test, or a test for each.
//!
//! Owns which files count and what a failure says. The tests of single files are libtest-mimic's:
//! the folder is read when they run, so that a tape that was kept a moment ago is tested without
//! anything being compiled, which a macro that reads folders at compile time would miss.

use super::{Saved, check};
use crate::run::Simulation;
use std::fs;
use std::path::{Path, PathBuf};

/// Replays every `*.tape` in `folder`, for a test: one line each, then a panic if one is not as
/// it should be. Gives how many there were.
///
/// The macro [`regressions!`](crate::regressions) makes a test of each file instead.
///
/// ```no_run
/// # fn simulation() -> simfuzz::Simulation { simfuzz::SimulationBuilder::new().build() }
/// #[test]
/// fn regressions() {
///     simfuzz::regress::assert_all("sim_target", "../../corpus/sim_target/regressions", &simulation());
/// }
/// # fn main() {}
/// ```
///
/// # Panics
///
/// When a regression is not as expected, can't be read, or the folder can't.
#[track_caller]
pub fn assert_all(target: &str, folder: impl AsRef<Path>, simulation: &Simulation) -> usize {
    let paths = tapes(folder.as_ref()).unwrap_or_else(|sentence| panic!("{sentence}"));
    let mut wrong = Vec::new();
    for path in &paths {
        match replay(target, path, simulation) {
            Ok(line) => println!("{line}  {}", path.display()),
            Err(reason) => wrong.push(format!("{}\n{reason}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "regressions that are not as they should be:\n{}", wrong.join("\n"));
    paths.len()
}

/// The tapes in `folder`, by name.
fn tapes(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error| format!("cannot read the regressions in {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "tape") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The verdict's line if it is the expected one, and otherwise what is wrong and what to type.
fn replay(target: &str, path: &Path, simulation: &Simulation) -> Result<String, String> {
    let checked = fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| Saved::read(&bytes).map_err(|error| error.to_string()))
        .and_then(|saved| check(simulation, target, &saved.text).map_err(|error| error.to_string()));
    match checked {
        Ok(checked) if checked.is_expected() => Ok(checked.line()),
        Ok(checked) => {
            Err(format!("  {}\n  replay: cargo simfuzz replay {target} {}", checked.line(), typed(path).display()))
        }
        Err(error) => Err(format!("  {error}")),
    }
}

/// `path` as it is typed where `cargo test` was: cargo runs tests in the package's folder, and leaves the shell's `PWD`.
fn typed(path: &Path) -> PathBuf {
    let Ok(whole) = path.canonicalize() else { return path.to_owned() };
    let here = std::env::var_os("PWD").and_then(|here| PathBuf::from(here).canonicalize().ok());
    here.and_then(|here| Some(whole.strip_prefix(here).ok()?.to_owned())).unwrap_or(whole)
}

/// Makes a whole test program of a folder of regressions: each `*.tape` is a test of its own, with the
/// verdict as its message, for `cargo test` and nextest, with their filters. Verdicts of those that pass come at
/// the end.
///
/// The folder is seen from the package's; the function gives a [`Simulation`](crate::Simulation), or a
/// builder of one. The file is a test without cargo's harness, and needs the feature `regressions`:
///
/// ```toml
/// [dev-dependencies]
/// simfuzz = { version = "0.1", features = ["regressions"] }
///
/// [[test]]
/// name = "regressions"
/// harness = false
/// ```
///
/// ```no_run
/// # mod bank {
/// #     pub fn simulation() -> simfuzz::SimulationBuilder { simfuzz::SimulationBuilder::new() }
/// # }
/// # mod tests {
/// # use super::bank;
/// // tests/regressions.rs
/// simfuzz::regressions!("sim_target", "corpus/sim_target/regressions", bank::simulation);
/// # pub fn run() { main(); }
/// # }
/// # fn main() { tests::run(); }
/// ```
///
/// `cargo test --test regressions lost-write` runs `lost-write.tape` alone. A folder that can't be read is
/// a test that fails.
#[cfg(feature = "regressions")]
#[macro_export]
macro_rules! regressions {
    ($target:expr, $folder:expr, $simulation:expr $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::regress::each($target, $folder, $simulation)
        }
    };
}

/// The `main` of such a test program.
#[cfg(feature = "regressions")]
pub fn each<S: Into<Simulation>>(target: &str, folder: &str, simulation: impl FnOnce() -> S) -> std::process::ExitCode {
    use libtest_mimic::{Arguments, Failed, Trial, run};
    use std::sync::{Arc, Mutex, PoisonError};

    let arguments = Arguments::from_args();
    let simulation = Arc::new(simulation().into());
    let passed: Arc<Mutex<Vec<String>>> = Arc::default();
    let trials = match tapes(Path::new(folder)) {
        Ok(paths) => paths
            .into_iter()
            .map(|path| {
                let (target, simulation, passed) = (target.to_owned(), Arc::clone(&simulation), Arc::clone(&passed));
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                Trial::test(name.clone(), move || {
                    let verdict = replay(&target, &path, &simulation).map_err(Failed::from)?;
                    passed
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(format!("{name}: {}", verdict.trim_start_matches("ok").trim_start()));
                    Ok(())
                })
            })
            .collect(),
        Err(sentence) => vec![Trial::test("the-folder-can-be-read", move || Err(Failed::from(sentence)))],
    };
    let code = run(&arguments, trials).exit_code();
    let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
    passed.sort();
    passed.iter().for_each(|line| println!("{line}"));
    code
}
