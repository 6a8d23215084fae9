//! What is said of the faults that come with a crash: lost writes and lost names are to be expected
//! once a crash found something to take, and are missed when it never did.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Breaker, Client, Server, millis, nothing};
use simfuzz::prelude::*;

/// A process that does `boot` to its disk, long before it crashes at 500 ms.
fn crashing(
    boot: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(
            1,
            server!(async move |ctx: &SimContext| {
                boot(ctx).await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(1_000)).await;
            Ok(())
        }))
        .injector(breaker!(async |faults: &Faults| {
            faults.time().sleep(millis(500)).await;
            faults.crash("server");
            Ok(())
        }))
        .restart_after(millis(2_000)..=millis(2_000))
}

async fn unsynced(ctx: &SimContext) -> SimulationResult<()> {
    let file = ctx.storage().open("log").await?;
    ctx.storage().sync_dir("/").await?;
    Ok(file.append(b"not synced").await?)
}

const NOTHING_TO_TAKE: &str = "warning: 30 crashes hit disks with files, and none found a write that was not synced";

#[test]
fn a_crash_that_takes_something_is_counted_and_no_warning() {
    let report = crashing(unsynced).iterations(30).run();
    assert!(report.injected(FaultKind::LostWrite) > 0, "{report}");
    assert_eq!(report.faults_that_never_came(), []);
    assert!(!report.to_string().contains("warning"), "{report}");
}

/// Of the seeds in which the crash spares all, a report says what it never saw.
#[test]
fn crashes_that_never_took_what_they_could_are_a_warning() {
    let simulation = crashing(unsynced).build();
    let spared = |seed: &u64| simulation.run(&Tape::swarm(*seed)).injected(FaultKind::LostWrite) == 0;
    let seeds: Vec<_> = (0..1_000).filter(spared).take(30).collect();
    assert_eq!(seeds.len(), 30);
    let report = crashing(unsynced).seeds(seeds).run();
    assert_eq!(report.faults_that_never_came(), [FaultKind::LostWrite]);
    let text = report.to_string();
    assert!(text.contains("warning: on, but never injected in 30 runs: crashes that lost writes\n"), "{text}");
    assert!(!text.contains("none found"), "{text}");
}

/// The same for names: a file whose directory was never synced.
#[test]
fn names_that_no_crash_took_are_a_warning() {
    let unnamed = async |ctx: &SimContext| {
        let file = ctx.storage().open("log").await?;
        file.append(b"bytes").await?;
        Ok(file.sync_all().await?)
    };
    let simulation = crashing(unnamed).build();
    let (spared, taken): (Vec<_>, Vec<_>) =
        (0..200).partition(|&seed| simulation.run(&Tape::swarm(seed)).injected(FaultKind::LostName) == 0);
    assert!(spared.len() > 20 && taken.len() > 20, "{} and {}", spared.len(), taken.len());
    assert_eq!(crashing(unnamed).seeds(spared).run().faults_that_never_came(), [FaultKind::LostName]);
    assert_eq!(crashing(unnamed).seeds(taken).run().faults_that_never_came(), []);
}

#[test]
fn crashes_that_had_nothing_to_take_are_a_warning() {
    let synced = async |ctx: &SimContext| {
        let file = ctx.storage().open("log").await?;
        file.append(b"synced").await?;
        file.sync_all().await?;
        Ok(ctx.storage().sync_dir("/").await?)
    };
    let report = crashing(synced).iterations(30).run();
    assert!(report.to_string().contains(NOTHING_TO_TAKE), "{report}");
    assert_eq!(report.faults_that_never_came(), [], "they were not to be expected");

    for quiet in [
        // few runs prove nothing
        crashing(synced).iterations(10),
        // whoever turns it off knows
        crashing(synced).without(FaultKind::LostWrite).iterations(30),
        // nobody crashes
        crashing(synced).without(FaultKind::Crash).iterations(30),
        // there is nothing on the disk
        crashing(nothing).iterations(30),
    ] {
        let report = quiet.run();
        assert!(!report.to_string().contains("hit disks with files"), "{report}");
    }
}
