//! Who the peers are, from what `main` was told.
//!
//! Owns the rules: the list of peers is the same everywhere, its order gives the names, and each host
//! has an address of its own.

use crate::topology::{Host, Topology};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// A server among the others.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) topology: Topology,
    pub(super) ip: IpAddr,
    /// Its place among its peers.
    pub(super) number: usize,
}

/// Text as an address, by way of the resolver.
pub(super) fn address(text: &str) -> io::Result<SocketAddr> {
    let wrong = |reason: String| io::Error::new(io::ErrorKind::InvalidInput, format!("the address `{text}`: {reason}"));
    let found = text.to_socket_addrs().map_err(|error| wrong(error.to_string()))?.next();
    found.ok_or_else(|| wrong("the resolver knows none".to_owned()))
}

/// The topology of a server of the kind `kind` that listens at `listen`.
pub(super) fn seat(
    kind: &str,
    listen: SocketAddr,
    peers: &[String],
    others: &[(String, Vec<String>)],
) -> io::Result<Seat> {
    let peers: Vec<SocketAddr> = peers.iter().map(|peer| address(peer)).collect::<io::Result<_>>()?;
    let own = own_address(listen, &peers)?;
    let peers = if peers.is_empty() { vec![own] } else { peers };
    let refused = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    let Some(number) = peers.iter().position(|peer| peer.ip() == own.ip()) else {
        return refused(format!(
            "{} is not among the peers: list all of them, this server too, in the same order everywhere",
            own.ip()
        ));
    };
    let mut groups = vec![(kind, peers)];
    for (kind, addresses) in others {
        groups.push((kind, addresses.iter().map(|text| address(text)).collect::<io::Result<_>>()?));
    }
    let mut hosts: Vec<Host> = Vec::new();
    let mut ports = Vec::new();
    for (kind, addresses) in groups {
        for (number, addr) in addresses.iter().enumerate() {
            if ports.iter().any(|&(known, _)| known == addr.ip()) {
                return refused(format!(
                    "{} stands for two hosts: each needs an address of its own (on one machine: 127.0.0.1, 127.0.0.2, ...)",
                    addr.ip()
                ));
            }
            ports.push((addr.ip(), addr.port()));
            hosts.push(Host {
                name: if addresses.len() == 1 { kind.to_owned() } else { format!("{kind}-{number}") },
                kind: kind.to_owned(),
                ip: addr.ip(),
                is_process: true,
                tags: Vec::new(),
                place: None,
            });
        }
    }
    Ok(Seat { topology: Topology::new(hosts).with_ports(ports), ip: own.ip(), number })
}

/// What others know a server by that listens at `listen`.
fn own_address(listen: SocketAddr, peers: &[SocketAddr]) -> io::Result<SocketAddr> {
    if !listen.ip().is_unspecified() {
        return Ok(listen);
    }
    if peers.is_empty() {
        let local: IpAddr = if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        return Ok(SocketAddr::new(local, listen.port()));
    }
    // who can be bound to is this machine
    let mut mine = peers.iter().filter(|peer| UdpSocket::bind((peer.ip(), 0)).is_ok());
    match (mine.next(), mine.next()) {
        (Some(&own), None) => Ok(own),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "which of the peers is this server? {listen} doesn't tell: listen at the address that is in their list"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_order_of_the_peers_gives_the_names() {
        let peers = list(&["127.0.0.1:4501", "127.0.0.2:4502", "127.0.0.3:4503"]);
        let others = [("queue".to_owned(), list(&["127.0.0.9:7000"]))];
        let seat = seat("store", "127.0.0.2:4502".parse().unwrap(), &peers, &others).unwrap();
        assert_eq!(seat.number, 1);
        let ip = |last| IpAddr::from([127, 0, 0, last]);
        assert_eq!(seat.topology.peers("store"), [ip(1), ip(2), ip(3)]);
        assert_eq!(seat.topology.name_of(seat.ip), Some("store-1"));
        assert_eq!(seat.topology.peer("queue"), Some(ip(9)));
        assert_eq!(seat.topology.port_of(ip(9)), 7000);
    }

    #[test]
    fn alone_it_needs_no_list() {
        let seat = seat("store", "0.0.0.0:4500".parse().unwrap(), &[], &[]).unwrap();
        assert_eq!(seat.ip, IpAddr::from(Ipv4Addr::LOCALHOST));
        assert_eq!(seat.topology.name_of(seat.ip), Some("store"));
    }

    #[test]
    fn a_list_that_can_not_be_is_refused() {
        let refused = |listen: &str, peers: &[&str]| {
            seat("store", listen.parse().unwrap(), &list(peers), &[]).unwrap_err().to_string()
        };
        assert!(refused("127.0.0.1:1", &["127.0.0.2:1"]).contains("not among the peers"));
        assert!(refused("127.0.0.1:1", &["127.0.0.1:1", "127.0.0.1:2"]).contains("stands for two hosts"));
        assert!(refused("0.0.0.0:1", &["127.0.0.1:1", "127.0.0.2:1"]).contains("which of the peers"));
        assert!(refused("127.0.0.1:1", &["127.0.0.1"]).contains("the address `127.0.0.1`"));
    }
}
