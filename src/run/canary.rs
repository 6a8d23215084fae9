//! The canary: run A, then B, then A again; the same tape must give the same digest.
//!
//! State that survives a run, hash order and
//! counters of a dependency show as a changed digest.

use super::simulation::{Recording, Simulation};
use crate::choice::Tape;

/// Runs another tape and then `tape` again; says what is wrong when its digest is not `digest`.
pub(crate) fn canary(simulation: &Simulation, tape: &Tape, digest: u64) -> Option<String> {
    let other = Tape::swarm(tape.seed() ^ 0xca_a417);
    simulation.run_with(&other, Recording::Result);
    let again = simulation.run_with(tape, Recording::Result);
    (again.digest() != digest).then(|| {
        format!(
            "seed {:#x} gave the digest {digest:016x}, and {:016x} when run again after another seed. \
             Look for `std` hash maps, `tokio::select!` or `futures::select!`, statics that survive a run, real time or threads; \
             `.isolate()` on the builder makes hash maps repeat",
            tape.seed(),
            again.digest(),
        )
    })
}
