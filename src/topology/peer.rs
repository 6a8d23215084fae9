//! What stands for an address: typed addresses, names of hosts, text.
//!
//! Owns what `connect` and `bind` take. Whether anybody is there is not its business.

use super::Topology;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// The port of an address that names none, unless the host's own is known.
pub const DEFAULT_PORT: u16 = 4500;

/// What `connect` and `bind` take for an address: a typed one or text, with or without a port.
pub trait ToPeer {
    /// The address meant, with names looked up in `topology`.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown name, `InvalidInput` for text that is no address.
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr>;

    /// A name and a port to ask the real machine's resolver for, where the topology doesn't know it.
    #[doc(hidden)]
    fn elsewhere(&self) -> Option<(&str, u16)> {
        None
    }
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
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        Ok(SocketAddr::new(*self, topology.port_of(*self)))
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

    fn elsewhere(&self) -> Option<(&str, u16)> {
        Some((&self.0, self.1))
    }
}

impl ToPeer for (&str, u16) {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        self.0.to_peer(topology).map(|addr| SocketAddr::new(addr.ip(), self.1))
    }

    fn elsewhere(&self) -> Option<(&str, u16)> {
        Some(*self)
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
                (name, Some(port))
            }
            None => (self, None),
        };
        let ip = topology
            .peer(name)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no host is called `{name}`")))?;
        Ok(SocketAddr::new(ip, port.unwrap_or_else(|| topology.port_of(ip))))
    }

    fn elsewhere(&self) -> Option<(&str, u16)> {
        let (name, port) = self.rsplit_once(':')?;
        Some((name, port.parse().ok()?))
    }
}

impl ToPeer for String {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        self.as_str().to_peer(topology)
    }

    fn elsewhere(&self) -> Option<(&str, u16)> {
        self.as_str().elsewhere()
    }
}

impl<T: ToPeer + ?Sized> ToPeer for &T {
    fn to_peer(&self, topology: &Topology) -> io::Result<SocketAddr> {
        (**self).to_peer(topology)
    }

    fn elsewhere(&self) -> Option<(&str, u16)> {
        (**self).elsewhere()
    }
}
