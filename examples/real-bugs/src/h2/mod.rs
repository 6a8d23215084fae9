//! h2 0.4.14: streams that are cancelled take a part of the connection's window with them.
//!
//! A library that speaks HTTP/2 over any stream of bytes, so server and client are what they are
//! in production, and the stream is a simulated TCP connection. No fault is needed: whatever a
//! client may do with its requests, in any order.
//!
//! - `server`: reads what it is sent, at its pace, and refuses some of it
//! - `client`: the workload, which opens, feeds and cancels requests

mod client;
mod server;

use simfuzz::prelude::*;

/// The port of the server.
const PORT: u16 = 80;

/// A request with this path is read in full.
const READ_ALL: &str = "/all";

/// The window of a connection, and of each stream, as HTTP/2 begins with it.
const WINDOW: usize = 65_535;

/// A server, and a client that changes its mind.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, || Box::new(server::Server))
        .workload(|| Box::new(client::Client))
        .latency(Latency::between(Duration::from_millis(1)..=Duration::from_millis(3)))
}
