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

    #[inline]
    pub(super) fn wake_reader(&mut self, woken: &mut Vec<Waiter>) {
        woken.extend(self.reader.take());
        woken.append(&mut self.watchers);
    }

    pub(crate) fn wake_writer(&mut self, woken: &mut Vec<Waiter>) {
        woken.extend(self.writer.take());
        woken.append(&mut self.watchers);
    }
    /// Ends it; what has arrived from `peer` and was not read is lost.
    pub(super) fn fail(&mut self, peer: &mut Self, kind: io::ErrorKind, woken: &mut Vec<Waiter>) {
        if self.failed.is_none() {
            self.failed = Some(kind);
            peer.out.drop_arrived();
        }
        self.wake_reader(woken);
        self.wake_writer(woken);
    }
}
