//! A target that died in the midst of a run, and the tape that it left.
//!
//! Owns how the tape is found, and the words. Such a tape can't be minimised or told in a story: its run
//! ends whoever makes it.

use crate::campaign::{effort, tail};
use crate::cli::Package;
use crate::fuzzer::Ended;
use crate::handover::Handovers;
use crate::project::{Target, shown};
use crate::stop::{FINDING, Stop};
use crate::watched::interrupted;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// The tapes under way in the processes that died, as files beside those of other findings.
pub(crate) fn tapes(target: Target<'_>, handovers: &Handovers) -> Result<Vec<PathBuf>, Stop> {
    if interrupted() {
        return Ok(Vec::new());
    }
    let keep = |bytes: Vec<u8>| {
        let path = target.artifacts().join(format!("crash-{}", simfuzz::fuzz::file_name(&bytes)));
        let written = simfuzz::regress::write_whole(&path, &bytes);
        written.map(|()| path.clone()).map_err(|error| {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Stop::bad(format!("{} can't be written: {error}; its tape: echo {hex} | xxd -r -p > crash", shown(&path)))
        })
    };
    handovers.under_way().into_iter().map(keep).collect()
}

/// Says how the target died, and what to type next; the exit code.
pub(crate) fn report(target: Target<'_>, package: &Package, tapes: &[PathBuf], ended: &Ended) -> u8 {
    println!("finding after {}\n", effort(ended));
    tail(ended);
    println!("\nthe target died in the midst of a run: {}", cause(ended));
    for tape in tapes {
        println!("tape: {}", shown(tape));
    }
    if tapes.len() > 1 {
        println!("(one for each of its runs at that moment; a replay says which did it)");
    }
    let lenient = if tapes.iter().any(|tape| is_torn(tape.as_path())) { " --lenient" } else { "" };
    for tape in tapes {
        println!("replay: cargo simfuzz replay{package}{lenient} {} {}", target.name, shown(tape));
    }
    FINDING
}

fn is_torn(tape: &Path) -> bool {
    std::fs::read(tape).is_ok_and(|bytes| simfuzz::Tape::read(&bytes).is_err())
}

/// What the last lines or the status say.
fn cause(ended: &Ended) -> String {
    let said = |words: &str| ended.tail.iter().any(|line| line.contains(words));
    let found = ended.tail.iter().find_map(|line| line.strip_prefix("simfuzz: FINDING "));
    match found {
        Some(found) => found.to_owned(),
        None if said("has overflowed its stack") => "its stack overflowed".to_owned(),
        None if said("non-unwinding panic") || said("while processing panic") => {
            "it panicked while it panicked, as in a `Drop`".to_owned()
        }
        None if said("memory allocation of") => "it asked for more memory than there is".to_owned(),
        None => by_signal(ended.status),
    }
}

#[cfg(unix)]
fn by_signal(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(9) => "somebody killed it (SIGKILL), as the system does when there is no memory left".to_owned(),
        Some(7 | 11) => format!("{status}: its stack overflowed, or unsafe code went astray"),
        _ => format!("it ended by itself ({status})"),
    }
}

#[cfg(not(unix))]
fn by_signal(status: ExitStatus) -> String {
    format!("it ended by itself ({status})")
}
