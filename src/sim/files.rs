//! `ctx.storage()`: files on the simulated disk of a host.

use super::world::{World, with};
use crate::fault;
use crate::storage::FileId;
use crate::topology::HostId;
use crate::trace::{What, preview};
use std::future::pending;
use std::io;

/// The disk of one host. It survives the host's crashes, as far as it was synced.
#[derive(Clone, Copy, Debug)]
pub struct SimStorage {
    pub(crate) host: HostId,
}

/// How a file is opened; as `std::fs::OpenOptions`, and readable and writable always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    create: bool,
    truncate: bool,
}

impl OpenOptions {
    /// Opens a file that exists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates the file if there is none.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Cuts the file to nothing.
    #[must_use]
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }
}

/// Waits as long as a disk operation takes, then does it; a crash may come right after.
async fn operate<R>(host: HostId, name: &'static str, act: impl FnOnce(&mut World) -> R) -> R {
    let time = super::SimTime(host);
    let (latency, run) = with(|world| {
        world.disk_operations += 1;
        let slot = match world.hosts[host.index()].disk_slot {
            Some(slot) => slot,
            None => {
                let slot = fault::slot(&mut world.choices, world.topology.host(host).ip, "disk");
                world.hosts[host.index()].disk_slot = Some(slot);
                slot
            }
        };
        let disk = world.weather.disk;
        (disk.min + world.choices.uniform(slot, disk.max - disk.min), world.run)
    });
    let under_way = UnderWay { run };
    time.sleep(std::time::Duration::from_nanos(latency)).await;
    drop(under_way);
    let (result, doomed) = with(|world| {
        if !world.is_running(host) {
            return (None, true);
        }
        let result = act(world);
        world.record(What::Disk, host, name.len() as u64);
        (Some(result), world.io_ends(host))
    });
    match result {
        Some(result) if !doomed => result,
        _ => pending().await,
    }
}

/// Counts a disk operation as over when its future is, one way or the other.
struct UnderWay {
    run: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        super::try_with(|world| {
            if world.run == self.run {
                world.disk_operations -= 1;
            }
        });
    }
}

impl SimStorage {
    /// Opens the file at `path`, creating it if there is none.
    ///
    /// # Errors
    ///
    /// Never, so far: the disk has no faults of its own yet.
    pub async fn open(&self, path: &str) -> io::Result<File> {
        self.open_with(path, OpenOptions::new().create(true)).await
    }

    /// Opens the file at `path` as `options` say.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such file and none may be created.
    pub async fn open_with(&self, path: &str, options: OpenOptions) -> io::Result<File> {
        let host = self.host;
        let (run, file) = operate(host, "open", |world| {
            let disk = &mut world.disks[host.index()];
            let found = match disk.find(path) {
                Some(file) => Some(file),
                None => options.create.then(|| disk.create(path)),
            };
            if let Some(file) = found
                && options.truncate
            {
                disk.set_len(file, 0);
            }
            (world.run, found)
        })
        .await;
        match file {
            Some(file) => Ok(File { run, host, file }),
            None => Err(io::Error::new(io::ErrorKind::NotFound, format!("no file `{path}`"))),
        }
    }

    /// Is there a file at `path`?
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn exists(&self, path: &str) -> io::Result<bool> {
        let host = self.host;
        Ok(operate(host, "exists", |world| world.disks[host.index()].find(path).is_some()).await)
    }

    /// The paths that begin with `prefix`, sorted.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        let host = self.host;
        Ok(operate(host, "list", |world| world.disks[host.index()].list(prefix)).await)
    }

    /// Removes the file at `path`; who has it open keeps it.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub async fn remove(&self, path: &str) -> io::Result<()> {
        let host = self.host;
        match operate(host, "remove", |world| world.disks[host.index()].remove(path)).await {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::NotFound, format!("no file `{path}`"))),
        }
    }

    /// Moves the file at `from` to `to`, in place of what was there.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let host = self.host;
        match operate(host, "rename", |world| world.disks[host.index()].rename(from, to)).await {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::NotFound, format!("no file `{from}`"))),
        }
    }
}

/// An open file. What was written survives a crash of the host once it was synced; of the rest a
/// part chosen by the tape does, torn at a byte.
#[derive(Debug)]
pub struct File {
    run: u64,
    host: HostId,
    file: FileId,
}

impl File {
    async fn operate<R>(&self, name: &'static str, act: impl FnOnce(&mut World) -> R) -> R {
        assert!(with(|world| world.run) == self.run, "a File of an earlier run was used: its disk is gone");
        operate(self.host, name, act).await
    }

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn len(&self) -> io::Result<u64> {
        Ok(self.operate("len", |world| world.disks[self.host.index()].len(self.file)).await)
    }

    /// Is the file empty?
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// Reads into `buffer` from `offset`; gives how many bytes there were, 0 at the end.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.operate("read", |world| world.disks[self.host.index()].read(self.file, offset, buffer)).await)
    }

    /// The whole content.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn read_all(&self) -> io::Result<Vec<u8>> {
        let read = |world: &mut World| {
            let disk = &world.disks[self.host.index()];
            let mut bytes = vec![0; disk.len(self.file) as usize];
            disk.read(self.file, 0, &mut bytes);
            bytes
        };
        Ok(self.operate("read", read).await)
    }

    /// Writes `bytes` at `offset`, into the page cache.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let write = |world: &mut World| {
            world.disks[self.host.index()].write(self.file, offset, bytes);
            world.events.record_bytes(bytes);
            world.tell(false, self.host, || format!("writes {} at {offset}", preview(bytes)));
        };
        self.operate("write", write).await;
        Ok(())
    }

    /// Writes `bytes` at the end.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let append = |world: &mut World| {
            let disk = &mut world.disks[self.host.index()];
            let offset = disk.len(self.file);
            disk.write(self.file, offset, bytes);
            world.events.record_bytes(bytes);
            world.tell(false, self.host, || format!("appends {}", preview(bytes)));
        };
        self.operate("append", append).await;
        Ok(())
    }

    /// Cuts or extends (with zeros) to `length` bytes.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn set_len(&self, length: u64) -> io::Result<()> {
        self.operate("set_len", |world| world.disks[self.host.index()].set_len(self.file, length)).await;
        Ok(())
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn sync_all(&self) -> io::Result<()> {
        let sync = |world: &mut World| {
            world.disks[self.host.index()].sync(self.file);
            world.tell(false, self.host, || "syncs".to_owned());
        };
        self.operate("sync", sync).await;
        Ok(())
    }

    /// The same as [`File::sync_all`] in this model.
    ///
    /// # Errors
    ///
    /// Never, so far.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync_all().await
    }
}
