//! What an injector can do to disks: the next operation, and rules that see each one.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Breaker, Client, Server, millis, starred};
use simfuzz::prelude::*;
use simfuzz::{DiskFate, DiskOperation, DiskSort, OpenOptions, Outcome, Recording};
use std::io::ErrorKind;
use std::sync::Mutex;

fn told(builder: SimulationBuilder) -> (Outcome, Vec<String>) {
    let outcome = builder.build().run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    let lines = starred(&outcome);
    (outcome, lines)
}

/// A server that writes, syncs and reads in a loop, and tells what each gives.
fn disk(inject: impl Fn(&Faults) + Copy + Send + Sync + 'static) -> (Outcome, Vec<String>) {
    let operate = async |ctx: &SimContext| {
        let file = ctx.storage().open("log").await?;
        let tell = |what: &str, result: std::io::Result<usize>| {
            let told = result.map_or_else(|error| format!("{:?}", error.kind()), |length| length.to_string());
            ctx.note(|| format!("* {what} {told}"));
        };
        for _ in 0..2 {
            tell("writes", file.write_at(0, b"12345678").await);
            tell("syncs", file.sync_all().await.map(|()| 0));
            tell("reads", file.read_at(0, &mut [0; 8]).await);
        }
        std::future::pending().await
    };
    let builder = SimulationBuilder::new()
        .processes(1, server!(operate))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(30)).await;
            Ok(())
        }))
        .injector(breaker!(async move |faults: &Faults| {
            inject(faults);
            Ok(())
        }));
    told(builder)
}

#[test]
fn the_next_operation_of_a_disk_fails() {
    for (inject, kind, line, said) in [
        ((|faults| faults.fail_write("server")) as fn(&Faults), FaultKind::WriteError, 0, "writes Uncategorized"),
        (|faults| faults.fail_sync("server"), FaultKind::SyncError, 1, "syncs Uncategorized"),
        (|faults| faults.fail_read("server"), FaultKind::ReadError, 2, "reads Uncategorized"),
        (|faults| faults.short_write("server"), FaultKind::ShortWrite, 0, "writes 7"),
        (|faults| faults.short_read("server"), FaultKind::ShortRead, 2, "reads 7"),
        (|faults| faults.stall_disk("server"), FaultKind::Stall, 0, "writes 8"),
    ] {
        let (outcome, told) = disk(inject);
        assert_eq!((outcome.injected(kind), told[line].as_str()), (1, said), "{kind}");
        let usual = ["writes 8", "syncs 0", "reads 8"];
        assert_eq!(told[..line], usual[..line], "{kind}");
        assert_eq!(told[3..], usual, "{kind}");
    }
}

/// A rule hits the operation that it was asked about, and no other.
#[test]
fn a_rule_says_what_happens_to_each_disk_operation() {
    let ruled = |sort: DiskSort, fate: DiskFate| {
        disk(move |faults| {
            let server = faults.topology().all_process_ips()[0];
            let mut asked = 0;
            // the second of its sort
            let rule = faults.disk(move |operation| {
                asked += u32::from(operation.sort == sort && operation.host == server);
                if asked == 2 && operation.sort == sort { fate } else { DiskFate::Work }
            });
            rule.lasting(Duration::from_secs(60));
        })
    };
    for (sort, fate, kind, line, said) in [
        (DiskSort::Read, DiskFate::Fail, FaultKind::ReadError, 5, "reads Uncategorized"),
        (DiskSort::Write, DiskFate::Fail, FaultKind::WriteError, 3, "writes Uncategorized"),
        (DiskSort::Sync, DiskFate::Fail, FaultKind::SyncError, 4, "syncs Uncategorized"),
        (DiskSort::Read, DiskFate::Short, FaultKind::ShortRead, 5, "reads 7"),
        (DiskSort::Write, DiskFate::Short, FaultKind::ShortWrite, 3, "writes 7"),
        (DiskSort::Sync, DiskFate::Delay(millis(50)), FaultKind::Stall, 4, "syncs 0"),
    ] {
        let (outcome, told) = ruled(sort, fate);
        assert_eq!((outcome.injected(kind), told[line].as_str()), (1, said), "{sort:?} {fate:?}");
        assert_eq!(outcome.faults().count(), 1);
        assert_eq!(told[..3], ["writes 8", "syncs 0", "reads 8"]);
    }
}

/// A server that works from 50 ms on, after `prepare` and what is injected at 20 ms; a client that
/// outlasts it.
fn at_work<P, W>(prepare: P, work: W, inject: impl Fn(&Faults) + Copy + Send + Sync + 'static) -> SimulationBuilder
where
    P: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    W: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
{
    SimulationBuilder::new()
        .processes(
            1,
            server!(async move |ctx: &SimContext| {
                prepare(ctx).await?;
                ctx.time().sleep(millis(50).saturating_sub(ctx.time().now())).await;
                work(ctx).await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(30)).await;
            ctx.storage_of("server")?.read_dir("/").await?;
            Ok(())
        }))
        .injector(breaker!(async move |faults: &Faults| {
            faults.time().sleep(millis(20)).await;
            inject(faults);
            faults.time().sleep(Duration::from_secs(40)).await;
            Ok(())
        }))
}

async fn nothing(_: &SimContext) -> SimulationResult<()> {
    Ok(())
}

/// All that a rule is told, operation by operation. What a workload looks at from outside is none.
#[test]
fn a_rule_sees_which_bytes_of_which_file() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let work = async |ctx: &SimContext| {
        let disk = ctx.storage();
        disk.create_dir("/wal").await?;
        let mut file = disk.open("wal/7").await?;
        file.write_at(4, b"abc").await?;
        let failed = file.append(b"commit").await.map_err(|error| error.raw_os_error());
        assert_eq!(failed, Err(Some(5)), "EIO");
        file.append(b"d").await?;
        file.set_len(2).await?;
        file.sync_all().await?;
        disk.rename("wal/7", "wal/8").await?;
        file.read_at(1, &mut [0; 8]).await?;
        tokio::io::AsyncReadExt::read(&mut file, &mut [0; 3]).await?;
        tokio::io::AsyncWriteExt::write(&mut file, b"xy").await?;
        let appends = disk.open_with("wal/8", OpenOptions::new().append(true)).await?;
        appends.write_at(0, b"z").await?;
        disk.remove_file("wal/8").await?;
        file.sync_all().await?;
        disk.sync_dir("wal").await?;
        Ok(())
    };
    let inject = |faults: &Faults| {
        let rule = faults.disk(|operation: &DiskOperation| {
            let DiskOperation { sort, path, offset, length, bytes, .. } = operation;
            let bytes = String::from_utf8_lossy(bytes);
            SEEN.lock().unwrap().push(format!("{sort:?} `{path}` {offset}+{length} {bytes}").trim_end().to_owned());
            if *bytes == *"commit" { DiskFate::Fail } else { DiskFate::Work }
        });
        rule.lasting(Duration::from_secs(60));
    };
    let (outcome, _) = told(at_work(nothing, work, inject));
    assert_eq!(outcome.injected(FaultKind::WriteError), 1);
    let wanted = [
        "Other `wal` 0+0",
        "Other `wal/7` 0+0",
        "Write `wal/7` 4+3 abc",
        "Write `wal/7` 7+6 commit",
        "Write `wal/7` 7+1 d",
        "Other `wal/7` 2+0",
        "Sync `wal/7` 0+0",
        "Other `wal/7` 0+0",
        "Read `wal/8` 1+8",
        "Read `wal/8` 0+3",
        "Write `wal/8` 2+2 xy",
        "Other `wal/8` 0+0",
        "Write `wal/8` 4+1 z",
        "Other `wal/8` 0+0",
        "Sync `` 0+0",
        "Sync `wal` 0+0",
    ];
    assert_eq!(*SEEN.lock().unwrap(), wanted);
}

/// Each read shows it, and of a cluster of one it takes leave to damage it.
#[test]
fn a_bit_flips_on_the_disk_for_good() {
    let read = |damaged: usize| {
        let inject = |faults: &Faults| faults.corrupt("server");
        let prepare = async |ctx: &SimContext| {
            let file = ctx.storage().open("file").await?;
            file.write_at(0, &[0; 4]).await?;
            Ok(file.sync_all().await?)
        };
        let work = async |ctx: &SimContext| {
            let file = ctx.storage().open("file").await?;
            for _ in 0..2 {
                let content = file.read_all().await?;
                ctx.note(|| format!("* {content:?}"));
            }
            Ok(())
        };
        let builder = at_work(prepare, work, inject).disk_faults(DiskFaults::default().max_damaged(damaged));
        let (outcome, lines) = told(builder);
        (outcome.injected(FaultKind::Corruption), lines)
    };
    assert_eq!(read(1), (1, vec!["[1, 0, 0, 0]".to_owned(); 2]));
    assert_eq!(read(0), (0, vec!["[0, 0, 0, 0]".to_owned(); 2]));
}

/// As on ext4: new names need room, and so do bytes; writing in place and a hole don't.
#[test]
fn a_full_disk_has_no_room_for_a_new_name() {
    let prepare = async |ctx: &SimContext| {
        let file = ctx.storage().open("old").await?;
        file.write_at(0, &[7; 8]).await?;
        Ok(file.sync_all().await?)
    };
    let work = async |ctx: &SimContext| {
        let disk = ctx.storage();
        let full = |result: std::io::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull);
        full(disk.create("new").await.map(drop));
        full(disk.open("new").await.map(drop));
        full(disk.create_dir("dir").await);
        full(disk.create_dir_all("dir/inner").await);
        assert_eq!(disk.create("none/new").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(disk.read_dir("/").await?, ["old"], "nothing came of it");
        let old = disk.open("old").await?;
        old.write_all_at(0, &[8; 8]).await?;
        full(old.append(b"x").await);
        old.set_len(100).await?;
        disk.rename("old", "older").await?;
        ctx.time().sleep(Duration::from_secs(1)).await;
        disk.create("new").await?;
        ctx.note(|| "* has room".to_owned());
        Ok(())
    };
    let (outcome, lines) = told(at_work(prepare, work, |faults| faults.fill_disk("server")));
    assert_eq!((outcome.injected(FaultKind::Full), lines.as_slice()), (1, &["has room".to_owned()][..]));
}
