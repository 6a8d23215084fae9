//! What the world tells those who listen: lines of the story, who sent what arrives, what lasts.
//!
//! Owns the words for messages. Changes nothing in the run: nobody may see whether somebody
//! listens.

#[cfg(feature = "fuzz")]
use super::world::try_with;
use super::world::{Found, World};
use crate::network::{ConnId, DatagramId, Payload, Side};
use crate::topology::HostId;
use crate::trace::{Lasting, Mark, Moment, Parcel, payload, preview};

/// Parcels of streams are numbered by direction; these are not of one.
const HANDSHAKE: u64 = 1 << 62;
const DATAGRAMS: u64 = u64::MAX;

/// The number of a direction of a connection.
fn direction(conn: ConnId, side: Side) -> u64 {
    conn.number() << 1 | u64::from(side == Side::Server)
}

impl World {
    /// Adds a line to the story, if somebody listens.
    #[inline]
    pub(crate) fn tell(&mut self, main: bool, host: HostId, text: impl FnOnce() -> String) {
        self.tell_as(Mark::Word, main, host, text);
    }

    /// Adds a line of a certain sort, if somebody listens.
    #[inline]
    pub(crate) fn tell_as(&mut self, mark: Mark, main: bool, host: HostId, text: impl FnOnce() -> String) {
        if self.events.told() {
            self.add_line(mark, main, host, text());
        }
    }

    #[cold]
    fn add_line(&mut self, mark: Mark, main: bool, host: HostId, text: String) {
        let boot = self.hosts.get(host.index()).map_or(0, |host| host.boot);
        let moment = self.moment();
        let host = &self.topology.host(host).name;
        self.events.story.add(moment, main, (host, boot), mark, text);
    }

    fn moment(&self) -> Moment {
        Moment { at: self.now, choices: self.choices.made() }
    }

    /// Adds a line of the simulation itself.
    pub(crate) fn tell_all(&mut self, text: impl FnOnce() -> String) {
        self.tell_all_as(Mark::Word, text);
    }

    /// Adds a line of the simulation itself, of a certain sort.
    pub(crate) fn tell_all_as(&mut self, mark: Mark, text: impl FnOnce() -> String) {
        if self.events.told() {
            let moment = self.moment();
            self.events.story.add(moment, true, ("", 0), mark, text());
        }
    }

    /// Tells what was wrong.
    pub(super) fn tell_finding(&mut self, found: &Found) {
        if self.events.told() {
            let host = self.topology.hosts().iter().position(|host| host.name == found.host);
            let boot = host.and_then(|host| self.hosts.get(host)).map_or(0, |host| host.boot);
            let text = format!("FINDING {}: {}", found.kind, found.reason);
            let moment = self.moment();
            self.events.story.add(moment, true, (&found.host, boot), Mark::Finding, text);
        }
    }

    /// Something lasts from now on, of which the last line told.
    #[inline]
    pub(crate) fn lasts(&mut self, what: impl FnOnce() -> Lasting) {
        if self.events.told() {
            self.events.story.begin(self.now, what(), None);
        }
    }

    /// The same, and it is known how long.
    #[inline]
    pub(crate) fn lasts_for(&mut self, length: u64, what: impl FnOnce() -> Lasting) {
        if self.events.told() {
            self.events.story.begin(self.now, what(), Some(self.now + length));
        }
    }

    /// What is `which` is over.
    #[inline]
    pub(crate) fn lasts_no_more(&mut self, which: impl Fn(&Lasting) -> bool) {
        if self.events.told() {
            self.events.story.end(self.now, which);
        }
    }

    /// Tells of something between two hosts.
    pub(super) fn tell_link(&mut self, from: HostId, to: HostId, what: &str) {
        self.tell_between(Mark::Word, true, (from, to), what);
    }

    fn tell_between(&mut self, mark: Mark, main: bool, (from, to): (HostId, HostId), what: &str) {
        if self.events.told() {
            let text = format!("-> {}: {what}", self.topology.host(to).name);
            self.add_line(mark, main, from, text);
        }
    }

    /// Tells of bytes written to a stream; the caller has seen that somebody listens.
    #[cold]
    pub(super) fn tell_write(&mut self, conn: ConnId, side: Side, ends: (HostId, HostId), bytes: &[u8]) {
        let parcel = self.next_parcel(conn, side);
        self.tell_send(parcel, ends, bytes);
    }

    /// The parcel that is sent next.
    fn next_parcel(&mut self, conn: ConnId, side: Side) -> Option<Parcel> {
        let (_, next) = self.net.conns.end(conn, side)?.out.numbers();
        Some((direction(conn, side), next))
    }

    /// Tells of bytes sent; the caller has seen that somebody listens.
    #[cold]
    pub(super) fn tell_send(&mut self, parcel: Option<Parcel>, (from, to): (HostId, HostId), bytes: &[u8]) {
        let mark = Mark::Sent { to: to.0, bytes: bytes.len() as u32, payload: payload(bytes) };
        self.tell_between(mark, true, (from, to), &preview(bytes));
        if let Some(parcel) = parcel {
            self.events.story.sent(parcel);
        }
    }

    /// Tells of a segment without bytes; the caller has seen that somebody listens.
    #[cold]
    pub(super) fn tell_control(&mut self, conn: ConnId, side: Side, ends: (HostId, HostId), payload: Payload) {
        let what = match payload {
            Payload::Fin => "sends no more",
            Payload::Reset => "breaks the connection",
            // the window is the kernels' own affair
            Payload::Window | Payload::Data(_) => return,
        };
        let parcel = self.next_parcel(conn, side);
        self.tell_between(Mark::Sent { to: ends.1.0, bytes: 0, payload: None }, false, ends, what);
        parcel.into_iter().for_each(|parcel| self.events.story.sent(parcel));
    }

    /// Tells that the next segment to arrive meets a cut link.
    pub(super) fn tell_held(&mut self, conn: ConnId, side: Side, ends: (HostId, HostId)) {
        if self.events.told() {
            let number = self.net.conns.end(conn, side).map_or(0, |end| end.out.stalls_next());
            let sent = self.events.story.line_of((direction(conn, side), number));
            self.tell_between(Mark::Held { sent }, true, ends, "stalls at a cut link");
        }
    }

    /// Tells of the segment that is about to arrive; the caller has seen that somebody listens.
    #[cold]
    pub(super) fn tell_arrival(&mut self, conn: ConnId, side: Side, ends: (HostId, HostId)) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let is_read = peer.open && peer.failed.is_none();
        let (first, _) = end.out.numbers();
        let what = match end.out.next() {
            Some(Payload::Data(length)) if is_read => format!("{length} bytes arrive"),
            Some(Payload::Data(length)) => format!("{length} bytes arrive for nobody"),
            Some(Payload::Fin) => "the end of the stream arrives".to_owned(),
            Some(Payload::Reset) => "the connection is broken".to_owned(),
            Some(Payload::Window) | None => return,
        };
        self.tell_arrived((direction(conn, side), first), ends, &what);
    }

    fn tell_arrived(&mut self, parcel: Parcel, (from, to): (HostId, HostId), what: &str) {
        let sent = self.events.story.take(parcel);
        let text = format!("<- {}: {what}", self.topology.host(from).name);
        self.add_line(Mark::Arrived { from: from.0, sent }, false, to, text);
    }

    /// `from` asks for a connection.
    pub(super) fn tell_connect(&mut self, conn: ConnId, (from, to): (HostId, HostId), port: u16) {
        if self.events.told() {
            let mark = Mark::Sent { to: to.0, bytes: 0, payload: None };
            self.tell_between(mark, false, (from, to), &format!("connects to port {port}"));
            self.events.story.sent((direction(conn, Side::Client), HANDSHAKE));
        }
    }

    /// The request has come to `to`.
    pub(super) fn tell_asked(&mut self, conn: ConnId, ends: (HostId, HostId)) {
        if self.events.told() {
            self.tell_arrived((direction(conn, Side::Client), HANDSHAKE), ends, "asks for a connection");
        }
    }

    /// `to` answers the request of `from`.
    pub(super) fn tell_answer(&mut self, conn: ConnId, (from, to): (HostId, HostId), accepted: bool) {
        if self.events.told() {
            let what = if accepted { "accepts" } else { "refuses" };
            self.tell_between(Mark::Sent { to: from.0, bytes: 0, payload: None }, false, (to, from), what);
            self.events.story.sent((direction(conn, Side::Server), HANDSHAKE));
        }
    }

    /// The answer has come.
    pub(super) fn tell_answered(&mut self, conn: ConnId, (from, to): (HostId, HostId), accepted: bool) {
        if self.events.told() {
            let what = if accepted { "connected" } else { "the connection was refused" };
            self.tell_arrived((direction(conn, Side::Server), HANDSHAKE), (to, from), what);
        }
    }

    /// A datagram of which line number `line` told is under way.
    pub(super) fn tell_under_way(&mut self, datagram: DatagramId, line: u64) {
        if self.events.told() {
            self.events.story.sent_by((DATAGRAMS, datagram.number()), line);
        }
    }

    /// A datagram lands where somebody could take it.
    pub(super) fn tell_landing(&mut self, datagram: DatagramId, ends: (HostId, HostId), length: u64) {
        if self.events.told() {
            self.tell_arrived((DATAGRAMS, datagram.number()), ends, &format!("a datagram of {length} bytes arrives"));
        }
    }

    /// A datagram comes to nothing.
    pub(super) fn tell_lost(&mut self, datagram: DatagramId, ends: (HostId, HostId), what: &str) {
        if self.events.told() {
            let sent = self.events.story.take((DATAGRAMS, datagram.number()));
            self.tell_between(Mark::Held { sent }, true, ends, what);
        }
    }

    /// A datagram has come to a host that is down, which nobody tells.
    pub(super) fn forget_datagram(&mut self, datagram: DatagramId) {
        if self.events.told() {
            self.events.story.take((DATAGRAMS, datagram.number()));
        }
    }
}

/// Adds a line of a log that the program writes, on the host whose task is polled.
///
/// Nothing outside of a told run, and where the world itself is at work.
#[cfg(feature = "fuzz")]
pub(crate) fn tell_log(level: &'static str, text: impl FnOnce() -> String) {
    try_with(|world| {
        if world.events.told() && world.current.index() < world.hosts.len() {
            let host = world.current;
            world.tell_as(Mark::Log { level }, false, host, text);
        }
    });
}
