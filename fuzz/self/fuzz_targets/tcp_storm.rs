#![cfg_attr(fuzzing, no_main)]

#[path = "../../../tests/ourselves/tcp.rs"]
#[allow(dead_code, reason = "each target uses a part")]
mod check;

simfuzz::sim_target!(check::storm);
