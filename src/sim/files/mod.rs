//! `ctx.storage()`: files and directories on the simulated disk of a host.
//!
//! Owns the handles that users hold, and tells the disk what they ask for. What a disk is, and
//! what a crash leaves of it, is the room `storage`'s.

mod file;
mod operation;
mod stream;

pub use file::File;

use super::world::World;
use crate::open::{Metadata, OpenOptions};
use crate::storage::{Disk, Node};
use crate::topology::HostId;
use operation::{Part, Seat, Sort, Target, operate};
use std::io;

/// The disk of one host. It survives the host's crashes, as far as it was synced.
///
/// Paths are as on Unix: `/` between names, with or without one at the start; there are no links.
/// The root is always there; a file or directory further down needs those above it, which
/// [`create_dir_all`](SimStorage::create_dir_all) makes.
///
/// What a crash may take is what POSIX lets it take. [`File::sync_all`] makes what a file holds
/// durable, not its name: until [`sync_dir`](SimStorage::sync_dir) a file that was created may
/// vanish, one that was removed may be back, one that was renamed may have its old name. There is
/// no order between bytes and names: a file that was renamed before it was synced may be found
/// empty under its new name. When a process ends by itself, by return or panic, its machine stays
/// up and what was not synced reaches the disk; after a kill it stays in the page cache, which the
/// next boot reads and a crash may still take.
///
/// ```
/// # use simfuzz::prelude::*;
/// /// Puts `bytes` in place of what is in the file `path`, now or never.
/// async fn replace(ctx: &SimContext, path: &str, bytes: &[u8]) -> std::io::Result<()> {
///     let disk = ctx.storage();
///     let beside = format!("{path}.new");
///     let file = disk.create(&beside).await?;
///     file.write_all_at(0, bytes).await?;
///     file.sync_all().await?;
///     disk.rename(&beside, path).await?;
///     disk.sync_dir("/").await
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SimStorage {
    /// Who uses it.
    pub(crate) user: HostId,
    /// Whose disk it is.
    pub(crate) disk: HostId,
}

impl SimStorage {
    async fn operate<R>(
        &self,
        sort: Sort,
        path: &str,
        act: impl FnOnce(&mut Disk) -> Result<R, io::ErrorKind>,
    ) -> io::Result<R> {
        self.operate_in(sort, path, |world, disk| act(&mut world.disks[disk.index()])).await
    }

    async fn operate_in<R>(
        &self,
        sort: Sort,
        path: &str,
        act: impl FnOnce(&mut World, HostId) -> Result<R, io::ErrorKind>,
    ) -> io::Result<R> {
        let seat = Seat { user: self.user, disk: self.disk };
        let act = |world: &mut World| act(world, seat.disk);
        operate(seat, sort, Target::Path(path), Part::Whole, act).await.map_err(|kind| refused(kind, path))
    }

    /// Opens the file at `path` for reading and writing, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// As [`SimStorage::open_with`].
    pub async fn open(&self, path: &str) -> io::Result<File> {
        self.open_with(path, OpenOptions::new().read(true).write(true).create(true)).await
    }

    /// Opens the file at `path` for writing, and cuts it to nothing, or creates it.
    ///
    /// # Errors
    ///
    /// As [`SimStorage::open_with`].
    pub async fn create(&self, path: &str) -> io::Result<File> {
        self.open_with(path, OpenOptions::new().write(true).create(true).truncate(true)).await
    }

    /// Opens the file at `path` as `options` say; a directory too, for reading only, so that its
    /// entries can be synced.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such file and none may be created, or its directory is not
    /// there; `StorageFull` when it would have to be created and can't; `AlreadyExists`,
    /// `IsADirectory`, `NotADirectory` and `InvalidInput` as in `std`.
    pub async fn open_with(&self, path: &str, options: OpenOptions) -> io::Result<File> {
        options.check()?;
        let open = |world: &mut World, host: HostId| {
            let creates = options.create || options.create_new;
            if creates && world.disks[host.index()].lacks(path) {
                world.adds_name(self.user)?;
            }
            let disk = &mut world.disks[host.index()];
            let node = disk.open(path, creates, options.create_new)?;
            match node {
                Node::Dir(_) if options.writes() => return Err(io::ErrorKind::IsADirectory),
                Node::File(file) if options.truncate => disk.set_len(file, 0),
                _ => {}
            }
            Ok(node)
        };
        let node = self.operate_in(Sort::Names, path, open).await?;
        Ok(File::new(Seat { user: self.user, disk: self.disk }, node, options))
    }

    /// Is there a file or a directory at `path`?
    ///
    /// # Errors
    ///
    /// `NotADirectory` when the path goes through a file.
    pub async fn exists(&self, path: &str) -> io::Result<bool> {
        match self.operate(Sort::Look, path, |disk| disk.find(path)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What is at `path`.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is nothing.
    pub async fn metadata(&self, path: &str) -> io::Result<Metadata> {
        self.operate(Sort::Look, path, |disk| Ok(metadata(disk, disk.find(path)?))).await
    }

    /// The names in the directory at `path`, sorted. (A real machine gives them in any order.)
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub async fn read_dir(&self, path: &str) -> io::Result<Vec<String>> {
        self.operate(Sort::Look, path, |disk| disk.names(path)).await
    }

    /// Creates a directory.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` when something is there, `NotFound` when the one above it is missing,
    /// `StorageFull` when the disk is full.
    pub async fn create_dir(&self, path: &str) -> io::Result<()> {
        self.add_dirs(path, Disk::lacks, Disk::create_dir).await
    }

    /// Creates a directory and those above it, as far as there are none.
    ///
    /// # Errors
    ///
    /// When a file is in the way; `StorageFull` when the disk is full.
    pub async fn create_dir_all(&self, path: &str) -> io::Result<()> {
        let lacks = |disk: &Disk, path: &str| disk.find(path) == Err(io::ErrorKind::NotFound);
        self.add_dirs(path, lacks, Disk::create_dir_all).await
    }

    async fn add_dirs(
        &self,
        path: &str,
        lacks: fn(&Disk, &str) -> bool,
        add: fn(&mut Disk, &str) -> Result<(), io::ErrorKind>,
    ) -> io::Result<()> {
        let add = |world: &mut World, host: HostId| {
            if lacks(&world.disks[host.index()], path) {
                world.adds_name(self.user)?;
            }
            add(&mut world.disks[host.index()], path)
        };
        self.operate_in(Sort::Names, path, add).await
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, `DirectoryNotEmpty` when something is in it.
    pub async fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.operate(Sort::Names, path, |disk| disk.remove_dir(path)).await
    }

    /// Removes the file at `path`; who has it open keeps it.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub async fn remove_file(&self, path: &str) -> io::Result<()> {
        self.operate(Sort::Names, path, |disk| disk.remove_file(path)).await
    }

    /// Moves the file or directory at `from` to `to`, in place of a file or an empty directory
    /// that was there.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, or its new directory is missing; `DirectoryNotEmpty`,
    /// `IsADirectory` and `NotADirectory` when what is at `to` can't be replaced by it.
    pub async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.operate(Sort::Names, from, |disk| disk.rename(from, to)).await
    }

    /// Makes the entries of the directory at `path` durable: what was created, removed or renamed
    /// there. Not what the files hold, nor the directory's own name.
    ///
    /// The same as opening it for reading and [`File::sync_all`], in one operation.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none; `EIO` when the disk fails, then nothing is durable yet.
    pub async fn sync_dir(&self, path: &str) -> io::Result<()> {
        let seat = Seat { user: self.user, disk: self.disk };
        let sync = |world: &mut World| {
            let dir = world.disks[seat.disk.index()].find_dir(path).map_err(|kind| refused(kind, path))?;
            world.syncs(seat.user, None)?;
            world.disks[seat.disk.index()].sync_dir(dir);
            Ok(())
        };
        operate(seat, Sort::Sync, Target::Path(path), Part::Whole, sync).await
    }
}

impl OpenOptions {
    fn writes(self) -> bool {
        self.write || self.append
    }

    /// Refuses what `std` refuses.
    fn check(self) -> io::Result<()> {
        let creates = self.create || self.create_new || self.truncate;
        let refused = match (self.write, self.append) {
            (false, false) => !self.read || creates,
            (_, true) => self.truncate && !self.create_new,
            (true, false) => false,
        };
        let reason = "these open options don't go together";
        if refused { Err(io::Error::new(io::ErrorKind::InvalidInput, reason)) } else { Ok(()) }
    }
}

fn metadata(disk: &Disk, node: Node) -> Metadata {
    match node {
        Node::File(file) => Metadata { len: disk.len(file), is_dir: false },
        Node::Dir(_) => Metadata { len: 0, is_dir: true },
    }
}

/// What a disk refuses, as a program sees it.
fn refused(kind: io::ErrorKind, path: &str) -> io::Error {
    io::Error::new(kind, format!("`{path}`: {kind}"))
}
