//! Disks: files whose bytes survive a crash once they were synced.
//!
//! Owns what a file holds, what of it is durable, and what a crash leaves. Which of the unsynced
//! writes survive was settled by the caller. Directory entries are durable at once: files that
//! vanish because their directory was not synced are not modelled here.

use std::collections::BTreeMap;

/// Names a file of a disk, also after it was renamed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u32);

/// One change that was not synced yet.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

#[derive(Clone, Debug, Default)]
struct File {
    /// What reads see.
    current: Vec<u8>,
    /// What a crash leaves at least.
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

/// What a crash leaves of the unsynced changes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survivors {
    /// All of them: the page cache was written back in time.
    All,
    /// None of them.
    None,
    /// The first so many, and of the next one so many bytes: a torn write.
    Prefix {
        /// Whole changes.
        changes: usize,
        /// Bytes of the next one.
        torn: usize,
    },
    /// All but the first so many: later writes reached the disk before earlier ones.
    Suffix {
        /// Changes lost.
        lost: usize,
    },
}

/// The disk of one host.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: BTreeMap<String, FileId>,
    contents: Vec<File>,
}

impl Disk {
    pub(crate) fn clear(&mut self) {
        self.files.clear();
        self.contents.clear();
    }

    /// The disk is a new one. Files that are open stay so, and are empty.
    pub(crate) fn wipe(&mut self) {
        self.files.clear();
        self.contents.fill_with(File::default);
    }

    pub(crate) fn find(&self, path: &str) -> Option<FileId> {
        self.files.get(path).copied()
    }

    pub(crate) fn create(&mut self, path: &str) -> FileId {
        let id = FileId(self.contents.len() as u32);
        self.contents.push(File::default());
        self.files.insert(path.to_owned(), id);
        id
    }

    pub(crate) fn remove(&mut self, path: &str) -> bool {
        self.files.remove(path).is_some()
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> bool {
        match self.files.remove(from) {
            Some(id) => {
                self.files.insert(to.to_owned(), id);
                true
            }
            None => false,
        }
    }

    /// The paths that begin with `prefix`, sorted.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        self.files.keys().filter(|path| path.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn len(&self, file: FileId) -> u64 {
        self.contents[file.0 as usize].current.len() as u64
    }

    pub(crate) fn read(&self, file: FileId, offset: u64, buffer: &mut [u8]) -> usize {
        let bytes = &self.contents[file.0 as usize].current;
        let from = bytes.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let length = from.len().min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        length
    }

    pub(crate) fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        let file = &mut self.contents[file.0 as usize];
        let change = Change::Write { offset, bytes: bytes.to_vec() };
        apply(&mut file.current, &change, usize::MAX);
        file.unsynced.push(change);
    }

    pub(crate) fn set_len(&mut self, file: FileId, length: u64) {
        let file = &mut self.contents[file.0 as usize];
        let change = Change::Length(length);
        apply(&mut file.current, &change, usize::MAX);
        file.unsynced.push(change);
    }

    pub(crate) fn sync(&mut self, file: FileId) {
        let file = &mut self.contents[file.0 as usize];
        for change in file.unsynced.drain(..) {
            apply(&mut file.durable, &change, usize::MAX);
        }
    }

    /// The files with unsynced changes, in order of creation, and the lengths of these.
    pub(crate) fn unsynced(&self) -> Vec<(FileId, Vec<usize>)> {
        let lengths = |file: &File| {
            let length = |change: &Change| match change {
                Change::Write { bytes, .. } => bytes.len(),
                Change::Length(_) => 0,
            };
            file.unsynced.iter().map(length).collect()
        };
        (0u32..)
            .zip(&self.contents)
            .filter(|(_, file)| !file.unsynced.is_empty())
            .map(|(id, file)| (FileId(id), lengths(file)))
            .collect()
    }

    /// The host crashed: of `file`'s unsynced changes, `survivors` are there afterwards.
    pub(crate) fn crash(&mut self, file: FileId, survivors: Survivors) {
        let file = &mut self.contents[file.0 as usize];
        let changes = std::mem::take(&mut file.unsynced);
        match survivors {
            Survivors::All => changes.iter().for_each(|change| apply(&mut file.durable, change, usize::MAX)),
            Survivors::None => {}
            Survivors::Prefix { changes: whole, torn } => {
                changes.iter().take(whole).for_each(|change| apply(&mut file.durable, change, usize::MAX));
                if let Some(next) = changes.get(whole) {
                    apply(&mut file.durable, next, torn);
                }
            }
            Survivors::Suffix { lost } => {
                changes.iter().skip(lost).for_each(|change| apply(&mut file.durable, change, usize::MAX));
            }
        }
        file.current.clone_from(&file.durable);
    }
}

/// Applies a change, of a write only the first `torn` bytes.
fn apply(to: &mut Vec<u8>, change: &Change, torn: usize) {
    match change {
        Change::Write { offset, bytes } => {
            let bytes = &bytes[..bytes.len().min(torn)];
            let start = *offset as usize;
            if bytes.is_empty() {
                return;
            }
            if to.len() < start + bytes.len() {
                to.resize(start + bytes.len(), 0);
            }
            to[start..start + bytes.len()].copy_from_slice(bytes);
        }
        Change::Length(length) if torn == usize::MAX => to.resize(*length as usize, 0),
        Change::Length(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(disk: &Disk, file: FileId) -> String {
        let mut buffer = [0; 64];
        let length = disk.read(file, 0, &mut buffer);
        buffer[..length].escape_ascii().to_string()
    }

    /// A file with "ab" synced, then "cd", "ef" appended and not synced.
    fn log() -> (Disk, FileId) {
        let mut disk = Disk::default();
        let file = disk.create("log");
        disk.write(file, 0, b"ab");
        disk.sync(file);
        disk.write(file, 2, b"cd");
        disk.write(file, 4, b"ef");
        (disk, file)
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_chosen_part_of_the_rest() {
        for (survivors, left) in [
            (Survivors::All, "abcdef"),
            (Survivors::None, "ab"),
            (Survivors::Prefix { changes: 1, torn: 0 }, "abcd"),
            (Survivors::Prefix { changes: 1, torn: 1 }, "abcde"),
            (Survivors::Suffix { lost: 1 }, "ab\\x00\\x00ef"),
        ] {
            let (mut disk, file) = log();
            assert_eq!(text(&disk, file), "abcdef");
            assert_eq!(disk.unsynced(), [(file, vec![2, 2])]);
            disk.crash(file, survivors);
            assert_eq!(text(&disk, file), left, "{survivors:?}");
            assert!(disk.unsynced().is_empty());
        }
    }

    #[test]
    fn names_move_and_go_while_the_file_stays() {
        let (mut disk, file) = log();
        assert!(disk.rename("log", "old"));
        assert_eq!((disk.find("log"), disk.find("old")), (None, Some(file)));
        assert!(disk.remove("old") && !disk.remove("old"));
        assert_eq!(text(&disk, file), "abcdef");
    }

    #[test]
    fn a_shorter_length_cuts() {
        let (mut disk, file) = log();
        disk.set_len(file, 3);
        assert_eq!(text(&disk, file), "abc");
        disk.crash(file, Survivors::None);
        assert_eq!(text(&disk, file), "ab");
    }
}
