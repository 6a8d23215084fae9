#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!(axum_kv::simulation);
