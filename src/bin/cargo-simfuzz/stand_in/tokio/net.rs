//! Sockets on the simulated network.
//!
//! Owns what simfuzz has no use for: a TCP socket before it is connected, and the resolver.

use std::io;
use std::net::SocketAddr;

#[cfg(unix)]
pub use real::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream, unix};
pub use simfuzz::net::{TcpListener, TcpStream, ToPeer as ToSocketAddrs, UdpSocket, tcp};

/// The address of a host of the run, by its address or its name.
///
/// # Errors
///
/// `NotFound` for a name that no host has.
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    simfuzz::stand_in::look_up(host).map(std::iter::once)
}

/// A TCP socket that is not connected yet. Its options are kept and change nothing.
#[derive(Debug, Default)]
pub struct TcpSocket {
    bound: Option<SocketAddr>,
    nodelay: bool,
}

impl TcpSocket {
    /// Of an IPv4 network.
    ///
    /// # Errors
    ///
    /// Never in a simulation.
    pub fn new_v4() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// As [`new_v4`](Self::new_v4): hosts have addresses of IPv4 alone.
    ///
    /// # Errors
    ///
    /// Never in a simulation.
    pub fn new_v6() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// In the place of a socket of the machine, which is closed. It must not be connected.
    pub fn from_std_stream(machines: std::net::TcpStream) -> Self {
        drop(machines);
        Self::default()
    }

    /// Keeps the address for [`listen`](Self::listen). A connection comes from a port that the host chooses.
    ///
    /// # Errors
    ///
    /// Never in a simulation.
    pub fn bind(&mut self, addr: SocketAddr) -> io::Result<()> {
        self.bound = Some(addr);
        Ok(())
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`].
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(addr).await?;
        if self.nodelay {
            stream.set_nodelay(true)?;
        }
        Ok(stream)
    }

    /// Listens where it was bound to. Up to 128 connections wait, whatever is asked for.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`].
    pub fn listen(self, _backlog: u32) -> io::Result<TcpListener> {
        simfuzz::stand_in::listen(self.bound.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0))))
    }

    /// Kept for the connection.
    ///
    /// # Errors
    ///
    /// Never in a simulation.
    pub fn set_nodelay(&mut self, on: bool) -> io::Result<()> {
        self.nodelay = on;
        Ok(())
    }

    /// As it was set.
    ///
    /// # Errors
    ///
    /// Never in a simulation.
    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.nodelay)
    }
}

macro_rules! taken_and_ignored {
    ($($name:ident $value:ty;)*) => {
        impl TcpSocket {$(
            /// Changes nothing here.
            ///
            /// # Errors
            ///
            /// Never in a simulation.
            pub fn $name(&self, _: $value) -> io::Result<()> {
                Ok(())
            }
        )*}
    };
}

taken_and_ignored! {
    set_keepalive bool;
    set_linger Option<std::time::Duration>;
    set_recv_buffer_size u32;
    set_reuseaddr bool;
    set_reuseport bool;
    set_send_buffer_size u32;
}
