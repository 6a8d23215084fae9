//! The fuzz project: where it is, its targets, and the folders that belong to each.
//!
//! Owns the layout. Makes no folder and builds nothing.

use crate::stop::Stop;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A package with `[package.metadata] cargo-fuzz = true`.
#[derive(Debug)]
pub(crate) struct Project {
    fuzz_dir: PathBuf,
    targets: Vec<String>,
    target_directory: PathBuf,
    instrument: Vec<String>,
    bench: Value,
}

impl Project {
    /// The one in `fuzz_dir`; else the nearest: this folder, its `fuzz`, and so on upwards.
    pub(crate) fn find(fuzz_dir: Option<&Path>) -> Result<Self, Stop> {
        if let Some(named) = fuzz_dir {
            let project =
                named.canonicalize().ok().filter(|folder| folder.join("Cargo.toml").is_file()).map(Self::read);
            return project.transpose()?.flatten().ok_or_else(|| {
                Stop::bad(format!(
                    "{} is no fuzz package: its Cargo.toml must say `[package.metadata] cargo-fuzz = true`",
                    named.display()
                ))
            });
        }
        let here = env::current_dir().map_err(|error| Stop::bad(format!("the current folder is gone: {error}")))?;
        for folder in here.ancestors() {
            for fuzz_dir in [folder.to_path_buf(), folder.join("fuzz")] {
                // read before cargo is asked: a broken manifest on the way up is not ours to judge
                let text = fs::read_to_string(fuzz_dir.join("Cargo.toml"));
                if text.is_ok_and(|text| text.contains("cargo-fuzz"))
                    && let Some(project) = Self::read(fuzz_dir)?
                {
                    return Ok(project);
                }
            }
        }
        Err(Stop::bad(format!(
            "no fuzz project in {} or above it: go to a folder with a `fuzz/Cargo.toml` that says \
             `[package.metadata] cargo-fuzz = true`, or make one with `cargo simfuzz init`",
            here.display()
        )))
    }

    fn read(fuzz_dir: PathBuf) -> Result<Option<Self>, Stop> {
        let manifest = fuzz_dir.join("Cargo.toml");
        let metadata = metadata(&manifest, &["--no-deps"])?;
        let package = array(&metadata["packages"])
            .iter()
            .find(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest));
        let Some(package) = package.filter(|package| package["metadata"]["cargo-fuzz"] == true) else {
            return Ok(None);
        };
        let targets = array(&package["targets"])
            .iter()
            .filter(|target| array(&target["kind"]).iter().any(|kind| kind == "bin"))
            .filter_map(|target| target["name"].as_str().map(str::to_owned));
        let instrument = array(&package["metadata"]["simfuzz"]["instrument"]);
        Ok(Some(Self {
            targets: targets.collect(),
            target_directory: metadata["target_directory"].as_str().unwrap_or("target").into(),
            instrument: instrument.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            bench: package["metadata"]["simfuzz"]["bench"].clone(),
            fuzz_dir,
        }))
    }

    /// The target of that name; the error says which exist.
    pub(crate) fn target(&self, name: &str) -> Result<Target<'_>, Stop> {
        match self.targets.iter().find(|target| *target == name) {
            Some(name) => Ok(Target { project: self, name }),
            None if self.targets.is_empty() => Err(Stop::bad(format!(
                "no target `{name}`: {} has no [[bin]] (add one with `cargo fuzz add {name}`)",
                shown(&self.manifest())
            ))),
            None => Err(Stop::bad(format!("no target `{name}`; there is {}", listed(&self.targets)))),
        }
    }

    /// All targets, by name.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        self.targets.iter().map(|name| Target { project: self, name })
    }

    pub(crate) fn fuzz_dir(&self) -> &Path {
        &self.fuzz_dir
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.fuzz_dir.join("Cargo.toml")
    }

    /// Where cargo puts what it builds for this package.
    pub(crate) fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// The packages that `[package.metadata.simfuzz] instrument` names.
    pub(crate) fn instrument(&self) -> &[String] {
        &self.instrument
    }

    /// What `[package.metadata.simfuzz.bench.TARGET]` says, by target.
    pub(crate) fn bench(&self) -> &Value {
        &self.bench
    }
}

/// One target of a project.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) project: &'a Project,
    pub(crate) name: &'a str,
}

impl Target<'_> {
    /// The corpus that the fuzzer writes to; not committed.
    pub(crate) fn working_corpus(&self) -> PathBuf {
        self.project.fuzz_dir.join("corpus").join(self.name)
    }

    /// The tapes of findings.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.project.fuzz_dir.join("artifacts").join(self.name)
    }

    /// The committed seeds: tapes as bytes, only read.
    ///
    /// A folder of their own beside the regressions, since libFuzzer reads folders recursively
    /// and would take the text of a regression for a tape.
    pub(crate) fn seeds(&self) -> PathBuf {
        self.committed().join("seeds")
    }

    /// The committed regressions: tapes as text.
    pub(crate) fn regressions(&self) -> PathBuf {
        self.committed().join("regressions")
    }

    fn committed(&self) -> PathBuf {
        let root = self.project.fuzz_dir.parent().unwrap_or(&self.project.fuzz_dir);
        root.join("corpus").join(self.name)
    }
}

/// What `cargo metadata` says of `manifest`.
pub(crate) fn metadata(manifest: &Path, args: &[&str]) -> Result<Value, Stop> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1", "--manifest-path"]).arg(manifest).args(args);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Stop::bad(format!("cargo can't be started ({error}): is it in the PATH?")))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Stop::bad(format!("cargo can't read {}: {}", shown(manifest), reason.trim())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Stop::bad(format!("`cargo metadata` answered something else than JSON: {error}")))
}

/// The user's cargo, without the variables in which an outer `cargo run` describes us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in env::vars_os() {
        let about_us = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        if about_us {
            command.env_remove(name);
        }
    }
    command
}

/// The elements of a JSON array; none of anything else.
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// `path` as one would type it here.
pub(crate) fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        Ok(relative) if relative.as_os_str().is_empty() => ".".into(),
        Ok(relative) => relative.display().to_string(),
        // from inside `fuzz/`, its neighbours are one up
        Err(_) => match here.parent().map(|above| path.strip_prefix(above)) {
            Some(Ok(relative)) => Path::new("..").join(relative).display().to_string(),
            _ => path.display().to_string(),
        },
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "none".into(),
    }
}
