//! The simulations find what the newest versions do wrong, and a tape tells the whole run.

use simfuzz::Recording;
use simfuzz::prelude::*;

/// Both promises are broken, the second one rarely: by seeds that `smoltcp-ends seeds` found.
#[test]
fn smoltcp_breaks_both_promises() {
    let simulation = real_bugs_current::smoltcp::ends();
    for (seed, identity) in [(94, "always: both ends come to their end"), (2_648, "always: what was sent arrives")] {
        let outcome = simulation.run_with(&Tape::swarm(seed), Recording::Result);
        assert_eq!(outcome.finding().map(|finding| finding.identity.as_str()), Some(identity), "seed {seed}");
        assert_eq!(simulation.run_with(&Tape::swarm(seed), Recording::Story).digest(), outcome.digest());
    }
}

/// What 0.4.2 does where some appends are not synced: by seeds that `raft-engine-hasty seeds` found.
#[test]
fn raft_engine_loses_what_was_synced_and_lists_what_never_was() {
    let simulation = real_bugs_current::engine::hasty();
    for (tape, identity) in [
        (Tape::seeded(296), "always: a crash takes nothing that was synced, and brings nothing back"),
        (Tape::swarm(555), "always: what the store lists can be read"),
    ] {
        let outcome = simulation.run_with(&tape, Recording::Result);
        assert_eq!(outcome.finding().map(|finding| finding.identity.as_str()), Some(identity));
        assert_eq!(simulation.run_with(&tape, Recording::Story).digest(), outcome.digest());
    }
}
