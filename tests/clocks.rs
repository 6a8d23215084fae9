//! Wall clocks: right, off, drifting and jumping, each by exceptions on the calm tape.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, millis, tape, tell, told};
use simfuzz::prelude::*;
use std::time::SystemTime;

/// Midnight of the first of January 2026, in UTC.
const START: Duration = Duration::from_secs(1_767_225_600);

/// How far the wall clock is from the true time, in milliseconds.
fn off(ctx: &SimContext) -> i128 {
    let right = START + ctx.time().now();
    let shown = ctx.time().unix_time();
    (shown.as_nanos() as i128 - right.as_nanos() as i128) / 1_000_000
}

/// Three servers that tell how far off their clocks are, each second; in `check` as well.
fn three(faults: ClockFaults) -> Simulation {
    let run = async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_millis(2_500)).await;
        assert_eq!(off(ctx), 0, "a workload has the true time");
        Ok(())
    };
    let check = async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_millis(1_000)).await;
        Ok(())
    };
    SimulationBuilder::new()
        .processes(
            3,
            server!(async |ctx: &SimContext| {
                loop {
                    ctx.time().sleep(Duration::from_secs(1)).await;
                    if off(ctx) != 0 {
                        tell(ctx, format_args!("{} {:+}", ctx.name(), off(ctx)));
                    }
                }
            }),
        )
        .workload(move || Box::new(Phases(common::nothing, run, check)))
        .clocks(faults)
        .build()
}

#[test]
fn a_right_clock_shows_the_true_time() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(async |_: &SimContext| std::future::pending().await))
        .workload(client!(async |ctx: &SimContext| {
            assert_eq!(ctx.time().wall(), SystemTime::UNIX_EPOCH + START);
            ctx.time().sleep(millis(1_234)).await;
            assert_eq!(ctx.time().wall(), SystemTime::UNIX_EPOCH + START + millis(1_234));
            assert_eq!(ctx.time().unix_time(), START + millis(1_234));
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

/// Odd values are ahead, even ones behind; in milliseconds.
#[test]
fn a_clock_is_off_from_the_start_of_the_storm_until_its_end() {
    let skews = [("fault/10.0.1.1/skew", 0, 2 * 700 - 1), ("fault/10.0.1.2/skew", 0, 2 * 30)];
    let (outcome, text) = told(&three(ClockFaults::default()), &tape(&skews));
    assert_eq!(outcome.injected(FaultKind::Skew), 2);
    let expected = "1s server-0 +700\n1s server-1 -30\n2s server-0 +700\n2s server-1 -30\n";
    assert_eq!(text, expected);
    // the calm is from 2.5s on, and 3s is told by nobody
    assert!(outcome.virtual_time() >= millis(3_500));
}

#[test]
fn a_clock_drifts_by_parts_per_million() {
    // 1 s in a hundred
    let drift = [("fault/10.0.1.3/drift", 0, 2 * 10_000)];
    let faults = ClockFaults::default().max_drift_ppm(10_000);
    let (outcome, text) = told(&three(faults), &tape(&drift));
    assert_eq!((outcome.injected(FaultKind::Drift), outcome.injected(FaultKind::Skew)), (1, 0));
    assert_eq!(text, "1s server-2 -10\n2s server-2 -20\n");
}

#[test]
fn a_clock_jumps_both_ways() {
    let jumps = [
        ("fault/jump/gap", 0, 1_500_000),
        ("fault/jump/which", 0, 1),
        ("fault/jump/amount", 0, 2 * (5_000 - 1)),
        ("fault/jump/gap", 1, 100_000),
        ("fault/jump/which", 1, 2),
        ("fault/jump/amount", 1, 2 * (5_000 - 1) + 1),
    ];
    let (outcome, text) = told(&three(ClockFaults::default()), &tape(&jumps));
    assert_eq!(outcome.injected(FaultKind::Jump), 2);
    assert_eq!(text, "2s server-1 +5000\n2s server-2 -5000\n");
}

/// The clock of the machine is not the process's: it goes on, as wrong as it was.
#[test]
fn a_crash_does_not_set_a_clock_right() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                ctx.time().sleep(millis(1)).await;
                tell(ctx, format_args!("boot {}: {:+}", ctx.boot(), off(ctx)));
                ctx.storage().open("x").await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(1_000)).await;
            Ok(())
        }))
        .attrition(Attrition::default())
        .clocks(ClockFaults::default())
        .build();
    let crash = [("fault/10.0.1.1/crash", 0, 1), ("fault/10.0.1.1/how", 0, 1), ("fault/10.0.1.1/skew", 0, 2 * 700 - 1)];
    let (_, text) = told(&simulation, &tape(&crash));
    assert_eq!(text, "1ms boot 0: +700\n102.05ms boot 1: +700\n");
}

/// Sleeps, timeouts and `now` know nothing of the wall clock, in any run.
#[test]
fn time_itself_stays_true() {
    let simulation = SimulationBuilder::new()
        .processes(
            2,
            server!(async |ctx: &SimContext| {
                loop {
                    let (before, wall) = (ctx.time().now(), ctx.time().wall());
                    ctx.time().sleep(millis(250)).await;
                    assert_always!(ctx.time().now() == before + millis(250), "a sleep lasts as long as it says");
                    let passed = ctx.time().wall().duration_since(wall);
                    assert_sometimes!(passed.is_err(), "a wall clock goes back");
                    assert_sometimes!(passed.is_ok_and(|passed| passed > millis(1_000)), "a wall clock jumps ahead");
                }
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(20)).await;
            Ok(())
        }))
        .clocks(ClockFaults::default())
        .without(FaultKind::Hold)
        .iterations(50);
    let report = simulation.run();
    report.assert_ok();
    report.assert_goals();
}
