//! Code under test that ends its run in ways that no run can tell of: `docs/robustness.md`, row by row.
//!
//! The program is `tests/troubles`.

use super::explore::{Project, example};
use super::{Said, has, said};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tempfile::TempDir;

fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| example("troubles")).clone()
}

/// One project for all, so that it is built once.
fn project() -> MutexGuard<'static, Project> {
    static PROJECT: OnceLock<Mutex<Project>> = OnceLock::new();
    let project = PROJECT.get_or_init(|| Mutex::new(Project::of(program())));
    let project = project.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in ["fuzz/artifacts", "fuzz/corpus"] {
        // the first has none
        _ = fs::remove_dir_all(project.path(folder));
    }
    project
}

/// `cargo simfuzz explore`, until it ends.
fn explored(project: &Project, trouble: &str, limits: &str) -> Said {
    let args = format!("explore toy --runs 3000 --seed 1 {limits}");
    said(project.simfuzz(&args).env("TROUBLE", trouble))
}

/// A finding whose tape is on the disk, and the command that it ends with, which shows it again.
#[track_caller]
fn found(trouble: &str, limits: &str, words: &[&str]) {
    let project = project();
    let ran = explored(&project, trouble, limits);
    assert_eq!(ran.code, Some(1), "{trouble}: {ran:?}");
    has(&ran.out, words);
    has(&ran.out, &["finding after", "the target died in the midst of a run", "tape: fuzz/artifacts/toy/"]);
    let command = ran.out.lines().find_map(|line| line.strip_prefix("replay: cargo simfuzz ")).unwrap();
    let replayed = said(project.simfuzz(&format!("{command} {limits}")).env("TROUBLE", trouble));
    assert_eq!(replayed.code, Some(1), "{trouble}: {replayed:?}");
    // without the trouble the tape is an ordinary one
    let well = said(project.simfuzz(command).env("TROUBLE", "none"));
    assert_eq!(well.code, Some(0), "{trouble}: {well:?}");
}

#[test]
fn an_infinite_loop_names_the_host_and_the_task() {
    let words = [
        "hang: the task of server that was spawned at troubles/program.rs:",
        "did not come back from a poll within 1 s",
    ];
    found("loop", "--poll-timeout 1", &words);
    found("block", "--poll-timeout 1", &words);
}

#[test]
fn a_stack_that_overflows_leaves_its_tape_without_a_sanitizer() {
    found("overflow", "", &["its stack overflowed"]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_runs_away_is_cut_off() {
    found(
        "memory",
        "--memory 300",
        &["memory: the process holds ", " MB, and the limit is 300; the turn is that of the task of server"],
    );
}

#[test]
fn a_panic_while_panicking_an_abort_and_a_kill_leave_their_tapes() {
    found("panics", "", &["it panicked while it panicked"]);
    found("abort", "", &["it ended by itself (signal: 6"]);
    found("kill", "", &["somebody killed it (SIGKILL)"]);
}

#[test]
fn an_exit_in_the_code_under_test_is_no_pass() {
    found("exit", "", &["exit: the code under test ended the process on server at 0."]);
    // by hand, without the subcommand
    let seeds = said(Command::new(program()).args(["seeds", "500"]).env("TROUBLE", "exit"));
    assert_eq!(seeds.code, Some(1), "{seeds:?}");
    has(&seeds.err, &["FINDING exit: ", "its tape: echo 01"]);
}

#[test]
fn what_a_run_survives_is_a_finding_of_its_own() {
    let explore = |trouble: &str| {
        said(Command::new(program()).args(["explore", "--runs", "3000", "--seed", "1"]).env("TROUBLE", trouble))
    };
    for (trouble, identity) in [("drop", "panic: server: in a drop"), ("spin", "livelock: server")] {
        let ran = explore(trouble);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        has(&ran.out, &["FINDINGS: 1 by identity", identity]);
    }
}

/// Ten times a hundred thousand, all alive at once.
#[test]
fn a_million_tasks_run() {
    let place = TempDir::new().unwrap();
    let ran = said(Command::new(program()).args(["seeds", "40"]).env("TROUBLE", "tasks").current_dir(place.path()));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    has(&ran.out, &["40 runs: 40 passed"]);
}

/// A corpus and a folder for findings, and searches by hand on them.
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

    fn explore(&self, program: &Path, args: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("explore").arg("--corpus").arg(self.path("corpus"));
        command.arg("--artifacts").arg(self.path("artifacts")).args(args.split_whitespace());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Every file of the corpus is a whole tape under its own name, besides those being written.
    #[track_caller]
    fn is_whole(&self) -> usize {
        let names: Vec<_> = self.names("corpus").into_iter().filter(|name| !name.ends_with(".part")).collect();
        for name in &names {
            let bytes = fs::read(self.path("corpus").join(name)).unwrap();
            assert_eq!(*name, simfuzz::fuzz::file_name(&bytes), "{} bytes", bytes.len());
        }
        names.len()
    }
}

#[test]
fn a_search_that_is_killed_tears_no_tape_and_goes_on_from_what_it_had() {
    let place = Place::new();
    let ladder = super::explore::ladder();
    let mut kept = 0;
    for millis in [5, 9, 14, 20, 27, 35, 44, 60, 80, 120] {
        let mut child = place
            .explore(ladder, "--runs 10000000 --keep-going")
            .arg("--seed")
            .arg(millis.to_string())
            .spawn()
            .unwrap();
        said(Command::new("sleep").arg(format!("0.{millis:03}")));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = place.is_whole();
        assert!(now >= kept, "{now} tapes after {kept}");
        kept = now;
    }
    assert!(kept > 0);
    let resumed = said(&mut place.explore(ladder, "--runs 100 --seed 3"));
    // clean, or with the finding that the tapes of the killed ones are near to
    assert!(matches!(resumed.code, Some(0 | 1)), "{resumed:?}");
    assert_eq!(resumed.code == Some(1), resumed.err.contains("FINDING always: the top is out of reach"), "{resumed:?}");
    has(&resumed.err, &["an earlier search ended in the midst of a run"]);
    assert!(place.names("artifacts").iter().any(|name| name.starts_with("interrupted-")));
    assert!(!place.names("artifacts").iter().any(|name| name.starts_with("under-way-")));
}

#[test]
fn two_searches_share_one_corpus() {
    let place = Place::new();
    let ladder = super::explore::ladder();
    let searches: Vec<_> = ["1", "1", "2"]
        .map(|seed| place.explore(ladder, "--runs 20000 --keep-going --seed").arg(seed).spawn().unwrap())
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .collect();
    for output in searches {
        // two of them find the same tapes at the same time
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"), "{output:?}");
    }
    assert!(place.is_whole() > 0);
    assert!(place.names("corpus").iter().all(|name| !name.ends_with(".part")));
}

/// Root may write anywhere, so the search is somebody else's.
#[test]
fn a_corpus_that_is_read_only_is_refused_before_the_search() {
    let place = Place::new();
    let program = place.path("program");
    fs::copy(super::explore::ladder(), &program).unwrap();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(place.0.path(), 0o755);
    mode(&program, 0o755);
    mode(&place.path("corpus"), 0o555);
    mode(&place.path("artifacts"), 0o777);
    let mut command = place.explore(&program, "--runs 100");
    if is_root() {
        command.uid(65_534).gid(65_534);
    }
    let refused = said(&mut command);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    has(&refused.err, &["error: nothing can be written to ", "corpus: Permission denied", "make it writable"]);
}

fn is_root() -> bool {
    said(Command::new("id").arg("-u")).out.trim() == "0"
}

/// A disk that takes no more: the shell's limit on the size of files stands for it.
#[test]
fn a_full_disk_ends_the_search_with_a_sentence_and_leaves_what_was_there() {
    let place = Place::new();
    let ladder = super::explore::ladder();
    has(&said(&mut place.explore(ladder, "--runs 16 --seed 1")).err, &["goal"]);
    let before = place.is_whole();
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let search = place.explore(ladder, "--runs 100000 --seed 2 --keep-going");
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(search.get_program()).args(search.get_args());
    let full = said(command.stdout(Stdio::null()));
    assert_eq!(full.code, Some(2), "{full:?}");
    has(&full.err, &["error: nothing can be written to ", "make room"]);
    assert_eq!(place.is_whole(), before);
    assert!(place.names("corpus").iter().all(|name| !name.ends_with(".part")));
}
