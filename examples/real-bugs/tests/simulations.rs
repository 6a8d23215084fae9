//! The bugs are found where they are, nothing is found where they are fixed, and a tape tells
//! the whole run.

use simfuzz::Recording;
use simfuzz::prelude::*;

/// The identity of the first finding, and the executions until then.
fn first_finding(simulation: &Simulation, seeds: u64) -> Option<(String, u64)> {
    (0..seeds).find_map(|seed| {
        let outcome = simulation.run_with(&Tape::swarm(seed), Recording::Result);
        Some((outcome.finding()?.identity.clone(), seed + 1))
    })
}

/// The versions with the bugs give `identity`, those without nothing at all.
fn expect(simulation: &Simulation, seeds: u64, identity: &str) {
    let found = first_finding(simulation, seeds);
    if cfg!(feature = "fixed") {
        assert_eq!(found, None);
    } else {
        let (found, _) = found.unwrap_or_else(|| panic!("no finding in {seeds} seeds"));
        assert_eq!(found, identity);
    }
}

/// Each seed gives its digest again: after other runs, on another thread, and when everything is
/// recorded.
fn repeats(simulation: impl Fn() -> Simulation + Copy + Send, seeds: u64) {
    let digests = move |recording| {
        let simulation = simulation();
        (0..seeds).map(|seed| simulation.run_with(&Tape::swarm(seed), recording).digest()).collect::<Vec<_>>()
    };
    let here = digests(Recording::Result);
    let there = std::thread::scope(|scope| scope.spawn(move || digests(Recording::Story)).join());
    assert_eq!(Some(here), there.ok());
}

#[test]
fn flume_keeps_messages_in_order_only_since_the_fix() {
    expect(&real_bugs::flume::simulation(), 1_000, "always: messages arrive in order");
}

#[test]
fn omnipaxos_nodes_agree_only_since_the_fix() {
    expect(&real_bugs::omnipaxos::simulation(), 500, "always: nodes agree on what is decided");
}

/// With five nodes it is too rare for a test; with three, the same workload finds it soon.
#[test]
fn omnipaxos_nodes_fed_by_hand_agree_only_since_the_fix() {
    expect(&real_bugs::omnipaxos::by_hand(3, 600).build(), 500, "always: nodes agree on what is decided");
}

/// A fuzzer edits a draw without asking for its odds.
#[test]
fn a_run_without_faults_bears_an_edit_that_asks_for_one() {
    let mut tape = Tape::calm();
    for step in 0..400 {
        tape.set(Label::parse("steps/step/is fault"), step << 8, 1);
    }
    real_bugs::omnipaxos::steps_400().run(&tape).assert_ok();
}

#[test]
fn runs_of_omnipaxos_fed_by_hand_repeat() {
    repeats(real_bugs::omnipaxos::steps_400, 200);
}

#[test]
fn h2_requests_give_back_what_they_took_only_since_the_fix() {
    expect(&real_bugs::h2::simulation(), 2_000, "always: a request alone on its connection gets half of the window");
}

/// No version with a fix is published.
#[cfg(not(feature = "fixed"))]
#[test]
fn a_leader_of_raft_is_wrong_about_a_follower() {
    expect(&real_bugs::raft::simulation(), 200, "always: a leader sends a follower only what it hasn't confirmed");
}

/// The library draws its election timeouts from the operating system: the server replaces them.
#[cfg(not(feature = "fixed"))]
#[test]
fn runs_of_raft_repeat() {
    repeats(real_bugs::raft::simulation, 200);
}

#[test]
fn runs_of_h2_repeat() {
    repeats(real_bugs::h2::simulation, 1_000);
}

/// The rare endings are too rare for a test.
#[test]
fn smoltcp_connections_end_only_since_the_fix() {
    let identity = "always: a connection ends when all is delivered and both ends have closed";
    expect(&real_bugs::smoltcp::one_closing(), 2_000, identity);
}

#[test]
fn runs_of_smoltcp_repeat() {
    repeats(real_bugs::smoltcp::last_ack, 500);
}

/// What it finds is too rare for a test; the fixed version finds nothing in many seeds.
#[test]
fn runs_of_the_flash_repeat() {
    repeats(real_bugs::flash::removes, 300);
    repeats(real_bugs::flash::stores, 300);
}

/// The seed was found by `seeds flash-stores`. No version with a fix is published.
#[cfg(not(feature = "fixed"))]
#[test]
fn an_acknowledged_item_on_flash_is_gone() {
    let outcome = real_bugs::flash::stores().run(&Tape::seeded(1_516));
    assert_eq!(outcome.finding().unwrap().identity, "always: what was stored is there");
}

/// What crashes do to the log store of 0.3.0, though all was synced: a part of it is gone, or is listed and can't be read.
#[test]
fn raft_engine_bears_crashes_only_since_the_fix() {
    let simulation = real_bugs::engine::simulation();
    let found = (0..400).filter_map(|seed| {
        let outcome = simulation.run_with(&Tape::seeded(seed), Recording::Result);
        Some(outcome.finding()?.identity.clone())
    });
    let found: std::collections::BTreeSet<_> = found.collect();
    if cfg!(feature = "fixed") {
        assert_eq!(found, std::collections::BTreeSet::new());
        return;
    }
    for identity in [
        "always: a crash takes nothing that was synced, and brings nothing back",
        "always: what the store lists can be read",
    ] {
        assert!(found.contains(identity), "{identity} is not in {found:?}");
    }
}

/// 0.4.2 counts in its process, over all runs, and writes that count into its files.
#[test]
fn runs_of_raft_engine_repeat() {
    repeats(real_bugs::engine::simulation, 100);
    repeats(real_bugs::engine::hasty, 100);
}

#[test]
fn runs_of_imbl_repeat() {
    repeats(real_bugs::imbl::simulation, 100);
}

#[test]
fn runs_of_flume_repeat() {
    repeats(real_bugs::flume::simulation, 1_000);
}

#[test]
fn runs_of_omnipaxos_repeat() {
    repeats(real_bugs::omnipaxos::simulation, 200);
}

/// So many tapes for each with every fault on; `SIMFUZZ_TAPES=10000` runs more.
fn tapes() -> u64 {
    std::env::var("SIMFUZZ_TAPES").ok().and_then(|count| count.parse().ok()).unwrap_or(100)
}

#[test]
fn runs_repeat_with_every_fault() {
    repeats(|| real_bugs::flume::builder().all_faults().build(), tapes());
    repeats(|| real_bugs::omnipaxos::builder().all_faults().build(), tapes());
    repeats(|| real_bugs::omnipaxos::by_hand(5, 400).all_faults().build(), tapes());
    repeats(|| real_bugs::h2::builder().all_faults().build(), tapes());
    repeats(|| real_bugs::smoltcp::builder().all_faults().build(), tapes());
    repeats(|| real_bugs::flash::builder().all_faults().build(), tapes());
    repeats(|| real_bugs::imbl::builder().all_faults().build(), tapes());
    #[cfg(not(feature = "fixed"))]
    repeats(|| real_bugs::raft::builder().all_faults().build(), tapes());
}
