//! Crates that call tokio themselves run, meet faults, and repeat.

use simfuzz::Recording;
use simfuzz::prelude::*;
use unmodified::simulations::{sums, tickets};

/// Both simulations over the seeds: clean, their goals reached, each seed twice with one digest.
fn runs_and_repeats(name: &str, builder: fn() -> SimulationBuilder) {
    let report = builder().iterations(200).run();
    println!("{name}: {report}");
    report.assert_ok();
    report.assert_goals();
    let simulation = builder().build();
    for seed in 0..100 {
        let digests = [(); 2].map(|()| simulation.run_with(&Tape::swarm(seed), Recording::Result).digest());
        assert_eq!(digests[0], digests[1], "{name}, seed {seed}");
    }
}

#[test]
fn axums_serve_and_hypers_pool() {
    runs_and_repeats("tickets", tickets);
}

#[test]
fn tonics_server_and_channel() {
    runs_and_repeats("sums", sums);
}
