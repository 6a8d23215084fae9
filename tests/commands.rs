//! The commands that the pages print name what is there: packages, their targets, examples and tests, features, files,
//! and the options of `cargo simfuzz`.
//!
//! Reads manifests and sources as text and runs nothing: whether a command does what its page says is for people to try.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files with this ending below `folder`, but what is built or fetched.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | ".git" | "stand-in" | "results" | "artifacts") {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A command as it is typed, and the page that prints it.
struct Printed {
    page: String,
    words: Vec<String>,
}

/// All that pages print from `cargo` or a script of `.ci` on to the end of the line or of the quotes.
fn printed() -> Vec<Printed> {
    let mut commands = Vec::new();
    let sources = ["src/harness", "src/bin/cargo-simfuzz/cli"].map(|folder| files(&root().join(folder), ".rs"));
    for file in files(root(), ".md").into_iter().chain(sources.into_iter().flatten()) {
        let page = file.strip_prefix(root()).unwrap().display().to_string();
        if page == "CHANGELOG.md" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let line = line.split_once(" # ").map_or(line, |(command, _)| command);
            for (at, _) in line.match_indices("cargo ") {
                let end =
                    line[at..].find(['`', '|', '(', ';', '&', '\\', '"', ',', '…']).map_or(line.len(), |end| at + end);
                let command = line[at..end].split("  ").next().unwrap_or_default();
                let words = command.split_whitespace().skip(1).map(|word| word.trim_end_matches(['.', ':']).to_owned());
                commands.push(Printed { page: page.clone(), words: words.collect() });
            }
        }
    }
    commands
}

impl Printed {
    fn after(&self, options: &[&str]) -> Option<&str> {
        let at = self.words.iter().position(|word| options.contains(&word.as_str()))?;
        self.words.get(at + 1).map(String::as_str)
    }

    fn told(&self) -> String {
        format!("{}: cargo {}", self.page, self.words.join(" "))
    }
}

/// What stands for a word of the reader's: `FILE`, `NAME`, `my-store`.
fn is_placeholder(word: &str) -> bool {
    word.starts_with("my-") || word.chars().all(|c| !c.is_ascii_lowercase())
}

/// A manifest, with its folder.
struct Package {
    folder: PathBuf,
    manifest: String,
}

impl Package {
    fn all() -> Vec<Self> {
        let manifests = files(root(), "Cargo.toml").into_iter();
        let package = |path: PathBuf| Self {
            folder: path.parent().unwrap().to_owned(),
            manifest: fs::read_to_string(&path).unwrap(),
        };
        manifests.map(package).filter(|package| package.manifest.contains("[package]")).collect()
    }

    /// Is there a section of this kind with this name, or a file where cargo looks for one?
    fn has(&self, kind: &str, name: &str) -> bool {
        let mut sections = self.manifest.split("\n[[").filter(|section| section.starts_with(kind));
        let folder = self.folder.join(match kind {
            "bin" => "src/bin",
            "example" => "examples",
            _ => "tests",
        });
        let named = format!("name = \"{name}\"");
        sections.any(|section| section.lines().any(|line| line == named))
            || folder.join(format!("{name}.rs")).is_file()
            || folder.join(name).join("main.rs").is_file()
    }

    fn has_feature(&self, name: &str) -> bool {
        let features = self.manifest.split("\n[features]").nth(1).and_then(|rest| rest.split("\n[").next());
        features.is_some_and(|features| features.lines().any(|line| line.starts_with(&format!("{name} = "))))
    }

    fn is_called(&self, name: &str) -> bool {
        self.manifest.lines().any(|line| line == format!("name = \"{name}\""))
    }
}

#[test]
fn what_cargo_is_told_to_build_is_there() {
    let packages = Package::all();
    let mut seen = 0;
    for command in printed() {
        let Some("run" | "test" | "build" | "bench" | "tree") = command.words.first().map(String::as_str) else {
            continue;
        };
        let package = match (command.after(&["--manifest-path"]), command.after(&["-p", "--package"])) {
            (Some(path), _) if !is_placeholder(path) => {
                let folder = root().join(path.trim_end_matches("Cargo.toml"));
                packages.iter().find(|package| package.folder == folder.components().collect::<PathBuf>())
            }
            (_, Some(name)) => packages.iter().find(|package| package.is_called(name)),
            _ => packages.iter().find(|package| package.folder == root()),
        };
        // a package of the reader's, as the pages call it
        if command.after(&["-p"]).is_some_and(|name| name == "store" || is_placeholder(name)) {
            continue;
        }
        let package = package.unwrap_or_else(|| panic!("{}: there is no such package", command.told()));
        for kind in ["bin", "example", "test"] {
            let Some(name) = command.after(&[&format!("--{kind}")]).filter(|name| !is_placeholder(name)) else {
                continue;
            };
            // targets and tests that `cargo simfuzz new` writes
            let written = ["simulation", "sim_target", "regressions"].contains(&name);
            assert!(written || package.has(kind, name), "{}: there is no {kind} {name}", command.told());
            seen += 1;
        }
        for name in command.after(&["--features"]).into_iter().flat_map(|names| names.split(',')) {
            assert!(package.has_feature(name), "{}: there is no feature {name}", command.told());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// The targets of the fuzz packages, and those of the packages that the pages make up.
fn targets() -> BTreeSet<String> {
    let packages = Package::all();
    let fuzz = packages.iter().filter(|package| package.manifest.contains("cargo-fuzz = true"));
    let names = fuzz.flat_map(|package| {
        let sections = package.manifest.split("\n[[bin]]").skip(1);
        sections
            .filter_map(|section| section.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')))
    });
    names.map(str::to_owned).collect()
}

#[test]
fn what_cargo_simfuzz_is_told_is_there() {
    let sources = ["src/bin/cargo-simfuzz", "src/harness"].map(|folder| files(&root().join(folder), ".rs"));
    let sources: String = sources.iter().flatten().map(|file| fs::read_to_string(file).unwrap()).collect();
    let targets = targets();
    let mut seen = 0;
    for command in printed() {
        let [simfuzz, verb, rest @ ..] = command.words.as_slice() else { continue };
        if simfuzz != "simfuzz" || is_placeholder(verb) {
            continue;
        }
        // after `--` libFuzzer's begin
        let own = rest.iter().take_while(|word| *word != "--");
        for option in own.clone().filter_map(|word| word.strip_prefix("--")).filter(|option| !option.is_empty()) {
            let field = option.split('=').next().unwrap_or_default().replace('-', "_");
            let named = format!("long = \"{}\"", option.split('=').next().unwrap_or_default());
            assert!(
                sources.contains(&format!(" {field}: ")) || sources.contains(&named),
                "{}: --{option}",
                command.told()
            );
            seen += 1;
        }
        let takes_target =
            ["run", "explore", "replay", "minimize", "report", "explain", "promote", "import", "cmin", "seeds"];
        if let Some(target) =
            rest.first().filter(|word| takes_target.contains(&verb.as_str()) && !word.starts_with('-'))
        {
            let known = targets.contains(target.as_str()) || is_placeholder(target);
            assert!(known, "{}: no target of this repository", command.told());
            seen += 1;
        }
        if let Some(folder) = command.after(&["--fuzz-dir"]).filter(|folder| !is_placeholder(folder)) {
            assert!(root().join(folder).join("Cargo.toml").is_file(), "{}: no package there", command.told());
        }
    }
    assert!(seen > 50, "{seen}");
}
