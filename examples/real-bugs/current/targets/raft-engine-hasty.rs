#![cfg_attr(fuzzing, no_main)]

simfuzz::sim_target!(real_bugs_current::engine::hasty);
