//! smoltcp: a connection whose last segments get lost is never closed, or only by one end.
//!
//! A TCP stack without I/O of its own, told the time and handed packets. Two programs use it, on
//! two machines, and what is an Ethernet cable elsewhere is a UDP socket here: each IP packet is a
//! datagram, so the simulator loses, doubles and reorders them. When the storm ends the network is
//! whole, both programs have closed, and so both connections must come to their end.
//!
//! - `stack`: smoltcp with one socket, and the cable that it is plugged into
//! - `end`: the workload, a program at one end of the connection

mod end;
mod stack;

use ::smoltcp::socket::tcp::State;
use simfuzz::prelude::*;

/// How long packets get lost.
const STORM: Duration = Duration::from_secs(2);

/// How a connection must not end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// In any way but the one that is promised: all data has arrived, and both ends are done.
    Bad,
    /// All data has arrived, as in the other two. One waits for the other's close, the other for the acknowledgement of it.
    OneClosing,
    /// Both have closed and got the other's close; neither its acknowledgement, nor does it ask again.
    BothClosing,
    /// One is done, the other waits for the acknowledgement of its close, and doesn't ask again.
    LastAck,
}

impl Ending {
    /// The states of the ends, for the endings that 0.12.0 has.
    fn states(self) -> Option<(State, State)> {
        match self {
            Self::Bad => None,
            Self::OneClosing => Some((State::FinWait2, State::Closing)),
            Self::BothClosing => Some((State::Closing, State::Closing)),
            Self::LastAck => Some((State::Closed, State::LastAck)),
        }
    }
}

/// Any ending but the right one.
pub fn ends() -> Simulation {
    ends_in(Ending::Bad).build()
}

/// The end that connected stays in FIN-WAIT-2, the other in CLOSING: the ending that is easy to get.
pub fn one_closing() -> Simulation {
    ends_in(Ending::OneClosing).build()
}

/// Both ends stay in CLOSING.
pub fn both_closing() -> Simulation {
    ends_in(Ending::BothClosing).build()
}

/// The end that connected is done, the other stays in LAST-ACK.
pub fn last_ack() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    ends_in(Ending::LastAck)
}

fn ends_in(ending: Ending) -> SimulationBuilder {
    SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(2), move |_| Box::new(end::End { ending }))
        .latency(Latency::between(Duration::from_millis(1)..=Duration::from_millis(5)))
        .network_faults(NetworkFaults::none().losses(0.95, 8).duplicates(0.8, 20).reorders(0.8, 20))
        .storm(STORM)
}
