//! Files: what a program reads back, at once and after a crash.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, tape};
use simfuzz::prelude::*;
use simfuzz::{OpenOptions, Outcome};
use std::io::{ErrorKind, SeekFrom};
use tokio::io::{AsyncBufReadExt, AsyncSeekExt};

#[test]
fn files_are_files() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let disk = ctx.storage();
            assert!(!disk.exists("log").await?);
            let missing = disk.open_with("log", OpenOptions::new().read(true)).await;
            assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);

            let log = disk.open("log").await?;
            assert!(log.is_empty().await?);
            log.append(b"hello").await?;
            log.append(b" world").await?;
            assert_eq!(log.write_at(0, b"J").await?, 1);
            assert_eq!(log.len().await?, 11);
            assert_eq!(log.read_all().await?, b"Jello world");
            let mut five = [0; 5];
            assert_eq!(log.read_at(6, &mut five).await?, 5);
            assert_eq!(&five, b"world");
            assert_eq!(log.read_at(9, &mut five).await?, 2);
            assert_eq!(log.read_at(90, &mut five).await?, 0);
            assert_eq!(log.read_exact_at(9, &mut five).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);

            let same = disk.open("log").await?;
            same.set_len(5).await?;
            assert_eq!(log.read_all().await?, b"Jello");
            same.write_all_at(7, b"!").await?;
            assert_eq!(log.read_all().await?, b"Jello\0\0!");

            let cut = disk.create("log").await?;
            assert!(log.is_empty().await? && cut.metadata().await?.is_file());
            assert!(ctx.time().now() > Duration::ZERO, "a disk takes its time");
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    (0..20).for_each(|seed| simulation.run(&Tape::seeded(seed)).assert_ok());
}

#[test]
fn directories_are_directories() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let disk = ctx.storage();
            assert_eq!(disk.open("a/b/log").await.unwrap_err().kind(), ErrorKind::NotFound);
            disk.create_dir_all("a/b").await?;
            disk.create_dir_all("a/b/").await?;
            assert_eq!(disk.create_dir("a/b").await.unwrap_err().kind(), ErrorKind::AlreadyExists);
            let log = disk.open("a/b/log").await?;
            log.append(b"12345678").await?;

            disk.rename("a/b", "c").await?;
            assert_eq!((disk.read_dir("/").await?, disk.read_dir("a").await?), (vec!["a".into(), "c".into()], vec![]));
            assert_eq!(disk.metadata("c/log").await?.len(), 8);
            disk.rename("c/log", "c/old").await?;
            disk.open("c/older").await?;
            assert_eq!(disk.read_dir("c").await?, ["old", "older"]);
            disk.remove_file("c/old").await?;
            assert_eq!(disk.remove_file("c/old").await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(log.len().await?, 8, "who has it open keeps it");
            assert_eq!(disk.remove_dir("c").await.unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
            disk.remove_dir("a").await?;
            disk.sync_dir("c").await?;
            let opened = disk.open_with("c", OpenOptions::new().read(true)).await?;
            opened.sync_all().await?;
            assert_eq!(opened.read_all().await.unwrap_err().kind(), ErrorKind::IsADirectory);
            assert_eq!(disk.sync_dir("a").await.unwrap_err().kind(), ErrorKind::NotFound);
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

/// Tokio's traits read, write and seek at a cursor.
#[test]
fn files_are_streams() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let mut file = ctx.storage().open("log").await?;
            file.write_all(b"one\ntwo\n").await?;
            file.flush().await?;
            assert_eq!(file.stream_position().await?, 8);
            file.seek(SeekFrom::Start(4)).await?;
            file.write_all(b"2").await?;
            file.seek(SeekFrom::Current(-2)).await?;
            let mut rest = String::new();
            file.read_to_string(&mut rest).await?;
            assert_eq!(rest, "\n2wo\n");
            file.seek(SeekFrom::End(2)).await?;
            file.write_u8(b'!').await?;
            assert_eq!(file.read_all().await?, b"one\n2wo\n\0\0!");
            assert_eq!(file.seek(SeekFrom::End(-20)).await.unwrap_err().kind(), ErrorKind::InvalidInput);

            let appends = OpenOptions::new().append(true).read(true);
            let mut appends = ctx.storage().open_with("log", appends).await?;
            appends.write_all(b"end").await?;
            assert_eq!((appends.stream_position().await?, file.len().await?), (14, 14));
            file.rewind().await?;
            let lines: Vec<_> = tokio::io::BufReader::new(file).lines().next_line().await?.into_iter().collect();
            assert_eq!(lines, ["one"]);
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    (0..20).for_each(|seed| simulation.run(&Tape::seeded(seed)).assert_ok());
}

/// A read that was given up has read nothing, and the next one is whole.
#[test]
fn a_read_that_was_given_up_moves_nothing() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let mut file = ctx.storage().open("log").await?;
            file.write_all(b"abc").await?;
            file.rewind().await?;
            let soon = Duration::from_micros(10);
            assert!(ctx.time().timeout(soon, file.read_u8()).await.is_err(), "the disk takes longer");
            assert!(ctx.time().timeout(soon, file.write_all(b"x")).await.is_err());
            assert_eq!((file.read_u8().await?, file.read_u8().await?), (b'a', b'b'));
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

/// What a process finds after one crash, as `ctx.note` tells it: what `look` says, twice.
fn after_a_crash(
    operations: u64,
    act: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    look: impl AsyncFn(&SimContext) -> SimulationResult<String> + Copy + Send + Sync + 'static,
) -> impl Fn(&[(&str, u32, u64)]) -> (String, Outcome) {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async move |ctx: &SimContext| {
                if ctx.boot() == 0 {
                    act(ctx).await?;
                    ctx.storage().exists("the last operation").await?;
                } else {
                    let left = look(ctx).await?;
                    ctx.note(|| format!("* {left}"));
                    assert_always!(left == look(ctx).await?, "a read repeats");
                    assert_always!(ctx.state().get::<String>("left").is_none_or(|known| known == left), "for ever");
                    ctx.state().publish("left", left);
                    ctx.storage().exists("the last operation").await?;
                }
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(5)).await;
            Ok(())
        }))
        .attrition(Attrition::default())
        .build();
    move |exceptions| {
        let crash = [("fault/10.0.1.1/crash", 0, operations + 1), ("fault/10.0.1.1/how", 0, 1)];
        // and once more: what was found is durable
        let again = [("fault/10.0.1.1/crash", 1, 3), ("fault/10.0.1.1/how", 1, 1), ("fault/10.0.1.1/names", 1, 1)];
        let outcome = simulation.run_with(&tape(&[&crash[..], &again, exceptions].concat()), simfuzz::Recording::Story);
        outcome.assert_ok();
        assert_eq!(outcome.crashes(), 2);
        let line = outcome.story().iter().find(|line| line.text.starts_with("* ")).unwrap();
        (line.text[2..].escape_default().to_string(), outcome)
    }
}

/// "ab" is synced; "cd" and "ef" are not.
async fn unsynced(ctx: &SimContext) -> SimulationResult<()> {
    let log = ctx.storage().open("log").await?;
    ctx.storage().sync_dir("/").await?;
    log.append(b"ab").await?;
    log.sync_all().await?;
    log.append(b"cd").await?;
    log.append(b"ef").await?;
    Ok(())
}

async fn log_as_text(ctx: &SimContext) -> SimulationResult<String> {
    Ok(String::from_utf8(ctx.storage().open("log").await?.read_all().await?).unwrap())
}

#[test]
fn what_was_synced_survives_and_of_the_rest_a_shape() {
    let run = after_a_crash(6, unsynced, log_as_text);
    let left = |exceptions: &[(&str, u32, u64)]| run(exceptions).0;
    let shape = |value| ("fault/10.0.1.1/survivors", 0, value);
    let end = |value| ("fault/10.0.1.1/survivors-end", 0, value);
    let length = |value| ("fault/10.0.1.1/survivors-length", 0, value);
    let bytes = ("fault/10.0.1.1/tear", 0, 3);
    assert_eq!(left(&[]), "abcdef", "calm: all of it reached the disk");
    assert_eq!(left(&[shape(1)]), "ab");
    assert_eq!(left(&[shape(2)]), "abcd", "a prefix");
    assert_eq!(left(&[shape(2), end(1)]), "ab");
    assert_eq!(left(&[bytes, shape(2)]), "abcde", "a torn write");
    assert_eq!(left(&[bytes, shape(2), end(2)]), "abc");
    assert_eq!(left(&[shape(3)]), "ab\\u{0}\\u{0}ef", "the later write, not the earlier");
    assert_eq!(left(&[bytes, shape(3)]), "ab\\u{0}def");
    assert_eq!(left(&[bytes, shape(4), end(2)]), "ab\\u{0}\\u{0}e", "one");
    assert_eq!(left(&[bytes, shape(5), end(1), length(1)]), "ab\\u{0}de", "a range");
    assert_eq!(left(&[bytes, shape(6), end(1), length(1)]), "abc\\u{0}\\u{0}f", "all but a range");
    assert_eq!(left(&[bytes, shape(7), end(0b1010)]), "abc\\u{0}e", "any subset");
    let (_, outcome) = run(&[shape(1)]);
    assert_eq!((outcome.injected(FaultKind::LostWrite), outcome.injected(FaultKind::LostName)), (1, 0));
    assert_eq!(run(&[]).1.injected(FaultKind::LostWrite), 0, "nothing was lost");
}

/// One crash is one fault, however many files it hits.
#[test]
fn lost_writes_are_counted_by_the_crash() {
    let run = after_a_crash(
        6,
        async |ctx| {
            for name in ["a", "b"] {
                ctx.storage().open(name).await?.append(name.as_bytes()).await?;
            }
            ctx.storage().sync_dir("/").await?;
            ctx.storage().exists("a").await?;
            Ok(())
        },
        async |ctx| {
            let (a, b) = (ctx.storage().open("a").await?, ctx.storage().open("b").await?);
            Ok(format!("{}{}", a.len().await?, b.len().await?))
        },
    );
    let (left, outcome) = run(&[("fault/10.0.1.1/survivors", 0, 1), ("fault/10.0.1.1/survivors", 1, 1)]);
    assert_eq!((&*left, outcome.injected(FaultKind::LostWrite)), ("00", 1));
}

async fn tree_as_text(ctx: &SimContext) -> SimulationResult<String> {
    let mut text = String::new();
    for name in ctx.storage().read_dir("/").await? {
        let file = ctx.storage().open_with(&name, OpenOptions::new().read(true)).await?;
        let content = file.read_all().await?;
        text.push_str(&format!("{name}={} ", String::from_utf8(content).unwrap()));
    }
    Ok(text.trim_end().to_owned())
}

/// The sync of a file is no sync of its name.
#[test]
fn a_file_vanishes_when_its_directory_was_not_synced() {
    let create = |synced| {
        after_a_crash(
            3 + u64::from(synced),
            async move |ctx| {
                let file = ctx.storage().open("log").await?;
                file.append(b"x").await?;
                file.sync_all().await?;
                if synced {
                    ctx.storage().sync_dir("/").await?;
                }
                Ok(())
            },
            tree_as_text,
        )
    };
    let lose = [("fault/10.0.1.1/names", 0, 1)];
    assert_eq!(create(false)(&[]).0, "log=x");
    let (left, outcome) = create(false)(&lose);
    assert_eq!((&*left, outcome.injected(FaultKind::LostName)), ("", 1));
    let (left, outcome) = create(true)(&lose);
    assert_eq!((&*left, outcome.injected(FaultKind::LostName)), ("log=x", 0));
}

/// `old` is durable. `new` is written, and synced or not, and renamed over it.
#[test]
fn there_is_no_order_between_a_rename_and_the_data() {
    let replace = |data: bool, dir: bool| {
        after_a_crash(
            7 + u64::from(data) + u64::from(dir),
            async move |ctx| {
                let disk = ctx.storage();
                let old = disk.open("file").await?;
                old.append(b"old").await?;
                old.sync_all().await?;
                disk.sync_dir("/").await?;
                let new = disk.open("file.new").await?;
                new.append(b"new").await?;
                if data {
                    new.sync_all().await?;
                }
                disk.rename("file.new", "file").await?;
                if dir {
                    disk.sync_dir("/").await?;
                }
                Ok(())
            },
            tree_as_text,
        )
    };
    let no_names = ("fault/10.0.1.1/names", 0, 1);
    let no_data = ("fault/10.0.1.1/survivors", 0, 1);
    let run = |data, dir, exceptions: &[_]| replace(data, dir)(exceptions).0;
    assert_eq!(run(false, false, &[]), "file=new");
    assert_eq!(run(false, false, &[no_data]), "file=", "renamed, and empty");
    assert_eq!(run(false, false, &[no_data, ("fault/10.0.1.1/tear", 0, 3)]), "file=");
    assert_eq!(run(false, false, &[no_names, no_data]), "file=old");
    assert_eq!(run(true, false, &[no_names, no_data]), "file=old");
    let (created, renamed) = (("fault/10.0.1.1/names", 0, 2), ("fault/10.0.1.1/names", 0, 3));
    assert_eq!(run(true, false, &[created]), "file=old file.new=new", "created, not yet renamed");
    assert_eq!(run(true, false, &[renamed]), "file=new", "a rename that survives brings the file along");
    assert_eq!(run(true, true, &[no_names, no_data]), "file=new");
    assert_eq!(run(false, true, &[no_names, no_data]), "file=");
}

#[test]
fn a_removed_file_may_be_back() {
    let run = after_a_crash(
        3,
        async |ctx| {
            ctx.storage().open("log").await?;
            ctx.storage().sync_dir("/").await?;
            ctx.storage().remove_file("log").await?;
            Ok(())
        },
        tree_as_text,
    );
    assert_eq!(run(&[]).0, "");
    assert_eq!(run(&[("fault/10.0.1.1/names", 0, 1)]).0, "log=");
}

/// A kind that is turned off loses nothing, whatever the tape says.
#[test]
fn without_lost_writes_and_names_all_survives() {
    let simulation = |off: &[FaultKind]| {
        let builder = SimulationBuilder::new()
            .processes(
                1,
                server!(async |ctx: &SimContext| {
                    let left = tree_as_text(ctx).await?;
                    ctx.note(|| format!("* {left}"));
                    let file = ctx.storage().open("log").await?;
                    file.append(b"x").await?;
                    std::future::pending().await
                }),
            )
            .workload(client!(async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(5)).await;
                Ok(())
            }))
            .attrition(Attrition::default());
        off.iter().fold(builder, |builder, kind| builder.without(*kind)).build()
    };
    let tape = tape(&[
        ("fault/10.0.1.1/crash", 0, 3),
        ("fault/10.0.1.1/how", 0, 1),
        ("fault/10.0.1.1/names", 0, 1),
        ("fault/10.0.1.1/survivors", 0, 1),
    ]);
    for (off, left) in [
        (&[FaultKind::LostName, FaultKind::LostWrite][..], "* log=x"),
        (&[FaultKind::LostName], "* log="),
        (&[FaultKind::LostWrite], "* "),
        (&[], "* "),
    ] {
        let outcome = simulation(off).run_with(&tape, simfuzz::Recording::Story);
        outcome.assert_ok();
        assert_eq!(outcome.crashes(), 1);
        assert!(outcome.story().iter().any(|line| line.text == left), "{left}: {}", outcome.tell(true));
    }
}

/// Random seeds reach each of them.
#[test]
fn every_shape_comes_by_itself() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                if ctx.boot() == 0 {
                    unsynced(ctx).await?;
                } else if ctx.boot() == 1 {
                    let left = log_as_text(ctx).await?;
                    ctx.note(|| format!("* {left}"));
                }
                ctx.storage().exists("log").await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(5)).await;
            Ok(())
        }))
        .attrition(Attrition::default())
        .build();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..2_000 {
        let outcome = simulation.run_with(&Tape::swarm(seed), simfuzz::Recording::Story);
        outcome.assert_ok();
        seen.extend(outcome.story().iter().filter(|line| line.text.starts_with("* ")).map(|line| line.text.clone()));
    }
    for left in ["", "ab", "abc", "abcd", "abcde", "abcdef", "ab\0\0ef", "ab\0d", "ab\0\0\0f"] {
        assert!(seen.contains(&format!("* {left}")), "{left:?} is not among {seen:?}");
    }
}

/// What it left while it is down: `check` comes when all is calm, `run` need not wait for that.
#[test]
fn a_workload_reads_the_disk_of_a_process_that_is_down() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                if ctx.boot() == 0 {
                    unsynced(ctx).await?;
                    ctx.storage().exists("log").await?;
                }
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_millis(50)).await;
            let log = ctx.storage_of("server")?.open("log").await?.read_all().await?;
            ctx.note(|| format!("* {}", log.escape_ascii()));
            assert_eq!(ctx.storage().read_dir("/").await?.len(), 0, "its own disk is another one");
            assert_eq!(ctx.storage_of("nobody").unwrap_err().kind(), ErrorKind::NotFound);
            Ok(())
        }))
        .attrition(Attrition::default())
        .build();
    let tape =
        tape(&[("fault/10.0.1.1/crash", 0, 7), ("fault/10.0.1.1/how", 0, 1), ("fault/10.0.1.1/survivors", 0, 1)]);
    let outcome = simulation.run_with(&tape, simfuzz::Recording::Story);
    outcome.assert_ok();
    assert_eq!((outcome.crashes(), outcome.restarts()), (1, 1));
    let story = outcome.tell(true);
    assert!(story.contains("* ab\n") && story.find("* ab") < story.find("boots again"), "{story}");
}

/// A write-ahead log as people write it: what was acknowledged is there after every crash.
#[test]
fn an_acknowledged_write_survives() {
    let wal = async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
        ctx.storage().sync_dir("/").await?;
        let known = log.read_all().await?;
        let acknowledged = ctx.state().get::<usize>("acknowledged").unwrap_or(0);
        assert_always!(known.len() >= acknowledged, format!("{} of {acknowledged} are left", known.len()));
        assert_sometimes!(known.len() > acknowledged, "more is there than was acknowledged");
        assert_sometimes!(ctx.boot() >= 3, "three crashes");
        let mut length = known.len();
        log.set_len(length as u64).await?;
        loop {
            log.append(&[1]).await?;
            log.sync_data().await?;
            length += 1;
            ctx.state().publish("acknowledged", length);
        }
    };
    let report = SimulationBuilder::new()
        .processes(1, server!(wal))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(8)).await;
            Ok(())
        }))
        .attrition(Attrition::default().chance(1.0).weights(0, 1).within(30))
        .restart_after(Duration::from_millis(10)..=Duration::from_millis(20))
        .iterations(50)
        .run();
    report.assert_ok();
    assert!(!report.unreached_goals().iter().any(|goal| goal.contains("acknowledged") || goal.contains("crashes")));
}
