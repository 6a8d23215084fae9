//! TCP streams: the handle, with tokio's names. How it reads and writes is in `tcp_io`.

use super::connect::Connect;
use super::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::world::{World, try_with, with};
use crate::network::{ConnId, End, Payload, Side};
use crate::topology::{HostId, ToPeer};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::ReadBuf;

fn or_would_block<T>(attempt: Poll<io::Result<T>>) -> io::Result<T> {
    match attempt {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl World {
    /// A handle of `host` is dropped.
    pub(super) fn let_go(&mut self, run: u64, host: HostId, conn: ConnId, side: Side) {
        if self.run == run
            && self.hosts.get(host.index()).is_some_and(|host| host.up)
            && let Some(farewell) = self.net.conns.close(conn, side)
        {
            self.send_control(conn, side, farewell);
        }
    }
}

/// A TCP connection. Reads and writes through tokio's [`AsyncRead`](tokio::io::AsyncRead) and
/// [`AsyncWrite`](tokio::io::AsyncWrite).
///
/// Bytes arrive in order and once, or not at all: a partition stalls the stream until it heals
/// or the sender gives up after 30 virtual seconds; a crash of the peer resets it. A writer that
/// is 64 KiB ahead of its reader waits. Dropping it closes: the peer reads the rest and then the
/// end, or gets a reset when bytes were left unread here.
///
/// Errors are as Linux tells them: once; then the stream is at its end, and writing is a
/// `BrokenPipe`. What arrived before a reset can still be read.
///
/// Acknowledgements are no packets of their own here. Where only the way back is cut, bytes still
/// arrive, but they stay in the writer's window, and a writer that is not answered for 30 virtual
/// seconds gives up, as one whose bytes don't arrive.
pub struct TcpStream {
    pub(super) run: u64,
    pub(super) host: HostId,
    pub(super) conn: ConnId,
    pub(super) side: Side,
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream").field("conn", &self.conn).field("side", &self.side).finish_non_exhaustive()
    }
}

impl TcpStream {
    /// Connects from the host of the current task; see
    /// [`SimNetwork::connect`](crate::SimNetwork::connect).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn connect(peer: impl ToPeer) -> io::Result<Self> {
        let host = with(|world| world.current);
        let addr = with(|world| peer.to_peer(&world.topology))?;
        Connect::start(host, addr).await
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.addr_of(self.side)
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.addr_of(self.side.other())
    }

    fn addr_of(&self, side: Side) -> io::Result<SocketAddr> {
        self.used(|world| match world.net.conns.end(self.conn, side) {
            Some(end) => Ok(end.addr),
            None => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    /// Copies what has arrived into `buffer` and leaves it there; waits until something has. Gives
    /// 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// As a read.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        poll_fn(|context| self.poll_peek(context, &mut buffer)).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As a read.
    pub fn poll_peek(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.used(|world| {
            let peeked = self.peek_now(world, buffer);
            self.or_watch(world, context, peeked)
        })
    }

    /// Waits until a read would give something: bytes, the end or an error.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_read_ready(context)).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.used(|world| {
            let ready = self.readable_now(world);
            self.or_watch(world, context, ready)
        })
    }

    /// Waits until a write would take something or fail.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub async fn writable(&self) -> io::Result<()> {
        poll_fn(|context| self.poll_write_ready(context)).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.used(|world| {
            let ready = self.writable_now(world);
            self.or_watch(world, context, ready)
        })
    }

    /// Reads what is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is; else as a read.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        let read = self.used(|world| self.read_now(world, &mut buffer));
        or_would_block(read).map(|()| buffer.filled().len())
    }

    /// Writes what there is room for.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is none; else as a write.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.ask_rules(bytes);
        or_would_block(self.used(|world| self.try_write_now(world, bytes)))
    }

    /// Is the socket's option set? It changes nothing: there is no Nagle delay in the simulation.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.at_end(|end| end.nodelay)
    }

    /// Sets the socket's option, which changes nothing here.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.at_end(|end| end.nodelay = on)
    }

    /// With `Some(Duration::ZERO)`, closing resets: what the peer has not read is lost. Other
    /// values change nothing: closing never waits here.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.at_end(|end| end.abrupt = linger == Some(Duration::ZERO))
    }

    /// Sets [`set_linger`](Self::set_linger) to zero, under tokio's name.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the connection is over.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// Two halves that borrow the stream, to be used at the same time within one task.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        halves::split(self)
    }

    /// Two halves that own the stream together, for two tasks. Dropping the write half ends the
    /// stream for the peer; the connection is closed when both are dropped.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        halves::into_split(self)
    }

    fn at_end<R>(&self, f: impl FnOnce(&mut End) -> R) -> io::Result<R> {
        self.used(|world| world.net.conns.end(self.conn, self.side).map(f).ok_or(io::ErrorKind::NotConnected.into()))
    }

    #[inline]
    #[track_caller]
    pub(super) fn used<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        with(|world| {
            assert!(world.run == self.run, "a TcpStream of an earlier run was used: its network is gone");
            f(world)
        })
    }
}

impl TcpStream {
    /// Ends the direction that leaves this end, from a drop.
    pub(super) fn end_quietly(&self) {
        try_with(|world| {
            if world.run == self.run
                && world.is_running(self.host)
                && let Some(end) = world.net.conns.end(self.conn, self.side)
                && end.failed.is_none()
                && !end.shut
            {
                end.shut = true;
                world.send_control(self.conn, self.side, Payload::Fin);
            }
        });
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        try_with(|world| world.let_go(self.run, self.host, self.conn, self.side));
    }
}
