//! The simulation as an ordinary test: a few seeds, and every bug that was ever kept.

use {{ library }}::simulation::simulation;

/// The tapes that `cargo simfuzz promote` keeps.
const REGRESSIONS: &str = "corpus/sim_target/regressions";

#[test]
fn a_few_seeds_find_nothing() {
    let report = simulation().iterations(20).run();
    println!("{report}");
    report.assert_ok();
}

#[test]
fn no_bug_comes_back() {
    simfuzz::regress::assert_all("sim_target", REGRESSIONS, &simulation().build());
}
