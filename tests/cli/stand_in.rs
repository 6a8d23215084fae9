//! `stand-in`: what takes tokio's place. That servers run with it is the business of `examples/unmodified`.

use super::{has, refused, said};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn stand_in(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
    command.args(["simfuzz", "stand-in", "stand-in"]).current_dir(folder);
    command
}

#[test]
fn it_takes_tokios_place_for_all_but_simfuzz() {
    let place = TempDir::new().unwrap();
    let written = said(&mut stand_in(place.path()));
    assert_eq!(written.code, Some(0), "{written:?}");
    has(&written.out, &["wrote a stand-in for tokio 1.", "[patch.crates-io]", "tokio = { path = \"stand-in/tokio\" }"]);
    // what it says to write
    let lines = written.out.split("serve):\n").nth(1).unwrap();
    let manifest = format!(
        "[package]\nname = \"simulations\"\nedition = \"2024\"\n[workspace]\n{}",
        lines
            .replace("\n  ", "\n")
            .replace("[dependencies]", "[dependencies]\nhyper-util = { version = \"0.1\", features = [\"tokio\"] }")
    );
    fs::write(place.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(place.path().join("src")).unwrap();
    fs::write(place.path().join("src/lib.rs"), "").unwrap();
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--edges", "normal", "--prefix", "depth", "--format", " {p}"]).current_dir(place.path());
    let tree = said(&mut tree);
    assert_eq!(tree.code, Some(0), "{tree:?}");
    has(&tree.out, &["1 hyper-util v0", " tokio v1.999.0", " real-tokio v1."]);
    assert!(!tree.out.lines().any(|line| line.contains(" tokio v1.") && !line.contains("v1.999.0")), "{}", tree.out);

    // a folder of its own is written anew, one of the user's is left alone
    fs::write(place.path().join("stand-in/tokio/src/old.rs"), "").unwrap();
    assert_eq!(said(&mut stand_in(place.path())).code, Some(0));
    assert!(!place.path().join("stand-in/tokio/src/old.rs").exists());
    fs::write(place.path().join("stand-in/README"), "mine").unwrap();
    refused(&mut stand_in(place.path()), &["stand-in is there already, and not written by this command"]);
}
