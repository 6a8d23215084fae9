//! In a simulation.

pub(super) use simfuzz::net::{TcpListener, TcpStream, UdpSocket};
use simfuzz::prelude::*;
use std::net::IpAddr;

/// Where a scenario runs.
pub(super) struct Here(pub(super) SimContext);

impl Here {
    pub(super) fn ip(&self) -> IpAddr {
        self.0.my_ip()
    }

    /// Lets arrive what is under way.
    pub(super) async fn settle(&self) {
        self.0.time().sleep(Duration::from_millis(100)).await;
    }
}

#[path = "scenarios.rs"]
pub(super) mod scenarios;
