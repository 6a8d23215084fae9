//! A real stream in two halves: tokio's.

use super::tcp::{TcpStream, forward};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp;

pub(super) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    let (reads, writes) = stream.0.split();
    (ReadHalf(reads), WriteHalf(writes))
}

pub(super) fn into_split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let (reads, writes) = stream.0.into_split();
    (OwnedReadHalf(reads), OwnedWriteHalf(writes))
}

/// The half of a [`TcpStream`] that reads. Made by [`TcpStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a>(tcp::ReadHalf<'a>);

/// The half of a [`TcpStream`] that writes. Made by [`TcpStream::split`].
#[derive(Debug)]
pub struct WriteHalf<'a>(tcp::WriteHalf<'a>);

/// The half of a [`TcpStream`] that reads, for a task of its own. Made by [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf(tcp::OwnedReadHalf);

/// The half of a [`TcpStream`] that writes, for a task of its own: dropping it ends the stream for
/// the peer. Made by [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedWriteHalf(tcp::OwnedWriteHalf);

forward! {
    ReadHalf<'_>: addresses reads;
    WriteHalf<'_>: addresses writes;
    OwnedReadHalf: addresses reads;
    OwnedWriteHalf: addresses writes;
}

macro_rules! peeks {
    ($($half:ty)*) => {$(
        impl $half {
            /// As [`TcpStream::peek`].
            ///
            /// # Errors
            ///
            /// As there.
            pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.peek(buffer).await
            }

            /// As [`TcpStream::poll_peek`].
            ///
            /// # Errors
            ///
            /// As there.
            pub fn poll_peek(
                &mut self,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<usize>> {
                self.0.poll_peek(context, buffer)
            }
        }
    )*};
}

peeks!(ReadHalf<'_> OwnedReadHalf);

impl OwnedReadHalf {
    /// The whole stream again.
    ///
    /// # Errors
    ///
    /// When the halves are of two streams: both, as they were.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        match self.0.reunite(other.0) {
            Ok(stream) => Ok(TcpStream(stream)),
            Err(tcp::ReuniteError(reads, writes)) => Err(ReuniteError(Self(reads), OwnedWriteHalf(writes))),
        }
    }
}

impl OwnedWriteHalf {
    /// The whole stream again.
    ///
    /// # Errors
    ///
    /// When the halves are of two streams: both, as they were.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }

    /// Drops it without ending the stream.
    pub fn forget(self) {
        self.0.forget();
    }
}

/// Two halves that are not of one stream can't be joined: here they are again.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tried to reunite halves that are not from the same socket")
    }
}

impl std::error::Error for ReuniteError {}
