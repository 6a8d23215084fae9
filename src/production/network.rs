//! `ctx.network()`: connecting and listening on the real network.

use super::machine::{Machine, resolve, resolve_own};
use super::tcp::{TcpListener, TcpStream};
use super::udp::UdpSocket;
use crate::topology::ToPeer;
use std::io;

/// The network of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SimNetwork {
    pub(super) machine: &'static Machine,
}

impl SimNetwork {
    /// Connects to a peer: an address, a host's name, `name:port`. Without a port it is the host's own,
    /// as the list of peers has it. A name that no host has is looked up by the resolver, if it has a port.
    ///
    /// # Errors
    ///
    /// What the operating system says; `NotFound` for a name that nobody has.
    pub async fn connect(&self, peer: impl ToPeer) -> io::Result<TcpStream> {
        TcpStream::connect_to(resolve(Some(self.machine), peer).await?).await
    }

    /// Listens at an address of this machine; [`SimContext::my_ip`](super::SimContext::my_ip) is where
    /// [`Server::on`](super::Server::on) said.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn bind(&self, addr: impl ToPeer) -> io::Result<TcpListener> {
        TcpListener::bind_at(resolve_own(Some(self.machine), addr).await?).await
    }

    /// Binds a UDP socket at an address of this machine.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn bind_udp(&self, addr: impl ToPeer) -> io::Result<UdpSocket> {
        UdpSocket::bind_at(resolve_own(Some(self.machine), addr).await?).await
    }
}
