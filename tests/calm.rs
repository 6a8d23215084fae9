//! What must come true once the storm is over.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, millis, nothing};
use simfuzz::Outcome;
use simfuzz::prelude::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// After a storm of 3 seconds the workload goes on for `more`; it has 5.
fn lingers(more: Duration) -> Outcome {
    let simulation = SimulationBuilder::new()
        .workload(move || {
            Box::new(Client(async move |ctx: &SimContext| {
                ctx.shutdown().cancelled().await;
                ctx.time().sleep(more).await;
                Ok(())
            }))
        })
        .storm(seconds(3))
        .calm(seconds(5))
        .build();
    simulation.run(&Tape::calm())
}

#[test]
fn workloads_must_return_within_the_calm() {
    lingers(millis(4_999)).assert_ok();
    let late = lingers(millis(5_001));
    let finding = late.finding().unwrap();
    assert_eq!(finding.identity, "no progress: calm of client");
    assert_eq!(finding.at, seconds(8));
    assert_eq!(finding.reason, "in calm, client waits and its virtual time is over");
}

/// A counter that a process raises each second; the condition looks at it once the storm is over.
fn converging(goal: u64, calm: Option<Duration>) -> Outcome {
    let mut builder = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                loop {
                    ctx.state().update("count", |count: &mut u64| *count += 1);
                    ctx.time().sleep(seconds(1)).await;
                }
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(1_500)).await;
            Ok(())
        }))
        .converges("counts far", move |state, _| match state.get::<u64>("count") {
            Some(count) if count >= goal => Ok(()),
            count => Err(format!("is at {count:?}")),
        });
    if let Some(window) = calm {
        builder = builder.calm(window);
    }
    builder.build().run(&Tape::calm())
}

#[test]
fn a_system_must_converge_within_the_calm() {
    converging(3, Some(seconds(1))).assert_ok();
    let late = converging(4, Some(seconds(1)));
    let finding = late.finding().unwrap();
    assert_eq!(finding.identity, "did not converge: counts far");
    assert_eq!(finding.at, millis(2_500));
    assert_eq!(finding.reason, "counts far: is at Some(3), 1 s after the storm");

    converging(32, None).assert_ok();
    assert_eq!(converging(33, None).finding().unwrap().at, millis(31_500), "30 seconds, if nothing is said");
}

/// It need not hold when the window ends, nor counts what it was in the storm.
#[test]
fn to_converge_is_to_hold_once_in_the_calm() {
    let at = |from: u64, to: u64| {
        let simulation = SimulationBuilder::new()
            .workload(client!(async |ctx: &SimContext| {
                for _ in 0..100 {
                    ctx.time().sleep(millis(100)).await;
                }
                Ok(())
            }))
            .storm(seconds(5))
            .converges("in time", move |_, now| (millis(from)..millis(to)).contains(&now))
            .build();
        simulation.run(&Tape::calm())
    };
    assert_eq!(at(4_000, 4_500).finding().unwrap().identity, "did not converge: in time");
    at(6_000, 6_500).assert_ok();
    // while nothing happens any more, only time passes
    at(35_000, 36_000).assert_ok();
}

#[test]
fn a_condition_that_panics_is_not_met() {
    let simulation =
        SimulationBuilder::new().workload(client!(nothing)).converges("sane", |_, _| -> bool { panic!("no") }).build();
    let outcome = simulation.run(&Tape::calm());
    let reason = &outcome.finding().unwrap().reason;
    assert!(reason.starts_with("sane: panicked at tests/calm.rs:"), "{reason}");
}
