//! The simplest tape: where it is written, what is shown, and what is refused.

use super::explore::{Project, ladder};
use super::{has, said};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A project with a crash of the ladder in it; the crash's path.
fn crashed() -> (Project, String) {
    let project = Project::new();
    let found = said(&mut project.simfuzz("explore toy --runs 100000 --seed 1"));
    assert_eq!(found.code, Some(1), "{found:?}");
    // a campaign minimises by itself
    for entry in fs::read_dir(project.path("fuzz/artifacts/toy")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("minimized-") {
            fs::remove_file(path).unwrap();
        }
    }
    let mut crashes = fs::read_dir(project.path("fuzz/artifacts/toy")).unwrap().map(|entry| entry.unwrap().path());
    let crash = crashes.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("crash-")).unwrap();
    let crash = format!("fuzz/artifacts/toy/{}", crash.file_name().unwrap().to_str().unwrap());
    (project, crash)
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
    };
    fs::read_dir(folder).unwrap().map(file).collect()
}

#[test]
fn the_simplest_tape_is_written_beside_the_crash_and_told_as_a_story() {
    let (project, crash) = crashed();
    let bytes = fs::read(project.path(&crash)).unwrap();
    let minimized = said(&mut project.simfuzz(&format!("minimize toy {crash}")));
    assert_eq!(minimized.code, Some(0), "{minimized:?}");
    let path = format!("fuzz/artifacts/toy/minimized-from-{}", simfuzz::fuzz::file_name(&bytes));
    has(
        &minimized.out,
        &["tape 1  seed 0x0000000000000000  base calm", "FINDING always: ", "choices that are not calm"],
    );
    has(&minimized.out, &[&format!("minimized: {path}")]);
    assert_eq!(fs::read(project.path(&crash)).unwrap(), bytes);
    // it shows the same finding, and can't be made simpler
    let replayed = said(&mut project.simfuzz(&format!("replay toy {path}")));
    assert_eq!(replayed.code, Some(1));
    let finding = |out: &str| {
        out.lines().find(|line| line.contains("FINDING")).unwrap().split("FINDING").nth(1).unwrap().to_owned()
    };
    assert_eq!(finding(&replayed.out), finding(&minimized.out));
    let again = said(&mut project.simfuzz(&format!("minimize toy {path} --out again")));
    assert_eq!(fs::read(project.path("again")).unwrap(), fs::read(project.path(&path)).unwrap(), "{again:?}");
}

#[test]
fn nothing_of_the_users_is_overwritten() {
    let (project, crash) = crashed();
    let name = format!("minimized-from-{}", simfuzz::fuzz::file_name(&fs::read(project.path(&crash)).unwrap()));
    let folder = project.path("fuzz/artifacts/toy");
    fs::write(folder.join(&name), "theirs").unwrap();
    for _ in 0..2 {
        let minimized = said(&mut project.simfuzz(&format!("minimize toy {crash} --quiet")));
        assert_eq!(minimized.code, Some(0), "{minimized:?}");
        assert_eq!(minimized.out.lines().count(), 2, "{minimized:?}");
    }
    let files = files(&folder);
    assert_eq!(files[&name], b"theirs");
    assert!(files.contains_key(&format!("{name}.2")));
    // the second time it came to the same bytes
    assert_eq!(files.keys().filter(|file| file.starts_with("minimized-")).count(), 2, "{:?}", files.keys());
    let refused = said(&mut project.simfuzz(&format!("minimize toy {crash} --out {crash}")));
    assert_eq!(refused.code, Some(2));
    has(&refused.err, &["exists: choose another --out"]);
}

#[test]
fn a_budget_that_is_spent_is_told_and_the_number_of_threads_changes_nothing() {
    let (project, crash) = crashed();
    let by = |jobs: u32| {
        let out = format!("out-{jobs}");
        let minimized =
            said(&mut project.simfuzz(&format!("minimize toy {crash} --budget 9 --jobs {jobs} -q --out {out}")));
        has(&minimized.out, &["in 9 runs", "stopped by the budget, which `--budget` and `--time` raise"]);
        fs::read(project.path(&out)).unwrap()
    };
    assert_eq!(by(1), by(4));
}

#[test]
fn what_shows_nothing_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("calm", &simfuzz::Tape::calm().encode());
    write("torn", &[1; 13]);
    for (file, words) in [("calm", "shows no finding"), ("torn", "--lenient"), ("missing", "cannot read")] {
        let refused = said(Command::new(ladder()).arg("minimize").arg(folder.path().join(file)));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        has(&refused.err, &["error: ", words]);
    }
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn an_explanation_reads_as_text_and_as_json() {
    let (project, crash) = crashed();
    let text = said(&mut project.simfuzz(&format!("explain toy {crash} --seeds 40")));
    assert_eq!(text.code, Some(0), "{text:?}");
    has(
        &text.out,
        &[
            "always: ",
            "essential: no other value",
            "other weather comes after it",
            "100 % (91 to 100)  ####",
            "it rises from 30 % to 100 % at a choice that the story doesn't tell of",
        ],
    );
    has(&text.out, &["the nearest run that passes has climber/step/up", "here:   ", "there:  "]);
    let json = said(&mut project.simfuzz(&format!("explain toy {crash} --seeds 40 --format json")));
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(value["choices"].as_array().unwrap().iter().all(|choice| choice["meaning"] == "essential"), "{value}");
    assert!(value["likelihood"].as_array().unwrap().len() > 9 && value["twin"]["label"] == "climber/step/up");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("calm"), simfuzz::Tape::calm().encode()).unwrap();
    let refused = said(Command::new(ladder()).arg("explain").arg(folder.path().join("calm")));
    assert_eq!(refused.code, Some(2));
    has(&refused.err, &["shows no finding"]);
}
