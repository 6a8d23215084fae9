//! Runs: what a user writes, how it is put together, and what came of it.
//!
//! Owns the phases of a run (boot, setup, storm, calm, drain, check), what counts as a finding,
//! and the report over many runs. What an event does to hosts and streams is `sim`'s business.

mod builder;
mod canary;
mod context;
mod driver;
mod error;
mod injector;
mod isolate;
mod outcome;
mod parts;
mod report;
mod simulation;

pub use builder::{ProcessCount, SimulationBuilder, Verdict, WorkloadCount};
pub(crate) use canary::canary;
pub use context::SimContext;
pub use error::{SimulationError, SimulationResult};
pub use injector::FaultInjector;
#[cfg(feature = "fuzz")]
pub(crate) use outcome::shown;
pub use outcome::{Finding, Outcome, Status};
pub use parts::{Process, Workload};
pub use report::SimulationReport;
#[cfg(feature = "fuzz")]
pub(crate) use report::run_seeds;
pub use simulation::{Recording, Simulation, select_start};

#[cfg(all(fuzzing, feature = "fuzz"))]
pub(crate) use crate::sim::install_hook as contain_panics;
