//! From a finding to a test of its own, and what it says while the program changes.

use super::{Said, has, said};
use std::fs;
use std::path::{Path, PathBuf};
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

struct Package(TempDir, &'static str);

impl Package {
    /// A new package with that workload, which takes simfuzz from here. Its target has a name of
    /// its own, since tests that run side by side build into one folder.
    fn new(target: &'static str) -> Self {
        let package = Self(TempDir::new().unwrap(), target);
        let made = package.simfuzz(&["new", "kept", "--simfuzz", env!("CARGO_MANIFEST_DIR")], package.0.path());
        assert_eq!(made.code, Some(0), "{made:?}");
        package.write("src/simulation/client.rs", CLIENT);
        let name = |of: &str| format!("name = \"{of}\"");
        package.edit("fuzz/Cargo.toml", &name("sim_target"), &name(target));
        package.edit("tests/regressions.rs", "sim_target", target);
        // a version of its own too: else cargo takes the test of another package of this name for this one's
        let version = format!("name = \"kept\"\nversion = \"0.1.{}\"", target.bytes().map(u32::from).sum::<u32>());
        package.edit("Cargo.toml", "name = \"kept\"\nversion = \"0.1.0\"", &version);
        fs::rename(package.folder().join("corpus/sim_target"), package.folder().join("corpus").join(target)).unwrap();
        package
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("kept")
    }

    fn edit(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.folder().join(path)).unwrap();
        assert!(text.contains(old), "{old} is not in {path}");
        self.write(path, &text.replace(old, new));
    }

    /// Searches until the bug is found, and keeps it under these names.
    fn keep(&self, names: &[&str]) {
        let found = self.simfuzz(&["explore", self.1, "--runs", "1000"], &self.folder());
        assert_eq!(found.code, Some(1), "{found:?}");
        let artifacts = fs::read_dir(self.folder().join("fuzz/artifacts").join(self.1)).unwrap();
        let tape = artifacts.map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
        for name in names {
            let kept = self.simfuzz(&["promote", self.1, tape.to_str().unwrap(), "--name", name], &self.folder());
            assert_eq!(kept.code, Some(0), "{kept:?}");
            has(&kept.out, &["build: overflow-checks=all debug-assertions=all", "it shows: panic"]);
            let path = format!("written to corpus/{}/regressions/{name}.tape", self.1);
            has(&kept.out, &[&path, "its test fails until the bug is mended"]);
        }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder().join(path), text).unwrap();
    }

    fn simfuzz(&self, args: &[&str], folder: &Path) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
        said(Self::built(command.arg("simfuzz").args(args).current_dir(folder)))
    }

    /// `cargo test --test regressions` in this package.
    fn test(&self, config: &[&str], args: &[&str]) -> Said {
        self.test_from(&self.folder(), config, args)
    }

    /// The same, typed in another folder.
    fn test_from(&self, folder: &Path, config: &[&str], args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO"));
        command.arg("test").args(config).arg("--manifest-path").arg(self.folder().join("Cargo.toml"));
        command.args(["--test", "regressions"]).args(args);
        // as a shell has it
        said(Self::built(command.current_dir(folder).env("PWD", folder)))
    }

    /// Into a folder that outlives the test, which others share.
    fn built(command: &mut Command) -> &mut Command {
        command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("start"))
    }
}

#[test]
fn each_kept_tape_is_a_test_which_knows_what_its_build_would_not_see() {
    let package = Package::new("sum_kept");
    let empty = package.test(&[], &[]);
    assert_eq!(empty.code, Some(0), "{empty:?}");
    has(&empty.out, &["running 0 tests"]);

    package.keep(&["the-sum", "the-sum-again"]);

    // the bug is there: each file fails with its verdict, and each can be run alone
    let reproduced = package.test(&[], &[]);
    assert_eq!(reproduced.code, Some(101), "{reproduced:?}");
    has(&reproduced.out, &["the-sum-again ... FAILED", "FAIL  REPRODUCED: panic", "2 failed"]);
    has(&reproduced.out, &["replay: cargo simfuzz replay sum_kept corpus/sum_kept/regressions/the-sum.tape"]);
    // the next command is for the folder where this one was typed
    let above = package.test_from(package.0.path(), &[], &[]);
    has(&above.out, &["replay: cargo simfuzz replay sum_kept kept/corpus/sum_kept/regressions/the-sum.tape"]);
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
    has(&fixed.out, &["the-sum-again ... ok", "2 passed", "the-sum: fixed: panic"]);

    // a folder that isn't there is no pass
    fs::remove_dir_all(package.folder().join("corpus")).unwrap();
    let missing = package.test(&[], &[]);
    assert_eq!(missing.code, Some(101), "{missing:?}");
    has(&missing.out, &["cannot read the regressions in corpus/sum_kept/regressions"]);
}

#[test]
fn a_stale_regression_finds_its_way_back_or_stays_as_it_is() {
    let package = Package::new("sum_repaired");
    package.keep(&["the-sum"]);
    let folder = package.folder();
    let path = folder.join("corpus/sum_repaired/regressions/the-sum.tape");
    let repair = ["regress", "sum_repaired", "--repair", path.to_str().unwrap(), "--budget", "5000"];
    let text = fs::read_to_string(&path).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let before = format!("; seen in the wild\n{header}\nsince: the first release\n{rest}");
    fs::write(&path, &before).unwrap();

    // as it is, it needs none
    let needless = package.simfuzz(&repair, &folder);
    assert_eq!(needless.code, Some(0), "{needless:?}");
    has(&needless.out, &["needs no repair"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);

    // the draws have other names, so it reaches nothing
    let renamed = CLIENT.replace("\"one\"", "\"uno\"").replace("\"other\"", "\"altro\"");
    package.write("src/simulation/client.rs", &renamed.replace("one + other", "one.saturating_add(other)"));
    let stale = package.simfuzz(&["regress", "sum_repaired"], &folder);
    assert_eq!(stale.code, Some(1), "{stale:?}");
    has(&stale.out, &["STALE: panic"]);
    // and the bug is mended, so there is nothing to be found
    let not_found = package.simfuzz(&repair, &folder);
    assert_eq!(not_found.code, Some(1), "{not_found:?}");
    has(&not_found.err, &["5000 runs did not show `panic", "the file is as it was"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);

    // the bug is there
    package.write("src/simulation/client.rs", &renamed);
    let repaired = package.simfuzz(&repair, &folder);
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    has(&repaired.out, &["found again after", "- client/one #0 = ", "+ client/uno #0 = ", "repaired: "]);
    let after = fs::read_to_string(&path).unwrap();
    has(&after, &["; seen in the wild\n", "since: the first release\n", "client/uno"]);
    assert!(!after.contains("client/one"), "{after}");
    let shown = package.simfuzz(&["regress", "sum_repaired"], &folder);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    has(&shown.out, &["REPRODUCED: panic"]);
}

#[test]
fn a_drifted_regression_finds_its_way_back_and_stays_open_if_it_was() {
    let package = Package::new("sum_drifted");
    package.keep(&["the-sum"]);
    let folder = package.folder();
    let path = folder.join("corpus/sum_drifted/regressions/the-sum.tape");
    let kept = fs::read_to_string(&path).unwrap();
    let open = kept.replace("expect: fixed", "expect: open");
    assert_ne!(kept, open);
    let regress = ["regress", "sum_drifted"];
    let repair = ["regress", "sum_drifted", "--repair", path.to_str().unwrap(), "--budget", "5000"];

    // one of the two draws has another name, and the bug is mended: it passes, and says what it is worth
    let renamed = CLIENT.replace("\"other\"", "\"altro\"");
    package.write("src/simulation/client.rs", &renamed.replace("one + other", "one.saturating_add(other)"));
    let drifted = package.simfuzz(&regress, &folder);
    assert_eq!(drifted.code, Some(0), "{drifted:?}");
    has(&drifted.out, &["fixed: panic", "(drifted: 1 row of no use now, 0 places moved; ", "--repair FILE"]);
    let as_test = package.test(&[], &[]);
    assert_eq!(as_test.code, Some(0), "{as_test:?}");
    has(&as_test.out, &["the-sum ... ok", "the-sum: fixed: panic", "(drifted: 1 row of no use now"]);
    let not_found = package.simfuzz(&repair, &folder);
    assert_eq!(not_found.code, Some(1), "{not_found:?}");
    has(&not_found.err, &["5000 runs did not show `panic", "the file is as it was", "the-sum.tape may stay"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), kept);

    // the bug is there: who keeps it open is told that it may be, and the search finds it
    package.write("src/simulation/client.rs", &renamed);
    fs::write(&path, &open).unwrap();
    let lost = package.simfuzz(&regress, &folder);
    assert_eq!(lost.code, Some(1), "{lost:?}");
    has(&lost.out, &["NO LONGER REPRODUCED: panic", "(drifted: 1 row of no use now", "if not, `cargo simfuzz regress"]);
    let repaired = package.simfuzz(&repair, &folder);
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    has(
        &repaired.out,
        &["found again after", "- client/other #0 = ", "+ client/altro #0 = ", "which is known and open"],
    );
    let after = fs::read_to_string(&path).unwrap();
    has(&after, &["expect: open\n", "client/altro", "client/one"]);
    let shown = package.simfuzz(&regress, &folder);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    has(&shown.out, &["reproduced (known and open): panic"]);

    // one that is to stay fixed comes back as one that fails
    fs::write(&path, &kept).unwrap();
    let repaired = package.simfuzz(&repair, &folder);
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert!(!repaired.out.contains("known and open"), "{repaired:?}");
    let shown = package.simfuzz(&regress, &folder);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    has(&shown.out, &["REPRODUCED: panic"]);
}
