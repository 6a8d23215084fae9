//! UDP on the real network: tokio's socket, with addresses as the simulation takes them.

use super::machine::{here, resolve, resolve_own};
use crate::topology::ToPeer;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// A UDP socket: tokio's.
#[derive(Debug)]
pub struct UdpSocket(tokio::net::UdpSocket);

impl UdpSocket {
    /// Binds on this machine; see [`SimNetwork::bind_udp`](super::SimNetwork::bind_udp).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn bind(addr: impl ToPeer) -> io::Result<Self> {
        Self::bind_at(resolve_own(here(), addr).await?).await
    }

    pub(super) async fn bind_at(addr: SocketAddr) -> io::Result<Self> {
        tokio::net::UdpSocket::bind(addr).await.map(Self)
    }

    /// From now on [`send`](Self::send) sends to `peer`, and datagrams of others are dropped.
    ///
    /// # Errors
    ///
    /// What the operating system says; `NotFound` for a name that nobody has.
    pub async fn connect(&self, peer: impl ToPeer) -> io::Result<()> {
        self.0.connect(resolve(here(), peer).await?).await
    }

    /// Sends a datagram to `peer`.
    ///
    /// # Errors
    ///
    /// What the operating system says; `NotFound` for a name that nobody has.
    pub async fn send_to(&self, bytes: &[u8], peer: impl ToPeer) -> io::Result<usize> {
        self.0.send_to(bytes, resolve(here(), peer).await?).await
    }
}

macro_rules! forward {
    ($(
        #[doc = $doc:literal]
        $name:ident($($argument:ident: $kind:ty),*) -> $output:ty $(, $wait:ident)?;
    )*) => {
        impl UdpSocket {$(
            forward!(@one $doc, [$($wait)?] $name($($argument: $kind),*) -> $output);
        )*}
    };
    (@one $doc:literal, [wait] $name:ident($($argument:ident: $kind:ty),*) -> $output:ty) => {
        #[doc = $doc]
        ///
        /// # Errors
        ///
        /// What the operating system says.
        pub async fn $name(&self, $($argument: $kind),*) -> $output {
            self.0.$name($($argument),*).await
        }
    };
    (@one $doc:literal, [] $name:ident($($argument:ident: $kind:ty),*) -> $output:ty) => {
        #[doc = $doc]
        ///
        /// # Errors
        ///
        /// What the operating system says; an attempt that would wait is `WouldBlock`.
        pub fn $name(&self, $($argument: $kind),*) -> $output {
            self.0.$name($($argument),*)
        }
    };
}

forward! {
    /// The address it is bound to.
    local_addr() -> io::Result<SocketAddr>;
    /// The address it is connected to.
    peer_addr() -> io::Result<SocketAddr>;
    /// Sends a datagram to the address that the socket is connected to.
    send(bytes: &[u8]) -> io::Result<usize>, wait;
    /// The same as a poll.
    poll_send(context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    /// The same at once.
    try_send(bytes: &[u8]) -> io::Result<usize>;
    /// Sends a datagram, as a poll.
    poll_send_to(context: &mut Context<'_>, bytes: &[u8], peer: SocketAddr) -> Poll<io::Result<usize>>;
    /// The same at once.
    try_send_to(bytes: &[u8], peer: SocketAddr) -> io::Result<usize>;
    /// Waits for a datagram and copies it into `buffer`; what doesn't fit is lost.
    recv(buffer: &mut [u8]) -> io::Result<usize>, wait;
    /// The same as a poll.
    poll_recv(context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
    /// The same, if one is there.
    try_recv(buffer: &mut [u8]) -> io::Result<usize>;
    /// Waits for a datagram, copies it into `buffer`, and says who sent it.
    recv_from(buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>, wait;
    /// The same as a poll.
    poll_recv_from(context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>>;
    /// The same, if one is there.
    try_recv_from(buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
    /// Waits for a datagram, copies it into `buffer` and leaves it in the queue.
    peek_from(buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>, wait;
    /// Waits until a datagram can be received.
    readable() -> io::Result<()>, wait;
    /// Waits until a datagram can be sent.
    writable() -> io::Result<()>, wait;
}
