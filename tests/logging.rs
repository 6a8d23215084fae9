//! `tracing` in the code under test costs nothing while nobody listens, which is so in all runs but those that are told.
//!
//! `cargo test --release --test logging -- --nocapture` prints what an event costs then.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::Client;
use simfuzz::Recording;
use simfuzz::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static EVALUATED: AtomicU32 = AtomicU32::new(0);

/// A workload that logs, with a field that notices when somebody wants it.
fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
        for number in 0..10 {
            let span = tracing::error_span!("step", number, noticed = EVALUATED.fetch_add(1, Relaxed));
            let _inside = span.enter();
            tracing::error!(noticed = EVALUATED.fetch_add(1, Relaxed), "a step");
        }
        ctx.time().sleep(Duration::from_secs(1)).await;
        Ok(())
    }))
}

#[test]
fn nobody_listens_in_ordinary_runs() {
    simulation().iterations(50).run().assert_ok();
    simulation().explore(50).assert_ok();
    let simulation = simulation().build();
    simulation.run(&Tape::seeded(1)).assert_ok();
    simulation.run_with(&Tape::seeded(1), Recording::Story).assert_ok();
    assert_eq!(EVALUATED.load(Relaxed), 0, "fields of events and spans were evaluated");
}

#[test]
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "it is real time that is printed")]
fn what_an_event_costs_that_nobody_hears() {
    const EVENTS: u32 = 10_000_000;
    static TOOK: AtomicU32 = AtomicU32::new(0);
    let simulation = SimulationBuilder::new()
        .workload(client!(async |_: &SimContext| {
            let start = std::time::Instant::now();
            for number in 0..EVENTS {
                tracing::info!(number, "an event");
            }
            TOOK.store(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX), Relaxed);
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    println!("{:.2} ns an event", f64::from(TOOK.load(Relaxed)) * 1_000.0 / f64::from(EVENTS));
}
