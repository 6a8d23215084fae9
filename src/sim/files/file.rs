//! An open file: reading and writing at offsets.

use super::operation::{Operation, Part, Seat, Sort, Target, operate};
use crate::open::{Metadata, OpenOptions};
use crate::sim::world::{World, with};
use crate::storage::{FileId, Node};
use crate::trace::{Mark, preview};
use std::io;

/// What a file gives that was not opened for this: `EBADF`, as Unix numbers it.
const NOT_OPENED_FOR_IT: i32 = 9;

/// An open file. What was written survives a crash of the host once it was synced; of the rest a
/// part chosen by the tape does, torn at sectors, pages or bytes.
///
/// Reads and writes at an offset, as `std::os::unix::fs::FileExt`, and through tokio's
/// [`AsyncRead`](tokio::io::AsyncRead), [`AsyncWrite`](tokio::io::AsyncWrite) and
/// [`AsyncSeek`](tokio::io::AsyncSeek) at a cursor of its own. A write through these traits has
/// happened when it returns, where `tokio::fs` may still be at it until the next flush.
#[derive(Debug)]
pub struct File {
    run: u64,
    seat: Seat,
    node: Node,
    options: OpenOptions,
    /// Where the traits read and write.
    pub(super) cursor: u64,
    /// What the traits have begun.
    pub(super) under_way: Option<Operation>,
}

impl File {
    pub(super) fn new(seat: Seat, node: Node, options: OpenOptions) -> Self {
        let run = with(|world| world.run);
        Self { run, seat, node, options, cursor: 0, under_way: None }
    }

    #[track_caller]
    fn check_run(&self) {
        assert!(with(|world| world.run) == self.run, "a File of an earlier run was used: its disk is gone");
    }

    async fn operate<R>(&self, sort: Sort, part: Part<'_>, act: impl FnOnce(&mut World) -> R) -> R {
        self.check_run();
        operate(self.seat, sort, Target::Open(self.node), part, act).await
    }

    /// Begins an operation of the traits.
    pub(super) fn start(&self, sort: Sort, part: Part<'_>) -> Operation {
        self.check_run();
        Operation::start(self.seat, sort, Target::Open(self.node), part)
    }

    fn file(&self) -> io::Result<FileId> {
        match self.node {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn readable(&self) -> io::Result<FileId> {
        if self.options.read { self.file() } else { Err(io::Error::from_raw_os_error(NOT_OPENED_FOR_IT)) }
    }

    fn writable(&self) -> io::Result<FileId> {
        if self.options.writes() { self.file() } else { Err(io::Error::from_raw_os_error(NOT_OPENED_FOR_IT)) }
    }

    /// Reads from `offset`; says how many bytes, 0 at the end.
    pub(super) fn read_now(&self, world: &mut World, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.readable()?;
        let left = world.disks[self.seat.disk.index()].len(file).saturating_sub(offset);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = world.reads(self.seat.user, file, offset, count)?;
        Ok(world.disks[self.seat.disk.index()].read(file, offset, &mut buffer[..count]))
    }

    /// Writes at `offset`, or at the end where the file was opened for that or there is no
    /// offset. Says where and how many bytes.
    pub(super) fn write_now(&self, world: &mut World, offset: Option<u64>, bytes: &[u8]) -> io::Result<(u64, usize)> {
        let file = self.writable()?;
        let length = world.disks[self.seat.disk.index()].len(file);
        let offset = offset.filter(|_| !self.options.append).unwrap_or(length);
        if bytes.is_empty() {
            return Ok((offset, 0));
        }
        let growth = (offset + bytes.len() as u64).saturating_sub(length).min(bytes.len() as u64);
        let bytes = &bytes[..world.writes(self.seat.user, bytes.len(), growth as usize)?];
        world.disks[self.seat.disk.index()].write(file, offset, bytes);
        world.events.record_bytes(bytes);
        world.tell_as(Mark::Disk, false, self.seat.user, || format!("writes {} at {offset}", preview(bytes)));
        Ok((offset, bytes.len()))
    }

    /// Where a write at `offset` goes: to the end, where the file was opened for that.
    pub(super) fn writing<'a>(&self, offset: Option<u64>, bytes: &'a [u8]) -> Part<'a> {
        Part::Write(offset.filter(|_| !self.options.append), bytes)
    }

    pub(super) fn len_now(&self, world: &World) -> u64 {
        match self.node {
            Node::File(file) => world.disks[self.seat.disk.index()].len(file),
            Node::Dir(_) => 0,
        }
    }

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn len(&self) -> io::Result<u64> {
        Ok(self.metadata().await?.len())
    }

    /// Is the file empty?
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// What is known of the file without reading it.
    ///
    /// # Errors
    ///
    /// Never.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        Ok(self
            .operate(Sort::Look, Part::Whole, |world| super::metadata(&world.disks[self.seat.disk.index()], self.node))
            .await)
    }

    /// Reads into `buffer` from `offset`; gives how many bytes it read, 0 at the end. There may
    /// be more than it gives, as with every `read`.
    ///
    /// # Errors
    ///
    /// When the file was not opened for reading; `EIO` when the disk fails.
    pub async fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let part = Part::Read(offset, buffer.len());
        self.operate(Sort::Read, part, |world| self.read_now(world, offset, buffer)).await
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the file ends before; else as [`File::read_at`].
    pub async fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = self.read_at(offset, buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[read..];
            offset += read as u64;
        }
        Ok(())
    }

    /// The whole content, in one operation unless a read is cut short.
    ///
    /// # Errors
    ///
    /// As [`File::read_at`].
    pub async fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let part = Part::Read(content.len() as u64, usize::MAX);
            let read = |world: &mut World| {
                let (start, length) = (content.len(), self.len_now(world));
                content.resize((length as usize).max(start), 0);
                let read = self.read_now(world, start as u64, &mut content[start..]);
                content.truncate(start + *read.as_ref().unwrap_or(&0));
                read.map(|read| (start + read) as u64 >= length)
            };
            if self.operate(Sort::Read, part, read).await? {
                return Ok(content);
            }
        }
    }

    /// Writes `bytes` at `offset`, into the page cache; gives how many of them it took, which may
    /// be fewer, as with every `write`.
    ///
    /// # Errors
    ///
    /// When the file was not opened for writing; `EIO` when the disk fails; `StorageFull` when
    /// the file can't grow.
    pub async fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let write = |world: &mut World| self.write_now(world, Some(offset), bytes);
        self.operate(Sort::Write, self.writing(Some(offset), bytes), write).await.map(|(_, written)| written)
    }

    /// Writes all of `bytes` at `offset`, into the page cache.
    ///
    /// # Errors
    ///
    /// As [`File::write_at`]; then a part may be written.
    pub async fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        loop {
            written += self.write_at(offset + written as u64, &bytes[written..]).await?;
            if written == bytes.len() {
                return Ok(());
            }
        }
    }

    /// Writes all of `bytes` at the end, into the page cache.
    ///
    /// # Errors
    ///
    /// As [`File::write_at`]; then a part may be written.
    pub async fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        loop {
            let append = |world: &mut World| self.write_now(world, None, &bytes[written..]);
            written += self.operate(Sort::Write, self.writing(None, &bytes[written..]), append).await?.1;
            if written == bytes.len() {
                return Ok(());
            }
        }
    }

    /// Cuts or extends (with zeros) to `length` bytes. What it adds is a hole, which takes no room:
    /// it works on a full disk too.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the file was not opened for writing.
    pub async fn set_len(&self, length: u64) -> io::Result<()> {
        let set_len = |world: &mut World| {
            let file = self.writable().map_err(|_| io::ErrorKind::InvalidInput)?;
            world.disks[self.seat.disk.index()].set_len(file, length);
            world.tell_as(Mark::Disk, false, self.seat.user, || format!("sets the length to {length}"));
            Ok(())
        };
        self.operate(Sort::Length, Part::Length(length), set_len).await
    }

    /// Makes what was written durable, and the length; not the file's name, for which there is
    /// [`SimStorage::sync_dir`](crate::SimStorage::sync_dir). Of a directory it is the entries.
    ///
    /// # Errors
    ///
    /// `EIO` when the disk fails. What was not written then never will be, unless it is written
    /// again: reads show it, the next sync succeeds, and a crash takes it.
    pub async fn sync_all(&self) -> io::Result<()> {
        let sync = |world: &mut World| {
            match self.node {
                Node::File(file) => {
                    world.syncs(self.seat.user, Some(file))?;
                    world.disks[self.seat.disk.index()].sync(file);
                }
                Node::Dir(dir) => {
                    world.syncs(self.seat.user, None)?;
                    world.disks[self.seat.disk.index()].sync_dir(dir);
                }
            }
            world.tell_as(Mark::Disk, false, self.seat.user, || "syncs".to_owned());
            Ok(())
        };
        self.operate(Sort::Sync, Part::Whole, sync).await
    }

    /// The same as [`File::sync_all`] here: the length counts as data, and there are no dates.
    ///
    /// # Errors
    ///
    /// As [`File::sync_all`].
    pub async fn sync_data(&self) -> io::Result<()> {
        self.sync_all().await
    }
}
