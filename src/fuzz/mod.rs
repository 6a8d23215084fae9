//! Fuzz targets: `sim_target!`, and libFuzzer's callbacks behind it.
//!
//! The only room that says libFuzzer. Owns the glue: bytes to tape, features to counters, a
//! finding to a crash. What a mutation is lives in `mutate`, what a goal is in `goal`.

#[cfg(fuzzing)]
mod afl;
mod afl_mutator;
mod artifacts;
#[cfg(fuzzing)]
mod bare;
mod folder;
mod handover;
#[cfg(fuzzing)]
mod libfuzzer;
pub(crate) mod minimal;
#[cfg(fuzzing)]
mod naive;
mod target;
pub(crate) mod trial;
pub(crate) mod watchdog;

/// The tapes of runs that were under way in processes which are no more.
pub use crate::underway::collect as under_way;
#[doc(hidden)]
pub use afl_mutator::AflMutator;
pub(crate) use artifacts::Artifacts;
pub(crate) use folder::Folder;
pub use folder::{name as file_name, tidy, torn, writable};
pub(crate) use handover::Handover;
pub(crate) use handover::folder as handover_folder;
#[cfg(fuzzing)]
pub use libfuzzer::{Input, crossover, init, mutate, one};
