//! What a server knows of the machine it runs on, and of its peers.
//!
//! Made once for a server and never freed, so that handles are as cheap to copy as simulated ones.

use crate::cancel::CancellationToken;
use crate::topology::{ToPeer, Topology};
use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::OnceLock;
use tokio::time::Instant;

/// One server, its addresses and its folder.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    /// What others know it by.
    pub(super) ip: IpAddr,
    /// What it binds to when it asks for its own address: that, or all of the machine's.
    pub(super) listen: IpAddr,
    /// Its place among its peers.
    pub(super) number: usize,
    /// How many they are.
    pub(super) count: usize,
    pub(super) topology: Topology,
    pub(super) folder: PathBuf,
    pub(super) start: Instant,
    pub(super) shutdown: CancellationToken,
    /// Fires when a task panicked.
    pub(super) crashed: CancellationToken,
}

thread_local! {
    /// The server that this thread belongs to.
    static HERE: Cell<Option<&'static Machine>> = const { Cell::new(None) };
}

/// The server that this thread belongs to, if it does.
pub(super) fn here() -> Option<&'static Machine> {
    HERE.get()
}

/// Says which server this thread belongs to, and gives the one before.
pub(super) fn enter(machine: Option<&'static Machine>) -> Option<&'static Machine> {
    HERE.replace(machine)
}

/// The address of `peer`: of a host that the server knows, or of whoever the resolver finds.
pub(super) async fn resolve(machine: Option<&'static Machine>, peer: impl ToPeer) -> io::Result<SocketAddr> {
    /// What is known outside of a server.
    static NOBODY: OnceLock<Topology> = OnceLock::new();
    let topology = machine.map_or_else(|| NOBODY.get_or_init(Topology::default), |machine| &machine.topology);
    match peer.to_peer(topology) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match peer.elsewhere() {
            Some(host) => tokio::net::lookup_host(host).await?.next().ok_or(error),
            None => Err(error),
        },
        found => found,
    }
}

/// The address to bind to when `addr` is asked for.
pub(super) async fn resolve_own(machine: Option<&'static Machine>, addr: impl ToPeer) -> io::Result<SocketAddr> {
    let addr = resolve(machine, addr).await?;
    Ok(match machine {
        Some(machine) if addr.ip() == machine.ip => SocketAddr::new(machine.listen, addr.port()),
        _ => addr,
    })
}
