//! From nothing to a first finding: `new`, `init` and `doctor`.

use super::{has, refused, said};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The command in `folder`, which builds into a folder that outlives the test.
fn simfuzz(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
    command.arg("simfuzz").args(args).current_dir(folder);
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("start"));
    command
}

/// Every file below `folder` with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    found.push((path.strip_prefix(folder).unwrap().display().to_string(), text));
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_package_passes_its_test_and_its_bug_is_found() {
    let place = TempDir::new().unwrap();
    let made = said(&mut simfuzz(place.path(), &["new", "my-store", "--simfuzz", env!("CARGO_MANIFEST_DIR")]));
    assert_eq!(made.code, Some(0), "{made:?}");
    has(&made.out, &["wrote src/simulation/store.rs", "cd my-store", "cargo simfuzz run sim_target"]);
    let package = place.path().join("my-store");

    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--test", "simulation"]).current_dir(&package);
    let tested = said(cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("start")));
    assert_eq!(tested.code, Some(0), "{tested:?}");
    has(&tested.out, &["1 passed"]);
    assert!(!tested.err.contains("warning"), "{}", tested.err);

    let searched = said(&mut simfuzz(&package, &["explore", "sim_target", "--runs", "20000", "--seed", "1"]));
    assert_eq!(searched.code, Some(1), "{searched:?}");
    has(&searched.out, &["what was acknowledged is there, and nothing else"]);
}

#[test]
fn a_package_that_exists_keeps_all_that_it_has() {
    let place = TempDir::new().unwrap();
    let init = ["init", "--simfuzz", env!("CARGO_MANIFEST_DIR")];
    refused(&mut simfuzz(place.path(), &init), &["no Cargo.toml", "cargo simfuzz new"]);

    let folder = place.path();
    let manifest = "[package]\nname = \"a-store\"\nversion = \"0.1.0\"\nedition = \"2024\"\n# mine\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join("tests")).unwrap();
    fs::write(folder.join("src/lib.rs"), "pub fn mine() {}").unwrap();
    fs::write(folder.join("tests/simulation.rs"), "// mine\n").unwrap();
    let before = files(folder);
    refused(&mut simfuzz(folder, &init), &["nothing was written", "tests/simulation.rs"]);
    assert_eq!(files(folder), before);

    fs::remove_file(folder.join("tests/simulation.rs")).unwrap();
    let made = said(&mut simfuzz(folder, &[&init[..], &["--no-ci"]].concat()));
    assert_eq!(made.code, Some(0), "{made:?}");
    let text = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    assert_eq!(text("src/lib.rs"), "pub fn mine() {}\npub mod simulation;\n");
    manifest.lines().for_each(|line| has(&text("Cargo.toml"), &[line]));
    has(&text("Cargo.toml"), &["simfuzz = {"]);
    has(&text("tests/simulation.rs"), &["use a_store::simulation::simulation;"]);
    has(&text("fuzz/Cargo.toml"), &["a-store = { path = \"..\" }"]);
    assert!(!folder.join(".github").exists());
    refused(&mut simfuzz(folder, &init), &["nothing was written"]);
}

/// What it builds is looked at by `.ci/emulate-clusterfuzzlite`, which takes minutes.
#[test]
fn a_fuzz_package_gets_what_clusterfuzzlite_wants() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("my-store");
    fs::create_dir_all(folder.join("fuzz/fuzz_targets")).unwrap();
    fs::write(folder.join("Cargo.toml"), "[workspace]\nmembers = []\nexclude = [\"fuzz\"]\n").unwrap();
    let wanted = ["init", "--clusterfuzzlite"];
    refused(&mut simfuzz(&folder, &wanted), &["no fuzz package", "cargo simfuzz init"]);

    let manifest = "[package]\nname = \"f\"\nedition = \"2024\"\n[package.metadata]\ncargo-fuzz = true\n[workspace]\n\
                    [[bin]]\nname = \"t\"\npath = \"fuzz_targets/t.rs\"\n";
    fs::write(folder.join("fuzz/Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("fuzz/fuzz_targets/t.rs"), "fn main() {}\n").unwrap();
    let made = said(&mut simfuzz(&folder, &wanted));
    assert_eq!(made.code, Some(0), "{made:?}");
    let text = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    has(&text(".clusterfuzzlite/project.yaml"), &["language: rust"]);
    has(&text(".clusterfuzzlite/Dockerfile"), &["COPY . $SRC/my-store"]);
    has(&text(".clusterfuzzlite/build.sh"), &["cd \"$SRC/my-store\"", "\nbuild fuzz\n"]);
    has(&text(".github/workflows/clusterfuzzlite.yml"), &["mode: ${{ github.event_name"]);
    let shell = said(Command::new("bash").args(["-n", ".clusterfuzzlite/build.sh"]).current_dir(&folder));
    assert_eq!(shell.code, Some(0), "{shell:?}");
    refused(&mut simfuzz(&folder, &wanted), &["nothing was written", ".clusterfuzzlite/build.sh"]);
}

#[test]
fn a_workspace_and_a_name_that_cargo_refuses_are_said_to_be_so() {
    let place = TempDir::new().unwrap();
    refused(&mut simfuzz(place.path(), &["new", "1st"]), &["cargo new", "1st"]);
    fs::write(place.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    refused(&mut simfuzz(place.path(), &["init"]), &["workspace"]);
}

#[test]
fn the_doctor_says_what_is_there_and_how_to_get_what_is_not() {
    let place = TempDir::new().unwrap();
    let well = said(&mut simfuzz(place.path(), &["doctor"]));
    has(
        &well.out,
        &["ok       Rust: rustc ", "C++ compiler", "cargo-fuzz", "nightly", "`cargo simfuzz init` makes one"],
    );

    let ill = said(simfuzz(place.path(), &["doctor"]).env("CXX", "no-such-compiler"));
    assert_eq!(ill.code, Some(2), "{ill:?}");
    has(&ill.out, &["MISSING  C++ compiler", "no-such-compiler", "1 missing"]);
}
