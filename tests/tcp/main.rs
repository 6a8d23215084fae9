//! TCP as programs see it. Faults come through tapes: one exception on the calm base each.
//!
//! Latency is 1 ms everywhere unless a test says otherwise, so that transcripts have round times.
#![cfg(feature = "sim")]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
mod cuts;
mod streams;

use common::{Client, Server, echo, log, millis, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::io;
use std::io::ErrorKind::{self, *};
use std::net::SocketAddr;

/// One server, one client, 1 ms a segment, partitions and crashes possible and none on the calm
/// tape. A partition lasts 1 s, or 100 s by `fault/partition/length` #0 = 1.
fn pair(
    server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    client: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> Simulation {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(client))
        .latency(Latency::between(millis(1)..=millis(1)))
        .partitions(Partitions::default().lasting(Duration::from_secs(1)..=Duration::from_secs(100)))
        .attrition(Attrition::default())
        .build()
}

fn calm(simulation: &Simulation) -> Outcome {
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    outcome
}

/// The outcome, and what was told by [`tell`] with its times.
fn told(simulation: &Simulation, tape: &Tape) -> (Outcome, String) {
    let outcome = simulation.run_with(tape, Recording::Story);
    let lines: Vec<_> = outcome.story().iter().filter(|line| line.text.starts_with('*')).collect();
    let text = lines.iter().map(|line| format!("{:?} {}\n", Duration::from_nanos(line.at), line.text)).collect();
    (outcome, text)
}

/// Adds `* text` to the story.
fn tell(ctx: &SimContext, text: impl std::fmt::Display) {
    ctx.note(|| format!("* {text}"));
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}
