//! The guestbook in a simulation that crashes it.

mod simulation;

#[test]
fn what_was_answered_is_kept_in_its_place() {
    let report = simulation::simulation().iterations(300).run();
    report.assert_ok();
    report.assert_goals();
}
