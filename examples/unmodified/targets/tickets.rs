#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!(unmodified::simulations::tickets);
