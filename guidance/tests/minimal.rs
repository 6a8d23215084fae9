//! The minimal counterexample of a planted bug, exactly, from ten starting tapes.

use guidance::ladder;
use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording};

/// A tape as what stands in it: label, ordinal, value.
fn told(simulation: &Simulation, tape: &Tape) -> Vec<String> {
    let outcome = simulation.run_with(tape, Recording::Story);
    let text = outcome.text(tape).unwrap().print(outcome.trace());
    let rows = text.lines().skip(1).map(|line| line.split("  (").next().unwrap());
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn of_two_copies_the_two_losses_are_left() {
    let simulation = ladder::two();
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    let starts: Vec<_> = (0..1_000_000).map(Tape::swarm).filter(shows).take(10).collect();
    assert_eq!(starts.len(), 10);
    let minimal = ["keeper/bad #0 = 1", "keeper/sector #0 = 11", "keeper/bad #1 = 1", "keeper/sector #1 = 11"];
    for start in starts {
        let minimized = Minimizer::new(&simulation).minimize(&start).unwrap();
        assert_eq!(told(&simulation, &minimized.tape), minimal, "from seed {}", start.seed());
    }
}
