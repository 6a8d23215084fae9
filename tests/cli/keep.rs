//! From a finding to a test of its own, and what it says while the program changes.

use super::{Said, has, said};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A workload whose sum of two draws overflows a byte now and then.
const CLIENT: &str = r#"
use simfuzz::prelude::*;

#[derive(Default)]
pub(super) struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let one: u8 = ctx.random().label("one").random_range(0..200);
        let other: u8 = ctx.random().label("other").random_range(0..200);
        let sum = one + other;
        ctx.note(|| format!("{sum}"));
        assert_sometimes!(one > 100, "a big one");
        Ok(())
    }
}
"#;

struct Package(TempDir);

impl Package {
    /// A new package with that workload, which takes simfuzz from here.
    fn new() -> Self {
        let package = Self(TempDir::new().unwrap());
        let made = package.simfuzz(&["new", "kept", "--simfuzz", env!("CARGO_MANIFEST_DIR")], package.0.path());
        assert_eq!(made.code, Some(0), "{made:?}");
        package.write("src/simulation/client.rs", CLIENT);
        package
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.path().join("kept").join(path), text).unwrap();
    }

    fn simfuzz(&self, args: &[&str], folder: &Path) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
        said(Self::built(command.arg("simfuzz").args(args).current_dir(folder)))
    }

    /// `cargo test --test regressions` in this package.
    fn test(&self, config: &[&str], args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO"));
        command.arg("test").args(config).args(["--test", "regressions"]).args(args);
        said(Self::built(command.current_dir(self.0.path().join("kept"))))
    }

    /// Into a folder that outlives the test, which others share.
    fn built(command: &mut Command) -> &mut Command {
        command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("start"))
    }
}

#[test]
fn each_kept_tape_is_a_test_which_knows_what_its_build_would_not_see() {
    let package = Package::new();
    let empty = package.test(&[], &[]);
    assert_eq!(empty.code, Some(0), "{empty:?}");
    has(&empty.out, &["running 0 tests"]);

    let folder = package.0.path().join("kept");
    let found = package.simfuzz(&["explore", "sim_target", "--runs", "1000"], &folder);
    assert_eq!(found.code, Some(1), "{found:?}");
    let artifacts = fs::read_dir(folder.join("fuzz/artifacts/sim_target")).unwrap();
    let tape = artifacts.map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
    for name in ["the-sum", "the-sum-again"] {
        let kept = package.simfuzz(&["promote", "sim_target", tape.to_str().unwrap(), "--name", name], &folder);
        assert_eq!(kept.code, Some(0), "{kept:?}");
        has(&kept.out, &["build: overflow-checks=all debug-assertions=all", "it shows: panic"]);
    }

    // the bug is there: each file fails with its verdict, and each can be run alone
    let reproduced = package.test(&[], &[]);
    assert_eq!(reproduced.code, Some(101), "{reproduced:?}");
    has(&reproduced.out, &["the-sum-again ... FAILED", "FAIL  REPRODUCED: panic", "2 failed"]);
    has(&reproduced.out, &["replay: cargo simfuzz replay sim_target corpus/sim_target/regressions/the-sum.tape"]);
    let one = package.test(&[], &["--", "--exact", "the-sum"]);
    has(&one.out, &["running 1 test", "the-sum ... FAILED", "1 filtered out"]);
    // what nextest asks
    let listed = package.test(&[], &["--", "--list", "--format", "terse"]);
    has(&listed.out, &["the-sum: test\n", "the-sum-again: test\n"]);

    // the same program in a build that would let it pass: not a word of `fixed`
    let unseen = ["--config", "profile.dev.package.kept.overflow-checks=false"];
    let not_comparable = package.test(&unseen, &[]);
    assert_eq!(not_comparable.code, Some(101), "{not_comparable:?}");
    has(
        &not_comparable.out,
        &["NOT COMPARABLE: panic", "a build with overflow checks, which this one lacks", "2 failed"],
    );
    assert!(!not_comparable.out.contains("fixed:"), "{not_comparable:?}");

    // mended
    package.write("src/simulation/client.rs", &CLIENT.replace("one + other", "one.saturating_add(other)"));
    let fixed = package.test(&[], &[]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
    has(&fixed.out, &["the-sum-again ... ok", "2 passed"]);

    // a folder that isn't there is no pass
    fs::remove_dir_all(folder.join("corpus")).unwrap();
    let missing = package.test(&[], &[]);
    assert_eq!(missing.code, Some(101), "{missing:?}");
    has(&missing.out, &["cannot read the regressions in corpus/sim_target/regressions"]);
}
