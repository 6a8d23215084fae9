//! Fuzz targets: `sim_target!`, and libFuzzer's callbacks behind it.
//!
//! The only room that says libFuzzer. Owns the glue: bytes to tape, features to counters, a
//! finding to a crash. What a mutation is lives in `mutate`, what a goal is in `goal`.

mod artifacts;
mod folder;
mod handover;
#[cfg(fuzzing)]
mod libfuzzer;
pub(crate) mod minimal;
#[cfg(fuzzing)]
mod naive;
mod target;
pub(crate) mod trial;

pub(crate) use artifacts::Artifacts;
pub(crate) use folder::Folder;
pub use folder::name as file_name;
pub(crate) use handover::Handover;
#[cfg(fuzzing)]
pub use libfuzzer::{Input, crossover, init, mutate, one};
