//! `cargo simfuzz new` and `init`: a package with a simulation that has a bug to find.
//!
//! Owns what is written, and that nothing of the user's is: a file that exists stops the command
//! before the first one is written. New packages are cargo's own, and so are new dependencies.

mod service;

use crate::cli::{InitArgs, NewArgs};
use crate::project::{array, cargo, listed, metadata, shown};
use crate::stop::{CLEAN, Stop};
use minijinja::{Environment, context};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is written where, in the package's folder.
const FILES: [(&str, &str); 10] = [
    ("src/simulation/mod.rs", include_str!("template/mod.rs")),
    ("src/simulation/store.rs", include_str!("template/store.rs")),
    ("src/simulation/client.rs", include_str!("template/client.rs")),
    ("tests/simulation.rs", include_str!("template/test.rs")),
    (TEST, include_str!("template/regressions.rs")),
    ("corpus/sim_target/regressions/.gitkeep", ""),
    ("fuzz/Cargo.toml", include_str!("template/fuzz.toml")),
    ("fuzz/fuzz_targets/sim_target.rs", include_str!("template/sim_target.rs")),
    ("fuzz/.gitignore", include_str!("template/gitignore")),
    (CI, include_str!("template/ci.yml")),
];

const CI: &str = ".github/workflows/simulation.yml";

/// The test of what is kept, and what cargo must know of it: each tape is a test of its own.
const TEST: &str = "tests/regressions.rs";
const UNHARNESSED: &str = "\n[[test]]\nname = \"regressions\"\nharness = false\n";

/// The line that makes the simulation a part of the library.
const MODULE: &str = "pub mod simulation;";

/// `cargo simfuzz new`.
pub(crate) fn new(args: &NewArgs) -> Result<u8, Stop> {
    let mut command = cargo();
    command.args(["new", "--quiet", "--lib"]).arg(&args.path);
    if let Some(name) = &args.name {
        command.args(["--name", name]);
    }
    call(&mut command, "`cargo new` didn't make the package")?;
    let folder = args.path.canonicalize().map_err(|error| Stop::bad(format!("{}: {error}", args.path.display())))?;
    // cargo's own sample, an adder, is no part of it
    write(&folder.join("src/lib.rs"), "")?;
    fill(&folder, args.simfuzz.as_deref(), true).map_err(|stop| {
        Stop::bad(format!(
            "{stop}\n  {} is a bare package now: `cargo simfuzz init` there goes on",
            args.path.display()
        ))
    })?;
    println!("next:\n  cd {}", args.path.display());
    next();
    Ok(CLEAN)
}

/// `cargo simfuzz init`.
pub(crate) fn init(args: &InitArgs) -> Result<u8, Stop> {
    let folder = args.path.canonicalize().map_err(|error| Stop::bad(format!("{}: {error}", args.path.display())))?;
    if args.clusterfuzzlite {
        return service::clusterfuzzlite(&folder);
    }
    fill(&folder, args.simfuzz.as_deref(), !args.no_ci)?;
    println!("next:");
    next();
    Ok(CLEAN)
}

fn next() {
    println!("  cargo test                      # passes: few seeds show the sample's bug");
    println!("  cargo simfuzz run sim_target    # finds it, and says what to type then");
}

/// A package, as cargo knows it.
struct Package {
    name: String,
    library: String,
}

/// Writes the simulation into the package in `folder`.
fn fill(folder: &Path, simfuzz: Option<&Path>, ci: bool) -> Result<(), Stop> {
    let package = package(folder)?;
    let files: Vec<_> = FILES.iter().filter(|(path, _)| ci || *path != CI).collect();
    existing(folder, files.iter().map(|(path, _)| *path))?;
    let dependency = match simfuzz {
        Some(path) => {
            let path = path.canonicalize().map_err(|error| Stop::bad(format!("{}: {error}", path.display())))?;
            format!("path = {:?}", path.display().to_string())
        }
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    };
    add_dependency(folder, simfuzz, &[])?;
    add_dependency(folder, simfuzz, &["--dev", "--features", "regressions"])?;
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| Stop::bad(format!("{}: {error}", shown(&manifest))))?;
    write(&manifest, &format!("{}\n{UNHARNESSED}", text.trim_end()))?;
    let templates = Environment::new();
    for (path, template) in files {
        let context = context! { package => package.name, library => package.library, simfuzz => dependency };
        let mut text = templates.render_str(template, context).expect("the templates are ours");
        if !text.is_empty() {
            text.push('\n');
        }
        write(&folder.join(path), &text)?;
        println!("     wrote {path}");
    }
    let library = folder.join("src/lib.rs");
    let text = fs::read_to_string(&library).unwrap_or_default();
    if !text.lines().any(|line| line.trim() == MODULE) {
        let between = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write(&library, &format!("{text}{between}{MODULE}\n"))?;
        println!("     wrote `{MODULE}` into src/lib.rs");
    }
    Ok(())
}

/// Refuses to write over what is there.
fn existing<'a>(folder: &Path, paths: impl Iterator<Item = &'a str>) -> Result<(), Stop> {
    let paths = paths.map(|path| folder.join(path));
    let there: Vec<String> = paths.filter(|path| path.exists()).map(|path| shown(&path)).collect();
    match there.is_empty() {
        true => Ok(()),
        false => Err(Stop::bad(format!("nothing was written, since there is {} already", listed(&there)))),
    }
}

/// What cargo knows of the package in `folder` itself.
fn package(folder: &Path) -> Result<Package, Stop> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Stop::bad(format!(
            "no Cargo.toml in {}: go to a package's folder, or make one with `cargo simfuzz new NAME`",
            folder.display()
        )));
    }
    let metadata = metadata(&manifest, &["--no-deps"])?;
    let package = array(&metadata["packages"])
        .iter()
        .find(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest));
    let Some(package) = package else {
        return Err(Stop::bad(format!("{} is a workspace and no package: go to the folder of one", shown(&manifest))));
    };
    let name = package["name"].as_str().unwrap_or_default().to_owned();
    let is_library = |kind: &serde_json::Value| kind == "lib" || kind == "rlib";
    let library = array(&package["targets"]).iter().find(|target| array(&target["kind"]).iter().any(is_library));
    let library = library.and_then(|target| target["name"].as_str()).map(str::to_owned);
    match library {
        Some(library) => Ok(Package { name, library: library.replace('-', "_") }),
        // a program alone gets a library beside it: src/lib.rs
        None if !folder.join("src/lib.rs").exists() => Ok(Package { library: name.replace('-', "_"), name }),
        None => Err(Stop::bad(format!("the library of {name} is no Rust library (crate-type): add \"lib\" to it"))),
    }
}

fn add_dependency(folder: &Path, simfuzz: Option<&Path>, flags: &[&str]) -> Result<(), Stop> {
    let mut command = cargo();
    command.args(["add", "--quiet"]).args(flags).current_dir(folder);
    match simfuzz {
        Some(path) => command.arg("--path").arg(path.canonicalize().unwrap_or_else(|_| path.to_owned())),
        None => command.arg(concat!("simfuzz@", env!("CARGO_PKG_VERSION"))),
    };
    call(
        &mut command,
        "simfuzz can't be added to the dependencies (`--simfuzz FOLDER` takes it from a checkout), and no file of ours was written",
    )
}

/// Runs `command`; `failed` and its last words are the error.
fn call(command: &mut Command, failed: &str) -> Result<(), Stop> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Stop::bad(format!("cargo can't be started ({error}): is it in the PATH?")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let reason = words.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(words.trim());
    Err(Stop::bad(format!("{failed}: {reason}")))
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    let failed = |error| Stop::bad(format!("cannot write {}: {error}", path.display()));
    if let Some(folder) = path.parent().map(PathBuf::from) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
