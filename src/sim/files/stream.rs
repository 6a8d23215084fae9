//! An open file as a stream: tokio's traits, at a cursor.

use super::File;
use super::operation::{Operation, Part, Sort};
use crate::sim::world::with;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

/// Bytes of one operation of the traits at most, as in `tokio::fs`.
const CHUNK_MAX: usize = 2 * 1024 * 1024;

impl File {
    /// Waits for the operation under way, which is begun if there is none of this sort. One of
    /// another sort was given up.
    fn poll_operation(&mut self, sort: Sort, part: Part<'_>, context: &mut Context<'_>) -> Poll<Operation> {
        let mut operation = match self.under_way.take() {
            Some(operation) if operation.sort == sort => operation,
            _ => self.start(sort, part),
        };
        match operation.poll_over(context) {
            Poll::Ready(()) => Poll::Ready(operation),
            Poll::Pending => {
                self.under_way = Some(operation);
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let limit = buffer.remaining().min(CHUNK_MAX);
        let part = Part::Read(self.cursor, limit);
        let operation = ready!(self.poll_operation(Sort::Read, part, context));
        let into = &mut buffer.initialize_unfilled()[..limit];
        let read = ready!(operation.finish(|world| self.read_now(world, self.cursor, into)))?;
        buffer.advance(read);
        self.cursor += read as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for File {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes = &bytes[..bytes.len().min(CHUNK_MAX)];
        let part = self.writing(Some(self.cursor), bytes);
        let operation = ready!(self.poll_operation(Sort::Write, part, context));
        let (at, written) = ready!(operation.finish(|world| self.write_now(world, Some(self.cursor), bytes)))?;
        self.cursor = at + written as u64;
        Poll::Ready(Ok(written))
    }

    /// Nothing is left to do: a write has happened when it returns.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let to = match position {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::Current(by) => self.cursor.checked_add_signed(by),
            SeekFrom::End(by) => with(|world| self.len_now(world)).checked_add_signed(by),
        };
        let reason = "a seek to before the start of the file";
        self.cursor = to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.cursor))
    }
}
