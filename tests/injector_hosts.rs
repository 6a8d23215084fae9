//! What an injector can do to processes: take them down in every way, with their place, and in and
//! out of service.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Breaker, Client, Server, millis, starred, tape, tell};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};

/// A crash loses what was not synced, a kill doesn't, and a wipe loses all; a pause loses time only.
#[test]
fn processes_go_down_in_every_way() {
    let left = |inject: fn(&Faults)| {
        let simulation = SimulationBuilder::new()
            .processes(
                1,
                server!(async |ctx: &SimContext| {
                    let file = ctx.storage().open("log").await?;
                    ctx.note(|| format!("* boot {}", ctx.boot()));
                    let found = file.len().await?;
                    ctx.note(|| format!("* finds {found}"));
                    file.append(b"synced").await?;
                    file.sync_all().await?;
                    file.append(b"not").await?;
                    ctx.time().sleep(millis(100)).await;
                    ctx.note(|| format!("* waited{}", if ctx.time().now() > millis(190) { " long" } else { "" }));
                    std::future::pending().await
                }),
            )
            .workload(client!(async |ctx: &SimContext| {
                ctx.time().sleep(millis(200)).await;
                Ok(())
            }))
            .injector(breaker!(async move |faults: &Faults| {
                faults.time().sleep(millis(50)).await;
                inject(faults);
                Ok(())
            }))
            .restart_after(millis(10)..=millis(10));
        // of what is not synced, a crash keeps nothing
        let tape = tape(&[("fault/10.0.1.1/survivors", 0, 1)]);
        let outcome = simulation.build().run_with(&tape, Recording::Story);
        outcome.assert_ok();
        (starred(&outcome).join(", "), outcome)
    };
    let (lines, outcome) = left(|faults| faults.crash("server"));
    assert_eq!((lines.as_str(), outcome.crashes()), ("boot 0, finds 0, boot 1, finds 6, waited", 1));
    let (lines, outcome) = left(|faults| faults.kill("server"));
    let kills = outcome.injected(FaultKind::Kill);
    assert_eq!((lines.as_str(), kills), ("boot 0, finds 0, boot 1, finds 9, waited", 1));
    let (lines, outcome) = left(|faults| faults.wipe("server"));
    let wipes = outcome.injected(FaultKind::Wipe);
    assert_eq!((lines.as_str(), wipes), ("boot 0, finds 0, boot 1, finds 0, waited", 1));
    let (lines, outcome) = left(|faults| faults.pause("server", millis(1_000)));
    assert_eq!((lines.as_str(), outcome.injected(FaultKind::Pause)), ("boot 0, finds 0, waited long", 1));
}

/// Four processes, two in each zone, the last one a spare; what the injector leaves of them is told
/// by each as it boots or is asked to stop.
fn zoned(inject: impl Fn(&Faults) + Copy + Send + Sync + 'static) -> (Outcome, Vec<String>) {
    let process = server!(async |ctx: &SimContext| {
        tell(ctx, format_args!("{} boots ({})", ctx.name(), ctx.boot()));
        ctx.shutdown().cancelled().await;
        tell(ctx, format_args!("{} stops", ctx.name()));
        Ok(())
    });
    let simulation = SimulationBuilder::new()
        .processes(4, process)
        .cluster(Cluster::new().zones(2))
        .churn(Churn::default().spares(1).chance(0.0))
        .restart_after(millis(10)..=millis(10))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(200)).await;
            tell(ctx, "the end");
            Ok(())
        }))
        .injector(breaker!(async move |faults: &Faults| {
            faults.time().sleep(millis(50)).await;
            inject(faults);
            Ok(())
        }));
    let outcome = simulation.build().run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    // the first three are there from the start; what comes after the end is the calm's
    let lines = starred(&outcome);
    assert_eq!(lines[..3], ["server-0 boots (0)", "server-1 boots (0)", "server-2 boots (0)"]);
    let end = lines.iter().position(|line| line == "the end").unwrap();
    (outcome, lines[3..end].to_vec())
}

#[test]
fn a_place_fails_as_a_whole() {
    let (outcome, lines) = zoned(|faults| faults.outage("dc-0/zone-0"));
    assert_eq!(lines, ["server-0 boots (1)", "server-2 boots (1)"]);
    assert_eq!((outcome.injected(FaultKind::Outage), outcome.crashes()), (1, 0), "one fault, not two");

    // the spare stands there as well, and is not there yet
    let machine = "dc-0/zone-1/machine-1";
    let (outcome, lines) = zoned(move |faults| faults.outage(machine));
    assert_eq!((lines.len(), outcome.injected(FaultKind::Outage)), (0, 0));
}

#[test]
fn a_place_that_is_not_there_is_a_finding() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(common::echo))
        .workload(client!(common::nothing))
        .injector(breaker!(async |faults: &Faults| {
            faults.outage("zone-0");
            Ok(())
        }));
    let found = simulation.build().run(&Tape::calm()).finding().unwrap().identity.clone();
    assert_eq!(found, "injector: breaker: no machine, zone or datacenter is called `zone-#`");
}

#[test]
fn a_spare_joins_and_a_member_leaves_for_good() {
    let (outcome, lines) = zoned(|faults| {
        faults.join("server");
        faults.join("server-3");
        faults.leave("server-1", millis(20));
        faults.leave("server-1", millis(20));
    });
    assert_eq!(lines, ["server-3 boots (0)", "server-1 stops"]);
    let counted = [FaultKind::Join, FaultKind::Leave].map(|kind| outcome.injected(kind));
    assert_eq!((counted, outcome.restarts()), ([1, 1], 0), "who has left stays away, also in the calm");
}
