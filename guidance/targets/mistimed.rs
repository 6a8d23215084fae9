#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!(guidance::mistimed::simulation);
