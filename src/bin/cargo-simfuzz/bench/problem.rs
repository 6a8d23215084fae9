//! The problems, and their builds.
//!
//! Owns what the manifest says of a problem (`[package.metadata.simfuzz.bench.NAME]`) and the
//! binaries that the trials call: kept aside, so that a build meanwhile changes no trial.

use super::mode::Mode;
use super::record::Records;
use super::trial;
use crate::cli::{Package, Sanitizer};
use crate::fuzzer;
use crate::instrument::Instrument;
use crate::plain;
use crate::project::{Project, listed};
use crate::screen::Screen;
use crate::stop::Stop;
use crate::toolchain::Toolchain;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A target, as a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) name: String,
    /// Empty if it has none.
    pub(super) group: String,
    pub(super) about: String,
}

impl Problem {
    /// Those that `names` lists with commas, by name or group; without it those with a group, and if
    /// there are none all.
    pub(super) fn choose(project: &Project, names: Option<&str>) -> Result<Vec<Self>, Stop> {
        let all: Vec<_> = project
            .targets()
            .map(|target| {
                let text = |key: &str| project.bench()[target.name][key].as_str().unwrap_or_default().to_owned();
                Self { name: target.name.to_owned(), group: text("group"), about: text("about") }
            })
            .collect();
        let Some(names) = names else {
            let grouped: Vec<_> = all.iter().filter(|problem| !problem.group.is_empty()).cloned().collect();
            return Ok(if grouped.is_empty() { all } else { grouped });
        };
        let mut chosen: Vec<Self> = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let named: Vec<_> =
                all.iter().filter(|problem| problem.name == name || problem.group == name).cloned().collect();
            if named.is_empty() {
                let mut known: Vec<_> = all.iter().map(|problem| problem.name.clone()).collect();
                let groups: BTreeSet<_> = all.iter().map(|problem| problem.group.clone()).collect();
                known.extend(groups.into_iter().filter(|group| !group.is_empty()));
                return Err(Stop::bad(format!("no problem and no group `{name}`; there is {}", listed(&known))));
            }
            chosen.extend(named);
        }
        let mut seen = BTreeSet::new();
        chosen.retain(|problem| seen.insert(problem.name.clone()));
        match chosen.is_empty() {
            true => Err(Stop::bad("`--problems` names none: leave it out, or see `cargo simfuzz bench --list`")),
            false => Ok(chosen),
        }
    }

    /// Those of which there are trials, each once; a target that is gone is a problem still.
    pub(super) fn with_trials(known: Vec<Self>, records: &Records) -> Vec<Self> {
        let mut names: BTreeSet<&str> = records.trials.iter().map(|trial| trial.problem.as_str()).collect();
        let mut problems: Vec<Self> = Vec::new();
        for problem in known {
            if names.remove(problem.name.as_str()) {
                problems.push(problem);
            }
        }
        let gone = |name: &str| Self { name: name.to_owned(), group: String::new(), about: String::new() };
        problems.extend(names.into_iter().map(gone));
        problems
    }
}

/// The binaries of the problems.
#[derive(Debug)]
pub(super) struct Builds {
    /// By problem, and whether it is the fuzzer's build: the file, and its hash.
    binaries: BTreeMap<(String, bool), (PathBuf, String)>,
    /// Where they are kept, and the trials work.
    folder: PathBuf,
    /// Simfuzz's version, the user's commit, and the compiler.
    pub(super) version: String,
    tools: Option<(Toolchain, Instrument)>,
}

impl Builds {
    pub(super) fn new(project: &Project) -> Result<Self, Stop> {
        let folder = project.target_directory().join(format!("simfuzz/bench-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .map_err(|error| Stop::bad(format!("{} can't be made: {error}", folder.display())))?;
        let version = version(project.fuzz_dir());
        Ok(Self { binaries: BTreeMap::new(), folder, version, tools: None })
    }

    /// Builds what `modes` of `name` need.
    pub(super) fn build(
        &mut self,
        project: &Project,
        package: &Package,
        name: &str,
        modes: &[Mode],
        screen: &mut Screen,
    ) -> Result<(), Stop> {
        let target = project.target(name)?;
        if modes.iter().any(|mode| !mode.is_fuzzer()) {
            let command = plain::command(target, package, screen)?;
            self.keep(name, false, Path::new(command.get_program()))?;
        }
        if modes.iter().any(|mode| mode.is_fuzzer()) {
            if self.tools.is_none() {
                self.tools = Some((Toolchain::find(Sanitizer::None, screen)?, Instrument::choose(project, None)?));
            }
            let (toolchain, instrument) = self.tools.as_ref().expect("they were just found");
            let binary = fuzzer::build(target, Sanitizer::None, package, toolchain, instrument, screen)?;
            self.keep(name, true, &binary)?;
        }
        Ok(())
    }

    fn keep(&mut self, name: &str, fuzzer: bool, binary: &Path) -> Result<(), Stop> {
        let kept = self.folder.join(format!("{name}-{}", if fuzzer { "fuzzer" } else { "plain" }));
        // linkers write a new file, so a link keeps the old one
        let linked = fs::hard_link(binary, &kept).or_else(|_| fs::copy(binary, &kept).map(|_| ()));
        let hash = linked.and_then(|()| trial::hash(&kept));
        let hash = hash.map_err(|error| Stop::bad(format!("{} can't be kept: {error}", binary.display())))?;
        self.binaries.insert((name.to_owned(), fuzzer), (kept, hash));
        Ok(())
    }

    pub(super) fn binary(&self, problem: &str, mode: Mode) -> &Path {
        &self.of(problem, mode).expect("it was built").0
    }

    pub(super) fn hash(&self, problem: &str, mode: Mode) -> &str {
        self.of(problem, mode).map_or("", |(_, hash)| hash)
    }

    fn of(&self, problem: &str, mode: Mode) -> Option<&(PathBuf, String)> {
        self.binaries.get(&(problem.to_owned(), mode.is_fuzzer()))
    }

    /// A folder for one trial.
    pub(super) fn folder(&self, problem: &str, mode: Mode, number: u32) -> PathBuf {
        self.folder.join(format!("{problem}-{mode}-{number}"))
    }
}

impl Drop for Builds {
    fn drop(&mut self) {
        // a leftover in the build folder does no harm
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// "simfuzz 0.1.0, commit 0f3a9c1, rustc 1.95.0"; a `+` stands for changes since the commit.
fn version(folder: &Path) -> String {
    let answer = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        let output = command.args(args).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null()).output();
        output
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let mut parts = vec![format!("simfuzz {}", env!("CARGO_PKG_VERSION"))];
    if let Some(commit) = answer("git", &["rev-parse", "--short=10", "HEAD"]) {
        let changed = answer("git", &["status", "--porcelain", "--untracked-files=no"]);
        let changed = changed.is_some_and(|changed| !changed.is_empty());
        parts.push(format!("commit {commit}{}", if changed { "+" } else { "" }));
    }
    if let Some(rustc) = answer("rustc", &["--version"]) {
        parts.push(rustc.split(" (").next().unwrap_or(&rustc).to_owned());
    }
    parts.join(", ")
}
