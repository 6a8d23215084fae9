//! Deterministic simulation testing, steered by a coverage-guided fuzzer.
//!
//! You write [`Process`]es (the servers you ship) and [`Workload`]s (drivers that set up, run and
//! check). simfuzz runs them on a simulated network, disk and clock, breaks things, and checks
//! your assertions. A run is a function of its tape: a fuzzer that edits tapes steers the
//! operations, the faults and the scheduling.
//!
//! See [`Workload`] for a first simulation.
#![cfg_attr(not(feature = "sim"), allow(rustdoc::broken_intra_doc_links))]

// the rooms, lowest first: each uses only those above it (`tests/rooms.rs`)
pub mod assert;
pub mod buggify;
#[cfg(feature = "sim")]
pub mod choice;
#[cfg(feature = "sim")]
mod executor;
#[cfg(feature = "sim")]
mod fault;
#[cfg(feature = "sim")]
mod goal;
#[cfg(feature = "sim")]
mod minimize;
#[cfg(feature = "sim")]
mod mutate;
#[cfg(feature = "sim")]
mod network;
mod range;
#[cfg(feature = "sim")]
mod run;
#[cfg(feature = "sim")]
mod select;
#[cfg(feature = "sim")]
mod shrink;
#[cfg(feature = "sim")]
mod sim;
#[cfg(feature = "sim")]
mod storage;
#[cfg(feature = "sim")]
mod time;
#[cfg(feature = "sim")]
mod topology;
#[cfg(feature = "sim")]
mod trace;

#[cfg(feature = "fuzz")]
pub mod account;
#[cfg(feature = "sim")]
pub mod campaign;
#[cfg(feature = "sim")]
mod exhaust;
#[cfg(feature = "fuzz")]
pub mod explain;
#[cfg(feature = "sim")]
mod explore;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod harness;
#[cfg(feature = "sim")]
pub mod regress;

#[cfg(feature = "sim")]
pub use choice::Tape;
#[cfg(feature = "sim")]
pub use executor::{JoinError, JoinHandle};
#[cfg(feature = "sim")]
pub use exhaust::{Exhausted, exhaust};
#[cfg(feature = "sim")]
pub use explore::{Explored, explore};
#[cfg(feature = "sim")]
pub use fault::{
    Attrition, Buggify, Churn, ClockFaults, DiskFaults, FaultKind, Latency, NetworkFaults, Outages, Partitions, Pauses,
};
#[cfg(feature = "sim")]
pub use minimize::{MinimizeError, Minimized, Minimizer, Progress};
pub use range::{SampleRange, Uniform};
#[cfg(feature = "sim")]
pub use run::{
    FaultInjector, Finding, Outcome, Process, ProcessCount, Recording, SimContext, Simulation, SimulationBuilder,
    SimulationError, SimulationReport, SimulationResult, Status, Verdict, Workload, WorkloadCount,
};
#[cfg(feature = "sim")]
pub use sim::{
    Cut, DiskFate, DiskOperation, DiskSort, Elapsed, Fate, Faults, File, Interval, Metadata, OpenOptions, Packet,
    PacketKind, Rule, SharedState, SimNetwork, SimRandomProvider, SimStorage, SimTasks, SimTime, Sleep, Standard,
    Timeout, ToPeer, Whom,
};
#[cfg(feature = "sim")]
pub use topology::{Cluster, Place, Topology};
#[cfg(feature = "sim")]
pub use trace::{Lasting, Mark, Span, StoryLine};

/// Sockets with tokio's names and traits, on the simulated network.
#[cfg(feature = "sim")]
pub mod net {
    pub use crate::network::DEFAULT_PORT;
    pub use crate::sim::{TcpListener, TcpStream, ToPeer, UdpSocket};

    /// The halves of a stream.
    pub mod tcp {
        pub use crate::sim::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
    }
}

/// Pages for reading.
#[cfg(feature = "sim")]
pub mod guide {
    #[doc = include_str!("../docs/faults.md")]
    pub mod faults {}
    #[doc = include_str!("../docs/cannot-run.md")]
    pub mod cannot_run {}
    #[doc = include_str!("../docs/report.md")]
    pub mod report {}
    #[doc = include_str!("../docs/regressions.md")]
    pub mod regressions {}
}

/// What a test needs, by one `use`.
///
/// ```
/// use simfuzz::prelude::*;
/// ```
#[cfg(feature = "sim")]
pub mod prelude {
    pub use crate::choice::{Label, Tape};
    pub use crate::net::{TcpListener, TcpStream, UdpSocket};
    pub use crate::{
        Attrition, Buggify, Churn, ClockFaults, Cluster, DiskFaults, FaultInjector, FaultKind, Faults, Latency,
        NetworkFaults, Outages, Partitions, Pauses, Process, SimContext, SimRandomProvider, Simulation,
        SimulationBuilder, SimulationError, SimulationReport, SimulationResult, Workload, WorkloadCount,
    };
    pub use crate::{
        assert_always, assert_always_greater_than, assert_always_greater_than_or_equal_to, assert_always_less_than,
        assert_always_less_than_or_equal_to, assert_always_or_unreachable, assert_reachable, assert_sometimes,
        assert_sometimes_all, assert_sometimes_each, assert_sometimes_greater_than,
        assert_sometimes_greater_than_or_equal_to, assert_sometimes_less_than, assert_sometimes_less_than_or_equal_to,
        assert_unreachable, buggify, buggify_or, select,
    };
    pub use async_trait::async_trait;
    pub use std::time::Duration;
    pub use tokio::io::{AsyncReadExt, AsyncWriteExt};
    pub use tokio::{join, try_join};
}

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    #[cfg(feature = "sim")]
    pub use crate::run::select_start;
}

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
