//! The servers on simulated hosts, and clients that ask them in bad weather.

mod sums;
mod tickets;

pub use sums::sums;
pub use tickets::tickets;

use simfuzz::prelude::*;

/// Where both servers listen.
const PORT: u16 = 8080;

/// These crates read the clock and draw hash keys: in an isolated run both are the run's.
fn weather(simulation: SimulationBuilder) -> SimulationBuilder {
    simulation
        .attrition(Attrition::default())
        .network_faults(NetworkFaults::default())
        .partitions(Partitions::default())
        .isolate()
}
