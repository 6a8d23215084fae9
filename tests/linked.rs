//! What a program that serves carries: nothing of the simulator.

use std::collections::BTreeSet;
use std::process::Command;

/// The packages that are linked into a build with these arguments, by name.
fn linked(arguments: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}"]).args(arguments);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What only simulations, fuzz targets and the subcommand need.
const SIMULATOR: &[&str] = &[
    "arbitrary",
    "clap",
    "libtest-mimic",
    "minijinja",
    "nix",
    "rand_chacha",
    "serde",
    "serde_json",
    "simfuzz-derive",
    "tracing",
];

#[test]
fn a_program_that_serves_carries_no_simulator() {
    for arguments in [&["-p", "simfuzz", "--no-default-features", "--features", "tokio"][..], &["-p", "guestbook"]] {
        let linked = linked(arguments);
        assert!(linked.contains("tokio") && linked.contains("getrandom"), "{linked:?}");
        for package in SIMULATOR {
            assert!(!linked.contains(*package), "{package} is linked with {arguments:?}");
        }
    }
}

#[test]
fn assertions_alone_carry_no_runtime() {
    let linked = linked(&["-p", "simfuzz", "--no-default-features"]);
    assert!(linked.contains("linkme") && !linked.contains("tokio"), "{linked:?}");
}

/// Else the names above would be of nothing.
#[test]
fn the_simulator_carries_them() {
    let linked = linked(&["-p", "simfuzz"]);
    assert!(
        ["arbitrary", "rand_chacha", "simfuzz-derive"].iter().all(|package| linked.contains(*package)),
        "{linked:?}"
    );
}
