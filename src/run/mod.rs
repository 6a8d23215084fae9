//! Runs: what a user writes, how it is put together, and what came of it.
//!
//! Owns the phases of a run (boot, setup, storm, calm, drain, check), what counts as a finding,
//! and the report over many runs. What an event does to hosts and streams is `sim`'s business.

mod asked;
mod builder;
mod canary;
mod context;
mod difference;
mod driver;
mod exits;
mod injector;
mod isolate;
mod outcome;
mod parts;
mod report;
#[cfg(feature = "tokio")]
mod serve;
mod simulation;

#[cfg(feature = "fuzz")]
pub(crate) use asked::{Asked, Caller, taken as asked};
pub use builder::{ProcessCount, SimulationBuilder, Verdict, WorkloadCount};
pub(crate) use canary::canary;
#[cfg(feature = "fuzz")]
pub(crate) use canary::{another, parting};
pub use context::SimContext;
#[cfg(feature = "fuzz")]
pub(crate) use difference::{Difference, Told};
pub use injector::FaultInjector;
#[cfg(feature = "fuzz")]
pub(crate) use isolate::Conditions;
#[cfg(feature = "fuzz")]
pub(crate) use outcome::shown_line;
pub use outcome::{Finding, Outcome, Status};
pub use parts::{Process, Workload};
pub use report::SimulationReport;
#[cfg(feature = "fuzz")]
pub(crate) use report::run_seeds;
#[cfg(feature = "tokio")]
pub use serve::serve;
pub use simulation::{Recording, Simulation, select_start};

#[cfg(all(fuzzing, feature = "fuzz"))]
pub(crate) use crate::sim::install_hook as contain_panics;
