//! Benchmarks: what is measured, resumed, refused and interrupted.

use super::toy::{TOY, Toy};
use super::{has, refused, said};
use std::process::Command;

/// Lines of the raw results.
fn trials(toy: &Toy) -> usize {
    toy.read("fuzz/results/trials.jsonl").lines().count()
}

const BENCH: [&str; 9] = ["bench", "--problems", "toy", "--trials", "2", "--cap", "9", "--modes", "swarm,explore"];

#[test]
fn a_benchmark_of_a_users_own_target_goes_on_where_it_stopped() {
    let toy = Toy::new();
    let listed = said(&mut toy.simfuzz(&["bench", "--list"]));
    assert_eq!(listed.code, Some(0), "{listed:?}");
    has(&listed.out, &["toy ", "other ", "explore-reseeds", "bytes-goals"]);
    assert!(!toy.path("fuzz/results").exists(), "a list writes nothing");

    let ran = said(&mut toy.simfuzz(&BENCH));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(trials(&toy), 4);
    assert!(!toy.path("trials").exists(), "no mode asked for the fuzzer's build");
    has(
        &ran.out,
        &["| toy | explore | 2/2 | 0.21 (0.21..0.22) | 2.1k (2.1k..2.2k) | 0.21 [", "|  | swarm | 2/2 | 2.1 ("],
    );
    assert_eq!(toy.read("fuzz/results/README.md") + "\n", ran.out);
    has(&toy.read("fuzz/results/survival.svg"), &["<svg ", ">toy</text>", ">explore</text>"]);

    // a torn line, and two modes more: the four trials stay, the torn one is made again
    let raw = toy.read("fuzz/results/trials.jsonl");
    toy.write("fuzz/results/trials.jsonl", &format!("{raw}{{\"problem\":\"to"));
    let mut more = BENCH;
    more[8] = "swarm,explore,libfuzzer-reseeds,bytes";
    let ran = said(&mut toy.simfuzz(&more));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    has(&ran.err, &["the last line of fuzz/results/trials.jsonl was torn: it is dropped"]);
    assert_eq!(trials(&toy), 8);
    assert!(toy.read("fuzz/results/trials.jsonl").starts_with(&raw));
    has(&ran.out, &["|  | bytes | 0/2 | >9.0 (>9.0..>9.0) |", "|  | libfuzzer-reseeds | 2/2 |"]);
    let calls = toy.read("trials");
    has(&calls, &["encoding= without=reseeds starts=16", "encoding=bytes without=goals starts=16", "-seed=2"]);
    assert!(!toy.path("fuzz/corpus").exists(), "the user's corpus is not touched");

    // everything is done: nothing is built, and the same page comes again
    let again = said(&mut toy.simfuzz(&more));
    assert_eq!((again.code, again.out), (Some(0), ran.out));
    assert_eq!(trials(&toy), 8);
}

#[test]
fn a_benchmark_refuses_what_it_cannot_compare() {
    let toy = Toy::new();
    refused(&mut toy.simfuzz(&["bench", "--problems", "toi"]), &["no problem and no group `toi`", "`other` and `toy`"]);
    refused(&mut toy.simfuzz(&["bench", "--modes", "swarm,guided"]), &["no mode `guided`", "`bytes-goals`"]);
    assert_eq!(said(&mut toy.simfuzz(&BENCH)).code, Some(0));
    let mut other = BENCH;
    other[6] = "5";
    refused(&mut toy.simfuzz(&other), &["with a cap of 9 seconds", "another `--out`"]);
    refused(toy.simfuzz(&BENCH).args(["--seed", "7"]), &["from seed 1", "makes it 7"]);
    // another program under the same name
    toy.write("fuzz/toy.rs", &TOY.replace("fell over", "fell down"));
    let mut more = BENCH;
    more[4] = "3";
    refused(&mut toy.simfuzz(&more), &["another build made", "--any-build"]);
    assert_eq!(said(toy.simfuzz(&more).arg("--any-build")).code, Some(0));
}

#[test]
fn a_trial_without_a_result_is_no_miss() {
    let toy = Toy::new();
    let ran = said(toy.simfuzz(&BENCH).env("FAKE_TRIAL", "broken"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    has(&ran.err, &["toy explore 1 ended without a result", "the toy fell over", "no trial is done"]);
    assert!(!toy.path("fuzz/results").exists());
    let ran = said(toy.simfuzz(&["bench", "--modes", "bytes", "--trials", "1"]).env("FAKE_FUZZER", "broken"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    has(&ran.err, &["building toy for the fuzzer failed", "toy is left out", "other is left out"]);
}

#[test]
fn an_interrupted_benchmark_keeps_what_is_done() {
    let toy = Toy::new();
    let mut args = BENCH;
    args[8] = "explore,bytes";
    let mut command = toy.simfuzz(&args);
    command.env("FAKE_FUZZER", "slow").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while !toy.path("fuzz/results/trials.jsonl").exists() || !toy.path("trials").exists() {
        std::thread::yield_now();
    }
    Command::new("sleep").arg("0.5").status().unwrap();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    has(&String::from_utf8_lossy(&output.stderr), &["trials left: the same command goes on with them"]);
    assert!(toy.read("fuzz/results/README.md").contains("| toy | explore |"));
}
