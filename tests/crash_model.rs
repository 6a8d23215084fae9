//! What a crash may leave of a disk, against a model: any random operations, any crash.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server};
use simfuzz::prelude::*;

/// Each of the goals was reached by some run. The report knows them by their whole names, so that
/// one that is misspelt here is missing.
fn assert_reached(report: &SimulationReport, goals: &[&str]) {
    let text = report.to_string();
    for goal in goals {
        assert!(text.lines().any(|line| line.ends_with(&format!(" runs  {goal}"))), "not reached: {goal}\n{text}");
    }
}

/// What a file may hold after a crash: each byte is what was durable or what some write since the
/// last sync put there, or zero where the file ended or was cut.
#[derive(Clone, Default)]
struct Allowed {
    durable: Vec<u8>,
    writes: Vec<(usize, Vec<u8>)>,
    lengths: Vec<usize>,
}

impl Allowed {
    fn check(&self, found: &[u8]) -> Result<(), String> {
        let ends = self.writes.iter().map(|(at, bytes)| at + bytes.len());
        let longest = ends.chain(self.lengths.iter().copied()).fold(self.durable.len(), usize::max);
        let shortest = self.lengths.iter().copied().fold(self.durable.len(), usize::min);
        if !(shortest..=longest).contains(&found.len()) {
            return Err(format!("{} bytes, not {shortest} to {longest}", found.len()));
        }
        for (at, byte) in found.iter().enumerate() {
            let old = self.durable.get(at).copied().unwrap_or(0);
            let cut = *byte == 0 && self.lengths.iter().any(|&length| length <= at);
            let written = || self.writes.iter().any(|(from, bytes)| bytes.get(at.wrapping_sub(*from)) == Some(byte));
            if *byte != old && !cut && !written() {
                return Err(format!("byte {at} is {byte}, which nobody wrote there since {old}"));
            }
        }
        Ok(())
    }
}

/// Random operations and crashes; after each crash the file is one that the model allows.
#[test]
fn a_crash_leaves_what_the_model_allows() {
    let process = server!(async |ctx: &SimContext| {
        let file = ctx.storage().open("file").await?;
        ctx.storage().sync_dir("/").await?;
        let found = file.read_all().await?;
        let allowed = ctx.state().get::<Allowed>("allowed").unwrap_or_default();
        if let Err(reason) = allowed.check(&found) {
            return Err(SimulationError::InvalidState(reason));
        }
        let lost = found.len() < allowed.durable.len() || found[..allowed.durable.len()] == allowed.durable;
        assert_sometimes!(!lost, "a crash kept a part of what was not synced");
        assert_sometimes!(allowed.writes.len() > 3, "a crash came with many writes unsynced");
        let mut allowed = Allowed { durable: found, ..Allowed::default() };
        let random = ctx.random();
        let mut stamp = ctx.boot() as u8;
        loop {
            stamp = stamp.wrapping_add(37) | 1;
            match random.label("operation").random_range(0..8) {
                0 => {
                    file.sync_all().await?;
                    allowed = Allowed { durable: file.read_all().await?, ..Allowed::default() };
                    ctx.state().publish("allowed", allowed.clone());
                }
                1 => {
                    let length = random.label("length").random_range(0..3_000);
                    allowed.lengths.push(length);
                    ctx.state().publish("allowed", allowed.clone());
                    file.set_len(length as u64).await?;
                }
                _ => {
                    let at = random.label("at").random_range(0..2_000);
                    let bytes = vec![stamp; random.label("size").random_range(1..1_200)];
                    allowed.writes.push((at, bytes.clone()));
                    ctx.state().publish("allowed", allowed.clone());
                    file.write_all_at(at as u64, &bytes).await?;
                }
            }
        }
    });
    let report = SimulationBuilder::new()
        .processes(1, process)
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(2)).await;
            Ok(())
        }))
        .attrition(Attrition::default().chance(1.0).weights(0, 1).within(40))
        .restart_after(Duration::from_millis(10)..=Duration::from_millis(20))
        .iterations(300)
        .run();
    report.assert_ok();
    assert_reached(&report, &["a crash kept a part of what was not synced", "a crash came with many writes unsynced"]);
    assert!(report.to_string().contains("crashes that lost writes"), "{report}");
}

/// Names: after a crash each is what was synced, or what some change since then made of it. A
/// name that was synced and not touched since is there.
#[test]
fn a_crash_leaves_names_that_the_model_allows() {
    type Names = std::collections::BTreeMap<String, Vec<Option<u64>>>;
    let process = server!(async |ctx: &SimContext| {
        let disk = ctx.storage();
        for dir in ["a", "b"] {
            disk.create_dir_all(dir).await?;
        }
        disk.sync_dir("/").await?;
        // what each path may be: the number that the file holds, or nothing
        let mut names = ctx.state().get::<Names>("names").unwrap_or_default();
        let mut next = ctx.state().get::<u64>("next").unwrap_or(0);
        for path in ["a/x", "a/y", "b/x", "b/y"] {
            let found = match disk.exists(path).await? {
                true => Some(disk.metadata(path).await?.len()),
                false => None,
            };
            let allowed = names.entry(path.to_owned()).or_insert_with(|| vec![None]);
            if !allowed.contains(&found) {
                return Err(SimulationError::InvalidState(format!("{path} is {found:?}, not one of {allowed:?}")));
            }
            assert_sometimes!(allowed.last() != Some(&found), "a crash took a change of a name");
            assert_sometimes!(allowed.len() > 2 && allowed.first() != Some(&found), "a crash kept one of several");
            *allowed = vec![found];
        }
        let pick = |what| ["a/x", "a/y", "b/x", "b/y"][ctx.random().label(what).random_range(0..4)].to_owned();
        let publish = |names: &Names| ctx.state().publish("names", names.clone());
        publish(&names);
        loop {
            let path = pick("path");
            let now = *names[&path].last().unwrap();
            match ctx.random().label("operation").random_range(0..4) {
                0 => {
                    // a file says by its durable length which one it is
                    next += 1;
                    ctx.state().publish("next", next);
                    let file = disk.create("fresh").await?;
                    file.set_len(next).await?;
                    file.sync_all().await?;
                    names.get_mut(&path).unwrap().push(Some(next));
                    publish(&names);
                    disk.rename("fresh", &path).await?;
                }
                1 if now.is_some() => {
                    names.get_mut(&path).unwrap().push(None);
                    publish(&names);
                    disk.remove_file(&path).await?;
                }
                2 if now.is_some() => {
                    let to = pick("to");
                    if to != path {
                        names.get_mut(&path).unwrap().push(None);
                        names.get_mut(&to).unwrap().push(now);
                        publish(&names);
                        disk.rename(&path, &to).await?;
                    }
                }
                3 => {
                    let dir = &path[..1];
                    disk.sync_dir(dir).await?;
                    for allowed in names.range_mut(dir.to_owned()..).take(2).map(|(_, allowed)| allowed) {
                        allowed.drain(..allowed.len() - 1);
                    }
                    publish(&names);
                }
                _ => {}
            }
        }
    });
    let report = SimulationBuilder::new()
        .processes(1, process)
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(2)).await;
            Ok(())
        }))
        .attrition(Attrition::default().chance(1.0).weights(0, 1).within(60))
        .restart_after(Duration::from_millis(10)..=Duration::from_millis(20))
        .iterations(300)
        .run();
    report.assert_ok();
    assert_reached(&report, &["a crash took a change of a name", "a crash kept one of several"]);
}
