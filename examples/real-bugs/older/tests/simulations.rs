//! The bugs of the older versions are found, by the simulations that find those of the newer ones.

use simfuzz::prelude::*;
use simfuzz::{Recording, Simulation};
use std::collections::BTreeSet;

fn identities(simulation: &Simulation, seeds: u64) -> BTreeSet<String> {
    let run = |seed| simulation.run_with(&Tape::swarm(seed), Recording::Result);
    (0..seeds).filter_map(|seed| Some(run(seed).finding()?.identity.clone())).collect()
}

/// A leader counts a follower's log from another round: a hole below what is decided.
#[test]
fn omnipaxos_0_2_0_leaves_a_hole_below_what_is_decided() {
    let found = identities(&real_bugs_older::omnipaxos::by_hand(3, 600).build(), 1_000);
    assert!(found.contains("always: what is decided can be read"), "{found:?}");
}

/// Frames of a stream that was reset go out in the wrong order, and the peer gives the connection up.
#[test]
fn h2_0_4_13_loses_the_connection_after_a_reset() {
    let found = identities(&real_bugs_older::h2::simulation(), 2_000);
    assert!(found.iter().any(|identity| identity.contains("protocol error")), "{found:?}");
}
