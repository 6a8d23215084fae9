//! `cargo simfuzz explore`, `import` and `cmin`: what our own loop does with a corpus.
//!
//! Owns the calls of the plain build, and the verdict. The search is in the target's binary.

use crate::campaign::{clean, effort, is_of_limits, last_lines, names, next_commands, show_nondeterminism, tail};
use crate::cli::{CminArgs, ExploreArgs, ImportArgs};
use crate::corpora::Corpora;
use crate::died;
use crate::ended::{self, Known};
use crate::fuzzer::{self, Ended};
use crate::handover::Handovers;
use crate::minimal;
use crate::plain;
use crate::project::Project;
use crate::screen::Screen;
use crate::stop::{FINDING, Stop};
use crate::watched::interrupted;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `cargo simfuzz explore`.
pub(crate) fn explore(args: &ExploreArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    if let Some(missing) = args.corpus.iter().find(|folder| !folder.is_dir()) {
        return Err(Stop::bad(format!("no folder {}: correct `--corpus` or leave it out", missing.display())));
    }
    let mut screen = Screen::new();
    let corpora = Corpora::prepare(target, args.fresh, &args.corpus, &screen)?;
    let mut command = plain::command(target, &args.package, &mut screen)?;
    let binary = PathBuf::from(command.get_program());
    command.arg("explore").arg("--corpus").arg(corpora.working());
    command.args(corpora.read_only().iter().flat_map(|folder| [Path::new("--read"), folder]));
    command.arg("--artifacts").arg(target.artifacts());
    command.args(["--seed", &args.seed.to_string(), "--jobs", &args.jobs.to_string()]);
    command.args(args.runs.iter().flat_map(|runs| ["--runs".to_owned(), runs.to_string()]));
    command.args(args.time.iter().flat_map(|time| ["--time".to_owned(), time.to_string()]));
    command.args(args.keep_going.then_some("--keep-going")).args(args.limits.arguments());
    let before = names(&target.artifacts());
    let mut handovers = Handovers::new(target.project.target_directory())?;
    handovers.ask(&mut command);
    let mut ended = fuzzer::fuzz(command, false, args.time, &mut handovers, &mut screen)?;
    let known = Known { seconds: ended.elapsed.as_secs_f64(), ..Known::default() };
    let (summary, recorded) =
        ended::conclude(target, "explore", &corpora, &mut handovers, known, std::mem::take(&mut ended.curve), &screen);
    let ended = Ended { runs: summary.executions, ..ended };
    let mut dead = died::tapes(target, &handovers)?;
    // the target's watchdog keeps its own
    let of_limits = |path: &PathBuf| is_of_limits(path);
    dead.extend(names(&target.artifacts()).difference(&before).filter(|path| of_limits(path)).cloned());
    if !dead.is_empty() {
        return Ok(died::report(target, &args.package, &dead, &ended));
    }
    match ended.status.code() {
        Some(0) => clean(&corpora, &ended, recorded),
        None | Some(130) if interrupted() && summary.findings.is_empty() => clean(&corpora, &ended, recorded),
        None | Some(1) if !summary.findings.is_empty() => {
            println!("finding after {}\n", effort(&ended));
            let files = summary.findings.iter().filter_map(|found| found.smallest.file.as_ref());
            let mut tapes: Vec<_> = files.map(PathBuf::from).collect();
            // the shortest is the easiest to read
            tapes.sort_by_key(|path| (fs::metadata(path).map_or(u64::MAX, |file| file.len()), path.clone()));
            let minimal: Vec<_> = tapes
                .iter()
                .take(minimal::FINDINGS)
                .map(|tape| minimal::by_plain(&binary, tape, &mut screen))
                .collect();
            if let Some(first) = tapes.first() {
                let simplest = minimal[0].as_ref().and_then(|tried| tried.as_ref().ok());
                story(&binary, simplest.map_or(first, |minimal| &minimal.path));
            }
            next_commands(target, &args.package, &tapes, &minimal);
            show_nondeterminism(target, &args.package, &summary);
            Ok(FINDING)
        }
        None => {
            tail(&ended);
            println!("\nthe search died after {} ({}) and its tape is lost", effort(&ended), ended.status);
            println!(
                "a stack overflow does that: `cargo simfuzz run --sanitizer address` catches it and saves the tape"
            );
            Ok(FINDING)
        }
        Some(_) => {
            tail(&ended);
            Err(Stop::bad(format!("the search ended by itself ({}), see its last lines above", ended.status)))
        }
    }
}

/// Shows the last lines of the story of `tape`.
fn story(binary: &Path, tape: &Path) {
    let told = Command::new(binary).arg("replay").arg(tape).stderr(Stdio::null()).stdin(Stdio::null()).output();
    match told {
        Ok(told) => {
            last_lines(&String::from_utf8_lossy(&told.stdout));
            if told.status.success() {
                println!("\nthe same tape passes now: the run isn't a function of its tape");
            }
        }
        Err(error) => println!("the replay can't be started: {error}"),
    }
}

/// `cargo simfuzz import`.
pub(crate) fn import(args: &ImportArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    let working = target.working_corpus();
    fs::create_dir_all(&working).map_err(|error| Stop::bad(format!("{} can't be made: {error}", working.display())))?;
    let mut command = plain::command(target, &args.package, &mut Screen::new())?;
    command.args(["import", "--corpus"]).arg(working);
    command.args(args.seeds.iter().flat_map(|seeds| ["--seeds", seeds]));
    for folder in &args.from {
        command.arg("--from").arg(folder);
    }
    plain::call(&mut command)
}

/// `cargo simfuzz cmin`.
pub(crate) fn cmin(args: &CminArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    let working = target.working_corpus();
    if !working.is_dir() {
        return Err(Stop::bad(format!("no corpus {}: a campaign makes it", working.display())));
    }
    let mut command = plain::command(target, &args.package, &mut Screen::new())?;
    plain::call(command.arg("cmin").arg("--corpus").arg(working))
}
