//! Each kept regression of the target `sim_target` is a test: the bank's bug is one, known and
//! open, so this is a test of the bank with its bug.

simfuzz::regressions!("sim_target", "../../corpus/sim_target/regressions", bank::simulation);
