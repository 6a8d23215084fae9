//! Replays every kept regression of the target `sim_target`: the bank's bug is one, known and
//! open, so this is a test of the bank with its bug.
#![cfg(feature = "bug")]

#[test]
fn regressions() {
    let kept = simfuzz::regress::assert_all("sim_target", "../../corpus/sim_target/regressions", &bank::simulation());
    assert!(kept > 0, "the folder of regressions is empty");
}
