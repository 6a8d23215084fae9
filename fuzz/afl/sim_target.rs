//! The mutator of `sim_target` for AFL++, as a library.

simfuzz::afl_mutator!(bank::simulation);
