//! `ctx.network()`: connecting and listening.

use super::connect::Connect;
use super::listener::TcpListener;
use super::tcp::TcpStream;
use super::udp::UdpSocket;
use super::world::{World, with};
use crate::network::DEFAULT_PORT;
use crate::topology::{HostId, Topology};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// The network as seen from one host.
#[derive(Clone, Copy, Debug)]
pub struct SimNetwork {
    pub(crate) host: HostId,
}

impl SimNetwork {
    /// Connects to a peer: an address, `ip:port`, a host's name or `name:port`, as a typed
    /// address or as text. Without a port it is [`DEFAULT_PORT`](crate::network::DEFAULT_PORT).
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

/// What [`SimNetwork::connect`] and [`SimNetwork::bind`] take for an address.
pub trait ToPeer {
    /// The address meant, with names looked up in `topology`.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown name, `InvalidInput` for text that is no address.
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr>;
}

impl ToPeer for SocketAddr {
    fn to_peer(&self, _: &Topology) -> io::Result<SocketAddr> {
        Ok(*self)
    }
}

impl ToPeer for SocketAddrV4 {
    fn to_peer(&self, _: &Topology) -> io::Result<SocketAddr> {
        Ok(SocketAddr::V4(*self))
    }
}

impl ToPeer for IpAddr {
    fn to_peer(&self, _: &Topology) -> io::Result<SocketAddr> {
        Ok(SocketAddr::new(*self, DEFAULT_PORT))
    }
}

impl ToPeer for Ipv4Addr {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        IpAddr::from(*self).to_peer(topology)
    }
}

impl ToPeer for (IpAddr, u16) {
    fn to_peer(&self, _: &Topology) -> io::Result<SocketAddr> {
        Ok(SocketAddr::new(self.0, self.1))
    }
}

impl ToPeer for (Ipv4Addr, u16) {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        (IpAddr::from(self.0), self.1).to_peer(topology)
    }
}

impl ToPeer for (String, u16) {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        (self.0.as_str(), self.1).to_peer(topology)
    }
}

impl ToPeer for (&str, u16) {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        self.0.to_peer(topology).map(|addr| SocketAddr::new(addr.ip(), self.1))
    }
}

impl ToPeer for str {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return Ok(addr);
        }
        if let Ok(ip) = self.parse::<IpAddr>() {
            return ip.to_peer(topology);
        }
        let (name, port) = match self.rsplit_once(':') {
            Some((name, port)) => {
                let port = port.parse().map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidInput, format!("`{self}` is no address: `{port}` is no port"))
                })?;
                (name, port)
            }
            None => (self, DEFAULT_PORT),
        };
        let ip = topology
            .peer(name)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no host is called `{name}`")))?;
        Ok(SocketAddr::new(ip, port))
    }
}

impl ToPeer for String {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        self.as_str().to_peer(topology)
    }
}

impl<T: ToPeer + ?Sized> ToPeer for &T {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        (**self).to_peer(topology)
    }
}
