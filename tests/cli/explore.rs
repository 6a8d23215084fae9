//! Our own search loop as people use it: the plain program of a target, and `cargo simfuzz`
//! around it.
//!
//! The target is `examples/ladder.rs`, which cargo builds once for all tests.

use super::{Said, has, said};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The program of the ladder, built with what this test was built with.
pub(crate) fn ladder() -> &'static Path {
    static LADDER: OnceLock<PathBuf> = OnceLock::new();
    LADDER.get_or_init(|| example("ladder"))
}

/// The program of an example, built with what this test was built with.
pub(crate) fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_cargo-simfuzz")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--features", "cli", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(folder.ends_with("release").then_some("--release"));
    cargo.arg("--target-dir").arg(folder.parent().unwrap());
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder.join("examples").join(name)
}

/// A place with a corpus and a folder for findings.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        ["corpus", "artifacts"].iter().for_each(|name| fs::create_dir(place.path(name)).unwrap());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn explore(&self, args: &str) -> Said {
        let mut command = Command::new(ladder());
        command.arg("explore").arg("--corpus").arg(self.path("corpus"));
        said(command.arg("--artifacts").arg(self.path("artifacts")).args(args.split_whitespace()))
    }

    fn call(&self, command: &str, args: &str) -> Said {
        said(Command::new(ladder()).arg(command).arg("--corpus").arg(self.path("corpus")).args(args.split_whitespace()))
    }

    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let file = |entry: std::io::Result<fs::DirEntry>| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
        };
        fs::read_dir(self.path(name)).unwrap().map(file).collect()
    }

    /// The goals that the tapes of the corpus reach, and nothing else is run.
    fn goals(&self) -> Vec<String> {
        let out = self.explore(&format!("--runs {}", self.files("corpus").len())).out;
        out.lines().filter(|line| line.ends_with(" up")).map(|line| line.split("  ").last().unwrap().into()).collect()
    }
}

#[test]
fn what_is_kept_has_the_name_that_libfuzzer_would_give_it_and_the_next_search_starts_from_it() {
    let place = Place::new();
    // 16 plain seeds, with which every search begins, whatever the guidance does later
    let first = place.explore("--runs 16 --seed 1");
    has(&first.out, &["16 executions", "goals: 3 of 4 reached", "NOT REACHED  beyond the top"]);
    has(&first.out, &["tasks held back in", "on, but never injected: crashes, graceful stops"]);
    let kept = place.files("corpus");
    assert!(!kept.is_empty());
    for (name, bytes) in &kept {
        assert_eq!(*name, simfuzz::fuzz::file_name(bytes));
    }
    assert!(place.goals().contains(&"two steps up".to_owned()), "{}", first.out);
    assert_eq!(place.files("corpus"), kept, "what was known is not written again");
}

#[test]
fn the_same_seed_keeps_the_same_tapes() {
    let search = |args: &str| {
        let place = Place::new();
        let code = place.explore(args).code;
        (code, place.files("corpus"), place.files("artifacts"))
    };
    assert_eq!(search("--runs 2000 --seed 3"), search("--runs 2000 --seed 3"));
    assert_ne!(search("--runs 2000 --seed 3").1, search("--runs 2000 --seed 4").1);
}

#[test]
fn a_search_that_goes_on_keeps_one_tape_of_each_identity() {
    let place = Place::new();
    let ended = place.explore("--runs 30000 --seed 1 --keep-going --jobs 2");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended.out, &["30,000 executions", "FINDINGS: 2 by identity"]);
    has(&ended.out, &["always: nobody climbs that fast", "always: the top is out of reach"]);
    let kept = place.files("artifacts");
    assert_eq!(kept.len(), 2, "{kept:?}");
    let mut identities = Vec::new();
    for name in kept.keys() {
        let replayed = said(Command::new(ladder()).arg("replay").arg(place.path("artifacts").join(name)));
        assert_eq!(replayed.code, Some(1));
        identities.extend(["that fast", "out of reach"].into_iter().filter(|words| replayed.out.contains(words)));
    }
    identities.sort_unstable();
    assert_eq!(identities, ["out of reach", "that fast"]);
}

#[test]
fn a_search_ends_at_its_first_finding_unless_told_otherwise() {
    let place = Place::new();
    let ended = place.explore("--runs 100000 --seed 1");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    has(&ended.out, &["FINDINGS: 1 by identity", "tape: "]);
    assert_eq!(place.files("artifacts").len(), 1);
}

#[test]
fn files_that_are_no_tapes_are_named_and_left_alone() {
    let place = Place::new();
    fs::write(place.path("corpus/torn"), [1; 13]).unwrap();
    fs::write(place.path("corpus/foreign"), "hello").unwrap();
    let ended = place.explore("--runs 16 --seed 1");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err.lines().filter(|line| line.contains("no tape, and left alone")).count(), 1, "{}", ended.err);
    has(&ended.err, &["foreign", "(and 1 more)"]);
    assert_eq!(place.files("corpus")["torn"], [1; 13]);
    let missing = said(Command::new(ladder()).args(["explore", "--corpus", "/nonexistent"]));
    assert_eq!(missing.code, Some(2));
    has(&missing.err, &["no folder /nonexistent"]);
    assert_eq!(place.explore("--runs 0").code, Some(2), "nothing was tested");
}

#[test]
fn seeds_are_imported_once_and_a_smaller_corpus_reaches_the_same_goals() {
    let place = Place::new();
    let imported = place.call("import", "--seeds 0..400");
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let some = place.files("corpus").len();
    has(&imported.out, &[&format!("{some} of 400 seeds added to the 0 tapes")]);
    assert!((2..100).contains(&some), "only those that show something new: {some}");
    has(&place.call("import", "--seeds 0..400").out, &[&format!("0 of 400 seeds added to the {some} tapes")]);
    assert_eq!(place.call("import", "--seeds 5..5").code, Some(2));
    // more tapes that show nothing of their own
    for seed in 1_000..1_050 {
        let tape = simfuzz::Tape::swarm(seed).encode();
        fs::write(place.path("corpus").join(simfuzz::fuzz::file_name(&tape)), tape).unwrap();
    }
    fs::write(place.path("corpus/foreign"), "hello").unwrap();
    let (before, goals) = (place.files("corpus").len(), place.goals());
    assert!(goals.len() >= 2, "{goals:?}");
    let less = place.call("cmin", "");
    assert!(less.out.contains("tapes are left"), "{less:?}");
    assert!(place.files("corpus").len() < before - 20, "{less:?}");
    assert!(place.files("corpus").contains_key("foreign"));
    assert_eq!(place.goals(), goals);
}

/// What several machines found comes together, the goals of each with it.
#[test]
fn corpora_of_many_machines_are_merged_and_no_goal_is_lost() {
    let machines: Vec<_> = (1..=3).map(|_| Place::new()).collect();
    let (mut tapes, mut reached) = (0, std::collections::BTreeSet::new());
    for (seed, machine) in (1..).zip(&machines) {
        machine.explore(&format!("--runs 500 --seed {seed} --keep-going"));
        tapes += machine.files("corpus").len();
        reached.extend(machine.goals());
    }
    assert!(reached.len() >= 2, "{reached:?}");
    let merged = Place::new();
    let from: String = machines.iter().map(|machine| format!("--from {} ", machine.path("corpus").display())).collect();
    let told = merged.call("import", &from);
    assert!(told.out.contains("tapes added to the 0 tapes"), "{told:?}");
    let kept = merged.files("corpus").len();
    assert!(kept < tapes, "{kept} of {tapes}: nothing was shared");
    assert!(merged.goals().into_iter().collect::<std::collections::BTreeSet<_>>().is_superset(&reached));
    has(&merged.call("import", &from).out, &["0 of "]);
    merged.call("cmin", "");
    assert!(merged.files("corpus").len() <= kept);
    assert!(merged.goals().into_iter().collect::<std::collections::BTreeSet<_>>().is_superset(&reached));
}

/// A project whose target hands everything on to an example: the ladder, unless it is said.
pub(crate) struct Project(TempDir, PathBuf);

impl Project {
    pub(crate) fn new() -> Self {
        Self::of(ladder().to_owned())
    }

    pub(crate) fn of(program: PathBuf) -> Self {
        let project = Self(TempDir::new().unwrap(), program);
        fs::create_dir_all(project.path("fuzz")).unwrap();
        let manifest = "[package]\nname = \"t\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
            [package.metadata]\ncargo-fuzz = true\n[workspace]\n[[bin]]\nname = \"toy\"\npath = \"toy.rs\"\n";
        fs::write(project.path("fuzz/Cargo.toml"), manifest).unwrap();
        let program = "use std::os::unix::process::CommandExt;\nfn main() { let error = \
            std::process::Command::new(std::env::var(\"EXAMPLE\").unwrap()).args(std::env::args_os().skip(1)).exec(); \
            panic!(\"{error}\") }\n";
        fs::write(project.path("fuzz/toy.rs"), program).unwrap();
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn simfuzz(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
        command.args(args.split_whitespace()).current_dir(self.0.path()).env("EXAMPLE", &self.1);
        command.env_remove("CARGO_TARGET_DIR");
        command
    }

    fn records(&self) -> Vec<serde_json::Value> {
        let folder = fs::read_dir(self.path("fuzz/target/simfuzz/campaigns")).unwrap();
        folder.map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap()).collect()
    }
}

#[test]
fn a_campaign_ends_with_a_table_a_record_and_the_next_commands() {
    let project = Project::new();
    let clean = said(&mut project.simfuzz("explore toy --runs 16 --seed 1"));
    assert_eq!(clean.code, Some(0), "{clean:?}");
    has(&clean.out, &["16 executions in", "NOT REACHED  beyond the top", "no finding in 16 runs", "fuzz/corpus/toy"]);
    has(&clean.err, &["no seeds in corpus/toy/seeds", "record: fuzz/target/simfuzz/campaigns/toy-"]);
    let found = said(&mut project.simfuzz("explore toy --runs 100000 --seed 1 --jobs 2 --keep-going"));
    assert_eq!(found.code, Some(1), "{found:?}");
    has(&found.out, &["FINDINGS: 2 by identity", "in fuzz/artifacts/toy/crash-", "tape: fuzz/artifacts/toy/crash-"]);
    has(
        &found.out,
        &["replay: cargo simfuzz replay toy fuzz/artifacts/toy/minimized-from-", "keep it: cargo simfuzz promote"],
    );
    // both findings, each with its simplest tape, which is the one to go on with
    assert_eq!(fs::read_dir(project.path("fuzz/artifacts/toy")).unwrap().count(), 4);
    has(&found.out, &["  minimized: fuzz/artifacts/toy/minimized-from-", " choices that are not calm became "]);
    // one record each, and nothing is left of the handover
    let records = project.records();
    assert_eq!(records.len(), 2);
    let last = records.iter().find(|record| record["findings"].as_array().unwrap().len() == 2).unwrap();
    assert_eq!(
        (&last["engine"], &last["target"], &last["executions"]),
        (&"explore".into(), &"toy".into(), &100_000.into())
    );
    let goal = last["goals"].as_array().unwrap().iter().find(|goal| goal["name"] == "two steps up").unwrap();
    assert!(goal["first"]["execution"].as_u64().unwrap() >= 1 && goal["runs"].as_u64().unwrap() > 1);
    assert!(project.path(goal["smallest"]["file"].as_str().unwrap()).is_file(), "{goal}");
    assert_eq!(fs::read_dir(project.path("fuzz/target/simfuzz/handover")).unwrap().count(), 0);
    let fresh = said(&mut project.simfuzz("explore toy --runs 16 --seed 1 --fresh"));
    has(&fresh.out, &["which are dropped"]);
}

#[test]
fn an_interrupt_ends_a_search_with_its_table() {
    let project = Project::new();
    // without a bug to find it goes on for ever
    let mut command = project.simfuzz("explore toy --seed 1 --keep-going");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let corpus = project.path("fuzz/corpus/toy");
    while fs::read_dir(&corpus).map_or(0, Iterator::count) == 0 {
        Command::new("sleep").arg("0.05").status().unwrap();
    }
    Command::new("sleep").arg("1").status().unwrap();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    has(&String::from_utf8_lossy(&output.stdout), &["executions in", "goals: "]);
    assert_eq!(project.records().len(), 1);
}

#[test]
fn bad_input_is_refused_with_the_way_out() {
    let project = Project::new();
    for (args, words) in [
        ("explore typo", "there is `toy`"),
        ("explore toy --corpus missing", "no folder missing"),
        ("cmin toy", "no corpus"),
        ("import --seeds 5 toy", "write `0..1000`"),
    ] {
        let refused = said(&mut project.simfuzz(args));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        has(&refused.err, &[words]);
    }
}
