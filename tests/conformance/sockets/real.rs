//! On this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
pub(super) use tokio::net::{TcpListener, TcpStream, UdpSocket};

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
pub(super) mod scenarios;
