//! Sockets: `scenarios.rs` is compiled over simfuzz's sockets and over tokio's on 127.0.0.1, and over
//! those that production has in tokio's place.

#[cfg(feature = "tokio")]
mod production;
mod real;
mod simulated;

use simfuzz::prelude::*;
use std::io;

struct Actor<F>(F);

#[async_trait(?Send)]
impl<F: AsyncFn(simulated::Here) -> io::Result<Vec<String>> + 'static> Workload for Actor<F> {
    fn name(&self) -> &str {
        "actor"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let transcript = (self.0)(simulated::Here(ctx.clone())).await?;
        for line in transcript {
            ctx.note(|| format!("* {line}"));
        }
        Ok(())
    }
}

/// The transcript of a scenario in a simulation without faults.
fn simulate(
    scenario: impl AsyncFn(simulated::Here) -> io::Result<Vec<String>> + Copy + Send + Sync + 'static,
) -> Vec<String> {
    let simulation = SimulationBuilder::new().workload(move || Box::new(Actor(scenario))).build();
    let outcome = simulation.run_with(&Tape::seeded(1), simfuzz::Recording::Story);
    outcome.assert_ok();
    outcome.story().iter().filter_map(|line| line.text.strip_prefix("* ")).map(str::to_owned).collect()
}

/// Its transcript on this machine.
fn really(scenario: impl Future<Output = io::Result<Vec<String>>>) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(scenario).unwrap()
}

macro_rules! agree {
    ($($scenario:ident)*) => {
        $(
            #[test]
            fn $scenario() {
                let real = really(real::scenarios::$scenario(real::Here));
                assert!(!real.is_empty());
                assert_eq!(simulate(simulated::scenarios::$scenario), real);
                #[cfg(feature = "tokio")]
                assert_eq!(really(production::scenarios::$scenario(production::Here)), real);
            }
        )*
    };
}

agree! {
    a_connection_has_two_addresses_and_an_end
    a_connect_to_nobody_is_refused
    connections_are_accepted_in_order
    either_half_may_be_closed_first
    a_shutdown_ends_writing
    unread_bytes_make_a_close_a_reset
    what_arrived_before_a_reset
    writing_to_a_peer_that_closed
    zero_linger_resets
    a_listener_that_goes_resets_who_waits
    a_writer_that_runs_ahead_blocks_until_its_reader_reads
    a_small_buffer_gets_a_part
    a_peek_takes_nothing
    attempts_would_block
    halves_part_and_meet_again
    an_address_is_bound_once
    ephemeral_ports_differ
    datagrams_are_whole
    a_datagram_is_cut_to_its_buffer
    a_connected_socket_hears_its_peer_alone
    what_a_udp_socket_refuses
    datagrams_wait_in_order
}

/// A connected UDP socket whose peer is not there may be told so, by ICMP, if nothing on the way
/// swallows it. The simulation is a network that does: a datagram to nobody vanishes.
#[test]
fn a_datagram_to_nobody_vanishes_or_is_told_of() {
    let vanished = ["sent 8", "sent 8", "received WouldBlock"];
    let told = ["sent 8", "sent ConnectionRefused", "received WouldBlock"];
    assert_eq!(simulate(simulated::scenarios::a_datagram_to_nobody), vanished);
    let real = really(real::scenarios::a_datagram_to_nobody(real::Here));
    assert!(real == told || real == vanished, "{real:?}");
}

/// The simulation has a window of 64 KiB; the real machine adds a send buffer, and grows both.
#[test]
fn how_far_a_writer_runs_ahead_differs() {
    assert_eq!(simulate(simulated::scenarios::how_far_a_writer_runs_ahead), ["65536"]);
    let real: usize = really(real::scenarios::how_far_a_writer_runs_ahead(real::Here))[0].parse().unwrap();
    assert!(real > 65_536, "{real}");
}

/// Bound to `0.0.0.0`, a real socket says so; a simulated host has one address, and says that.
#[test]
fn an_unspecified_address_is_shown_as_asked_for_or_as_it_is() {
    assert_eq!(really(real::scenarios::the_unspecified_address(real::Here)), ["unspecified: true"]);
    assert_eq!(simulate(simulated::scenarios::the_unspecified_address), ["unspecified: false"]);
}
