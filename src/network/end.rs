//! One end of a connection: who holds it, who waits at it, and the direction that leaves it.

use super::direction::Direction;
use crate::executor::Waiter;
use crate::topology::HostId;
use std::io;
use std::net::SocketAddr;

/// The end that connected, or the one that accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One end of a connection, and the direction that leaves it.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) addr: SocketAddr,
    /// Does a handle or a waiting `accept` hold this end?
    pub(crate) open: bool,
    /// Is the request of this end, a client's, refused whoever listens?
    pub(crate) refused: bool,
    /// Is the handshake over, as seen from here?
    pub(crate) connected: bool,
    /// Why the end is dead, once it is.
    pub(crate) failed: Option<io::ErrorKind>,
    /// Has the program been told so? It is once; from then on the stream is at its end.
    told: bool,
    pub(crate) ended: bool,
    pub(crate) reader: Option<Waiter>,
    pub(crate) writer: Option<Waiter>,
    /// Those who wait for the end to be readable or writable and hold no half of it.
    watchers: Vec<Waiter>,
    /// Has this end said that it sends no more?
    pub(crate) shut: bool,
    /// Does nothing cross the connection any more, with nobody told? True of both ends.
    pub(crate) dead: bool,
    /// Did its machine die without a word? Whatever comes here is answered by a reset.
    pub(crate) gone: bool,
    /// What the socket's options say: only asked for again.
    pub(crate) nodelay: bool,
    /// Does closing reset, whatever was read?
    pub(crate) abrupt: bool,
    pub(crate) out: Direction,
}

impl End {
    pub(super) fn new(host: HostId, addr: SocketAddr) -> Self {
        Self {
            host,
            addr,
            open: true,
            refused: false,
            connected: false,
            failed: None,
            told: false,
            ended: false,
            reader: None,
            writer: None,
            watchers: Vec::new(),
            shut: false,
            dead: false,
            gone: false,
            nodelay: false,
            abrupt: false,
            out: Direction::default(),
        }
    }

    /// Makes a used end as good as new, keeping its buffers.
    pub(super) fn renew(&mut self, host: HostId, addr: SocketAddr) {
        let mut out = std::mem::take(&mut self.out);
        out.renew();
        *self = Self { out, ..Self::new(host, addr) };
    }

    pub(super) fn forget_waiters(&mut self) {
        (self.reader, self.writer) = (None, None);
        self.watchers.clear();
    }

    /// Somebody waits for something to happen here.
    pub(crate) fn watch(&mut self, waiter: Waiter) {
        waiter.join(&mut self.watchers);
    }

    /// What a read finds behind the last byte, if anything: the end of the stream or an error.
    ///
    /// As Linux has it: after the peer's end there is nothing but the end, and an error is told once.
    #[inline]
    pub(crate) fn read_end(&mut self) -> Option<io::Result<usize>> {
        match self.failed {
            _ if self.ended => Some(Ok(0)),
            None => None,
            Some(_) if std::mem::replace(&mut self.told, true) => Some(Ok(0)),
            Some(kind) => Some(Err(kind.into())),
        }
    }

    /// Why nothing can be written, if nothing can.
    #[inline]
    pub(crate) fn write_error(&mut self) -> Option<io::ErrorKind> {
        match self.failed {
            None if self.shut => Some(io::ErrorKind::BrokenPipe),
            None => None,
            // whoever wrote to a peer that had closed was told of it by the end of the stream
            Some(io::ErrorKind::ConnectionReset) if self.ended => Some(io::ErrorKind::BrokenPipe),
            Some(_) if std::mem::replace(&mut self.told, true) => Some(io::ErrorKind::BrokenPipe),
            failed => failed,
        }
    }

    #[inline]
    pub(super) fn wake_reader(&mut self, woken: &mut Vec<Waiter>) {
        woken.extend(self.reader.take());
        woken.append(&mut self.watchers);
    }

    pub(crate) fn wake_writer(&mut self, woken: &mut Vec<Waiter>) {
        woken.extend(self.writer.take());
        woken.append(&mut self.watchers);
    }
    /// Ends it. What has arrived can still be read.
    pub(super) fn fail(&mut self, kind: io::ErrorKind, woken: &mut Vec<Waiter>) {
        self.failed.get_or_insert(kind);
        self.wake_reader(woken);
        self.wake_writer(woken);
    }
}
