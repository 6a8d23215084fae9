//! TCP streams and listeners, with tokio's io traits.

use super::events::Event;
use super::network::ToPeer;
use super::world::{World, try_with, with};
use crate::network::{ConnId, ListenerId, Payload, Side};
use crate::topology::HostId;
use crate::trace::What;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one segment at most.
///
/// One choice of latency a segment: smaller ones would make a large write thousands of choices,
/// a whole window in one would hide every partial read.
const SEGMENT_MAX: usize = 16 * 1024;

/// A connection under way.
pub(super) struct Connect {
    run: u64,
    host: HostId,
    conn: ConnId,
    done: bool,
}

impl Connect {
    pub(super) fn start(host: HostId, to: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> {
        let started = with(|world| {
            let Some(peer) = world.topology.id_of(to.ip()) else {
                let reason = format!("no host has the address {}", to.ip());
                return Err(io::Error::new(io::ErrorKind::HostUnreachable, reason));
            };
            let from = world.topology.host(host).ip;
            let port = world.net.ephemeral_port(host);
            let conn = world.net.conns.open((host, SocketAddr::new(from, port)), (peer, to));
            let at = world.now + world.latency(host, peer);
            world.record(What::Connect, host, u64::from(peer.0) << 16 | u64::from(to.port()));
            world.queue.schedule(at, Event::Syn(conn));
            let deadline = world.connect_deadline();
            world.queue.schedule(deadline, Event::ConnectTimeout(conn));
            let doomed = world.io_ends(host);
            Ok((Self { run: world.run, host, conn, done: false }, doomed))
        });
        async move {
            let (connect, doomed) = started?;
            if doomed {
                std::future::pending::<()>().await;
            }
            connect.await
        }
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = with(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(end) = world.net.conns.end(self.conn, Side::Client) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            };
            if let Some(kind) = end.failed {
                return Poll::Ready(Err(kind.into()));
            }
            if end.connected {
                return Poll::Ready(Ok(()));
            }
            end.writer = Some(world.tasks.waiter(context.waker()));
            Poll::Pending
        });
        result.map_ok(|()| {
            self.done = true;
            TcpStream { run: self.run, host: self.host, conn: self.conn, side: Side::Client }
        })
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        if !self.done {
            try_with(|world| world.let_go(self.run, self.host, self.conn, Side::Client));
        }
    }
}

impl World {
    /// A handle of `host` is dropped.
    fn let_go(&mut self, run: u64, host: HostId, conn: ConnId, side: Side) {
        if self.run == run
            && self.hosts.get(host.index()).is_some_and(|host| host.up)
            && let Some(farewell) = self.net.conns.close(conn, side)
        {
            self.send_control(conn, side, farewell);
        }
    }
}

/// A TCP connection. Reads and writes through tokio's [`AsyncRead`] and [`AsyncWrite`].
///
/// Bytes arrive in order and once, or not at all: a partition stalls the stream until it heals
/// or the sender gives up after 30 virtual seconds; a crash of the peer resets it. A writer that
/// is 64 KiB ahead of its reader waits. Dropping it closes: the peer reads the rest and then the
/// end, or gets a reset when bytes were left unread here.
///
/// Acknowledgements are no packets of their own here. Where only the way back is cut, bytes still
/// arrive, but they stay in the writer's window, and a writer that is not answered for 30 virtual
/// seconds gives up, as one whose bytes don't arrive.
pub struct TcpStream {
    run: u64,
    host: HostId,
    conn: ConnId,
    side: Side,
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

    /// Accepted and ignored: there is no Nagle delay in the simulation.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn set_nodelay(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    #[inline]
    #[track_caller]
    fn used<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        with(|world| {
            assert!(world.run == self.run, "a TcpStream of an earlier run was used: its network is gone");
            f(world)
        })
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.used(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(end) = world.net.conns.end(self.conn, self.side).filter(|end| end.open) else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            if buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let (failed, ended) = (end.failed, end.ended);
            let limit = buffer.remaining();
            if world.net.conns.read(self.conn, self.side, limit, |bytes| buffer.put_slice(bytes)) > 0 {
                if world.net.conns.reader_unblocks(self.conn, self.side) {
                    world.send_control(self.conn, self.side, Payload::Window);
                }
                return if world.io_ends(self.host) { Poll::Pending } else { Poll::Ready(Ok(())) };
            }
            if let Some(kind) = failed {
                return Poll::Ready(Err(kind.into()));
            }
            if ended {
                return Poll::Ready(Ok(()));
            }
            if let Some(end) = world.net.conns.end(self.conn, self.side) {
                end.reader = Some(world.tasks.waiter(context.waker()));
            }
            Poll::Pending
        })
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.used(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some((end, peer)) = world.net.conns.ends(self.conn, self.side).filter(|(end, _)| end.open) else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            if let Some(kind) = end.failed {
                return Poll::Ready(Err(kind.into()));
            }
            if end.shut {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            let to = peer.host;
            let answered = !world.net.links.is_cut(to, self.host);
            let room = world.net.conns.room(self.conn, self.side, answered);
            if room == 0 {
                if let Some(end) = world.net.conns.end(self.conn, self.side) {
                    end.writer = Some(world.tasks.waiter(context.waker()));
                }
                return Poll::Pending;
            }
            let bytes = &bytes[..bytes.len().min(room).min(SEGMENT_MAX)];
            let at = world.now + world.latency(self.host, to);
            let at = world.net.conns.send(self.conn, self.side, bytes, at);
            world.queue.schedule(at, Event::Segment(self.conn, self.side));
            world.record(What::Send, self.host, at);
            world.events.record_bytes(bytes);
            world.tell_send(self.host, to, bytes);
            if world.io_ends(self.host) { Poll::Pending } else { Poll::Ready(Ok(bytes.len())) }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.used(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(end) = world.net.conns.end(self.conn, self.side) else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            if end.failed.is_none() && !end.shut {
                end.shut = true;
                world.send_control(self.conn, self.side, Payload::Fin);
            }
            Poll::Ready(Ok(()))
        })
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        try_with(|world| world.let_go(self.run, self.host, self.conn, self.side));
    }
}

/// Accepts TCP connections. Up to 128 may wait; one more is refused.
#[derive(Debug)]
pub struct TcpListener {
    run: u64,
    host: HostId,
    listener: ListenerId,
    addr: SocketAddr,
}

impl TcpListener {
    /// Listens on the host of the current task; see
    /// [`SimNetwork::bind`](crate::SimNetwork::bind).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn bind(addr: impl ToPeer) -> io::Result<Self> {
        let host = with(|world| world.current);
        let addr = with(|world| addr.to_peer(&world.topology))?;
        Self::bind_on(host, addr)
    }

    pub(super) fn bind_on(host: HostId, addr: SocketAddr) -> io::Result<Self> {
        with(|world| {
            let own = world.topology.host(host).ip;
            if addr.ip() != own && !addr.ip().is_unspecified() {
                let reason = format!("{} is not an address of this host, which is {own}", addr.ip());
                return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, reason));
            }
            let port = if addr.port() == 0 { world.net.ephemeral_port(host) } else { addr.port() };
            let addr = SocketAddr::new(own, port);
            let listener = world.net.listen(host, addr).ok_or(io::ErrorKind::AddrInUse)?;
            world.record(What::Accept, host, u64::from(port) << 1 | 1);
            Ok(Self { run: world.run, host, listener, addr })
        })
    }

    /// Waits for the next connection, and gives it with the address it comes from.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    ///
    /// # Panics
    ///
    /// When used after its run.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| self.poll_accept(context)).await
    }

    /// Takes the next connection, or arranges for a wake-up.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        with(|world| {
            assert!(world.run == self.run, "a TcpListener of an earlier run was used: its network is gone");
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(listener) = world.net.listener(self.listener) else { return Poll::Pending };
            let Some(conn) = listener.waiting.pop_front() else {
                listener.wait(world.tasks.waiter(context.waker()));
                return Poll::Pending;
            };
            world.record(What::Accept, self.host, 0);
            let from = world.net.conns.end(conn, Side::Client).map(|end| end.addr);
            let from = from.expect("a connection lives while its server's end waits to be accepted");
            Poll::Ready(Ok((TcpStream { run: self.run, host: self.host, conn, side: Side::Server }, from)))
        })
    }

    /// The address it listens at.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        try_with(|world| {
            if world.run != self.run {
                return;
            }
            // as in the field: whoever was not accepted yet is reset
            for conn in world.net.unlisten(self.listener) {
                if world.net.conns.close(conn, Side::Server).is_some() {
                    world.send_control(conn, Side::Server, Payload::Reset);
                }
            }
        });
    }
}
