//! Each kept regression of the target `axum_kv` is a test: the store's bug is one, known and open, so
//! this is a test of the store with its bug.

simfuzz::regressions!("axum_kv", "../../corpus/axum_kv/regressions", axum_kv::simulation);
