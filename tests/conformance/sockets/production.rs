//! On this machine, through what production has.

pub(super) use simfuzz::production::net::{TcpListener, TcpStream, UdpSocket};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Where a scenario runs.
pub(super) struct Here;

impl Here {
    pub(super) fn ip(&self) -> IpAddr {
        Ipv4Addr::LOCALHOST.into()
    }

    /// Lets arrive what is under way: on the loopback, microseconds do.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[path = "scenarios.rs"]
#[allow(dead_code, reason = "those in which the worlds differ are asked of tokio's own sockets")]
pub(super) mod scenarios;
