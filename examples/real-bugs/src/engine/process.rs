//! What raft-engine keeps in its process, and a new process would not have: on one thread, in one process, all boots of
//! all runs share it, and nothing of it can be set back from outside.
//!
//! It is a cache of the block that the thread read last, by place: at each boot it is made to hold a block of another store.
//! And, since 0.4.0, a count: see `numbers`.

use super::image::Image;
use super::model::Entry;
use super::store::{Log, message};
use raft_engine::{Config, Engine, LogBatch, ReadableSize};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// A store of no run.
static OTHER: LazyLock<Engine<Image>> = LazyLock::new(other);

/// Bytes of its files: as many that a purge of what was moved always has several.
const FILE: ReadableSize = ReadableSize(16 * 1_024);

/// Bytes of its one block that is read: no block of a run is as long.
const BLOCK: usize = 1;

/// What is done once in a process: half a second.
pub(super) fn prepare() {
    LazyLock::force(&OTHER);
}

/// The thread forgets what it read last.
pub(super) fn starts_anew() {
    OTHER.get_entry::<Log>(1, 1).expect("the block is in memory").expect("the entry was written");
}

fn other() -> Engine<Image> {
    let image = Image::new(BTreeMap::new()).expect("a temporary folder");
    let config = Config {
        dir: image.folder(),
        recovery_threads: 1,
        target_file_size: FILE,
        purge_threshold: FILE,
        purge_rewrite_threshold: Some(FILE),
        // always, even if none of it is garbage
        purge_rewrite_garbage_ratio: -1.0,
        ..Config::default()
    };
    let engine = Engine::open_with_file_system(config, Arc::new(image.clone())).expect("an empty folder is a store");
    append(&engine, 1, &[BLOCK]);
    #[cfg(feature = "fixed")]
    super::numbers::use_up_short_ones(&engine, &image, |group, lengths| append(&engine, group, lengths));
    // from here on it is read alone, and a static is never dropped
    std::fs::remove_dir_all(image.folder()).expect("the folder is ours");
    engine
}

/// Entries of these lengths, as a batch for itself.
fn append(engine: &Engine<Image>, group: u64, lengths: &[usize]) {
    let entries = (1..).zip(lengths).map(|(index, &length)| message(index, Entry { version: 0, length }));
    let mut batch = LogBatch::default();
    batch.add_entries::<Log>(group, &entries.collect::<Vec<_>>()).expect("the entries are small");
    engine.write(&mut batch, false).expect("memory takes it");
}
