//! Minimal counterexamples of real bugs, exactly, each from ten starting tapes.
#![cfg(not(feature = "fixed"))]

use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording};

/// A tape as what stands in it: label, scope or ordinal, value.
fn told(simulation: &Simulation, tape: &Tape) -> Vec<String> {
    let outcome = simulation.run_with(tape, Recording::Story);
    let text = outcome.text(tape).unwrap().print(outcome.trace());
    let rows = text.lines().skip(1).map(|line| line.split("  (").next().unwrap());
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn of_messages_that_overtake_each_other_one_receive_that_is_polled_twice_is_left() {
    let simulation = real_bugs::flume::simulation();
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    let starts: Vec<_> = (0..1_000).map(Tape::swarm).filter(shows).take(10).collect();
    assert_eq!(starts.len(), 10);
    for start in starts {
        let minimized = Minimizer::new(&simulation).minimize(&start).unwrap();
        assert_eq!(minimized.finding().identity, "always: messages arrive in order");
        assert_eq!(told(&simulation, &minimized.tape), ["channel/receive/op #0.0 = 2"], "from seed {}", start.seed());
    }
}

#[test]
fn of_a_connection_that_never_ends_two_pauses_two_closes_and_one_lost_packet_are_left() {
    let simulation = real_bugs::smoltcp::last_ack();
    // one seed of 50,000 shows it: the first ten, which take a minute to find
    let starts = [77849, 84512, 137142, 153932, 446780, 466049, 484562, 503077, 584645, 663976].map(Tape::swarm);
    let minimal = [
        "end-1/op/pause #0.0 = 3000001",
        "fault/10.0.0.1/loss #0 = 5",
        "end-0/op/pause #0.0 = 2000001",
        "end-0/op/op #1.0 = 2",
        "end-1/op/op #2.0 = 2",
    ];
    let mut others = Vec::new();
    for start in &starts {
        let minimized = Minimizer::new(&simulation).minimize(start).unwrap();
        if told(&simulation, &minimized.tape) != minimal {
            others.push((start.seed(), minimized.choices));
        }
    }
    // in this one other packets get lost, and no step leads over to the one above
    assert_eq!(others, [(77849, 9)]);
}
