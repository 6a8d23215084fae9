//! The simulation as an ordinary test: a few seeds. The bugs that are kept are in `regressions`.

use {{ library }}::simulation::simulation;

#[test]
fn a_few_seeds_find_nothing() {
    let report = simulation().iterations(20).run();
    println!("{report}");
    report.assert_ok();
}
