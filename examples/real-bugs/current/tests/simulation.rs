//! The simulation finds what the newest version does wrong, and a tape tells the whole run.

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
