//! `cargo simfuzz report`: all that is known of a run or a campaign, as one page or as JSON.
//!
//! Owns what goes into a report and where it is written. What happened in a run is told by the
//! target's binary, what a campaign came to by its record; `docs/report.md` describes the JSON.

mod args;
mod page;
mod records;

use crate::plain;
use crate::project::{Project, Target, shown};
use crate::screen::{Screen, clock};
use crate::stop::{CLEAN, Stop};
use crate::watched::{Heard, Watched, interrupted};
use args::Format;
pub(crate) use args::ReportArgs;
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// `cargo simfuzz report`.
pub(crate) fn report(args: &ReportArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    let mut screen = Screen::new();
    let (name, report) = match &args.file {
        Some(file) => of_run(args, target, file, &mut screen)?,
        None => of_campaign(args, target)?,
    };
    let (text, extension) = match args.format {
        Format::Html => (page::page(&report)?, "html"),
        Format::Json => (format!("{report}\n"), "json"),
    };
    if args.format == Format::Json && args.out.is_none() {
        return match std::io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Stop::bad(format!("the report can't be written: {error}")))
            }
            _ => Ok(CLEAN),
        };
    }
    let folder = args.out.clone().unwrap_or_else(|| project.target_directory().join("simfuzz/reports"));
    let unwritten = |error| Stop::bad(format!("the report can't be written to {}: {error}", shown(&folder)));
    fs::create_dir_all(&folder).map_err(unwritten)?;
    let path = folder.join(format!("{name}.{extension}"));
    simfuzz::regress::write_whole(&path, text.as_bytes()).map_err(unwritten)?;
    println!("{}", shown(&path));
    Ok(CLEAN)
}

fn of_run(args: &ReportArgs, target: Target<'_>, file: &Path, screen: &mut Screen) -> Result<(String, Value), Stop> {
    plain::is_file(file)?;
    let original = args.original.clone().or_else(|| original_of(file));
    let original = original.as_deref();
    original.map(plain::is_file).transpose()?;
    let mut explanation = args.explanation.as_deref().map(explanation).transpose()?;
    let binary = plain::command(target, &args.package, screen)?;
    let program = binary.get_program();
    let call = |name: &str| {
        let mut command = Command::new(program);
        command.arg(name).arg(file).args(args.lenient.then_some("--lenient"));
        command
    };
    if args.explain {
        let mut command = call("explain");
        command.arg("--format=json");
        explanation = Some(told(command, "explaining the finding", screen)?);
    }
    let mut command = call("report");
    command.args(original.iter().flat_map(|original| [Path::new("--original"), original]));
    let mut told = told(command, "running the tape", screen)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let report = json!({
        "format": FORMAT,
        "simfuzz": env!("CARGO_PKG_VERSION"),
        "target": target.name,
        "tape": shown(file),
        "original_tape": original.map(shown),
        "run": told["run"].take(),
        "original": told["original"].take(),
        "explanation": explanation,
        "campaign": null,
    });
    Ok((format!("{}-{name}", target.name), report))
}

fn of_campaign(args: &ReportArgs, target: Target<'_>) -> Result<(String, Value), Stop> {
    let of_a_tape = [
        (args.original.is_some(), "--original"),
        (args.explanation.is_some(), "--explanation"),
        (args.explain, "--explain"),
    ];
    for (given, option) in of_a_tape {
        if given {
            return Err(Stop::bad(format!("`{option}` belongs to a tape: name its file after the target")));
        }
    }
    let (name, campaign) = records::newest(target)?;
    let report = json!({
        "format": FORMAT,
        "simfuzz": env!("CARGO_PKG_VERSION"),
        "target": target.name,
        "tape": null,
        "original_tape": null,
        "run": null,
        "original": null,
        "explanation": null,
        "campaign": campaign,
    });
    Ok((name, report))
}

/// The tape beside `file` that it was minimised from, by its name: `minimized-from-` and the SHA-1 of
/// the original, which ends the original's own name.
fn original_of(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_str()?.strip_prefix("minimized-from-")?;
    let hash = name.split('.').next().filter(|hash| hash.len() == 40)?;
    let kinds = ["crash-", "timeout-", "oom-", "leak-", ""];
    kinds.iter().map(|kind| file.with_file_name(format!("{kind}{hash}"))).find(|path| path.is_file())
}

/// What `cargo simfuzz explain` wrote.
fn explanation(file: &Path) -> Result<Value, Stop> {
    plain::is_file(file)?;
    let bad = |error: &dyn std::fmt::Display| Stop::bad(format!("{} is no explanation: {error}", shown(file)));
    let text = fs::read(file).map_err(|error| bad(&error))?;
    serde_json::from_slice(&text).map_err(|error| bad(&error))
}

/// The JSON that the call prints, while somebody waits for it.
fn told(command: Command, doing: &str, screen: &mut Screen) -> Result<Value, Stop> {
    let text = printed(command, doing, screen)?;
    serde_json::from_slice(&text).map_err(|error| {
        Stop::bad(format!(
            "the target tells nothing that can be shown ({error}): is its simfuzz older than this command?"
        ))
    })
}

fn printed(command: Command, doing: &str, screen: &mut Screen) -> Result<Vec<u8>, Stop> {
    screen.begin();
    let mut child = Watched::start(command)?;
    let mut last = String::new();
    loop {
        match child.next(Duration::from_millis(100)) {
            Heard::Line(line) => {
                if !line.starts_with("error: ") {
                    screen.line(&line);
                }
                last = line;
            }
            Heard::Quiet => {}
            Heard::Ended => break,
        }
        screen.live(|elapsed| format!("{doing} {}", clock(elapsed)));
    }
    screen.clear();
    let (status, stdout) = child.finish()?;
    match status.code() {
        Some(0) => Ok(stdout),
        _ if interrupted() => Err(Stop::interrupted()),
        Some(_) => Err(Stop::bad(match last.strip_prefix("error: ") {
            Some(sentence) => sentence.to_owned(),
            None => format!("the target has no report ({status}): is its simfuzz older than this command?"),
        })),
        None => Err(Stop::bad(format!(
            "the target was ended by the system ({status}): if it isn't out of memory, its stack overflowed"
        ))),
    }
}
