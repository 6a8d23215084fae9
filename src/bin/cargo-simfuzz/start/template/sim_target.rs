//! The fuzz target: with libFuzzer by `cargo simfuzz run sim_target`, without it a plain program.
#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!({{ library }}::simulation::simulation);
