//! The plain build of a target: no fuzzer, any toolchain, and the commands that it answers.
//!
//! Owns the build and the call; the work is done in the target's binary.

use crate::build::Cargo;
use crate::cli::{ExplainArgs, Explained, MinimizeArgs, Package, ReplayArgs, SeedsArgs};
use crate::project::{Project, Target, cargo, shown};
use crate::screen::{self, Screen};
use crate::stop::{FINDING, INTERRUPTED, Stop};
use crate::watched::interrupted;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// `cargo simfuzz replay`.
pub(crate) fn replay(args: &ReplayArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    for file in &args.files {
        is_file(file)?;
    }
    let mut command = command(target, &args.package, &mut Screen::new())?;
    command.arg("replay").args(args.verbose.then_some("-v")).args(args.lenient.then_some("--lenient"));
    command.args(args.host.iter().flat_map(|host| ["--host", host]));
    for (option, value) in [("--from", &args.from), ("--until", &args.until)] {
        command.args(value.iter().flat_map(|value| [option, value]));
    }
    command.args(args.break_at_event.iter().flat_map(|number| ["--break-at-event".to_owned(), number.to_string()]));
    call(command.args(args.limits.arguments()).args(&args.files))
}

/// `cargo simfuzz minimize`.
pub(crate) fn minimize(args: &MinimizeArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    is_file(&args.file)?;
    let mut command = command(target, &args.package, &mut Screen::new())?;
    command.arg("minimize").arg(&args.file);
    command.args(args.effort.arguments());
    command.args(args.out.iter().flat_map(|out| [Path::new("--out"), out]));
    call(command.args(screen::is_quiet().then_some("--quiet")).args(args.lenient.then_some("--lenient")))
}

/// `cargo simfuzz explain`.
pub(crate) fn explain(args: &ExplainArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    is_file(&args.file)?;
    let mut command = command(target, &args.package, &mut Screen::new())?;
    command.arg("explain").arg(&args.file).args(args.effort.arguments());
    command.args(["--seeds", &args.seeds.to_string()]);
    command.args((args.format == Explained::Json).then_some("--format=json"));
    call(command.args(args.lenient.then_some("--lenient")))
}

/// `cargo simfuzz seeds`.
pub(crate) fn seeds(args: &SeedsArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    let mut command = command(target, &args.package, &mut Screen::new())?;
    command.args(["seeds", &args.count.to_string()]);
    command.args(args.from.iter().flat_map(|seed| ["--from".into(), seed.to_string()]));
    command.args(args.limits.arguments());
    call(command.args(args.jobs.iter().flat_map(|jobs| ["--jobs".into(), jobs.to_string()])))
}

/// Builds the target; returns a call of it without arguments.
pub(crate) fn command(target: Target<'_>, package: &Package, screen: &mut Screen) -> Result<Command, Stop> {
    let mut command = cargo();
    command.args(["build", "--release", "--message-format=json-render-diagnostics", "--manifest-path"]);
    command.arg(target.project.manifest()).args(["--bin", target.name]).args(package.features());
    let messages = Cargo::new(command, format!("building {}", target.name)).run(screen)?;
    let messages = String::from_utf8_lossy(&messages);
    let binary = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == target.name;
        message["executable"].as_str().filter(|_| ours).map(PathBuf::from)
    });
    binary.map(Command::new).ok_or_else(|| Stop::bad(format!("cargo built {} but names no binary", target.name)))
}

/// Runs the call with our own input and output; its exit code becomes ours.
pub(crate) fn call(command: &mut Command) -> Result<u8, Stop> {
    screen::hand_on(command);
    let status = command
        .status()
        .map_err(|error| Stop::bad(format!("{} can't be started: {error}", command.get_program().display())))?;
    Ok(code(status))
}

/// The exit code that says what happened.
pub(crate) fn code(status: ExitStatus) -> u8 {
    match status.code() {
        Some(code) => u8::try_from(code).unwrap_or(FINDING),
        None if interrupted() => INTERRUPTED,
        None => {
            eprintln!("the target was ended by the system ({status}): if it isn't out of memory, its stack overflowed");
            FINDING
        }
    }
}

/// Refuses what can't be a tape before anything is built.
pub(crate) fn is_file(path: &Path) -> Result<(), Stop> {
    match path.is_file() {
        true => Ok(()),
        false if path.is_dir() => Err(Stop::bad(format!("{} is a folder: name the tapes in it", shown(path)))),
        false => Err(Stop::bad(format!("no file {}: is the path right, from this folder?", path.display()))),
    }
}
