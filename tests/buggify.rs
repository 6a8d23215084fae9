//! Places in the code that misbehave on purpose.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, log, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};

/// Sends what fired to the run's log.
async fn three(ctx: &SimContext) -> SimulationResult<()> {
    for _ in 0..3 {
        if buggify!("rare", 0.5) {
            log(ctx, "rare");
        }
        let size = buggify_or!("size", 64, 1..=8);
        if size != 64 {
            log(ctx, format!("size {size}"));
        }
        ctx.time().sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn fired(outcome: &Outcome) -> Vec<(&str, u32)> {
    outcome.buggified().iter().map(|(place, count)| (place.as_str(), *count)).collect()
}

fn sorted(outcome: &Outcome) -> Vec<(&str, u32)> {
    let mut places = fired(outcome);
    places.sort_unstable();
    places
}

const ACTIVE: (&str, u32, u64) = ("fault/buggify/rare/active", 0, 1);

#[test]
fn a_place_fires_when_it_is_active_and_its_turn_comes() {
    let simulation = SimulationBuilder::new().workload(client!(three)).buggify(Buggify::default()).build();
    assert_eq!(sorted(&simulation.run(&Tape::calm())), [("rare", 0), ("size", 0)]);

    let idle = simulation.run(&tape(&[("fault/10.0.0.1/buggify/rare", 0, 1)]));
    assert_eq!(sorted(&idle), [("rare", 0), ("size", 0)], "it is not active");

    let second = tape(&[ACTIVE, ("fault/10.0.0.1/buggify/rare", 1, 1)]);
    let outcome = simulation.run_with(&second, Recording::Story);
    assert_eq!(sorted(&outcome), [("rare", 1), ("size", 0)]);
    assert_eq!(outcome.injected(FaultKind::Buggify), 1);
    assert!(outcome.tell(false).contains("0.001000s  client  BUGGIFY: rare\n"), "{}", outcome.tell(false));
}

#[test]
fn a_value_is_the_normal_one_or_one_of_the_range() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            three(ctx).await?;
            let lines = ctx.state().get::<Vec<String>>("log").unwrap_or_default();
            assert_eq!(lines, ["0ns client: size 4", "1ms client: size 1"]);
            Ok(())
        }))
        .buggify(Buggify::default())
        .build();
    let small = tape(&[
        ("fault/buggify/size/active", 0, 1),
        ("fault/10.0.0.1/buggify/size", 0, 1),
        ("fault/10.0.0.1/buggify/size/value", 0, 3),
        ("fault/10.0.0.1/buggify/size", 1, 1),
    ]);
    simulation.run(&small).assert_ok();
}

/// One drawing a run makes a place active, for every host; each host fires by itself.
#[test]
fn hosts_share_what_is_active_and_fire_alone() {
    let simulation = SimulationBuilder::new()
        .processes(
            2,
            server!(async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_millis(1)).await;
                three(ctx).await?;
                echo(ctx).await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_millis(100)).await;
            let lines = ctx.state().get::<Vec<String>>("log").unwrap_or_default();
            assert_eq!(lines, ["1ms server-1: rare", "2ms server-0: rare"]);
            Ok(())
        }))
        .buggify(Buggify::default())
        .build();
    let both = tape(&[ACTIVE, ("fault/10.0.1.1/buggify/rare", 1, 1), ("fault/10.0.1.2/buggify/rare", 0, 1)]);
    let outcome = simulation.run_with(&both, Recording::Story);
    outcome.assert_ok();
    assert_eq!(sorted(&outcome), [("rare", 2), ("size", 0)]);
}

#[test]
fn nothing_misbehaves_outside_of_the_storm_or_unasked() {
    let always = async |ctx: &SimContext| {
        if buggify!(1.0) {
            log(ctx, "fired");
        }
        Ok(())
    };
    let with = |builder: SimulationBuilder| builder.workload(move || Box::new(Phases(always, always, always)));
    let hot = Buggify::default().active(1.0).chance(1.0);
    let report = |builder: SimulationBuilder| with(builder).iterations(20).run();

    let asked = report(SimulationBuilder::new().buggify(hot).without(FaultKind::Hold));
    assert!((10..20).contains(&asked.injected(FaultKind::Buggify)), "once a run, unless swarm has it off: {asked}");
    for off in [SimulationBuilder::new(), SimulationBuilder::new().buggify(hot).without(FaultKind::Buggify)] {
        assert_eq!(report(off).injected(FaultKind::Buggify), 0);
    }
    assert!(!buggify!(1.0), "and when the simulation is over");
}

/// A place without a name is known by where it stands, as a draw is.
#[test]
fn a_place_without_a_name_is_known_by_where_it_stands() {
    const LINE: u32 = line!() + 3;
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            if buggify!() {
                log(ctx, "fired");
            }
            Ok(())
        }))
        .buggify(Buggify::default())
        .build();
    let place = format!("tests/buggify.rs:{LINE}:16");
    let fires = tape(&[
        (&format!("fault/buggify/@{place}:active"), 0, 1),
        (&format!("fault/10.0.0.1/buggify/@{place}:buggify"), 0, 1),
    ]);
    assert_eq!(fired(&simulation.run(&fires)), [(place.as_str(), 1)]);
}

#[test]
fn the_report_names_places_that_never_fired() {
    let places = async |_: &SimContext| {
        let _ = buggify!("often", 1.0);
        let _ = buggify!("never", 0.0);
        Ok(())
    };
    let report =
        SimulationBuilder::new().workload(client!(places)).buggify(Buggify::default().active(1.0)).iterations(40).run();
    assert_eq!(report.places_that_never_fired(), ["never"]);
    let text = report.to_string();
    assert!(text.contains("warning: buggified places that never fired in 40 runs: never\n"), "{text}");

    let nowhere = async |_: &SimContext| Ok(());
    let report = SimulationBuilder::new().workload(client!(nowhere)).buggify(Buggify::default()).iterations(40).run();
    assert_eq!(report.faults_that_never_came(), [FaultKind::Buggify]);
    assert!(report.to_string().contains("never injected in 40 runs: buggified places"), "{report}");
}
