//! Reading and writing a stream, once for polls and for attempts: what can't be done now is
//! `Pending`, and the caller arranges for a wake-up or doesn't.

use super::events::Event;
use super::rules::{self, Packet, PacketKind};
use super::tcp::TcpStream;
use super::world::World;
use crate::network::{End, Payload};
use crate::trace::What;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one segment at most.
///
/// One choice of latency a segment: smaller ones would make a large write thousands of choices,
/// a whole window in one would hide every partial read.
const SEGMENT_MAX: usize = 16 * 1024;

impl TcpStream {
    /// What has arrived, if a read would end: an error, the end of the stream, or so many bytes.
    /// `Pending` while there is nothing.
    #[inline]
    fn inbound(&self, world: &mut World) -> Poll<io::Result<usize>> {
        if !world.is_running(self.host) {
            return Poll::Pending;
        }
        let Some((end, peer)) = world.net.conns.ends(self.conn, self.side).filter(|(end, _)| end.open) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        match peer.out.arrived() {
            0 => end.read_end().map_or(Poll::Pending, Poll::Ready),
            arrived => Poll::Ready(Ok(arrived)),
        }
    }

    #[inline]
    pub(super) fn read_now(&self, world: &mut World, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let limit = buffer.remaining();
        match self.inbound(world) {
            Poll::Pending if limit == 0 && world.is_running(self.host) => Poll::Ready(Ok(())),
            Poll::Ready(Ok(0)) => Poll::Ready(Ok(())),
            Poll::Ready(Ok(arrived)) => {
                let mut limit = limit.min(arrived);
                if world.breaks {
                    limit = world.strikes_read(self.conn, self.side, limit);
                }
                let filled = buffer.filled().len();
                if world.net.conns.read(self.conn, self.side, limit, |bytes| buffer.put_slice(bytes)) {
                    world.send_control(self.conn, self.side, Payload::Window);
                }
                if world.io_ends(self.host) {
                    // who is pending has filled nothing: tokio's `read_to_end` insists on it
                    buffer.set_filled(filled);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(()))
            }
            other => other.map_ok(|_| ()),
        }
    }

    pub(super) fn peek_now(&self, world: &mut World, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        self.inbound(world).map_ok(|_| {
            let limit = buffer.remaining();
            world.net.conns.peek(self.conn, self.side, limit, |bytes| buffer.put_slice(bytes))
        })
    }

    /// Would a read give something?
    pub(super) fn readable_now(&self, world: &mut World) -> Poll<io::Result<()>> {
        self.ready_now(world, |end, peer| peer.out.arrived() > 0 || end.ended || end.failed.is_some())
    }

    fn ready_now(&self, world: &mut World, ready: impl FnOnce(&End, &End) -> bool) -> Poll<io::Result<()>> {
        let running = world.is_running(self.host);
        match world.net.conns.ends(self.conn, self.side) {
            _ if !running => Poll::Pending,
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Some((end, peer)) if ready(end, peer) => Poll::Ready(Ok(())),
            Some(_) => Poll::Pending,
        }
    }

    /// Room for a write, or why there can be none. `Pending` while the window is full.
    #[inline]
    fn outbound(&self, world: &mut World) -> Poll<io::Result<usize>> {
        if !world.is_running(self.host) {
            return Poll::Pending;
        }
        let Some((end, peer)) = world.net.conns.ends(self.conn, self.side).filter(|(end, _)| end.open) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if let Some(kind) = end.write_error() {
            return Poll::Ready(Err(kind.into()));
        }
        let answered = !world.net.links.is_cut(peer.host, self.host);
        match world.net.conns.room(self.conn, self.side, answered) {
            0 => Poll::Pending,
            room => Poll::Ready(Ok(room)),
        }
    }

    /// Asks the rules of injectors about bytes that are about to be sent, if there are any of
    /// either, and does what they say.
    #[inline]
    pub(super) fn ask_rules(&self, bytes: &[u8]) {
        if rules::any() && !bytes.is_empty() {
            self.ask_rules_now(bytes);
        }
    }

    #[cold]
    fn ask_rules_now(&self, bytes: &[u8]) {
        let going = self.used(|world| {
            let Poll::Ready(Ok(room)) = self.outbound(world) else { return None };
            let peer = world.net.conns.end(self.conn, self.side.other())?.host;
            let ip = |host| world.topology.host(host).ip;
            Some((ip(self.host), ip(peer), bytes.len().min(room).min(SEGMENT_MAX)))
        });
        let Some((from, to, length)) = going else { return };
        let packet = Packet { from, to, kind: PacketKind::Data, bytes: &bytes[..length] };
        if let Some(fate) = rules::ask_packet(&packet) {
            self.used(|world| world.decide_data(fate, self.conn, self.side));
        }
    }

    /// Writes what there is room for. The host's last operation sends its bytes, and doesn't return.
    #[inline]
    pub(super) fn write_now(&self, world: &mut World, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.send_now(world, bytes);
        let sent = matches!(written, Poll::Ready(Ok(1..)));
        if sent && world.io_ends(self.host) { Poll::Pending } else { written }
    }

    /// The same for an attempt, which must return: what it says of the last operation is true.
    pub(super) fn try_write_now(&self, world: &mut World, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.send_now(world, bytes);
        if matches!(written, Poll::Ready(Ok(1..))) {
            world.io_ends(self.host);
        }
        written
    }

    #[inline]
    fn send_now(&self, world: &mut World, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let room = match self.outbound(world) {
            Poll::Pending if bytes.is_empty() && world.is_running(self.host) => return Poll::Ready(Ok(0)),
            Poll::Ready(Ok(room)) => room,
            other => return other,
        };
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Some(peer) = world.net.conns.end(self.conn, self.side.other()) else { return Poll::Pending };
        let to = peer.host;
        let mut bytes = &bytes[..bytes.len().min(room).min(SEGMENT_MAX)];
        if world.breaks {
            match world.strikes_write(self.conn, self.side, bytes.len()) {
                Ok(length) => bytes = &bytes[..length],
                Err(kind) => return Poll::Ready(Err(kind.into())),
            }
        }
        let at = world.arrival(self.host, to);
        if world.events.told() {
            world.tell_write(self.conn, self.side, (self.host, to), bytes);
        }
        let at = world.net.conns.send(self.conn, self.side, bytes, at);
        world.queue.schedule(at, Event::Segment(self.conn, self.side));
        world.record(What::Send, self.host, at);
        world.events.record_bytes(bytes);
        if world.breaks {
            world.strikes_bytes(self.conn, self.side, bytes.len());
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// Would a write take something or fail?
    pub(super) fn writable_now(&self, world: &mut World) -> Poll<io::Result<()>> {
        // asked first, since an error is told once
        match self.ready_now(world, |end, _| end.failed.is_some() || end.shut) {
            Poll::Pending => self.outbound(world).map_ok(|_| ()),
            ready => ready,
        }
    }

    /// `attempt`, and where it must wait, a wake-up when something happens at this end.
    pub(super) fn or_watch<T>(&self, world: &mut World, context: &Context<'_>, attempt: Poll<T>) -> Poll<T> {
        if attempt.is_pending()
            && let Some(end) = world.net.conns.end(self.conn, self.side)
        {
            end.watch(world.tasks.waiter(context.waker()));
        }
        attempt
    }

    #[inline]
    pub(super) fn poll_read_half(&self, context: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.used(|world| {
            let read = self.read_now(world, buffer);
            if read.is_pending()
                && let Some(end) = world.net.conns.end(self.conn, self.side)
            {
                end.reader = Some(world.tasks.waiter(context.waker()));
            }
            read
        })
    }

    #[inline]
    pub(super) fn poll_write_half(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.ask_rules(bytes);
        self.used(|world| {
            let written = self.write_now(world, bytes);
            if written.is_pending()
                && let Some(end) = world.net.conns.end(self.conn, self.side)
            {
                end.writer = Some(world.tasks.waiter(context.waker()));
            }
            written
        })
    }

    pub(super) fn poll_shutdown_half(&self) -> Poll<io::Result<()>> {
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

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_read_half(context, buffer)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_half(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown_half()
    }
}
