//! The run that is under way on each thread, as others see it: its tape, and whose turn it is.
//!
//! Owns the seats, one for each thread that runs, and their files. A run that ends its process can
//! tell nothing; what stands here before it begins still names its tape. Costs a look at a flag a run
//! while nobody watches.

use std::cell::RefCell;
use std::collections::BTreeMap;
#[cfg(feature = "fuzz")]
use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What a file of a seat begins with; its process's number follows.
#[cfg(feature = "fuzz")]
const PREFIX: &str = "under-way-";

/// The watch that is kept, once somebody wants it.
static WATCH: OnceLock<Watch> = OnceLock::new();

#[derive(Debug, Default)]
struct Watch {
    /// Where the tapes are written; nowhere without.
    folder: Option<PathBuf>,
    seats: Mutex<Vec<Arc<Running>>>,
    /// Seats whose thread has ended.
    free: Mutex<Vec<Arc<Running>>>,
    /// The names of tasks, by the hashes of their labels.
    names: Mutex<BTreeMap<u64, String>>,
}

/// One thread's place.
#[derive(Debug, Default)]
pub(crate) struct Running {
    running: AtomicBool,
    /// The polls of all its runs.
    polls: AtomicU64,
    /// The label of the task that is polled; 0 outside of polls.
    task: AtomicU64,
    tape: Mutex<Vec<u8>>,
    file: Option<(PathBuf, File)>,
}

/// The seat of this thread; given back when the thread ends.
struct Taken(Arc<Running>);

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(watch) = WATCH.get() {
            lock(&watch.free).push(self.0.clone());
        }
    }
}

thread_local! {
    static SEAT: RefCell<Option<Taken>> = const { RefCell::new(None) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to watch; with a folder the tape of each run is written there before it begins.
#[cfg(feature = "fuzz")]
pub(crate) fn watch(folder: Option<PathBuf>) {
    // the first call counts
    let _ = WATCH.set(Watch { folder, ..Watch::default() });
}

/// The task of this thread with this label is called so.
pub(crate) fn learn(label: u64, name: &str) {
    if let Some(watch) = WATCH.get() {
        lock(&watch.names).entry(label).or_insert_with(|| name.to_owned());
    }
}

/// A run of this thread begins; the seat that is to hear of its polls, if somebody watches.
pub(crate) fn begin(tape: impl FnOnce() -> Vec<u8>) -> Option<Arc<Running>> {
    let watch = WATCH.get()?;
    let seat = SEAT.try_with(|seat| {
        let mut seat = seat.try_borrow_mut().ok()?;
        Some(seat.get_or_insert_with(|| Taken(watch.seat())).0.clone())
    });
    let seat = seat.ok()??;
    let bytes = tape();
    seat.write(&bytes);
    *lock(&seat.tape) = bytes;
    seat.task.store(0, Relaxed);
    seat.polls.fetch_add(1, Relaxed);
    seat.running.store(true, Relaxed);
    Some(seat)
}

impl Watch {
    fn seat(&self) -> Arc<Running> {
        if let Some(seat) = lock(&self.free).pop() {
            return seat;
        }
        let mut seats = lock(&self.seats);
        let file = self.folder.as_ref().and_then(|folder| file(folder, seats.len()));
        let seat = Arc::new(Running { file, ..Running::default() });
        seats.push(seat.clone());
        seat
    }
}

#[cfg(feature = "fuzz")]
fn file(folder: &Path, number: usize) -> Option<(PathBuf, File)> {
    let path = folder.join(format!("{PREFIX}{}-{number}", std::process::id()));
    // where none can be written a search goes on: its corpus will say why
    File::create(&path).ok().map(|file| (path, file))
}

#[cfg(not(feature = "fuzz"))]
fn file(_: &Path, _: usize) -> Option<(PathBuf, File)> {
    None
}

impl Running {
    /// The task with this label is about to be polled; 0 for what is no task.
    #[inline]
    pub(crate) fn polls(&self, task: u64) {
        self.task.store(task, Relaxed);
        self.polls.store(self.polls.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// The run is over.
    pub(crate) fn ends(&self) {
        self.running.store(false, Relaxed);
    }

    /// Writes the length, 4 bytes, and the tape, in one call.
    #[cfg(unix)]
    fn write(&self, tape: &[u8]) {
        use std::os::unix::fs::FileExt;
        if let Some((_, file)) = &self.file {
            let mut bytes = Vec::with_capacity(tape.len() + 4);
            bytes.extend((tape.len() as u32).to_le_bytes());
            bytes.extend(tape);
            // a full disk: the run itself is unharmed
            let _ = file.write_all_at(&bytes, 0);
        }
    }

    #[cfg(not(unix))]
    fn write(&self, _: &[u8]) {}
}

/// A run under way, as it is seen from outside.
#[cfg(feature = "fuzz")]
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which thread's.
    pub(crate) seat: usize,
    /// Changes with each poll and each run.
    pub(crate) polls: u64,
    /// Whose turn it is: `server-1/main`, or where it was spawned.
    pub(crate) task: Option<String>,
    pub(crate) tape: Vec<u8>,
}

/// The runs under way in this process.
#[cfg(feature = "fuzz")]
pub(crate) fn look() -> Vec<Seen> {
    let Some(watch) = WATCH.get() else { return Vec::new() };
    let seats = lock(&watch.seats).clone();
    let names = lock(&watch.names);
    let running = seats.iter().enumerate().filter(|(_, seat)| seat.running.load(Relaxed));
    let seen = running.map(|(number, seat)| Seen {
        seat: number,
        polls: seat.polls.load(Relaxed),
        task: names.get(&seat.task.load(Relaxed)).cloned(),
        tape: lock(&seat.tape).clone(),
    });
    seen.collect()
}

/// The process ends in good order: its files go.
#[cfg(feature = "fuzz")]
pub(crate) fn end() {
    for seat in WATCH.get().iter().flat_map(|watch| lock(&watch.seats).clone()) {
        if let Some((path, _)) = &seat.file {
            // a leftover says only that a run was under way
            let _ = fs::remove_file(path);
        }
    }
}

/// The tapes that processes which are no more have left in `folder`; their files go.
#[cfg(feature = "fuzz")]
pub fn collect(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut tapes = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse().ok());
        if process.is_none_or(is_alive) {
            continue;
        }
        tapes.extend(fs::read(&path).ok().and_then(|bytes| tape_of(&bytes)));
        let _ = fs::remove_file(&path);
    }
    tapes
}

#[cfg(feature = "fuzz")]
fn tape_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, tape) = bytes.split_first_chunk::<4>()?;
    tape.get(..u32::from_le_bytes(*length) as usize).map(<[u8]>::to_vec)
}

#[cfg(all(feature = "fuzz", unix))]
fn is_alive(process: i32) -> bool {
    // signal 0 is sent to nobody
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None) != Err(nix::errno::Errno::ESRCH)
}

#[cfg(all(feature = "fuzz", not(unix)))]
fn is_alive(_: i32) -> bool {
    true
}

#[cfg(all(test, feature = "fuzz", unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_collected_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let write = |process: u32, number: u32, bytes: &[u8]| {
            fs::write(folder.path().join(format!("{PREFIX}{process}-{number}")), bytes).unwrap();
        };
        // longer tapes were there before, and what is shorter than its length is torn
        write(child.id(), 0, b"\x03\0\0\0abcdefg");
        write(child.id(), 1, b"\x09\0\0\0abc");
        write(child.id(), 2, b"");
        write(std::process::id(), 0, b"\x01\0\0\0x");
        fs::write(folder.path().join("crash-1"), "x").unwrap();
        assert_eq!(collect(folder.path()), [b"abc"]);
        assert!(collect(folder.path()).is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
