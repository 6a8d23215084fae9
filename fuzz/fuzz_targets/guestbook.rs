#![cfg_attr(fuzzing, no_main)]

// the guestbook is what is shipped; what simulates it lies with its tests
#[path = "../../examples/guestbook/tests/simulation/mod.rs"]
mod simulation;

simfuzz::sim_target!(simulation::simulation);
