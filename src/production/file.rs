//! An open file of this machine: at offsets, and as a stream through tokio.

use super::storage::plain;
use crate::open::{Metadata, OpenOptions};
use std::io::{self, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use tokio::task::spawn_blocking;

/// An open file. What it does is done by tokio's threads for blocking calls.
///
/// As in the simulation a write has happened when it returns, also through [`AsyncWrite`]: it waits
/// for the thread that does it, where `tokio::fs::File` may still be at it until the next flush.
#[derive(Debug)]
pub struct File {
    /// For the traits: a second handle of the same opening, with tokio's buffer.
    stream: tokio::fs::File,
    at_offsets: Arc<AtOffsets>,
    /// Bytes that the stream took and that are not written yet.
    under_way: Option<usize>,
}

#[derive(Debug)]
struct AtOffsets {
    file: std::fs::File,
    /// Held while the end is looked for and written at.
    appends: Mutex<()>,
}

impl File {
    pub(super) async fn open_at(path: PathBuf, options: OpenOptions) -> io::Result<Self> {
        let open = move || {
            let OpenOptions { read, write, append, truncate, create, create_new } = options;
            let mut options = std::fs::OpenOptions::new();
            options.read(read).write(write).append(append);
            options.truncate(truncate).create(create).create_new(create_new);
            let file = options.open(path)?;
            Ok((file.try_clone()?, file))
        };
        let (stream, file) = blocking(open).await?;
        let at_offsets = Arc::new(AtOffsets { file, appends: Mutex::new(()) });
        Ok(Self { stream: tokio::fs::File::from_std(stream), at_offsets, under_way: None })
    }

    async fn at_offsets<R: Send + 'static>(
        &self,
        act: impl FnOnce(&AtOffsets) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let file = self.at_offsets.clone();
        blocking(move || act(&file)).await
    }

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn len(&self) -> io::Result<u64> {
        Ok(self.metadata().await?.len())
    }

    /// Is the file empty?
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// What is known of the file without reading it.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.stream.metadata().await.map(|found| plain(&found))
    }

    /// Reads into `buffer` from `offset`; gives how many bytes it read, 0 at the end.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = vec![0; buffer.len()];
        let read = move |file: &AtOffsets| file.file.read_at(&mut bytes, offset).map(|read| (read, bytes));
        let (read, bytes) = self.at_offsets(read).await?;
        buffer[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the file ends before; else what the operating system says.
    pub async fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut bytes = vec![0; buffer.len()];
        let read = move |file: &AtOffsets| file.file.read_exact_at(&mut bytes, offset).map(|()| bytes);
        buffer.copy_from_slice(&self.at_offsets(read).await?);
        Ok(())
    }

    /// The whole content.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn read_all(&self) -> io::Result<Vec<u8>> {
        let read = |file: &AtOffsets| {
            let mut content = Vec::new();
            loop {
                let start = content.len();
                let left = file.file.metadata()?.len().saturating_sub(start as u64);
                // one byte more finds the end
                content.resize(start + usize::try_from(left).unwrap_or(usize::MAX).saturating_add(1), 0);
                let read = file.file.read_at(&mut content[start..], start as u64)?;
                content.truncate(start + read);
                if read == 0 {
                    return Ok(content);
                }
            }
        };
        self.at_offsets(read).await
    }

    /// Writes `bytes` at `offset`; gives how many of them it took. At the end, where the file was opened
    /// for appending.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let bytes = bytes.to_vec();
        self.at_offsets(move |file| file.file.write_at(&bytes, offset)).await
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    ///
    /// What the operating system says; then a part may be written.
    pub async fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let bytes = bytes.to_vec();
        self.at_offsets(move |file| file.file.write_all_at(&bytes, offset)).await
    }

    /// Writes all of `bytes` at the end. Two handles of a file that was not opened for appending may
    /// both find the same end, which they can't in a simulation.
    ///
    /// # Errors
    ///
    /// What the operating system says; then a part may be written.
    pub async fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let bytes = bytes.to_vec();
        let append = move |file: &AtOffsets| {
            let _appending = file.appends.lock().unwrap_or_else(PoisonError::into_inner);
            let end = file.file.metadata()?.len();
            file.file.write_all_at(&bytes, end)
        };
        self.at_offsets(append).await
    }

    /// Cuts or extends (with zeros) to `length` bytes.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn set_len(&self, length: u64) -> io::Result<()> {
        self.stream.set_len(length).await
    }

    /// Makes what was written durable, and the length; not the file's name, for which there is
    /// [`SimStorage::sync_dir`](super::SimStorage::sync_dir).
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.stream.sync_all().await
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.stream.sync_data().await
    }
}

/// Runs `act` where it may block; a panic in it is ours.
async fn blocking<R: Send + 'static>(act: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
    match spawn_blocking(act).await {
        Ok(result) => result,
        Err(error) => Err(io::Error::other(error)),
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for File {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.under_way.is_none() {
            let taken = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
            self.under_way = Some(taken);
        }
        let written = ready!(Pin::new(&mut self.stream).poll_flush(context));
        let taken = self.under_way.take().unwrap_or_default();
        // a caller that gave up and came back with less is not told of more than it has
        Poll::Ready(written.map(|()| taken.min(bytes.len())))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.stream).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.stream).poll_complete(context)
    }
}
