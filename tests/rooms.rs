//! The order of the rooms: a rule that matters is a test.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first: a room may use only the rooms before it.
///
/// `timeline` comes before `trace`, since what happened has a virtual time. `campaign`, what a fuzzer
/// keeps from run to run, stands between `run` and those that fuzz or explore. There is no room for a
/// corpus, which is files that `regress` reads, nor for the report and the canary, parts of `run`.
const ROOMS: &[&str] = &[
    "underway",
    "choice",
    "timeline",
    "trace",
    "assert",
    "history",
    "range",
    "buggify",
    "error",
    "cancel",
    "open",
    "goal",
    "mutate",
    "shrink",
    "topology",
    "executor",
    "network",
    "storage",
    "fault",
    "sim",
    "absent",
    "shapes",
    "select",
    "production",
    "run",
    "exhaust",
    "minimize",
    "regress",
    "explain",
    "account",
    "campaign",
    "explore",
    "fuzz",
    "harness",
];

/// The files of a room: `room.rs`, or all in the folder `room`.
fn files(src: &Path, room: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![src.join(room), src.join(room).with_extension("rs")];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            left.extend(entries);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.exists() {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Does `line` name the room by its path?
fn names(line: &str, room: &str) -> bool {
    let path = format!("crate::{room}");
    line.match_indices(&path).any(|(at, _)| {
        let after = line[at + path.len()..].chars().next();
        !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn rooms_use_only_lower_rooms() {
    let mut wrong = Vec::new();
    for (level, room) in ROOMS.iter().enumerate() {
        for file in files(&src(), room) {
            let text = fs::read_to_string(&file).unwrap();
            // a test may look at its room from above
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (index, line) in text.lines().enumerate() {
                // what a macro writes into the user's crate, and the links of the docs, use nothing
                if line.contains("$crate::") || line.trim_start().starts_with("//") {
                    continue;
                }
                assert!(!line.contains("crate::{"), "{}: one `use` a room", file.display());
                for higher in &ROOMS[level + 1..] {
                    if names(line, higher) {
                        wrong.push(format!("{}:{}: {room} uses {higher}", file.display(), index + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// A room that is not in the list would escape the rule.
#[test]
fn every_room_is_in_the_list() {
    let rooms = fs::read_dir(src()).unwrap().map(|entry| entry.unwrap().path());
    for path in rooms {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            ["lib", "bin"].contains(&&*name) || ROOMS.contains(&&*name),
            "{} has no place in the order",
            path.display()
        );
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for file in files(&src(), "") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} has no header", file.display());
    }
}
