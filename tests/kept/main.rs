//! What becomes of regressions when the program changes: measured on real edits of real sources.
//!
//! Three small systems (network, disk, retries) are written out as a package in a row of versions, each
//! with one change of the kind that programs go through. Findings of the first version are
//! promoted and replayed in all others, with the bug and without it. The sources in `program` are no
//! module of this test: a place in the source that moves must move in a file.
#![cfg(feature = "sim")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The systems, with their sources.
const SYSTEMS: [(&str, &str); 3] = [
    ("register", include_str!("program/register.rs")),
    ("journal", include_str!("program/journal.rs")),
    ("counter", include_str!("program/counter.rs")),
];

/// A change of a system's source: the new one, and what goes to another file.
type Edit = fn(&str) -> (String, String);

/// The kinds of change; the first is none.
const CHANGES: [(&str, Edit); 9] = [
    ("none", |source| (source.to_owned(), String::new())),
    ("a draw before", |source| (uncommented(source, "//+draw "), String::new())),
    ("a draw less", |source| (without(source, "//-draw"), String::new())),
    ("two more processes", |source| (uncommented(source, "//+process "), String::new())),
    ("another order of tasks", |source| (swapped(source), String::new())),
    ("lines moved, a function renamed", |source| (rearranged(source), String::new())),
    ("more range", |source| (replaced(source, "100 /*range*/", "128 /*range*/"), String::new())),
    ("one operation more", |source| {
        let source = uncommented(source, "//+arm ");
        (replaced(&source, "2 /*weights*/", "2, 3 /*weights*/"), String::new())
    }),
    ("moved to another file", elsewhere),
];

fn replaced(source: &str, old: &str, new: &str) -> String {
    assert!(source.contains(old), "{old} is not in the source");
    source.replace(old, new)
}

fn uncommented(source: &str, mark: &str) -> String {
    replaced(source, mark, "")
}

fn without(source: &str, mark: &str) -> String {
    assert!(source.contains(mark), "{mark} is not in the source");
    source.lines().filter(|line| !line.contains(mark)).map(|line| format!("{line}\n")).collect()
}

/// Before, in and after a region.
fn region<'a>(source: &'a str, name: &str) -> (&'a str, &'a str, &'a str) {
    let (before, rest) = source.split_once(&format!("//<{name}\n")).unwrap();
    let (inside, after) = rest.split_once(&format!("//>{name}\n")).unwrap();
    (before, inside, after)
}

fn swapped(source: &str) -> String {
    let (before, tasks, after) = region(source, "tasks");
    let (one, other) = tasks.split_once("//|tasks\n").unwrap();
    format!("{before}{other}{one}{after}")
}

/// The operations stand before what calls them, lines are added above, and functions renamed.
fn rearranged(source: &str) -> String {
    let (before, operations, after) = region(source, "operations");
    let (top, rest) = before.split_once("pub fn simulation").unwrap();
    let comment = "// A paragraph that somebody added.\n".repeat(23);
    let moved = format!("{top}{comment}{operations}\npub fn simulation{rest}{after}");
    moved.replace("async fn call(", "async fn ask(").replace(" call(", " ask(")
}

fn elsewhere(source: &str) -> (String, String) {
    let (before, operations, after) = region(source, "operations");
    let operations = operations.replace("    async fn", "    pub(super) async fn");
    (format!("{before}{after}").replace("\n    acknowledged:", "\n    pub(super) acknowledged:"), operations)
}

/// Writes the package with all versions into `folder`.
fn write_package(folder: &Path) {
    let write = |path: String, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // cargo builds anew what is newer
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).unwrap();
        }
    };
    let simfuzz = env!("CARGO_MANIFEST_DIR");
    write(
        "Cargo.toml".to_owned(),
        &format!(
            "[package]\nname = \"kept-versions\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nsimfuzz = {{ path = {simfuzz:?} }}\n\n[profile.dev]\nopt-level = 1\n"
        ),
    );
    let mut mods = String::new();
    for (version, (_, edit)) in CHANGES.iter().enumerate() {
        let mut systems = "pub mod bystander;\n".to_owned();
        for (name, source) in SYSTEMS {
            let (source, moved) = edit(source);
            // a private item is seen by the modules below it
            let below = if moved.is_empty() { "" } else { "\n#[path = \"operations.rs\"]\nmod operations;\n" };
            let below = below.replace("operations.rs", &format!("{name}_operations.rs"));
            write(format!("src/v{version}/systems/{name}.rs"), &format!("{source}{below}"));
            let moved = format!("//! What the client does.\nuse super::*;\n\n{moved}");
            write(format!("src/v{version}/systems/{name}_operations.rs"), &moved);
            let _ = writeln!(systems, "pub mod {name};");
        }
        write(format!("src/v{version}/systems/bystander.rs"), include_str!("program/bystander.rs"));
        write(format!("src/v{version}/systems/mod.rs"), &systems);
        write(format!("src/v{version}/mod.rs"), "pub mod systems;\n");
        let _ = writeln!(mods, "#[allow(dead_code, unused_imports)]\nmod v{version};");
    }
    let _ = writeln!(mods, "\nconst SYSTEMS: [(&str, [Make; {}]); {}] = [", CHANGES.len(), SYSTEMS.len());
    for (name, _) in SYSTEMS {
        let of = (0..CHANGES.len()).map(|version| format!("v{version}::systems::{name}::simulation"));
        let _ = writeln!(mods, "    ({name:?}, [{}]),", of.collect::<Vec<_>>().join(", "));
    }
    mods.push_str("];\n");
    write("src/main.rs".to_owned(), &replaced(include_str!("program/main.rs"), "//+versions\n", &mods));
}

#[test]
fn promoted_bugs_survive_changes_of_the_program_and_tell_the_truth_about_a_fix() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = place.join("kept-versions");
    write_package(&folder);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet"]).current_dir(&folder).env("CARGO_TARGET_DIR", place.join("start"));
    let output = cargo.output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}\n{}", String::from_utf8_lossy(&output.stderr));

    let kept = out.lines().filter(|line| line.starts_with("kept ")).count();
    let mut counts: BTreeMap<(usize, bool, &str), usize> = BTreeMap::new();
    for line in out.lines() {
        if let ["verdict", version, _, _, bug, word, ..] = line.split_whitespace().collect::<Vec<_>>()[..] {
            *counts.entry((version.parse().unwrap(), bug == "true", word)).or_default() += 1;
        }
    }
    let count = |version, bug, word| counts.get(&(version, bug, word)).copied().unwrap_or(0);
    let mut table =
        format!("{kept} promoted bugs\n{:34}{:>12}{:>8}{:>8}{:>7}\n", "", "reproduced", "fixed", "drifted", "stale");
    for (version, (change, _)) in CHANGES.iter().enumerate() {
        for bug in [true, false] {
            let label = if bug { (*change).to_owned() } else { "  and the bug mended".to_owned() };
            let of = |word| count(version, bug, word);
            let (reproduced, fixed, drifted, stale) = (of("reproduced"), of("fixed"), of("drifted"), of("stale"));
            let _ = writeln!(table, "{label:34}{reproduced:>12}{fixed:>8}{drifted:>8}{stale:>7}");
        }
    }
    println!("{table}");

    assert!(kept >= 20, "{kept} bugs are too few\n{out}");
    for (version, (change, _)) in CHANGES.iter().enumerate() {
        let reproduced = count(version, true, "reproduced");
        assert!(reproduced * 100 >= kept * 95, "after {change}, {reproduced} of {kept} reproduce\n{table}\n{out}");
        let truthful: usize = ["fixed", "drifted", "stale"].iter().map(|word| count(version, false, word)).sum();
        assert_eq!(truthful, kept, "after {change}, with the bug mended\n{table}\n{out}");
    }
}
