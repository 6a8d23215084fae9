//! Disks: files and directories that survive a crash as far as they were synced.
//!
//! Owns what a file holds, what a name stands for, what of it is durable, and what a crash
//! leaves. Which of the unsynced changes survive was settled by the caller.
//!
//! What POSIX promises, and no more: the sync of a file makes its bytes and its length durable,
//! not its name; the sync of a directory makes its entries durable, not what the files hold;
//! there is no order between the two. A rename is one change, also across directories; changes of
//! one entry keep their order, others don't.

mod bytes;
mod survivors;
mod tree;

pub(crate) use survivors::Survivors;
pub(crate) use tree::{DirId, Node};

use bytes::Bytes;
use std::io::ErrorKind;
use tree::Tree;

/// Names a file of a disk, also after it was renamed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u32);

/// The unit in which a disk that works writes: a sync has no crash in it, so any will do.
const WHOLE: u64 = 4096;

/// The disk of one host.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    tree: Tree,
    contents: Vec<Bytes>,
}

impl Disk {
    pub(crate) fn clear(&mut self) {
        self.tree.clear();
        self.contents.clear();
    }

    /// The disk is a new one. Files that are open stay so, and are empty.
    pub(crate) fn wipe(&mut self) {
        self.tree.clear();
        self.contents.fill_with(Bytes::default);
    }

    /// What is at `path`.
    pub(crate) fn find(&self, path: &str) -> Result<Node, ErrorKind> {
        self.tree.find(path)
    }

    /// Is there room for something at `path`: a directory to hold it, and nothing yet?
    pub(crate) fn lacks(&self, path: &str) -> bool {
        matches!(self.tree.look(path), Ok((_, None)))
    }

    /// The path of a file or directory from the root on, as programs see it; empty for the root
    /// and for what was removed.
    pub(crate) fn path_of(&self, node: Node) -> String {
        self.tree.path_of(node)
    }

    /// The file or directory at `path`; with `create`, a new file if there is none, and with
    /// `new` it must be that.
    pub(crate) fn open(&mut self, path: &str, create: bool, new: bool) -> Result<Node, ErrorKind> {
        if create && path.ends_with('/') {
            return self.tree.place(path).and(Err(ErrorKind::IsADirectory));
        }
        let (place, node) = self.tree.look(path)?;
        match (node, place) {
            (Some(_), _) if new => Err(ErrorKind::AlreadyExists),
            (Some(Node::Dir(_)), _) if create => Err(ErrorKind::IsADirectory),
            (Some(node), _) => Ok(node),
            (None, (dir, Some(name))) if create => {
                let file = FileId(self.contents.len() as u32);
                self.contents.push(Bytes::default());
                self.tree.add_file((dir, name), file);
                Ok(Node::File(file))
            }
            (None, _) => Err(ErrorKind::NotFound),
        }
    }

    /// The names in the directory at `path`, sorted.
    pub(crate) fn names(&self, path: &str) -> Result<Vec<String>, ErrorKind> {
        let dir = self.tree.find_dir(path)?;
        Ok(self.tree.names(dir).map(|(name, _)| name.to_owned()).collect())
    }

    pub(crate) fn create_dir(&mut self, path: &str) -> Result<(), ErrorKind> {
        self.tree.create_dir(path)
    }

    /// Creates the directory at `path` and those above it, as far as there are none.
    pub(crate) fn create_dir_all(&mut self, path: &str) -> Result<(), ErrorKind> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|&end| end > 0) {
            match self.tree.find(&path[..end]) {
                Ok(Node::Dir(_)) => {}
                Ok(Node::File(_)) if end < path.len() => return Err(ErrorKind::NotADirectory),
                Ok(Node::File(_)) => return Err(ErrorKind::AlreadyExists),
                Err(ErrorKind::NotFound) => self.tree.create_dir(&path[..end])?,
                Err(kind) => return Err(kind),
            }
        }
        Ok(())
    }

    pub(crate) fn remove_file(&mut self, path: &str) -> Result<(), ErrorKind> {
        self.tree.remove_file(path)
    }

    pub(crate) fn remove_dir(&mut self, path: &str) -> Result<(), ErrorKind> {
        self.tree.remove_dir(path)
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), ErrorKind> {
        self.tree.rename(from, to)
    }

    pub(crate) fn find_dir(&self, path: &str) -> Result<DirId, ErrorKind> {
        self.tree.find_dir(path)
    }

    /// Makes the entries of a directory durable.
    pub(crate) fn sync_dir(&mut self, dir: DirId) {
        self.tree.sync(dir);
    }

    fn bytes(&self, file: FileId) -> &Bytes {
        &self.contents[file.0 as usize]
    }

    fn bytes_mut(&mut self, file: FileId) -> &mut Bytes {
        &mut self.contents[file.0 as usize]
    }

    pub(crate) fn len(&self, file: FileId) -> u64 {
        self.bytes(file).len()
    }

    pub(crate) fn read(&self, file: FileId, offset: u64, buffer: &mut [u8]) -> usize {
        self.bytes(file).read(offset, buffer)
    }

    pub(crate) fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        self.bytes_mut(file).write(offset, bytes);
    }

    pub(crate) fn set_len(&mut self, file: FileId, length: u64) {
        self.bytes_mut(file).set_len(length);
    }

    /// Makes the bytes and the length of a file durable.
    pub(crate) fn sync(&mut self, file: FileId) {
        self.bytes_mut(file).sync(WHOLE, &Survivors::ALL);
    }

    /// A sync of which `survivors` reach the disk. The page cache takes the rest for written: it
    /// shows it until a crash, and no later sync will write it.
    pub(crate) fn sync_partly(&mut self, file: FileId, unit: u64, survivors: &Survivors) {
        self.bytes_mut(file).sync(unit, survivors);
    }

    /// Does a read get the byte at `offset` from the disk?
    pub(crate) fn is_durable(&self, file: FileId, offset: u64) -> bool {
        self.bytes(file).is_durable(offset)
    }

    /// Flips a bit on the disk, of a byte that is durable.
    pub(crate) fn flip(&mut self, file: FileId, offset: u64, bit: u32) {
        self.bytes_mut(file).flip(offset, bit);
    }

    /// Has there ever been a file?
    pub(crate) fn is_used(&self) -> bool {
        !self.contents.is_empty()
    }

    /// How many changes of directories are not synced.
    pub(crate) fn unsynced_names(&self) -> u64 {
        self.tree.unsynced()
    }

    /// The machine went down: of the unsynced changes of directories, `survivors` are there
    /// afterwards, with the earlier ones of the same entries. Says how many are lost.
    pub(crate) fn crash(&mut self, survivors: &Survivors) -> u64 {
        self.tree.crash(survivors)
    }

    /// The files that have a name and unsynced bytes, in the order of their creation.
    pub(crate) fn unsynced_files(&self) -> Vec<FileId> {
        if self.contents.iter().all(Bytes::is_synced) {
            return Vec::new();
        }
        self.tree.files().into_iter().filter(|&file| !self.bytes(file).is_synced()).collect()
    }

    /// How many units of `unit` bytes of a file are not synced.
    pub(crate) fn unsynced(&self, file: FileId, unit: u64) -> u64 {
        self.bytes(file).unsynced(unit)
    }

    /// The machine is down: the page cache is gone.
    pub(crate) fn forget(&mut self) {
        self.contents.iter_mut().for_each(Bytes::forget);
    }
}
