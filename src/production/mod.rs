//! The same handles on the real machine, through tokio: what `serve` gives a process.
//!
//! Owns the real side of `ctx` and of the modules with tokio's names, and the way from `main` into a
//! process. Nothing of the simulator is used here. In a build without it these types are those at the
//! root of the crate, under the same names; with both features on, the root has the simulator's, and
//! these are here.
//!
//! Names begin with `Sim` where the simulator's do: a process that names them compiles in both.

#[cfg(not(unix))]
compile_error!("simfuzz's feature `tokio` needs a Unix system: files are read and written at offsets");

mod clock;
mod context;
mod file;
pub mod fs;
mod halves;
mod join_set;
mod machine;
mod network;
mod process;
mod random;
mod serve;
mod state;
mod storage;
pub mod task;
mod tcp;
mod topology;
mod udp;

pub use clock::{Interval, SimTime};
pub use context::SimContext;
pub use file::File;
pub use network::SimNetwork;
pub use process::Process;
pub use random::SimRandomProvider;
#[cfg(not(feature = "sim"))]
#[doc(hidden)]
pub use random::select_start;
pub use serve::{Server, serve};
pub use state::SharedState;
pub use storage::SimStorage;
pub use task::SimTasks;

pub use crate::error::{SimulationError, SimulationResult};
pub use crate::open::{Metadata, OpenOptions};
pub use crate::topology::{Place, ToPeer, Topology};
pub use ::tokio::sync;
pub use ::tokio::task::{AbortHandle, JoinError, JoinHandle};
pub use ::tokio::time::error::Elapsed;
pub use ::tokio::time::{Sleep, Timeout};

/// Sockets of this machine.
pub mod net {
    pub use super::tcp::{TcpListener, TcpStream};
    pub use super::udp::UdpSocket;
    pub use crate::absent::net::{TcpSocket, UnixDatagram, UnixListener, UnixStream, lookup_host};
    pub use crate::topology::{DEFAULT_PORT, ToPeer};

    /// The halves of a stream.
    pub mod tcp {
        pub use crate::production::halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
    }
}

/// This machine's clock: `tokio::time` without what moves it by hand.
pub mod time {
    pub use crate::absent::time::{advance, pause, resume};
    pub use ::tokio::time::{
        Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, error, interval, interval_at, sleep,
        sleep_until, timeout, timeout_at,
    };
}

/// What a process needs, by one `use`.
pub mod prelude {
    pub use super::net::{TcpListener, TcpStream, UdpSocket};
    pub use super::{Process, SimContext, SimRandomProvider, SimulationError, SimulationResult};
    pub use crate::carried::*;
    pub use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
    pub use ::tokio::{join, try_join};
    pub use async_trait::async_trait;
    pub use std::time::Duration;
}

impl From<Elapsed> for SimulationError {
    fn from(elapsed: Elapsed) -> Self {
        Self::Timeout(elapsed.to_string())
    }
}

impl From<JoinError> for SimulationError {
    fn from(error: JoinError) -> Self {
        Self::Other(Box::new(error))
    }
}
