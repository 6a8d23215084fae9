//! Two bugs of raft-engine 0.4.2, without a simulation: real files, of which a power failure leaves what was synced. The
//! stories are in `docs/bugs-found.md`.
//!
//! Each test asserts what happens, not what should: when it fails on a newer version, that bug is mended.

use protobuf::well_known_types::Any;
use raft_engine::env::{DefaultFileSystem, FileSystem, Handle, Permission};
use raft_engine::{Config, Engine, LogBatch, MessageExt, ReadableSize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Contents by path.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// How much of an entry can be lost by itself.
const PAGE: usize = 4_096;

/// The machine's disk: the files, and what of each a power failure leaves for sure.
#[derive(Clone, Default)]
struct Machine {
    synced: Arc<Mutex<Files>>,
    /// All files, each time before moved entries are synced.
    before_syncs: Arc<Mutex<Vec<Files>>>,
}

struct File {
    machine: Machine,
    path: PathBuf,
    inner: Arc<<DefaultFileSystem as FileSystem>::Handle>,
}

impl Machine {
    fn file(&self, path: &Path, inner: <DefaultFileSystem as FileSystem>::Handle) -> File {
        File { machine: self.clone(), path: path.to_owned(), inner: Arc::new(inner) }
    }
}

impl FileSystem for Machine {
    type Handle = File;
    type Reader = <DefaultFileSystem as FileSystem>::Reader;
    type Writer = <DefaultFileSystem as FileSystem>::Writer;

    fn create<P: AsRef<Path>>(&self, path: P) -> io::Result<File> {
        Ok(self.file(path.as_ref(), DefaultFileSystem.create(&path)?))
    }

    fn open<P: AsRef<Path>>(&self, path: P, permission: Permission) -> io::Result<File> {
        Ok(self.file(path.as_ref(), DefaultFileSystem.open(&path, permission)?))
    }

    fn delete<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.synced.lock().unwrap().remove(path.as_ref());
        DefaultFileSystem.delete(path)
    }

    fn rename<P: AsRef<Path>>(&self, from: P, to: P) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap();
        if let Some(bytes) = synced.remove(from.as_ref()) {
            synced.insert(to.as_ref().to_owned(), bytes);
        }
        DefaultFileSystem.rename(from, to)
    }

    fn new_reader(&self, handle: Arc<File>) -> io::Result<Self::Reader> {
        DefaultFileSystem.new_reader(handle.inner.clone())
    }

    fn new_writer(&self, handle: Arc<File>) -> io::Result<Self::Writer> {
        DefaultFileSystem.new_writer(handle.inner.clone())
    }
}

impl Handle for File {
    fn truncate(&self, length: usize) -> io::Result<()> {
        self.inner.truncate(length)
    }

    fn file_size(&self) -> io::Result<usize> {
        self.inner.file_size()
    }

    fn sync(&self) -> io::Result<()> {
        if is_moved(&self.path) {
            self.machine.before_syncs.lock().unwrap().push(files(self.path.parent().unwrap()));
        }
        self.inner.sync()?;
        self.machine.synced.lock().unwrap().insert(self.path.clone(), std::fs::read(&self.path)?);
        Ok(())
    }
}

/// A file of entries that a purge has moved.
fn is_moved(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rewrite")
}

/// All files of a store, by path.
fn files(folder: &Path) -> Files {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_log = |path: &PathBuf| path.extension().is_some();
    paths.filter(is_log).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn open<F: FileSystem>(folder: &Path, file: u64, machine: F) -> Engine<F> {
    let config = Config {
        dir: folder.to_str().unwrap().to_owned(),
        target_file_size: ReadableSize(file),
        purge_threshold: ReadableSize(4 * file),
        purge_rewrite_threshold: Some(ReadableSize(file)),
        purge_rewrite_garbage_ratio: -1.0,
        batch_compression_threshold: ReadableSize(0),
        ..Config::default()
    };
    Engine::open_with_file_system(config, Arc::new(machine)).unwrap()
}

/// The power is back: these files are what is left.
fn open_after_power_failure(file: u64, left: &Files) -> (tempfile::TempDir, Engine<DefaultFileSystem>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in left {
        std::fs::write(folder.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    let engine = open(folder.path(), file, DefaultFileSystem);
    (folder, engine)
}

/// An entry is a message of bytes, of which the first eight are its index.
struct Log;

impl MessageExt for Log {
    type Entry = Any;

    fn index(entry: &Any) -> u64 {
        u64::from_le_bytes(entry.value[..8].try_into().unwrap())
    }
}

fn append<F: FileSystem>(engine: &Engine<F>, group: u64, index: u64, fill: u8, length: usize, sync: bool) {
    let value = index.to_le_bytes().into_iter().chain(vec![fill; length]).collect();
    let mut batch = LogBatch::default();
    batch.add_entries::<Log>(group, &[Any { value, ..Any::default() }]).unwrap();
    engine.write(&mut batch, sync).unwrap();
}

fn put<F: FileSystem>(engine: &Engine<F>, group: u64, value: &[u8], sync: bool) {
    let mut batch = LogBatch::default();
    batch.put(group, b"key".to_vec(), value.to_vec()).unwrap();
    engine.write(&mut batch, sync).unwrap();
}

/// Where an entry is in a file: three pages of it at least.
fn place(bytes: &[u8], fill: u8) -> Option<usize> {
    bytes.windows(3 * PAGE).position(|bytes| bytes.iter().all(|&byte| byte == fill))
}

/// A page in the middle of the entry that begins there never reached the disk.
fn lose_a_page(bytes: &mut [u8], at: usize) {
    let page = (at + 1).next_multiple_of(PAGE);
    bytes[page..page + PAGE].fill(0);
}

/// A purge deletes the file that has the old value, since there is a newer one; but that is not on the disk.
#[test]
fn a_synced_key_is_gone_after_an_unsynced_one_and_a_purge() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::default();
    let engine = open(folder.path(), 8 * 1_024, machine.clone());
    put(&engine, 1, b"old", true);
    for index in 1..=60 {
        append(&engine, 1 + index, 1, 0, 2_000, true);
    }
    put(&engine, 1, b"new", false);
    let left = machine.synced.lock().unwrap().clone();
    let (_folder, again) = open_after_power_failure(8 * 1_024, &left);
    assert_eq!(again.get(1, b"key"), Some(b"old".to_vec()));

    engine.purge_expired_files().unwrap();
    let left = machine.synced.lock().unwrap().clone();
    let (_folder, again) = open_after_power_failure(8 * 1_024, &left);
    // neither the new value nor the old one
    assert_eq!(again.get(1, b"key"), None);
    // all else is there
    assert!((1..=60).all(|index| again.last_index(1 + index) == Some(1)));
}

/// Recovery looks at the entries of the last batch of a file alone. If that came to the disk, and not all of the one before
/// it, there are entries that can't be read.
#[test]
fn an_entry_that_never_reached_the_disk_is_there_after_a_power_failure() {
    let file = 1_024 * 1_024;
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), file, DefaultFileSystem);
    append(&engine, 1, 1, 0, 100, true);
    append(&engine, 1, 2, 7, 8 * PAGE, false);
    let failure = || {
        let mut left = files(folder.path());
        let (bytes, at) = left.values_mut().find_map(|bytes| place(bytes, 7).map(|at| (bytes, at))).unwrap();
        lose_a_page(bytes, at);
        open_after_power_failure(file, &left)
    };
    // the last batch: noticed
    let (_folder, again) = failure();
    assert_eq!(again.last_index(1), Some(1));

    put(&engine, 2, b"value", false);
    let (_folder, again) = failure();
    assert_eq!(again.last_index(1), Some(2));
    assert!(again.get_entry::<Log>(1, 1).is_ok());
    assert!(again.get_entry::<Log>(1, 2).is_err());
}

/// The same where a purge moves what was moved before: here all was synced, is still on the disk where it was, and can't
/// be read any more.
#[test]
fn a_synced_entry_cannot_be_read_after_a_power_failure_in_a_purge() {
    let file = 300 * 1_024;
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::default();
    let engine = open(folder.path(), file, machine.clone());
    // three groups, each more than a purge puts into one batch with others, and so much after them that they are old
    let groups = [(1, 7), (2, 8), (4, 9)];
    for (group, fill) in groups {
        append(&engine, group, 1, 0, 100 * 1_024, true);
        append(&engine, group, 2, fill, 100 * 1_024, true);
    }
    for index in 1..=60 {
        append(&engine, 3, index, 0, 100 * 1_024, true);
    }
    engine.purge_expired_files().unwrap();
    machine.before_syncs.lock().unwrap().clear();
    engine.purge_expired_files().unwrap();

    // the power fails when two batches of the newest file are not synced yet, and takes a page of the first
    let before_syncs = std::mem::take(&mut *machine.before_syncs.lock().unwrap());
    let failure = before_syncs.into_iter().find_map(|mut left| {
        let (_, newest) = left.iter_mut().rev().find(|(path, _)| is_moved(path))?;
        let mut places: Vec<_> =
            groups.iter().filter_map(|&(group, fill)| Some((place(newest, fill)?, group))).collect();
        places.sort_unstable();
        let &[(at, group), _] = places.as_slice() else { return None };
        lose_a_page(newest, at);
        Some((left, group))
    });
    let (left, group) = failure.expect("two batches in a file");
    let (_folder, again) = open_after_power_failure(file, &left);
    for (other, _) in groups {
        let entry = again.get_entry::<Log>(other, 2);
        assert_eq!(entry.is_err(), other == group, "group {other}");
    }
}
