//! Deterministic simulation testing, steered by a coverage-guided fuzzer.
//!
//! You write [`Process`]es (the servers you ship) and [`Workload`]s (drivers that set up, run and
//! check). simfuzz runs them on a simulated network, disk and clock, breaks things, and checks
//! your assertions. A run is a function of its tape: a fuzzer that edits tapes steers the
//! operations, the faults and the scheduling.
//!
//! See [`Workload`] for a first simulation. With the feature `tokio` and without `sim` the same process
//! runs on the real machine: see `serve`.
#![cfg_attr(not(feature = "sim"), allow(rustdoc::broken_intra_doc_links))]

// the rooms, lowest first: each uses only those above it (`tests/rooms.rs`)
#[cfg(any(feature = "sim", feature = "tokio"))]
#[doc(hidden)]
pub mod absent;
pub mod assert;
pub mod buggify;
#[cfg(any(feature = "sim", feature = "tokio"))]
mod cancel;
#[cfg(feature = "sim")]
pub mod choice;
#[cfg(any(feature = "sim", feature = "tokio"))]
mod error;
#[cfg(feature = "sim")]
mod executor;
#[cfg(feature = "sim")]
mod fault;
#[cfg(feature = "sim")]
mod goal;
#[cfg(feature = "sim")]
pub mod history;
#[cfg(feature = "sim")]
mod minimize;
#[cfg(feature = "sim")]
mod mutate;
#[cfg(feature = "sim")]
mod network;
#[cfg(any(feature = "sim", feature = "tokio"))]
mod open;
#[cfg(feature = "tokio")]
pub mod production;
mod range;
#[cfg(feature = "sim")]
mod run;
#[cfg(any(feature = "sim", feature = "tokio"))]
mod select;
#[cfg(feature = "sim")]
mod shapes;
#[cfg(feature = "sim")]
mod shrink;
#[cfg(feature = "sim")]
mod sim;
#[cfg(feature = "sim")]
mod storage;
#[cfg(feature = "sim")]
mod timeline;
#[cfg(any(feature = "sim", feature = "tokio"))]
#[cfg_attr(
    not(feature = "sim"),
    allow(dead_code, unreachable_pub, unused_imports, reason = "places are for simulations")
)]
mod topology;
#[cfg(feature = "sim")]
mod trace;
#[cfg(feature = "sim")]
mod underway;

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

#[cfg(any(feature = "sim", feature = "tokio"))]
pub use cancel::{CancellationToken, DropGuard};
#[cfg(feature = "sim")]
pub use choice::Tape;
#[cfg(feature = "sim")]
pub use error::{SimulationError, SimulationResult};
#[cfg(feature = "sim")]
pub use executor::{AbortHandle, JoinError, JoinHandle};
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
#[cfg(feature = "sim")]
pub use open::{Metadata, OpenOptions};
#[cfg(all(feature = "tokio", not(feature = "sim")))]
pub use production::*;
pub use range::{SampleRange, Standard, Uniform};
#[cfg(all(feature = "sim", feature = "tokio"))]
pub use run::serve;
#[cfg(feature = "sim")]
pub use run::{
    FaultInjector, Finding, Outcome, Process, ProcessCount, Recording, SimContext, Simulation, SimulationBuilder,
    SimulationReport, Status, Verdict, Workload, WorkloadCount,
};
#[cfg(feature = "stand-in")]
#[doc(hidden)]
pub use shapes::stand_in;
#[cfg(feature = "sim")]
pub use shapes::{fs, task, time};
#[cfg(feature = "sim")]
pub use sim::{
    Alphabet, Arbitrary, Cut, DiskFate, DiskOperation, DiskSort, Elapsed, Fate, Faults, File, Interval, Invocation,
    Packet, PacketKind, Rule, SharedHistory, SharedState, SimNetwork, SimRandomProvider, SimStorage, SimTasks, SimTime,
    Sleep, Timeout, Whom,
};
#[cfg(feature = "sim")]
pub use simfuzz_derive::Arbitrary;
#[cfg(feature = "sim")]
pub use topology::{Cluster, Place, ToPeer, Topology};
#[cfg(feature = "sim")]
pub use trace::{Lasting, Mark, Span, StoryLine};

#[cfg(any(feature = "sim", feature = "tokio"))]
pub use ::tokio::{io, join, pin, sync, try_join};
#[cfg(any(feature = "sim", feature = "tokio"))]
pub use task::{spawn, spawn_local};

/// Sockets with tokio's names and traits, on the simulated network.
#[cfg(feature = "sim")]
pub mod net {
    pub use crate::absent::net::{TcpSocket, UnixDatagram, UnixListener, UnixStream, lookup_host};
    pub use crate::sim::{TcpListener, TcpStream, UdpSocket};
    pub use crate::topology::{DEFAULT_PORT, ToPeer};

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
    #[doc = include_str!("../docs/production.md")]
    pub mod production {}
    #[doc = include_str!("../docs/stand-in.md")]
    pub mod stand_in {}
    #[doc = include_str!("../docs/report.md")]
    pub mod report {}
    #[doc = include_str!("../docs/regressions.md")]
    pub mod regressions {}
    #[doc = include_str!("../docs/histories.md")]
    pub mod histories {}
    #[doc = include_str!("../docs/operations.md")]
    pub mod operations {}
}

/// What a test needs, by one `use`.
///
/// ```
/// use simfuzz::prelude::*;
/// ```
#[cfg(feature = "sim")]
pub mod prelude {
    pub use crate::assert_history;
    pub use crate::carried::*;
    pub use crate::choice::{Label, Tape};
    pub use crate::net::{TcpListener, TcpStream, UdpSocket};
    pub use crate::{
        Arbitrary, Attrition, Buggify, Churn, ClockFaults, Cluster, DiskFaults, FaultInjector, FaultKind, Faults,
        Latency, NetworkFaults, Outages, Partitions, Pauses, Process, SimContext, SimRandomProvider, Simulation,
        SimulationBuilder, SimulationError, SimulationReport, SimulationResult, Workload, WorkloadCount,
    };
    pub use async_trait::async_trait;
    pub use std::time::Duration;
    pub use tokio::io::{AsyncReadExt, AsyncWriteExt};
    pub use tokio::{join, try_join};
}

/// The macros that a process carries into both worlds.
#[cfg(any(feature = "sim", feature = "tokio"))]
mod carried {
    pub use crate::{
        assert_always, assert_always_greater_than, assert_always_greater_than_or_equal_to, assert_always_less_than,
        assert_always_less_than_or_equal_to, assert_always_or_unreachable, assert_reachable, assert_sometimes,
        assert_sometimes_all, assert_sometimes_each, assert_sometimes_greater_than,
        assert_sometimes_greater_than_or_equal_to, assert_sometimes_less_than, assert_sometimes_less_than_or_equal_to,
        assert_unreachable, buggify, buggify_or, select,
    };
}

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    #[cfg(all(feature = "tokio", not(feature = "sim")))]
    pub use crate::production::select_start;
    #[cfg(feature = "sim")]
    pub use crate::run::select_start;
}

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The guide's examples, as tests.
#[cfg(all(doctest, feature = "sim"))]
mod book {
    #[doc = include_str!("../guide/src/first-bug.md")]
    mod first_bug {}
    #[doc = include_str!("../guide/src/process.md")]
    mod process {}
    #[doc = include_str!("../guide/src/workload.md")]
    mod workload {}
    #[doc = include_str!("../guide/src/models.md")]
    mod models {}
    #[doc = include_str!("../guide/src/goals.md")]
    mod goals {}
    #[doc = include_str!("../guide/src/weather.md")]
    mod weather {}
    #[doc = include_str!("../guide/src/campaigns.md")]
    mod campaigns {}
    #[doc = include_str!("../guide/src/ci.md")]
    mod ci {}
    #[doc = include_str!("../guide/src/existing-code.md")]
    mod existing_code {}
    #[doc = include_str!("../guide/src/how-it-works.md")]
    mod how_it_works {}
}
