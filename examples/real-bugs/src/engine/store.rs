//! The process under test: a machine that keeps the logs of some Raft groups, and may crash at any operation of its disk.
//!
//! It draws what to do by itself; the run's state remembers, over crashes, what it has promised.

use super::image::Image;
use super::model::{Entry, Group, Model, State};
use super::process;
use super::replay::Replay;
use protobuf::well_known_types::Any;
use raft_engine::{Command, Config, Engine, LogBatch, MessageExt, ReadableSize};
use simfuzz::prelude::*;
use std::sync::Arc;

const GROUPS: u64 = 4;
const KEYS: u8 = 3;

/// Operations of a run.
const OPERATIONS: u32 = 60;

/// Bytes of an entry. What a rewrite moves at once is some 128 KiB: a group must be able to have more.
const LONG: usize = 16 * 1_024;

/// A file of the log, and how much of it there is before a purge moves what is old: as small as the sizes above allow.
const FILE: ReadableSize = ReadableSize(64 * 1_024);
const PURGE: ReadableSize = ReadableSize(192 * 1_024);

const MODEL: &str = "model";

/// Protobuf's well-known message of any bytes is an entry: its index, its version, and bytes that follow from both.
pub(super) struct Log;

impl MessageExt for Log {
    type Entry = Any;

    fn index(entry: &Any) -> u64 {
        word(&entry.value, 0)
    }
}

fn word(bytes: &[u8], number: usize) -> u64 {
    bytes.chunks_exact(8).nth(number).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")))
}

pub(super) fn message(index: u64, entry: Entry) -> Any {
    let words = [index, entry.version].into_iter().flat_map(u64::to_le_bytes);
    let rest = (0..entry.length).map(|at| (entry.version as usize * 31 + at) as u8);
    Any { value: words.chain(rest).collect(), ..Any::default() }
}

/// Does nothing but wait until the store is done.
pub(super) struct Reader;

#[async_trait(?Send)]
impl Workload for Reader {
    fn name(&self) -> &str {
        "reader"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        while !model(ctx, |model| model.is_done) {
            ctx.time().sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// The machine.
pub(super) struct Store {
    /// It may append without a sync.
    pub(super) is_hasty: bool,
}

#[async_trait(?Send)]
impl Process for Store {
    fn name(&self) -> &str {
        "store"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        while model(ctx, |model| model.operations < OPERATIONS) {
            boot_and_work(ctx, self.is_hasty).await?;
        }
        // what is there is looked at once more
        boot_and_work(ctx, self.is_hasty).await?;
        model(ctx, |model| model.is_done = true);
        ctx.shutdown().cancelled().await;
        Ok(())
    }
}

fn model<R>(ctx: &SimContext, act: impl FnOnce(&mut Model) -> R) -> R {
    ctx.state().update(MODEL, act)
}

/// Until the machine is told to start its program again.
async fn boot_and_work(ctx: &SimContext, is_hasty: bool) -> SimulationResult<()> {
    process::starts_anew();
    let mut replay = Replay::boot(ctx).await?;
    let config = Config {
        dir: replay.image.folder(),
        recovery_threads: 1,
        target_file_size: FILE,
        purge_threshold: PURGE,
        purge_rewrite_threshold: Some(FILE),
        batch_compression_threshold: ReadableSize(0),
        ..Config::default()
    };
    let opened = Engine::open_with_file_system(config, Arc::new(replay.image.clone()));
    let error = opened.as_ref().err().map(ToString::to_string);
    assert_always!(error.is_none(), "the store opens after a crash", { "error" => error.unwrap_or_default() });
    let Ok(engine) = opened else { return Ok(()) };
    replay.catch_up().await?;
    look(ctx, &engine);
    while model(ctx, |model| model.operations < OPERATIONS) {
        let number = model(ctx, Model::next_operation);
        let random = ctx.random().scope("op", number);
        if operate(ctx, &engine, &mut replay, &random, is_hasty).await? {
            break;
        }
    }
    drop(engine);
    Ok(replay.catch_up().await?)
}

/// Compares what the store holds with what it must.
fn look(ctx: &SimContext, engine: &Engine<Image>) {
    let mut state = State::new();
    for number in 1..=GROUPS {
        let mut group = Group::default();
        let (first, last) = (engine.first_index(number), engine.last_index(number));
        let mut messages = Vec::new();
        if let (Some(first), Some(last)) = (first, last) {
            let fetched = engine.fetch_entries_to::<Log>(number, first, last + 1, None, &mut messages);
            let error = fetched.err().map(|error| error.to_string());
            assert_always!(error.is_none(), "what the store lists can be read", { "error" => error.unwrap_or_default(), "group" => number });
        }
        for message in messages {
            let entry = Entry { version: word(&message.value, 1), length: message.value.len() - 16 };
            let index = Log::index(&message);
            assert_always!(message == self::message(index, entry), "an entry is as it was written");
            group.entries.insert(index, entry);
        }
        for key in 0..KEYS {
            if let Some(value) = engine.get(number, &[key]) {
                group.keys.insert(key, word(&value, 0));
            }
        }
        if group != Group::default() {
            state.insert(number, group);
        }
    }
    let before = model(ctx, |model| model.clone());
    let differs: Vec<_> = (1..=GROUPS).filter(|group| state.get(group) != before.sure().get(group)).collect();
    ctx.note(|| format!("finds what it held, but for groups {differs:?}"));
    let is_right = model(ctx, |model| model.recovered(state.clone()));
    let short = |state: &State| {
        let indexes = |group: &Group| (group.entries.keys().next().copied(), group.entries.keys().last().copied());
        let groups = state.iter().map(|(number, group)| (*number, indexes(group), group.keys.clone()));
        format!("{:?}", groups.collect::<Vec<_>>())
    };
    assert_always!(
        is_right,
        "a crash takes nothing that was synced, and brings nothing back",
        { "synced" => short(before.sure()), "newest" => short(before.newest()), "found" => short(&state) }
    );
}

/// One operation; true if the program is to be started again.
async fn operate(
    ctx: &SimContext,
    engine: &Engine<Image>,
    replay: &mut Replay<'_>,
    random: &SimRandomProvider,
    is_hasty: bool,
) -> SimulationResult<bool> {
    let group = random.label("group").random_range(1..=GROUPS);
    let held = model(ctx, |model| model.newest().get(&group).cloned().unwrap_or_default());
    let first = held.entries.keys().next().copied();
    let last = held.entries.keys().last().copied();
    let mut batch = LogBatch::default();
    let mut is_synced = true;
    match random.label("op").weighted(&[12, 4, 3, 6, 1, 1]) {
        0 => {
            // from somewhere at the end, as a follower does whose leader has changed
            let end = last.map_or(1, |last| last + 1);
            let from =
                end.saturating_sub(random.label("overwrites").weighted(&[6, 1, 1]) as u64).max(first.unwrap_or(1));
            let count = random.label("entries").random_range(1..=8_u64);
            let length = *random.label("length").choose(&[LONG, 100, 2_000]).unwrap_or(&LONG);
            is_synced = !is_hasty || random.label("synced").weighted(&[5, 1]) == 0;
            let versions = model(ctx, |model| model.take_versions(count));
            let entries: Vec<_> =
                (0..count).map(|at| (from + at, Entry { version: versions + at + 1, length })).collect();
            let messages: Vec<_> = entries.iter().map(|&(index, entry)| message(index, entry)).collect();
            ctx.note(|| format!("appends {from}.. ({count} of {length} bytes) to group {group}, synced: {is_synced}"));
            batch.add_entries::<Log>(group, &messages).map_err(failed)?;
            model(ctx, |model| {
                model.begin(|state| {
                    let group = state.entry(group).or_default();
                    group.entries.split_off(&from);
                    group.entries.extend(entries);
                });
            });
        }
        1 => {
            let key = random.label("key").random_range(0..KEYS);
            let version = model(ctx, |model| model.take_versions(1)) + 1;
            ctx.note(|| format!("puts key {key} of group {group}"));
            put(&mut batch, group, key, version)?;
            model(ctx, |model| {
                model.begin(|state| {
                    state.entry(group).or_default().keys.insert(key, version);
                });
            });
        }
        2 => {
            let (Some(first), Some(last)) = (first, last) else { return Ok(false) };
            let index = random.label("compacts to").random_range(first..=last);
            ctx.note(|| format!("compacts group {group} to {index}"));
            batch.add_command(group, Command::Compact { index });
            model(ctx, |model| {
                model.begin(|state| {
                    let group = state.entry(group).or_default();
                    group.entries = group.entries.split_off(&index);
                });
            });
        }
        3 => {
            ctx.note(|| "purges".to_owned());
            let heavy = engine.purge_expired_files().map_err(failed)?;
            assert_sometimes!(!heavy.is_empty(), "a purge wants a group compacted");
            replay.catch_up().await?;
            return Ok(false);
        }
        4 => {
            ctx.note(|| format!("removes group {group}"));
            batch.add_command(group, Command::Clean);
            model(ctx, |model| {
                model.begin(|state| {
                    state.remove(&group);
                });
            });
        }
        _ => {
            ctx.note(|| "starts again".to_owned());
            return Ok(true);
        }
    }
    engine.write(&mut batch, is_synced).map_err(failed)?;
    replay.catch_up().await?;
    if is_synced {
        model(ctx, Model::synced);
    }
    Ok(false)
}

#[cfg(not(feature = "fixed"))]
fn put(batch: &mut LogBatch, group: u64, key: u8, value: u64) -> SimulationResult<()> {
    batch.put(group, vec![key], value.to_le_bytes().to_vec());
    Ok(())
}

#[cfg(feature = "fixed")]
fn put(batch: &mut LogBatch, group: u64, key: u8, value: u64) -> SimulationResult<()> {
    batch.put(group, vec![key], value.to_le_bytes().to_vec()).map_err(failed)
}

fn failed(error: raft_engine::Error) -> SimulationError {
    SimulationError::InvalidState(format!("the store fails: {error}"))
}
