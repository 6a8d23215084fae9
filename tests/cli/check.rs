//! `cargo simfuzz check`: programs that are no function of their tape, and what is said of each.
//!
//! The program is `tests/leaks`, one file for each leak.

use super::explore::{Project, example};
use super::{Said, has, said};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| example("leaks")).clone()
}

fn leaks(leak: &str, args: &str) -> Said {
    said(Command::new(program()).args(args.split_whitespace()).env("LEAK", leak))
}

/// What `check` says of a leak as JSON: it must find one.
fn checked(leak: &str) -> serde_json::Value {
    let said = leaks(leak, "check --seeds 0..4 --format json");
    assert_eq!(said.code, Some(1), "{leak}: {said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{leak}: {error}: {said:?}"))
}

/// The kinds of the leaks that are blamed, and the calls.
fn blamed(checked: &serde_json::Value) -> (Vec<String>, String) {
    let leaks = checked["different"][0]["leaks"].as_array().unwrap();
    let kinds = leaks.iter().map(|leak| leak["kind"].as_str().unwrap().to_owned()).collect();
    (kinds, leaks.iter().map(|leak| leak["callers"].to_string()).collect())
}

/// The place where the runs part is known everywhere, what they depend on where Linux can hold it still.
#[test]
fn each_leak_is_caught_and_named() {
    for (leak, kind, caller) in [
        ("hash_order", "hash-order", "answer (leaks/hash_order.rs:"),
        ("entropy", "entropy", "answer (leaks/entropy.rs:"),
        ("clock", "clock", "answer (leaks/clock.rs:"),
        ("wall", "clock", "answer (leaks/wall.rs:"),
        ("tokio_select", "tokio-select", ""),
        ("futures_select", "futures-select", ""),
        ("statics", "static", ""),
        // of these two the one is the same after the tape itself, the other after other tapes
        ("first_run", "static", ""),
        ("known_again", "static", ""),
        ("thread_locals", "thread-local", ""),
        ("address", "address", ""),
    ] {
        let checked = checked(leak);
        let different = &checked["different"][0];
        assert!(different["digests"].as_array().unwrap().len() > 1, "{leak}: {different}");
        // what the server answers with is the leak
        assert_eq!(different["difference"]["event"]["host"], "server", "{leak}: {different}");
        assert!(different["difference"]["choice"]["was"][0].as_str().unwrap().contains(" = "), "{leak}: {different}");
        for story in different["difference"]["stories"].as_array().unwrap() {
            let marked = story.as_array().unwrap().iter().find(|line| line.as_str().unwrap().starts_with('>'));
            assert!(marked.unwrap().as_str().unwrap().contains("server  answers "), "{leak}: {story}");
        }
        if cfg!(target_os = "linux") {
            let (kinds, callers) = blamed(&checked);
            assert_eq!(kinds, [kind], "{leak}");
            assert!(callers.contains(caller), "{leak}: {callers}");
        }
    }
}

/// Its race is lost now and then, so that it is asked for more runs.
#[cfg(target_os = "linux")]
#[test]
fn another_thread_is_blamed_where_nothing_else_explains_the_difference() {
    let said = leaks("thread", "check --seeds 0..20 --runs 5 --format json");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(blamed(&serde_json::from_str(&said.out).unwrap()).0, ["thread"], "{said:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_mended_or_isolated_is_deterministic() {
    for leak in [
        "none",
        "statics reset",
        "thread_locals reset",
        "thread_locals isolated",
        "hash_order isolated",
        "entropy isolated",
        "clock isolated",
        "wall isolated",
    ] {
        let said = leaks(leak, "check --seeds 0..4 --runs 3");
        assert_eq!(said.code, Some(0), "{leak}: {said:?}");
        has(&said.out, &["deterministic: 4 tapes, 24 runs in two processes, and each tape has one digest"]);
    }
    // isolation does not cure the counters behind `select!`, and that is seen too
    assert_eq!(leaks("tokio_select isolated", "check --seeds 0..4").code, Some(1));
    assert_eq!(leaks("futures_select isolated", "check --seeds 0..4").code, Some(1));
}

#[test]
fn people_read_what_it_is_and_what_to_do_instead() {
    let said = leaks("statics", "check --seeds 3..6");
    assert_eq!(said.code, Some(1), "{said:?}");
    has(&said.out, &["NOT DETERMINISTIC: seed 3 gave ", "the first event that differs is #", " on server at 0."]);
    has(&said.out, &["the first choice that differs is #", "one run:\n", "the other:\n"]);
    #[cfg(target_os = "linux")]
    has(
        &said.out,
        &["likely leak: a `static` that remembers", "instead: keep it in the process's struct", ".reset(|| ..)"],
    );
    // the canary of the plain search sees it at once, and names the command
    let said = leaks("statics", "explore --runs 50");
    assert_eq!(said.code, Some(1), "{said:?}");
    has(&said.out, &["nondeterminism: digest", "cargo simfuzz check TARGET", "the first event that differs is #"]);
}

#[test]
fn the_subcommand_checks_the_corpus_and_refuses_what_is_none() {
    let project = Project::of(program());
    let check = |leak: &str, args: &str| said(project.simfuzz(&format!("check toy {args}")).env("LEAK", leak));
    let fresh = check("none", "");
    assert_eq!(fresh.code, Some(0), "{fresh:?}");
    has(&fresh.out, &["deterministic: 100 tapes"]);
    // a campaign ends at the canary's finding, whose tape is kept; its last words are the command
    let ran = said(project.simfuzz("explore toy --runs 2000").env("LEAK", "hash_order"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    has(
        &ran.out,
        &["NOT DETERMINISTIC: seed ", "find the leak: cargo simfuzz check --lenient toy fuzz/artifacts/toy/crash-"],
    );
    let command = ran.out.lines().find_map(|line| line.strip_prefix("find the leak: cargo simfuzz ")).unwrap();
    let found = said(project.simfuzz(command).env("LEAK", "hash_order"));
    assert_eq!(found.code, Some(1), "{found:?}");
    has(&found.out, &["NOT DETERMINISTIC: fuzz/artifacts/toy/crash-"]);
    let kept = std::fs::read_dir(project.path("fuzz/corpus/toy")).unwrap().count();
    if kept > 0 {
        has(&check("none", "").out, &[&format!("deterministic: {kept} tapes")]);
    }
    super::refused(&mut project.simfuzz("check toy missing"), &["no file missing"]);
    assert_eq!(check("none", "--seeds 5..5").code, Some(2));
}
