//! The store keeps its promises, or shows its bug: in both builds, what must come out does.

use simfuzz::choice::TextTape;
use simfuzz::{Recording, Tape};

/// A run in which a write that was answered is lost, shrunk, on a calm base.
const LOST: &str = include_str!("../../../corpus/axum_kv/regressions/a-write-that-is-lost.tape");

#[cfg(not(feature = "bug"))]
#[test]
fn a_thousand_seeds_are_clean_and_reach_every_goal() {
    let report = axum_kv::builder().iterations(1_000).run();
    report.assert_ok();
    report.assert_goals();
}

#[test]
fn a_tape_gives_the_same_run_whatever_ran_before_and_on_any_thread() {
    let digests = |recording| {
        let simulation = axum_kv::simulation();
        move |seed| simulation.run_with(&Tape::swarm(seed), recording).digest()
    };
    let forwards: Vec<_> = (0..40).map(digests(Recording::Result)).collect();
    let mut backwards: Vec<_> = (0..40).rev().map(digests(Recording::Choices)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let there = std::thread::scope(|scope| scope.spawn(|| (0..40).map(digests(Recording::Story)).collect()).join());
    assert_eq!(Some(forwards), there.ok(), "what is recorded changes nothing");
}

#[test]
fn a_calm_run_has_one_leader_and_dates_of_virtual_time() {
    let outcome = axum_kv::simulation().run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    let story: Vec<_> = outcome.story().iter().map(|line| line.text.as_str()).collect();
    assert_eq!(story.iter().filter(|line| line.contains("LEADS")).count(), 1);
    assert!(story.iter().any(|line| line.contains("says 404 Not Found (Thu, 01 Jan 2026 00:00:0")), "{story:#?}");
}

#[test]
fn a_write_is_lost_with_the_bug_only() {
    let tape = TextTape::parse(LOST).expect("the tape is a text tape").tape;
    let outcome = axum_kv::simulation().run(&tape);
    match outcome.finding() {
        Some(finding) if cfg!(feature = "bug") => assert_eq!(finding.identity, "always: the store is linearizable"),
        None if cfg!(feature = "bug") => panic!("the bug doesn't show: {outcome}"),
        _ => outcome.assert_ok(),
    }
}
