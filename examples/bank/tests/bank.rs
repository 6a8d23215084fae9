//! The bank keeps its promises, or shows its bug: in both builds, what must come out does.

use simfuzz::choice::TextTape;
use simfuzz::{Recording, Tape};

/// A run in which a request is carried out twice, shrunk, on a calm base: it depends on no seed.
const TWICE: &str = include_str!("../../../corpus/sim_target/regressions/a-request-twice.tape");

#[cfg(not(feature = "bug"))]
#[test]
fn a_thousand_seeds_are_clean_and_reach_every_goal() {
    let report = bank::builder().iterations(1_000).run();
    report.assert_ok();
    report.assert_goals();
}

#[test]
fn a_tape_gives_the_same_run_whatever_ran_before() {
    let simulation = bank::simulation();
    let digest = |seed| simulation.run_with(&Tape::swarm(seed), Recording::Result).digest();
    let forwards: Vec<_> = (0..40).map(digest).collect();
    let mut backwards: Vec<_> = (0..40).rev().map(digest).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(bank::simulation().run(&Tape::swarm(7)).digest(), forwards[7], "what is recorded changes nothing");
}

#[test]
fn a_request_is_carried_out_twice_with_the_bug_only() {
    let tape = TextTape::parse(TWICE).expect("the tape is a text tape").tape;
    let outcome = bank::simulation().run(&tape);
    match outcome.finding() {
        Some(finding) if cfg!(feature = "bug") => {
            assert_eq!(finding.identity, "always: a balance is one that the client's requests explain");
        }
        None if cfg!(feature = "bug") => panic!("the bug doesn't show: {outcome}"),
        _ => outcome.assert_ok(),
    }
}

/// What comes of it is no matter here: a bank that loses its disks may fail. 100 tapes;
/// `SIMFUZZ_TAPES=10000` runs more.
///
/// They are long runs, since the bank has no failover and its primary waits for a backup without a
/// timeout: once a replica has left, or a connection is half-open, the clients ask again until the
/// virtual time is over.
#[test]
fn runs_repeat_with_every_fault() {
    let tapes = std::env::var("SIMFUZZ_TAPES").ok().and_then(|count| count.parse().ok()).unwrap_or(100);
    let digests = |recording| {
        let simulation = bank::builder().all_faults().build();
        (0..tapes).map(|seed| simulation.run_with(&Tape::swarm(seed), recording).digest()).collect::<Vec<_>>()
    };
    let here = digests(Recording::Result);
    let there = std::thread::scope(|scope| scope.spawn(|| digests(Recording::Story)).join());
    assert_eq!(Some(here), there.ok());
}
