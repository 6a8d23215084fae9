//! TCP on the real network: tokio's sockets, with addresses as the simulation takes them.
//!
//! Owns no behaviour: every call is tokio's.

use super::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::machine::{here, resolve, resolve_own};
use crate::topology::ToPeer;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A TCP connection: tokio's.
#[derive(Debug)]
pub struct TcpStream(pub(super) tokio::net::TcpStream);

impl TcpStream {
    /// Connects to a peer; see [`SimNetwork::connect`](super::SimNetwork::connect).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn connect(peer: impl ToPeer) -> io::Result<Self> {
        Self::connect_to(resolve(here(), peer).await?).await
    }

    pub(super) async fn connect_to(addr: SocketAddr) -> io::Result<Self> {
        tokio::net::TcpStream::connect(addr).await.map(Self)
    }

    /// Copies what has arrived into `buffer` and leaves it there; waits until something has.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.peek(buffer).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.0.poll_peek(context, buffer)
    }

    /// Waits until a read would give something, as a poll.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(context)
    }

    /// Waits until a write would take something, as a poll.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_ready(context)
    }

    /// Is Nagle's delay off?
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.nodelay()
    }

    /// Turns Nagle's delay off or on.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.set_nodelay(on)
    }

    /// With `Some(Duration::ZERO)`, closing resets. Other values would block a thread in the drop, so
    /// tokio deprecates them.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    #[allow(deprecated, reason = "newer versions of tokio deprecate it for all but zero")]
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.0.set_linger(linger)
    }

    /// Sets [`set_linger`](Self::set_linger) to zero, under tokio's name.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// Two halves that borrow the stream.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        halves::split(self)
    }

    /// Two halves that own the stream together; dropping the write half ends the stream for the peer.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        halves::into_split(self)
    }
}

/// Whose it is, and what a half can do too.
macro_rules! forward {
    ($($kind:ty: $($what:ident)*;)*) => {$($(crate::production::tcp::forward!(@$what $kind);)*)*};
    (@addresses $kind:ty) => {
        impl $kind {
            /// The address of this end.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
                self.0.local_addr()
            }

            /// The address of the other end.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub fn peer_addr(&self) -> std::io::Result<std::net::SocketAddr> {
                self.0.peer_addr()
            }
        }
    };
    (@reads $kind:ty) => {
        impl $kind {
            /// Waits until a read would give something.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.0.readable().await
            }

            /// Reads what is there.
            ///
            /// # Errors
            ///
            /// `WouldBlock` when nothing is.
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0.try_read(buffer)
            }
        }

        impl AsyncRead for $kind {
            fn poll_read(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<std::io::Result<()>> {
                Pin::new(&mut self.0).poll_read(context, buffer)
            }
        }
    };
    (@writes $kind:ty) => {
        impl $kind {
            /// Waits until a write would take something.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.0.writable().await
            }

            /// Writes what there is room for.
            ///
            /// # Errors
            ///
            /// `WouldBlock` when there is none.
            pub fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.try_write(bytes)
            }
        }

        impl AsyncWrite for $kind {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<std::io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(context, bytes)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[std::io::IoSlice<'_>],
            ) -> Poll<std::io::Result<usize>> {
                Pin::new(&mut self.0).poll_write_vectored(context, bytes)
            }

            fn is_write_vectored(&self) -> bool {
                self.0.is_write_vectored()
            }

            fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(context)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(context)
            }
        }
    };
}

pub(super) use forward;

forward!(TcpStream: addresses reads writes;);

/// Accepts TCP connections: tokio's.
#[derive(Debug)]
pub struct TcpListener(tokio::net::TcpListener);

impl TcpListener {
    /// Listens on this machine; see [`SimNetwork::bind`](super::SimNetwork::bind).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn bind(addr: impl ToPeer) -> io::Result<Self> {
        Self::bind_at(resolve_own(here(), addr).await?).await
    }

    pub(super) async fn bind_at(addr: SocketAddr) -> io::Result<Self> {
        tokio::net::TcpListener::bind(addr).await.map(Self)
    }

    /// Waits for the next connection, and gives it with the address it comes from.
    ///
    /// # Errors
    ///
    /// What the operating system says: too many open files, for one, which a simulation never does.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        Ok((TcpStream(stream), from))
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.0.poll_accept(context).map_ok(|(stream, from)| (TcpStream(stream), from))
    }

    /// The address it listens at.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
