//! Files: what a program reads back, at once and after a crash.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, tape};
use simfuzz::OpenOptions;
use simfuzz::prelude::*;
use std::io::ErrorKind;

#[test]
fn files_are_files() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let disk = ctx.storage();
            assert!(!disk.exists("a/log").await?);
            let missing = disk.open_with("a/log", OpenOptions::new()).await;
            assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);

            let log = disk.open("a/log").await?;
            assert!(log.is_empty().await?);
            log.append(b"hello").await?;
            log.append(b" world").await?;
            log.write_at(0, b"J").await?;
            assert_eq!(log.len().await?, 11);
            assert_eq!(log.read_all().await?, b"Jello world");
            let mut five = [0; 5];
            assert_eq!(log.read_at(6, &mut five).await?, 5);
            assert_eq!(&five, b"world");
            assert_eq!(log.read_at(9, &mut five).await?, 2);
            assert_eq!(log.read_at(90, &mut five).await?, 0);

            let same = disk.open("a/log").await?;
            same.set_len(5).await?;
            assert_eq!(log.read_all().await?, b"Jello");
            same.write_at(7, b"!").await?;
            assert_eq!(log.read_all().await?, b"Jello\0\0!");

            disk.rename("a/log", "a/old").await?;
            assert_eq!(disk.list("a/").await?, ["a/old"]);
            assert_eq!(disk.rename("a/log", "x").await.unwrap_err().kind(), ErrorKind::NotFound);
            disk.open("a/older").await?;
            assert_eq!(disk.list("a/").await?, ["a/old", "a/older"]);
            disk.remove("a/old").await?;
            assert_eq!(disk.remove("a/old").await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(log.len().await?, 8, "who has it open keeps it");

            let cut = disk.open_with("a/older", OpenOptions::new().create(true).truncate(true)).await?;
            assert!(cut.is_empty().await?);
            assert!(ctx.time().now() > Duration::ZERO, "a disk takes its time");
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    (0..20).for_each(|seed| simulation.run(&Tape::seeded(seed)).assert_ok());
}

/// "ab" is synced; "cd" and "ef" are not when the process crashes at its next operation.
fn torn() -> Simulation {
    let server = async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
        if ctx.boot() > 0 {
            let left = log.read_all().await?;
            ctx.state().publish("left", String::from_utf8(left.clone()).unwrap());
            // what was read is durable: a second crash leaves the same
            ctx.storage().exists("log").await?;
            assert_always!(log.read_all().await? == left, "a read repeats");
        } else {
            log.append(b"ab").await?;
            log.sync_all().await?;
            log.append(b"cd").await?;
            log.append(b"ef").await?;
            ctx.storage().exists("log").await?;
        }
        std::future::pending().await
    };
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(5)).await;
            let left = ctx.state().get::<String>("left").unwrap_or_default();
            ctx.note(|| format!("* {left}"));
            Ok(())
        }))
        .attrition(Attrition::default())
        .build()
}

fn left_by(exceptions: &[(&str, u32, u64)]) -> String {
    let all = [&[("fault/10.0.1.1/crash", 0, 6), ("fault/10.0.1.1/how", 0, 1)], exceptions].concat();
    let outcome = torn().run_with(&tape(&all), simfuzz::Recording::Story);
    outcome.assert_ok();
    assert_eq!(outcome.crashes(), 1);
    let line = outcome.story().iter().find(|line| line.text.starts_with('*')).unwrap();
    line.text[1..].trim().escape_default().to_string()
}

#[test]
fn what_was_synced_survives_and_of_the_rest_a_shape() {
    let shape = |value| ("fault/10.0.1.1/survivors", 0, value);
    let end = |value| ("fault/10.0.1.1/survivors-end", 0, value);
    let torn = |value| ("fault/10.0.1.1/survivors-torn", 0, value);
    assert_eq!(left_by(&[]), "abcdef", "calm: all of it reached the disk");
    assert_eq!(left_by(&[shape(1)]), "ab");
    assert_eq!(left_by(&[shape(2)]), "ab");
    assert_eq!(left_by(&[shape(2), torn(1)]), "abc");
    assert_eq!(left_by(&[shape(2), end(1)]), "abcd");
    assert_eq!(left_by(&[shape(2), end(1), torn(1)]), "abcde");
    assert_eq!(left_by(&[shape(3)]), "ab\\u{0}\\u{0}ef", "the later write, not the earlier");
    assert_eq!(left_by(&[shape(3), end(1)]), "ab");
}

/// Random seeds reach each of them.
#[test]
fn every_shape_comes_by_itself() {
    let simulation = torn();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..1_000 {
        let outcome = simulation.run_with(&Tape::swarm(seed), simfuzz::Recording::Story);
        outcome.assert_ok();
        if outcome.crashes() == 1
            && let Some(line) = outcome.story().iter().find(|line| line.text.starts_with('*'))
        {
            seen.insert(line.text.clone());
        }
    }
    for left in ["ab", "abc", "abcd", "abcde", "abcdef", "ab\0\0ef"] {
        assert!(seen.contains(&format!("* {left}")), "{left:?} is not among {seen:?}");
    }
}

/// A write-ahead log as people write it: what was acknowledged is there after every crash.
#[test]
fn an_acknowledged_write_survives() {
    let wal = async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
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
