#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!(real_bugs::engine::simulation);
