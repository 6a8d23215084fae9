//! The canary: run A, then B, then A again; the same tape must give the same digest.
//!
//! State that survives a run, hash order and counters of a dependency show as a changed digest.

use super::difference::{Difference, Told};
use super::simulation::{Recording, Simulation};
use crate::choice::Tape;

/// Pairs of runs that are told to see where they part: what differs once need not each time.
const TRIES: u64 = 8;

/// Another tape than `tape`: what a run leaves behind is seen in the next one.
pub(crate) fn another(tape: &Tape, number: u64) -> Tape {
    Tape::swarm(tape.seed() ^ 0xca_a417 ^ number << 32)
}

/// Runs another tape and then `tape` again; says what is wrong when its digest is not `digest`.
pub(crate) fn canary(simulation: &Simulation, tape: &Tape, digest: u64) -> Option<String> {
    simulation.run_with(&another(tape, 0), Recording::Result);
    let again = simulation.run_with(tape, Recording::Result);
    if again.digest() == digest {
        return None;
    }
    let place = match parting(simulation, tape) {
        Some(difference) => format!("; {}", difference.briefly()),
        None => format!("; it repeats now, and {TRIES} more pairs of runs are the same"),
    };
    Some(format!(
        "seed {:#x} gave the digest {digest:016x}, and {:016x} when run again after another seed{place}. \
         `cargo simfuzz check TARGET` says where it comes in, of `std` hash maps, entropy, clocks, `tokio::select!` or \
         `futures::select!`, statics that survive a run, addresses, threads; `.isolate()` on the builder holds the first three still",
        tape.seed(),
        again.digest(),
    ))
}

/// Where runs of `tape` part in this process, with another tape between them.
pub(crate) fn parting(simulation: &Simulation, tape: &Tape) -> Option<Difference> {
    let told = || Told::of(&simulation.run_with(tape, Recording::Story));
    let first = told();
    (1..=TRIES).find_map(|number| {
        simulation.run_with(&another(tape, number), Recording::Result);
        Difference::between(&first, &told())
    })
}
