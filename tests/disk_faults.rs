//! Disks that fail: each fault by exceptions on the calm tape, and what a program sees of it.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, tape};
use simfuzz::prelude::*;
use simfuzz::{OpenOptions, Outcome, Recording, Status};
use std::collections::BTreeSet;
use std::io;

trait Act: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static {}
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static> Act for F {}

/// All faults are on, and on the calm tape none comes.
fn simulation(processes: usize, act: impl Act) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(processes, server!(act))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(30)).await;
            Ok(())
        }))
        .attrition(Attrition::default())
        .disk_faults(DiskFaults::default().max_damaged(1))
}

/// A seed in whose run all faults are as frequent as was said.
fn natural(seed: u64) -> Tape {
    let mut tape = Tape::seeded(seed);
    tape.set(Label::parse("swarm/on"), 0, 0);
    tape
}

/// The lines that the processes told, and the outcome.
fn told(simulation: &Simulation, exceptions: &[(&str, u32, u64)]) -> (String, Outcome) {
    let outcome = simulation.run_with(&tape(exceptions), Recording::Story);
    let lines = outcome.story().iter().filter_map(|line| line.text.strip_prefix("* "));
    (lines.collect::<Vec<_>>().join(" | "), outcome)
}

fn run(act: impl Act, exceptions: &[(&str, u32, u64)]) -> (String, Outcome) {
    let (text, outcome) = told(&simulation(1, act).build(), exceptions);
    outcome.assert_ok();
    (text, outcome)
}

fn tell(ctx: &SimContext, line: impl std::fmt::Debug) {
    ctx.note(|| format!("* {line:?}"));
}

/// Two synced bytes.
async fn log(ctx: &SimContext) -> io::Result<simfuzz::File> {
    let log = ctx.storage().open("log").await?;
    ctx.storage().sync_dir("/").await?;
    log.write_all_at(0, b"ab").await?;
    log.sync_all().await?;
    Ok(log)
}

const EIO: Option<i32> = Some(5);

#[test]
fn the_nth_read_fails_and_the_next_one_does_not() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        for _ in 0..3 {
            tell(ctx, log.read_all().await.map_err(|error| error.raw_os_error()));
        }
        std::future::pending().await
    };
    let (text, outcome) = run(act, &[("fault/10.0.1.1/read-error", 0, 2)]);
    assert_eq!(text, "Ok([97, 98]) | Err(Some(5)) | Ok([97, 98])");
    assert_eq!(outcome.injected(FaultKind::ReadError), 1);
    assert_eq!(run(act, &[]).1.faults().count(), 0, "all are on, and none comes on the calm tape");
}

#[test]
fn a_write_that_fails_has_written_nothing() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        assert_eq!(log.append(b"cd").await.unwrap_err().raw_os_error(), EIO);
        assert_eq!(log.read_all().await?, b"ab");
        log.append(b"cd").await?;
        assert_eq!(log.read_all().await?, b"abcd");
        std::future::pending().await
    };
    let (_, outcome) = run(act, &[("fault/10.0.1.1/write-error", 0, 2)]);
    assert_eq!(outcome.injected(FaultKind::WriteError), 1);
}

/// What the page cache shows after a failed sync, what the next sync says, and what a crash
/// leaves.
#[test]
fn a_failed_sync_loses_what_it_could_not_write_and_the_next_one_succeeds() {
    let act = async |ctx: &SimContext| {
        if ctx.boot() == 0 {
            let log = log(ctx).await?;
            log.append(b"cd").await?;
            assert_eq!(log.sync_all().await.unwrap_err().raw_os_error(), EIO);
            assert_eq!(log.read_all().await?, b"abcd", "the page cache shows it");
            log.append(b"ef").await?;
            log.sync_all().await?;
            ctx.storage().exists("log").await?;
        } else {
            let left = ctx.storage().open("log").await?.read_all().await?;
            tell(ctx, String::from_utf8(left).unwrap());
        }
        std::future::pending().await
    };
    let crash = [("fault/10.0.1.1/crash", 0, 10), ("fault/10.0.1.1/how", 0, 1)];
    let fails = ("fault/10.0.1.1/sync-error", 0, 3);
    let none = ("fault/10.0.1.1/sync-error-written", 0, 1);
    let left = |exceptions: &[_]| {
        let (text, outcome) = run(act, &[&crash[..], &[fails], exceptions].concat());
        assert_eq!((outcome.injected(FaultKind::SyncError), outcome.crashes()), (1, 1));
        text
    };
    assert_eq!(left(&[]), "\"abcdef\"", "it was all written, though it says that it failed");
    assert_eq!(left(&[none]), "\"ab\\0\\0ef\"");
    let bytes = ("fault/10.0.1.1/sync-error-tear", 0, 3);
    assert_eq!(left(&[("fault/10.0.1.1/sync-error-written", 0, 2), bytes]), "\"abc\\0ef\"");

    // a host that may not be damaged keeps the pages for the next sync
    let spared = simulation(1, act).disk_faults(DiskFaults::default().max_damaged(0)).build();
    let (text, outcome) = told(&spared, &[&crash[..], &[fails, none]].concat());
    assert_eq!((&*text, outcome.injected(FaultKind::SyncError)), ("\"abcdef\"", 1));
}

/// What was lost stays lost for the process that boots on the same machine, which reads it all
/// the same: only a crash of the machine shows it.
#[test]
fn a_process_that_fails_for_a_failed_sync_finds_the_page_cache() {
    let act = async |ctx: &SimContext| {
        if ctx.boot() == 0 {
            let log = log(ctx).await?;
            log.append(b"cd").await?;
            log.sync_all().await?;
        }
        let left = ctx.storage().open("log").await?.read_all().await?;
        tell(ctx, String::from_utf8(left).unwrap());
        std::future::pending().await
    };
    let fails = [("fault/10.0.1.1/sync-error", 0, 3), ("fault/10.0.1.1/sync-error-written", 0, 1)];
    let (text, outcome) = run(act, &fails);
    assert_eq!((&*text, outcome.fail_stops(), outcome.crashes()), ("\"abcd\"", 1, 0));
    let crash = [("fault/10.0.1.1/crash", 1, 2), ("fault/10.0.1.1/how", 0, 1)];
    let (text, outcome) = run(act, &[&fails[..], &crash].concat());
    assert_eq!((&*text, outcome.fail_stops(), outcome.crashes()), ("\"ab\"", 1, 1));
}

#[test]
fn the_sync_of_a_directory_may_fail_and_be_tried_again() {
    let act = async |ctx: &SimContext| {
        if ctx.boot() == 0 {
            ctx.storage().open("log").await?;
            assert_eq!(ctx.storage().sync_dir("/").await.unwrap_err().raw_os_error(), EIO);
            ctx.storage().sync_dir("/").await?;
        }
        tell(ctx, ctx.storage().read_dir("/").await?);
        std::future::pending().await
    };
    let fails = ("fault/10.0.1.1/sync-error", 0, 1);
    let crash = [("fault/10.0.1.1/crash", 0, 4), ("fault/10.0.1.1/how", 0, 1), ("fault/10.0.1.1/names", 0, 1)];
    assert_eq!(run(act, &[&crash[..], &[fails]].concat()).0, "[\"log\"]");
}

#[test]
fn a_full_disk_takes_a_part_and_then_nothing_but_writes_in_place() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        let full = |result: io::Result<()>| assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
        full(log.append(b"cdef").await);
        tell(ctx, String::from_utf8(log.read_all().await?).unwrap());
        full(log.append(b"x").await);
        log.write_all_at(0, b"AB").await?;
        let length = log.len().await? as usize;
        assert_eq!(log.write_at(0, b"ABCDEFGHIJ").await?, length, "what is in place fits");
        ctx.time().sleep(Duration::from_secs(1)).await;
        log.append(b"x").await?;
        std::future::pending().await
    };
    // after the creation of the log and its first bytes
    let full = ("fault/10.0.1.1/full", 0, 3);
    let (text, outcome) = run(act, &[full]);
    assert_eq!((&*text, outcome.injected(FaultKind::Full)), ("\"ab\"", 1));
    let (text, _) = run(act, &[full, ("fault/10.0.1.1/full-fits", 0, 3)]);
    assert_eq!(text, "\"abcde\"", "half a record");
    // longer than the second that it waits for: it fails at each boot, until there is room
    let (_, outcome) = told(&simulation(1, act).build(), &[full, ("fault/10.0.1.1/full-length", 0, 5_000_000_000)]);
    assert_eq!((outcome.status(), outcome.fail_stops()), (Status::Passed, 4));
}

#[test]
fn short_reads_and_writes_move_at_least_one_byte() {
    let act = async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
        let wrote = log.write_at(0, b"abcdef").await?;
        log.write_all_at(0, b"abcdef").await?;
        let mut six = [0; 6];
        let read = log.read_at(0, &mut six).await?;
        log.read_exact_at(0, &mut six).await?;
        assert_eq!(&six, b"abcdef");
        tell(ctx, (wrote, read));
        std::future::pending().await
    };
    let write = ("fault/10.0.1.1/short-write", 0, 1);
    let read = ("fault/10.0.1.1/short-read", 0, 1);
    assert_eq!(run(act, &[]).0, "(6, 6)");
    assert_eq!(run(act, &[write, read]).0, "(5, 5)");
    let most = [("fault/10.0.1.1/short-write-lost", 0, 4), ("fault/10.0.1.1/short-read-lost", 0, 4)];
    let (text, outcome) = run(act, &[&[write, read], &most[..]].concat());
    assert_eq!(text, "(1, 1)");
    assert_eq!((outcome.injected(FaultKind::ShortWrite), outcome.injected(FaultKind::ShortRead)), (1, 1));
}

/// Whatever says "all" goes on after a short operation.
#[test]
fn whoever_wants_all_gets_all() {
    let act = async |ctx: &SimContext| {
        let mut log = ctx.storage().open("log").await?;
        let bytes: Vec<u8> = (0..200).collect();
        log.set_len(0).await?;
        log.append(&bytes).await?;
        log.write_all_at(200, &bytes).await?;
        log.write_all(&bytes).await?;
        let mut back = vec![0; 400];
        log.read_exact_at(0, &mut back).await?;
        assert_eq!(log.read_all().await?, [&bytes[..], &bytes].concat());
        assert_eq!(back, [&bytes[..], &bytes].concat());
        back.clear();
        log.read_to_end(&mut back).await?;
        assert_eq!(back, bytes);
        std::future::pending().await
    };
    let faults = DiskFaults::none().short_reads(1.0, 2).short_writes(1.0, 2);
    let simulation = simulation(1, act).disk_faults(faults).without(FaultKind::Crash).build();
    let mut short = 0;
    for seed in 0..50 {
        let outcome = simulation.run(&natural(seed));
        outcome.assert_ok();
        short += outcome.injected(FaultKind::ShortRead) + outcome.injected(FaultKind::ShortWrite);
    }
    assert!(short > 200, "{short}");
}

#[test]
fn a_stall_is_time() {
    let act = async |ctx: &SimContext| {
        // into the storm: the first operation begins before
        ctx.time().sleep(Duration::from_secs(1)).await;
        let start = ctx.time().now();
        ctx.storage().open("log").await?;
        tell(ctx, ctx.time().now() - start);
        std::future::pending().await
    };
    let stall = ("fault/10.0.1.1/stall", 0, 1);
    assert_eq!(run(act, &[]).0, "50µs");
    assert_eq!(run(act, &[stall]).0, "100.05ms");
    let (text, outcome) = run(act, &[stall, ("fault/10.0.1.1/stall-length", 0, 9_900_000_000)]);
    assert_eq!((&*text, outcome.injected(FaultKind::Stall)), ("10.00005s", 1));
    let slow = simulation(1, act).disk_latency(Latency::between(Duration::from_secs(1)..=Duration::from_secs(2)));
    assert_eq!(told(&slow.build(), &[]).0, "1s");
}

#[test]
fn corruption_is_silent_and_for_good() {
    let act = async |ctx: &SimContext| {
        if ctx.boot() == 0 {
            let log = log(ctx).await?;
            log.append(b"cd").await?;
            tell(ctx, String::from_utf8_lossy(&log.read_all().await?));
            ctx.storage().exists("log").await?;
        } else {
            let left = ctx.storage().open("log").await?.read_all().await?;
            tell(ctx, String::from_utf8_lossy(&left));
        }
        std::future::pending().await
    };
    let crash = [("fault/10.0.1.1/crash", 0, 7), ("fault/10.0.1.1/how", 0, 1)];
    let corrupt = ("fault/10.0.1.1/corruption", 0, 1);
    let bit = |bit| ("fault/10.0.1.1/corruption-bit", 0, bit);
    let (text, outcome) = run(act, &[&crash[..], &[corrupt, bit(8)]].concat());
    assert_eq!((&*text, outcome.injected(FaultKind::Corruption)), ("\"accd\" | \"accd\"", 1));
    // a byte that is in the page cache only can't decay on the disk
    let (text, outcome) = run(act, &[&crash[..], &[corrupt, bit(16)]].concat());
    assert_eq!((&*text, outcome.injected(FaultKind::Corruption)), ("\"abcd\" | \"abcd\"", 0));
}

/// Five processes whose disks all would decay: at most two do, or as many as were said.
#[test]
fn no_more_disks_are_damaged_than_allowed() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        loop {
            let rotten = log.read_all().await? != b"ab";
            if rotten {
                ctx.state().update("rotten", |rotten: &mut BTreeSet<String>| rotten.insert(ctx.name().to_owned()));
            }
        }
    };
    for (max, allowed) in [(None, 2), (Some(0), 0), (Some(4), 4)] {
        let faults = DiskFaults::none().corruption(1.0, 5);
        let faults = if let Some(max) = max { faults.max_damaged(max) } else { faults };
        let simulation = SimulationBuilder::new()
            .processes(5, server!(act))
            .workload(client!(async move |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(1)).await;
                let rotten = ctx.state().get::<BTreeSet<String>>("rotten").unwrap_or_default();
                ctx.state().guide("rotten", &[rotten.len() as i64]);
                assert_always!(rotten.len() <= allowed, format!("{rotten:?}"));
                assert_always!(rotten.len() == allowed, "all that may decay do, when decay is so frequent");
                Ok(())
            }))
            .disk_faults(faults)
            .build();
        (0..20).for_each(|seed| simulation.run(&natural(seed)).assert_ok());
    }
}

/// In setup, calm and check, and on workloads, disks work.
#[test]
fn disks_fail_in_the_storm_only_and_on_processes_only() {
    async fn use_disk(ctx: &SimContext) -> SimulationResult<()> {
        for _ in 0..5 {
            let log = log(ctx).await?;
            assert_eq!(log.read_at(0, &mut [0; 2]).await?, 2);
            ctx.storage().remove_file("log").await?;
        }
        Ok(())
    }
    let all = DiskFaults::none()
        .read_errors(1.0, 1)
        .write_errors(1.0, 1)
        .sync_errors(1.0, 1)
        .full(1.0, 1)
        .short_reads(1.0, 1)
        .short_writes(1.0, 1)
        .stalls(1.0, 1)
        .corruption(1.0, 1);
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                // boots before the storm, and goes on after it
                use_disk(ctx).await?;
                ctx.time().sleep_until(Duration::from_secs(5)).await;
                use_disk(ctx).await?;
                std::future::pending().await
            }),
        )
        .workload(|| {
            let setup = async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(1)).await;
                use_disk(ctx).await
            };
            let check = async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(5)).await;
                use_disk(ctx).await
            };
            Box::new(common::Phases(setup, use_disk, check))
        })
        .disk_faults(all)
        .build();
    for seed in 0..20 {
        let outcome = simulation.run(&Tape::swarm(seed));
        outcome.assert_ok();
        assert_eq!(
            (outcome.faults().filter(|(kind, _)| *kind != FaultKind::Hold).count(), outcome.fail_stops()),
            (0, 0)
        );
    }
}

/// A panic for a failed operation is a fail-stop; the same after a short read is a bug.
#[test]
fn a_process_whose_disk_failed_may_panic() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        let mut two = [0; 2];
        assert!(ctx.boot() > 0 || log.read_at(0, &mut two).await.unwrap() == 2, "half a record");
        assert!(ctx.boot() > 0 || &two == b"ab", "a bad record");
        std::future::pending().await
    };
    let simulation = simulation(1, act).build();
    let (_, outcome) = told(&simulation, &[("fault/10.0.1.1/read-error", 0, 1)]);
    assert_eq!((outcome.status(), outcome.fail_stops(), outcome.restarts()), (Status::Passed, 1, 1));
    let (_, outcome) = told(&simulation, &[("fault/10.0.1.1/corruption", 0, 1)]);
    assert_eq!((outcome.status(), outcome.fail_stops()), (Status::Passed, 1));
    let (_, outcome) = told(&simulation, &[("fault/10.0.1.1/short-read", 0, 1)]);
    assert_eq!(outcome.finding().unwrap().identity, "panic: server: half a record");
}

/// The reason of an earlier boot is none, unless the disk is rotten for good.
#[test]
fn a_failed_operation_of_an_earlier_boot_is_no_excuse() {
    let act = async |ctx: &SimContext| {
        let log = log(ctx).await?;
        let left = log.read_all().await?;
        assert!(ctx.boot() != 1, "the second boot");
        assert!(left == b"ab", "a bad record");
        std::future::pending().await
    };
    let simulation = simulation(1, act).build();
    let (_, outcome) = told(&simulation, &[("fault/10.0.1.1/read-error", 0, 1)]);
    assert_eq!(outcome.finding().unwrap().identity, "panic: server: the second boot");
    let (_, outcome) = told(&simulation, &[("fault/10.0.1.1/corruption", 0, 1)]);
    assert_eq!((outcome.status(), outcome.fail_stops()), (Status::Passed, 2));
}

#[test]
fn kinds_that_are_turned_off_do_not_come() {
    let act = async |ctx: &SimContext| {
        loop {
            let options = OpenOptions::new().read(true).write(true).create(true);
            let Ok(file) = ctx.storage().open_with("log", options).await else { continue };
            let _ = (file.append(b"abcdef").await, file.read_all().await, file.sync_all().await);
            let _ = file.set_len(0).await;
        }
    };
    let frequent = || {
        let faults = DiskFaults::none().read_errors(1.0, 9).write_errors(1.0, 9).sync_errors(1.0, 9).full(1.0, 9);
        faults.short_reads(1.0, 9).short_writes(1.0, 9).stalls(1.0, 99).corruption(1.0, 9).max_damaged(1)
    };
    let kinds = [
        FaultKind::ReadError,
        FaultKind::WriteError,
        FaultKind::SyncError,
        FaultKind::Full,
        FaultKind::ShortRead,
        FaultKind::ShortWrite,
        FaultKind::Stall,
    ];
    for off in kinds {
        let simulation = simulation(1, act).disk_faults(frequent()).without(off).build();
        let mut injected = kinds.map(|_| 0);
        for seed in 0..10 {
            let outcome = simulation.run(&natural(seed));
            outcome.assert_ok();
            kinds.iter().zip(&mut injected).for_each(|(&kind, count)| *count += outcome.injected(kind));
        }
        for (kind, count) in kinds.into_iter().zip(injected) {
            assert_eq!(count == 0, kind == off, "without {off}: {count} {kind}");
        }
    }
}

/// The same tape gives the same digest with all faults on, and writing it out changes nothing.
#[test]
fn a_run_with_all_disk_faults_repeats() {
    let act = async |ctx: &SimContext| {
        let disk = ctx.storage();
        loop {
            let _ = async {
                disk.create_dir_all("a/b").await?;
                let file = disk.open("a/b/new").await?;
                file.append(b"some bytes of a record").await?;
                file.sync_data().await?;
                disk.rename("a/b/new", "a/old").await?;
                disk.sync_dir("a").await?;
                disk.open("a/old").await?.read_all().await
            }
            .await;
        }
    };
    let all = DiskFaults::default().read_errors(0.5, 50).sync_errors(0.5, 50).full(0.5, 50).corruption(0.5, 50);
    let simulation = simulation(3, act).disk_faults(all).build();
    let mut digests = BTreeSet::new();
    for seed in 0..40 {
        let outcome = simulation.run(&Tape::swarm(seed));
        let again = simulation.run(&outcome.trace().unwrap().materialise(&Tape::swarm(seed)));
        assert_eq!(again.digest(), outcome.digest(), "seed {seed}");
        assert_eq!(again.faults().collect::<Vec<_>>(), outcome.faults().collect::<Vec<_>>());
        digests.insert(outcome.digest());
    }
    assert!(digests.len() > 35);
}
