//! The world: one run, and the simulated side of the handles that users hold.
//!
//! Owns the wiring of devices, decisions and time: what an event does, what a crash takes down.
//! Doesn't own when a run begins a phase or what counts as a pass: that is `run`.
//!
//! A handle (stream, listener, file, sleep) is a number into the run on this thread: `Send` and
//! `Sync` without a lock. The use of one that outlived its run is a panic, its drop does nothing.

mod alphabet;
mod arbitrary;
mod breaks;
mod buggify;
mod churn;
mod clock;
mod clocks;
mod connect;
mod contain;
mod datagrams;
mod disk_faults;
mod disks;
mod events;
mod files;
mod halves;
mod history;
mod hosts;
mod inject;
mod links;
mod listener;
mod network;
mod outages;
mod pauses;
mod powers;
mod random;
mod rules;
mod schedule;
mod segments;
mod state;
mod tasks;
mod tcp;
mod tcp_io;
mod telling;
mod udp;
mod world;

pub use arbitrary::{Alphabet, Arbitrary};
pub use clock::{Elapsed, Interval, SimTime, Sleep, Timeout};
pub use files::{File, SimStorage};
pub use halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use history::{Invocation, SharedHistory};
pub use listener::TcpListener;
pub use network::SimNetwork;
pub use powers::{Cut, Faults, Whom};
pub use random::SimRandomProvider;
pub use rules::{DiskFate, DiskOperation, DiskSort, Fate, Packet, PacketKind, Rule};
pub use state::SharedState;
pub use tasks::SimTasks;
pub use tcp::TcpStream;
pub use udp::UdpSocket;

#[cfg(target_os = "linux")]
pub(crate) use clock::clocks;
pub(crate) use contain::{Panic, contained, install_hook};
pub(crate) use events::Ask;
pub(crate) use hosts::{HostState, Membership};
pub(crate) use powers::Deeds;
pub(crate) use rules::end_rules;
pub(crate) use schedule::Ready;
pub(crate) use segments::GIVE_UP;
#[cfg(feature = "fuzz")]
pub(crate) use telling::tell_log;
pub(crate) use world::{Counts, Found, NESTED, enter, is_running, leave, running, try_with, with};
