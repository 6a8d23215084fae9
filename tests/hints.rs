//! What tokio has and simfuzz doesn't fails to compile, in a program that serves and in a simulation, and the compiler says
//! what to do instead.
#![cfg(feature = "tokio")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A call, and a part of what the compiler says of it.
const CALLS: &[(&str, &str)] = &[
    ("simfuzz::task::spawn_blocking(|| 1).await.unwrap();", "simfuzz has no threads to block"),
    ("simfuzz::task::LocalSet::new();", "simfuzz needs no `LocalSet`"),
    ("simfuzz::time::pause();", "simfuzz's clock can't be paused or advanced by hand"),
    ("simfuzz::net::UnixStream::connect(\"/a\").await.unwrap();", "simfuzz has no Unix sockets"),
    ("simfuzz::net::lookup_host(\"a:1\").await.unwrap();", "simfuzz has no resolver"),
    ("simfuzz::fs::copy(\"a\", \"b\").await.unwrap();", "simfuzz doesn't copy files or remove whole trees"),
    ("simfuzz::fs::File::open(\"a\").await.unwrap().into_std().await;", "a simulated file is no `std::fs::File`"),
];

/// Checks a package with this `main.rs` on simfuzz with this feature, and gives what the compiler says.
fn checked(feature: &str, main: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hints");
    fs::create_dir_all(package.join("src")).unwrap();
    let simfuzz =
        format!("path = {:?}, default-features = false, features = [{feature:?}]", root.display().to_string());
    let manifest = format!(
        "[package]\nname = \"hints\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         simfuzz = {{ {simfuzz} }}\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::write(package.join("src/main.rs"), main).unwrap();
    // the versions that are there
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--offline"]).current_dir(&package).env("CARGO_TARGET_DIR", package.join("target"));
    let output = cargo.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_absent_function_says_what_to_do_instead() {
    let calls: String = CALLS.iter().map(|(call, _)| format!("    {call}\n")).collect();
    // simulations are built with `sim`, which this build has where it is on
    for feature in if cfg!(feature = "sim") { &["tokio", "sim"][..] } else { &["tokio"] } {
        let (passed, said) =
            checked(feature, &format!("fn main() {{ let _ = run(); }}\n\nasync fn run() {{\n{calls}}}\n"));
        assert!(!passed, "{feature}: {said}");
        for (call, hint) in CALLS {
            assert!(said.contains(&format!("error[E0277]: {hint}")), "{feature}, {call}: {said}");
            assert!(said.contains("  = note: "), "{said}");
        }
        assert_eq!(said.matches("error[E").count(), CALLS.len(), "{feature}: one error for each call:\n{said}");
        // and what is there compiles
        let there = "fn main() { let _ = simfuzz::time::sleep(simfuzz::time::Duration::ZERO); }";
        let (passed, said) = checked(feature, there);
        assert!(passed, "{feature}: {said}");
    }
}
