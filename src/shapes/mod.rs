//! Free functions with tokio's names and shapes, on the simulated host whose task is polled.
//!
//! Owns no more than names: each function is one of a handle of `ctx`. So an existing server is
//! simulated by a change of its `use` lines. Outside of a run they panic and say so.

pub mod fs;
mod join_set;
#[cfg(feature = "stand-in")]
pub mod stand_in;
pub mod task;
pub mod time;

use crate::sim::with;
use crate::topology::HostId;

/// Whose task is polled: a host's, or an injector's, which has a clock and nothing else.
#[track_caller]
fn here() -> HostId {
    with(|world| world.current)
}

/// The host whose task is polled.
#[track_caller]
fn host() -> HostId {
    let (current, hosts) = with(|world| (world.current, world.hosts.len()));
    assert!(!current.is_outside(hosts), "an injector has neither tasks nor a disk of its own");
    current
}
