//! Deterministic simulation testing, steered by a coverage-guided fuzzer.

pub mod choice;
