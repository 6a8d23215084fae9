//! Every bug that was ever kept: each tape that `cargo simfuzz promote` wrote is a test of its own.

simfuzz::regressions!("sim_target", "corpus/sim_target/regressions", {{ library }}::simulation::simulation);
