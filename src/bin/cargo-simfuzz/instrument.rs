//! Which packages get the fuzzer's coverage pass, and the wrapper of rustc that leaves it to them.
//!
//! cargo-fuzz gives the pass to every crate. The branches of the simulator and of async runtimes
//! say nothing about the system under test, and instrumenting them costs more than half of the
//! speed. So this binary stands in for rustc (`RUSTC_WRAPPER`) and drops the flags for the rest.
//!
//! Owns the choice and the flags. The wrapper of the user, such as sccache, is called inside.

use crate::project::{Project, array, listed, metadata};
use crate::stop::Stop;
use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

/// The names of the instrumented packages, for the wrapper.
const PACKAGES: &str = "SIMFUZZ_INSTRUMENT";
/// The user's own wrapper.
const INNER: &str = "SIMFUZZ_INNER_RUSTC_WRAPPER";

/// The flags that cargo-fuzz gives to rustc for coverage, by their beginnings.
///
/// The last one keeps branches apart for the sake of coverage alone.
const COVERAGE: &[&str] =
    &["-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-", "-Cllvm-args=-simplifycfg-branch-fold-threshold="];

/// What even the instrumented packages do without: a call at every comparison.
///
/// libFuzzer's own mutators copy the operands into the input; ours edits choices and has no use for
/// them. The calls took a quarter of the bank's time. (`--instrument all` keeps them, for
/// `-use_value_profile=1`.)
const COMPARES: &[&str] = &["-Cllvm-args=-sanitizer-coverage-trace-"];

/// The choice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Instrument {
    All,
    Packages(BTreeSet<String>),
}

impl Instrument {
    /// What the option says, else the project's own packages and those that its manifest adds.
    pub(crate) fn choose(project: &Project, option: Option<&str>) -> Result<Self, Stop> {
        match option {
            Some("all") => return Ok(Self::All),
            Some("none") => return Ok(Self::Packages(BTreeSet::new())),
            _ => {}
        }
        let metadata = metadata(&project.manifest(), &[])?;
        let packages = array(&metadata["packages"]);
        let name = |package: &serde_json::Value| package["name"].as_str().unwrap_or_default().to_owned();
        let known: BTreeSet<_> = packages.iter().map(name).collect();
        let mut chosen: BTreeSet<String> = match option {
            Some(list) => list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => {
                let own = packages.iter().filter(|package| package["source"].is_null()).map(name);
                own.filter(|name| name != env!("CARGO_PKG_NAME")).collect()
            }
        };
        if option.is_none() {
            chosen.extend(project.instrument().iter().cloned());
        }
        let unknown: Vec<_> = chosen.difference(&known).cloned().collect();
        match unknown.is_empty() {
            true => Ok(Self::Packages(chosen)),
            false => Err(Stop::bad(format!(
                "the fuzz project doesn't depend on a package {}: `cargo tree` in {} shows those that can be \
                 instrumented",
                listed(&unknown),
                crate::project::shown(project.fuzz_dir())
            ))),
        }
    }

    /// A name for the folder of such a build.
    ///
    /// Cargo doesn't see what a wrapper does, so another choice in the same folder would build
    /// nothing anew.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::All => "all".into(),
            Self::Packages(names) => {
                // FNV-1a: the same in every build of this program, unlike the hasher of `std`
                let marks = ["edges"].into_iter();
                let bytes = marks.chain(names.iter().map(String::as_str)).flat_map(|name| name.bytes().chain([0]));
                let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                });
                format!("{:08x}", hash >> 32)
            }
        }
    }

    /// Puts the wrapper in front of `command`'s rustc.
    pub(crate) fn wrap(&self, command: &mut Command) -> Result<(), Stop> {
        let Self::Packages(names) = self else { return Ok(()) };
        let this =
            env::current_exe().map_err(|error| Stop::bad(format!("this program can't find its file: {error}")))?;
        if let Some(inner) = env::var_os("RUSTC_WRAPPER").filter(|inner| !inner.is_empty()) {
            command.env(INNER, inner);
        }
        command.env("RUSTC_WRAPPER", this).env(PACKAGES, names.iter().cloned().collect::<Vec<_>>().join(","));
        Ok(())
    }

    /// For people: "edges of bank and flume".
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::All => "edges of all packages".into(),
            Self::Packages(names) if names.is_empty() => "no edges, goals alone".into(),
            Self::Packages(names) => format!("edges of {}", listed(&names.iter().cloned().collect::<Vec<_>>())),
        }
    }
}

/// The life of this program as rustc's wrapper; `None` if it isn't one.
pub(crate) fn rustc_wrapper() -> Option<ExitCode> {
    let packages = env::var(PACKAGES).ok()?;
    // cargo names the package whose crate is compiled; not the crate, since a target may be
    // called as the library that it tests
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let instrumented = packages.split(',').any(|name| name == package);
    let args = env::args_os().skip(1).filter(|arg| !drops(instrumented, arg));
    let mut words: Vec<OsString> = env::var_os(INNER).into_iter().chain(args).collect();
    if words.is_empty() {
        eprintln!("error: called as rustc's wrapper, without a rustc: unset {PACKAGES}");
        return Some(ExitCode::from(crate::stop::BAD));
    }
    let program = words.remove(0);
    match Command::new(&program).args(words).env_remove(INNER).status() {
        Ok(status) => Some(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101))),
        Err(error) => {
            eprintln!("error: {} can't be started: {error}", program.display());
            Some(ExitCode::from(crate::stop::BAD))
        }
    }
}

/// Does a crate's compiler get on without `arg`?
fn drops(instrumented: bool, arg: &OsStr) -> bool {
    let dropped = if instrumented { COMPARES } else { COVERAGE };
    arg.to_str().is_some_and(|arg| dropped.iter().any(|flag| arg.starts_with(flag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_coverage_flags_are_dropped() {
        for flag in [
            "-Cpasses=sancov-module",
            "-Cllvm-args=-sanitizer-coverage-level=4",
            "-Cllvm-args=-sanitizer-coverage-stack-depth",
        ] {
            assert!(drops(false, OsStr::new(flag)), "{flag}");
        }
        for flag in ["-Cdebug-assertions", "-Ccodegen-units=1", "--cfg", "fuzzing", "-Cllvm-args=-inline-threshold=9"] {
            assert!(!drops(false, OsStr::new(flag)), "{flag}");
        }
    }

    #[test]
    fn an_instrumented_package_keeps_its_edges_without_the_comparisons() {
        assert!(drops(true, OsStr::new("-Cllvm-args=-sanitizer-coverage-trace-compares")));
        assert!(!drops(true, OsStr::new("-Cllvm-args=-sanitizer-coverage-inline-8bit-counters")));
        assert!(!drops(true, OsStr::new("-Cpasses=sancov-module")));
    }

    #[test]
    fn another_choice_has_another_folder() {
        let key = |names: &[&str]| Instrument::Packages(names.iter().map(|name| (*name).to_owned()).collect()).key();
        assert_ne!(key(&[]), key(&["bank"]));
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["a", "b"]), key(&["b", "a"]));
    }
}
