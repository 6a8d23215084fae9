//! `ctx.network()`: connecting and listening.

use super::connect::Connect;
use super::listener::TcpListener;
use super::tcp::TcpStream;
use super::udp::UdpSocket;
use super::world::{World, with};
use crate::topology::{HostId, ToPeer};
use std::io;
use std::net::SocketAddr;

/// The network as seen from one host.
#[derive(Clone, Copy, Debug)]
pub struct SimNetwork {
    pub(crate) host: HostId,
}

impl SimNetwork {
    /// Connects to a peer: an address, `ip:port`, a host's name or `name:port`, as a typed
    /// address or as text. Without a port it is [`DEFAULT_PORT`](crate::net::DEFAULT_PORT).
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` when nobody listens there, the process is down or its backlog is
    /// full; `TimedOut` when a partition outlasts 30 virtual seconds; `NotFound` for a name that
    /// no host has.
    pub async fn connect(&self, peer: impl ToPeer) -> io::Result<TcpStream> {
        let addr = with(|world| peer.to_peer(&world.topology))?;
        Connect::start(self.host, addr).await
    }

    /// Listens at an address of this host; `0.0.0.0` is any of them.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when somebody listens there already, `AddrNotAvailable` when the address is
    /// another host's.
    pub async fn bind(&self, addr: impl ToPeer) -> io::Result<TcpListener> {
        let addr = with(|world| addr.to_peer(&world.topology))?;
        TcpListener::bind_on(self.host, addr)
    }

    /// Binds a UDP socket at an address of this host; `0.0.0.0` is any of them, port 0 a free one.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when another socket is bound there, `AddrNotAvailable` when the address is
    /// another host's.
    pub async fn bind_udp(&self, addr: impl ToPeer) -> io::Result<UdpSocket> {
        let addr = with(|world| addr.to_peer(&world.topology))?;
        UdpSocket::bind_on(self.host, addr)
    }
}

impl World {
    /// The address that `host` binds to when it asks for `addr`.
    pub(super) fn own_address(&mut self, host: HostId, addr: SocketAddr) -> io::Result<SocketAddr> {
        let own = self.topology.host(host).ip;
        if addr.ip() != own && !addr.ip().is_unspecified() {
            let reason = format!("{} is not an address of this host, which is {own}", addr.ip());
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, reason));
        }
        let port = if addr.port() == 0 { self.net.free_port(host) } else { addr.port() };
        Ok(SocketAddr::new(own, port))
    }
}
