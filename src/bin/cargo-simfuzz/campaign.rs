//! `cargo simfuzz run`: from the corpus to a verdict.
//!
//! Owns the findings and the exit code. How the fuzzer is built and watched is `fuzzer`'s business,
//! the table and the record are `ended`'s.

use crate::cli::{Package, RunArgs};
use crate::corpora::Corpora;
use crate::died;
use crate::ended::{self, Known};
use crate::fuzzer::{self, Ended};
use crate::handover::Handovers;
use crate::instrument::Instrument;
use crate::minimal::{self, Minimal, Tried};
use crate::project::{Project, Target, shown};
use crate::screen::{Screen, clock, count, grouped};
use crate::stop::{CLEAN, FINDING, Stop};
use crate::toolchain::Toolchain;
use crate::watched::interrupted;
use simfuzz::campaign::Summary;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of the replay that a finding shows; the rest is a command away.
const STORY_LINES: usize = 24;

/// libFuzzer's exit code after Ctrl-C.
const INTERRUPT_CODE: i32 = 72;

/// Its exit codes for a timeout, for memory, and for a crash.
const FINDING_CODES: [i32; 3] = [70, 71, 77];

pub(crate) fn run(args: &RunArgs) -> Result<u8, Stop> {
    let project = Project::find(args.package.fuzz_dir.as_deref())?;
    let target = project.target(&args.target)?;
    if let Some(missing) = args.corpus.iter().find(|folder| !folder.is_dir()) {
        return Err(Stop::bad(format!("no folder {}: correct `--corpus` or leave it out", missing.display())));
    }
    let mut screen = Screen::new();
    let toolchain = Toolchain::find(args.sanitizer, &mut screen)?;
    let instrument = Instrument::choose(&project, args.instrument.as_deref())?;
    let sanitizer = args.sanitizer.name();
    screen.line(&format!("{}: sanitizer {sanitizer}, steered by {}", target.name, instrument.shown()));
    let corpora = Corpora::prepare(target, args.fresh, &args.corpus, &screen)?;
    let binary = fuzzer::build(target, args.sanitizer, &args.package, &toolchain, &instrument, &mut screen)?;
    let before = names(&target.artifacts());
    let mut handovers = Handovers::new(target.project.target_directory())?;
    let command = fuzzer::command(&binary, target, args, corpora.folders(), &handovers);
    let mut ended = fuzzer::fuzz(command, args.raw, args.time, &mut handovers, &mut screen)?;
    let seconds = ended.elapsed.as_secs_f64();
    let known = Known { executions: ended.runs, seconds, edges: ended.edges, features: ended.features };
    let (summary, recorded) = ended::conclude(
        target,
        "libfuzzer",
        &corpora,
        &mut handovers,
        known,
        std::mem::take(&mut ended.curve),
        &screen,
    );
    let tapes = findings(target, &before, &ended, &summary);
    let ended = Ended { runs: summary.executions, ..ended };
    if !tapes.is_empty() {
        let code = report(target, args, &binary, &tapes, &ended, &mut screen)?;
        show_nondeterminism(target, &args.package, &summary);
        return Ok(code);
    }
    if !matches!(ended.status.code(), Some(0 | INTERRUPT_CODE)) {
        let dead = died::tapes(target, &handovers)?;
        if !dead.is_empty() {
            return Ok(died::report(target, &args.package, &dead, &ended));
        }
    }
    verdict_without_tape(&corpora, &ended, recorded)
}

/// The names of the files in `folder`.
pub(crate) fn names(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder)
        .map_or_else(|_| BTreeSet::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
}

/// The tapes of findings: those that libFuzzer named, and those that are new (under `-fork` the
/// names are in the logs of its children).
fn findings(target: Target<'_>, before: &BTreeSet<PathBuf>, ended: &Ended, summary: &Summary) -> Vec<PathBuf> {
    let new = names(&target.artifacts()).difference(before).cloned().collect::<Vec<_>>();
    let mut tapes: BTreeSet<_> = ended.written.iter().cloned().chain(new).collect();
    // a slow run is not a finding; libFuzzer keeps it for those who tune
    tapes.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let named = ["crash-", "timeout-", "oom-", "leak-"].iter().any(|kind| name.starts_with(kind));
        named || (ended.written.contains(path) && !name.starts_with("slow-unit-"))
    });
    // those that went on wrote one of each identity, which an earlier campaign may have written too
    let here = std::env::current_dir().unwrap_or_default();
    let named = summary.findings.iter().filter_map(|found| found.smallest.file.as_ref());
    tapes.extend(named.filter_map(|file| here.join(file).canonicalize().ok()));
    let mut tapes: Vec<_> = tapes.into_iter().collect();
    // the shortest is the easiest to read
    tapes.sort_by_key(|path| (fs::metadata(path).map_or(u64::MAX, |file| file.len()), path.clone()));
    tapes
}

/// Says what was found and how to go on.
fn report(
    target: Target<'_>,
    args: &RunArgs,
    binary: &Path,
    tapes: &[PathBuf],
    ended: &Ended,
    screen: &mut Screen,
) -> Result<u8, Stop> {
    let first = &tapes[0];
    screen.line(&format!("\nfinding after {}\n", effort(ended)));
    if let Some(sentence) = unwritten(first) {
        tail(ended);
        return Err(Stop::bad(sentence));
    }
    let minimal: Vec<_> = tapes
        .iter()
        .take(minimal::FINDINGS)
        .map(|tape| if is_of_limits(tape) { None } else { minimal::by_fuzzer(binary, tape, screen) })
        .collect();
    match &minimal[0] {
        Some(Ok(minimal)) => show(binary, &minimal.path, ended, screen),
        _ => show(binary, first, ended, screen),
    }
    next_commands(target, &args.package, tapes, &minimal);
    Ok(FINDING)
}

/// Says where the tapes are, and what to type next.
pub(crate) fn next_commands(target: Target<'_>, package: &Package, tapes: &[PathBuf], minimal: &[Tried]) {
    println!();
    for (number, tape) in tapes.iter().enumerate() {
        println!("tape: {}", shown(tape));
        match minimal.get(number) {
            Some(Some(Ok(Minimal { path, sentence, .. }))) => println!("  minimized: {} ({sentence})", shown(path)),
            Some(Some(Err(reason))) => println!("  not minimized: {reason}"),
            _ => {}
        }
    }
    let Some(original) = tapes.first() else { return };
    let (first, settled) = match minimal.first() {
        Some(Some(Ok(minimal))) => (&minimal.path, minimal.settled),
        _ => (original, true),
    };
    let call = |command: &str, tape: &Path| {
        // the fuzzer also tries bytes that are no whole tape
        let torn = fs::read(tape).is_ok_and(|bytes| simfuzz::Tape::read(&bytes).is_err());
        let lenient = if torn { " --lenient" } else { "" };
        format!("cargo simfuzz {command}{package}{lenient} {} {}", target.name, shown(tape))
    };
    if !settled {
        println!("make it simpler: {}", call("minimize", original));
    }
    println!("replay: {}", call("replay", first));
    println!("see it: {}", call("report", first));
    println!("explain it: {}", call("explain", first));
    println!("keep it: {} --name NAME", call("promote", first));
}

/// The last lines of a story.
pub(crate) fn last_lines(story: &str) {
    let lines: Vec<_> = story.lines().collect();
    let skipped = lines.len().saturating_sub(STORY_LINES);
    if skipped > 0 {
        println!("... {} before, see the replay", count(skipped, "line"));
    }
    lines[skipped..].iter().for_each(|line| println!("{line}"));
}

/// Is it the tape of a run that broke libFuzzer's limits? It shows nothing to others.
pub(crate) fn is_of_limits(tape: &Path) -> bool {
    let name = tape.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("timeout-") || name.starts_with("oom-")
}

/// Shows the finding and the last lines of its story.
fn show(binary: &Path, tape: &Path, ended: &Ended, screen: &mut Screen) {
    if is_of_limits(tape) {
        let kind = tape.file_name().unwrap_or_default().to_string_lossy();
        let what = if kind.starts_with("oom-") { "used more memory than the limit" } else { "didn't end in time" };
        println!("the run {what} (`-- -timeout=SECONDS -rss_limit_mb=MB` sets the limits)");
        return;
    }
    match fuzzer::story(binary, tape, screen) {
        Ok(story) => last_lines(&story),
        Err(stop) => println!("{stop}"),
    }
    if matches!(fuzzer::again(binary, tape, screen), Ok(status) if status.success()) {
        println!("\nthe same tape passes now: the run isn't a function of its tape. The fuzzer saw:");
        tail(ended);
    }
}

/// The end of a process that left no tape.
fn verdict_without_tape(corpora: &Corpora, ended: &Ended, recorded: Result<(), Stop>) -> Result<u8, Stop> {
    match ended.status.code() {
        Some(0 | INTERRUPT_CODE) => clean(corpora, ended, recorded),
        None if interrupted() => clean(corpora, ended, recorded),
        code if code.is_none_or(|code| FINDING_CODES.contains(&code)) => {
            tail(ended);
            println!("\nthe fuzzer died after {} ({}) and its tape is lost", effort(ended), ended.status);
            println!("a stack overflow does that: `--sanitizer address` catches it and saves the tape");
            Ok(FINDING)
        }
        _ => {
            tail(ended);
            Err(Stop::bad(format!(
                "the fuzzer ended by itself ({}), see its last lines above; the flags after `--` go to it",
                ended.status
            )))
        }
    }
}

/// Says that there was nothing; the exit code.
///
/// # Errors
///
/// When something of it was not written, as on a full disk: libFuzzer says nothing of that.
pub(crate) fn clean(corpora: &Corpora, ended: &Ended, recorded: Result<(), Stop>) -> Result<u8, Stop> {
    println!("no finding in {}; {}", effort(ended), corpora.shown());
    let torn = simfuzz::fuzz::torn(corpora.working());
    if torn > 0 {
        let tapes = count(torn, "tape");
        return Err(Stop::bad(format!("{tapes} in {} not written whole: is the disk full?", shown(corpora.working()))));
    }
    recorded.map(|()| CLEAN)
}

/// Says how to look for the leak, where a finding is that a run didn't repeat.
pub(crate) fn show_nondeterminism(target: Target<'_>, package: &Package, summary: &Summary) {
    let Some(found) = summary.findings.iter().find(|found| found.identity.starts_with("nondeterminism")) else {
        return;
    };
    println!("\nNOT DETERMINISTIC: {}", found.reason);
    let file = found.smallest.file.as_deref().unwrap_or("FILE");
    println!("find the leak: cargo simfuzz check{package} --lenient {} {file}", target.name);
}

/// "1,234 runs in 0:12 (102/s)".
pub(crate) fn effort(ended: &Ended) -> String {
    let speed = (ended.runs as f64 / ended.elapsed.as_secs_f64().max(0.001)) as u64;
    format!("{} runs in {} ({}/s)", grouped(ended.runs), clock(ended.elapsed), grouped(speed))
}

/// A full disk leaves an empty file, about which libFuzzer says nothing.
fn unwritten(tape: &Path) -> Option<String> {
    // the sha1 of no bytes: the empty tape is a tape too
    let empty = tape.to_string_lossy().ends_with("-da39a3ee5e6b4b0d3255bfef95601890afd80709");
    match fs::metadata(tape) {
        Ok(file) if file.len() > 0 || empty => None,
        _ => Some(format!(
            "the tape was not written to {}: is the disk full? It still stands in the line `Base64:` above: \
             `echo THAT | base64 -d > FILE`",
            shown(tape)
        )),
    }
}

pub(crate) fn tail(ended: &Ended) {
    ended.tail.iter().for_each(|line| println!("  {line}"));
}
