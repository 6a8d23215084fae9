//! TCP connections: two ends, each with the direction that leaves it; half-close, reset, and
//! connections whose ends have lost each other.
//!
//! Owns who holds an end and what the arrival of a segment does to it. What a direction costs in
//! time was settled by the caller.

use super::direction::Payload;
use super::end::{End, Side};
use crate::executor::Waiter;
use crate::timeline::Nanos;
use crate::topology::HostId;
use std::io;
use std::net::SocketAddr;

/// Names a connection in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnId {
    slot: u32,
    generation: u32,
}

impl ConnId {
    /// No other connection of the run has this number.
    pub(crate) fn number(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }
}

#[derive(Debug)]
pub(super) struct Conn {
    generation: u32,
    live: bool,
    pub(super) client: End,
    pub(super) server: End,
}

/// What the arrival of a segment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Nothing to do: the connection is gone, or the segment was of no use.
    Nothing,
    /// So many bytes are there to be read.
    Data(u32),
    /// The stream ended.
    Fin,
    /// The end is dead.
    Reset,
    /// The writer has room again.
    Window,
    /// Nobody holds the end that the bytes came to: the sender must be told by a reset.
    Unwanted,
}

/// All connections of a run, with the buffers of past ones.
#[derive(Debug, Default)]
pub(crate) struct Conns {
    conns: Vec<Conn>,
    free: Vec<u32>,
    pub(super) waiting: Vec<(ConnId, Option<bool>)>,
    pub(super) hung: Vec<ConnId>,
}

impl Conns {
    pub(crate) fn clear(&mut self) {
        self.free.clear();
        self.waiting.clear();
        self.hung.clear();
        for (slot, conn) in (0u32..).zip(&mut self.conns) {
            conn.live = false;
            // a run must not see which slots an earlier one used
            conn.generation = 0;
            conn.client.forget_waiters();
            conn.server.forget_waiters();
            self.free.push(slot);
        }
        self.free.reverse();
    }

    /// A connection under way from `client` to `server`.
    pub(crate) fn open(&mut self, client: (HostId, SocketAddr), server: (HostId, SocketAddr)) -> ConnId {
        let slot = match self.free.pop() {
            Some(slot) => {
                let conn = &mut self.conns[slot as usize];
                conn.live = true;
                conn.client.renew(client.0, client.1);
                conn.server.renew(server.0, server.1);
                slot
            }
            None => {
                let (client, server) = (End::new(client.0, client.1), End::new(server.0, server.1));
                self.conns.push(Conn { generation: 0, live: true, client, server });
                self.conns.len() as u32 - 1
            }
        };
        // the server's end is opened by the handshake
        self.conns[slot as usize].server.open = false;
        ConnId { slot, generation: self.conns[slot as usize].generation }
    }

    fn get(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.conns.get_mut(id.slot as usize).filter(|conn| conn.live && conn.generation == id.generation)
    }

    pub(super) fn live(&self) -> impl Iterator<Item = (ConnId, &Conn)> {
        let id = |slot, conn: &Conn| ConnId { slot, generation: conn.generation };
        (0u32..).zip(&self.conns).filter(|(_, conn)| conn.live).map(move |(slot, conn)| (id(slot, conn), conn))
    }

    /// An end and the opposite one.
    #[inline]
    pub(crate) fn ends(&mut self, id: ConnId, side: Side) -> Option<(&mut End, &mut End)> {
        let conn = self.get(id)?;
        Some(match side {
            Side::Client => (&mut conn.client, &mut conn.server),
            Side::Server => (&mut conn.server, &mut conn.client),
        })
    }

    pub(crate) fn end(&mut self, id: ConnId, side: Side) -> Option<&mut End> {
        self.ends(id, side).map(|(end, _)| end)
    }

    /// Gives `side` what has arrived for it, at most `limit` bytes, slice by slice. Says whether the opposite writer
    /// must be told that there is room.
    #[inline]
    pub(crate) fn read(&mut self, id: ConnId, side: Side, limit: usize, to: impl FnMut(&[u8])) -> bool {
        let Some((end, peer)) = self.ends(id, side) else { return false };
        peer.out.read(limit, to);
        peer.out.wants_word_of_room() && !end.out.brings_word_of_room()
    }

    /// Shows `side` what has arrived for it, and leaves it there.
    pub(crate) fn peek(&mut self, id: ConnId, side: Side, limit: usize, to: impl FnMut(&[u8])) -> usize {
        self.end(id, side.other()).map_or(0, |peer| peer.out.peek(limit, to))
    }

    /// How many bytes `side` may send now; `answered` says whether acknowledgements get through.
    #[inline]
    pub(crate) fn room(&mut self, id: ConnId, side: Side, answered: bool) -> usize {
        self.end(id, side).map_or(0, |end| end.out.room(answered && !end.dead))
    }

    /// Sends `bytes`, to arrive not before `at`; gives the time they do.
    #[inline]
    pub(crate) fn send(&mut self, id: ConnId, side: Side, bytes: &[u8], at: Nanos) -> Nanos {
        self.end(id, side).map_or(at, |end| end.out.send(bytes, at))
    }

    /// Sends a segment without bytes behind what is under way.
    pub(crate) fn push(&mut self, id: ConnId, side: Side, payload: Payload, at: Nanos) -> Nanos {
        self.end(id, side).map_or(at, |end| end.out.push(payload, at))
    }

    /// Delivers the first segment that left `side`; those to wake are added to `woken`.
    #[inline]
    pub(crate) fn deliver(&mut self, id: ConnId, side: Side, woken: &mut Vec<Waiter>) -> Delivered {
        let Some((end, peer)) = self.ends(id, side) else { return Delivered::Nothing };
        let Some(payload) = end.out.pop() else { return Delivered::Nothing };
        let delivered = match payload {
            Payload::Data(length) => {
                if peer.open && peer.failed.is_none() {
                    end.out.arrive(length);
                    peer.wake_reader(woken);
                    Delivered::Data(length)
                } else {
                    end.out.drop_arriving(length);
                    Delivered::Unwanted
                }
            }
            Payload::Reset => {
                peer.fail(io::ErrorKind::ConnectionReset, woken);
                Delivered::Reset
            }
            Payload::Fin | Payload::Window if peer.gone => Delivered::Unwanted,
            Payload::Fin => {
                peer.ended = true;
                peer.wake_reader(woken);
                Delivered::Fin
            }
            Payload::Window => {
                peer.out.unblock();
                peer.wake_writer(woken);
                Delivered::Window
            }
        };
        self.free_if_over(id);
        delivered
    }

    /// Ends `side` with an error.
    pub(crate) fn fail(&mut self, id: ConnId, side: Side, kind: io::ErrorKind, woken: &mut Vec<Waiter>) {
        if let Some(end) = self.end(id, side) {
            end.fail(kind, woken);
        }
    }

    /// The writer of `side` gives up: what it sent is lost, and the other end will be told once
    /// the link heals (as keep-alives would), if the connection isn't dead.
    pub(crate) fn abandon(&mut self, id: ConnId, side: Side, woken: &mut Vec<Waiter>) {
        self.fail(id, side, io::ErrorKind::TimedOut, woken);
        if let Some(end) = self.end(id, side) {
            end.shut = true;
            if end.dead { end.out.drop_sent() } else { end.out.leave_reset() }
        }
    }

    /// From now on nothing crosses the connection, and nobody is told. Gives the waits for an
    /// acknowledgement that begin here: of writers that hope for word of room.
    pub(crate) fn die(&mut self, id: ConnId) -> Vec<(Side, u32)> {
        let Some(conn) = self.get(id) else { return Vec::new() };
        let mut waits = Vec::new();
        for (side, end) in [(Side::Client, &mut conn.client), (Side::Server, &mut conn.server)] {
            end.dead = true;
            if end.out.is_blocked() {
                waits.extend(end.out.wait_for_answer().map(|wait| (side, wait)));
            }
        }
        waits
    }

    /// Nothing that `side` sends arrives before `at`.
    pub(crate) fn hold_back_until(&mut self, id: ConnId, side: Side, at: Nanos) -> Nanos {
        self.end(id, side).map_or(at, |end| end.out.hold_back_until(at))
    }

    /// A bit of the last `length` bytes that `side` sent is flipped.
    pub(crate) fn flip(&mut self, id: ConnId, side: Side, length: usize, bit: usize) {
        if let Some(end) = self.end(id, side) {
            end.out.flip(length, bit);
        }
    }

    /// Nobody waits for this request any more, and nobody has seen it.
    pub(crate) fn forget(&mut self, id: ConnId) {
        if let Some(conn) = self.get(id) {
            conn.client.out.drop_sent();
        }
        self.free_if_over(id);
    }

    /// Nobody holds `side` any more. Says what its host sends: a reset when bytes were left
    /// unread, else the end of the stream, unless it was already sent.
    pub(crate) fn close(&mut self, id: ConnId, side: Side) -> Option<Payload> {
        let (end, peer) = self.ends(id, side)?;
        end.out.unblock();
        let unread = peer.out.drop_arrived();
        let farewell = match (end.open && !end.dead, end.failed) {
            (true, None) if !end.connected || unread > 0 || end.abrupt => Some(Payload::Reset),
            (true, None) if !end.shut => Some(Payload::Fin),
            _ => None,
        };
        end.open = false;
        end.shut = true;
        end.forget_waiters();
        if farewell.is_none() {
            self.free_if_over(id);
        }
        farewell
    }

    /// The machine of `side` is gone without a word.
    pub(crate) fn vanish(&mut self, id: ConnId, side: Side) {
        if let Some(end) = self.end(id, side) {
            end.gone = true;
            end.out.fall_silent();
        }
        self.close(id, side);
    }

    /// The connections that `host` holds an end of.
    pub(crate) fn held_by(&self, host: HostId) -> Vec<(ConnId, Side)> {
        let mut found = Vec::new();
        for (id, conn) in self.live() {
            found.extend((conn.client.open && conn.client.host == host).then_some((id, Side::Client)));
            found.extend((conn.server.open && conn.server.host == host).then_some((id, Side::Server)));
        }
        found
    }

    /// Is any segment or handshake under way? What stalled at a cut link is too: asked once all
    /// links are whole, when it only waits to be sent again. On a dead connection nothing is.
    pub(crate) fn in_flight(&self) -> bool {
        let shaking = |end: &End| end.open && !end.connected && end.failed.is_none();
        self.live()
            .filter(|(_, conn)| !conn.client.dead)
            .any(|(_, conn)| conn.client.out.is_sending() || conn.server.out.is_sending() || shaking(&conn.client))
    }

    fn free_if_over(&mut self, id: ConnId) {
        let Some(conn) = self.get(id) else { return };
        let over = |end: &End| !end.open && (end.dead || !end.out.is_sending());
        if over(&conn.client) && over(&conn.server) {
            conn.live = false;
            conn.generation = conn.generation.wrapping_add(1);
            self.free.push(id.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Conns, ConnId) {
        let addr = |port| SocketAddr::from(([10, 0, 0, 1], port));
        let mut conns = Conns::default();
        let id = conns.open((HostId(0), addr(1)), (HostId(1), addr(2)));
        for side in [Side::Client, Side::Server] {
            let end = conns.end(id, side).unwrap();
            (end.open, end.connected) = (true, true);
        }
        (conns, id)
    }

    fn deliver(conns: &mut Conns, id: ConnId, side: Side) -> Delivered {
        conns.deliver(id, side, &mut Vec::new())
    }

    /// What the server reads.
    fn read(conns: &mut Conns, id: ConnId, limit: usize) -> Vec<u8> {
        let mut all = Vec::new();
        conns.read(id, Side::Server, limit, |bytes| all.extend(bytes));
        all
    }

    #[test]
    fn a_later_segment_does_not_overtake() {
        let (mut conns, id) = pair();
        assert_eq!(conns.send(id, Side::Client, b"ab", 10), 10);
        assert_eq!(conns.send(id, Side::Client, b"c", 5), 10);
        assert_eq!(deliver(&mut conns, id, Side::Client), Delivered::Data(2));
        assert_eq!(deliver(&mut conns, id, Side::Client), Delivered::Data(1));
        assert_eq!(read(&mut conns, id, 2), b"ab");
        assert_eq!(read(&mut conns, id, 9), b"c");
    }

    #[test]
    fn closing_says_fin_and_with_unread_bytes_reset() {
        let (mut conns, id) = pair();
        assert_eq!(conns.close(id, Side::Client), Some(Payload::Fin));
        assert_eq!(conns.close(id, Side::Client), None);

        let (mut conns, id) = pair();
        conns.send(id, Side::Client, b"x", 1);
        deliver(&mut conns, id, Side::Client);
        assert_eq!(conns.close(id, Side::Server), Some(Payload::Reset));
    }

    #[test]
    fn bytes_for_nobody_are_unwanted() {
        let (mut conns, id) = pair();
        conns.close(id, Side::Server);
        conns.send(id, Side::Client, b"x", 1);
        assert_eq!(deliver(&mut conns, id, Side::Client), Delivered::Unwanted);
    }

    #[test]
    fn a_machine_that_vanished_wants_nothing() {
        let (mut conns, id) = pair();
        conns.vanish(id, Side::Server);
        conns.push(id, Side::Client, Payload::Fin, 1);
        assert_eq!(deliver(&mut conns, id, Side::Client), Delivered::Unwanted);
    }

    #[test]
    fn a_dead_connection_is_over_when_nobody_holds_it() {
        let (mut conns, id) = pair();
        conns.send(id, Side::Client, b"x", 1);
        assert!(conns.in_flight());
        conns.die(id);
        assert!(!conns.in_flight(), "nothing will come of it");
        assert!(conns.held_up().is_empty());
        assert_eq!(conns.close(id, Side::Client), None, "nobody is told");
        assert_eq!(conns.close(id, Side::Server), None);
        assert!(conns.end(id, Side::Client).is_none());
    }

    #[test]
    fn a_connection_that_is_over_frees_its_slot() {
        let (mut conns, id) = pair();
        for side in [Side::Client, Side::Server] {
            let farewell = conns.close(id, side).unwrap();
            conns.push(id, side, farewell, 1);
        }
        deliver(&mut conns, id, Side::Client);
        deliver(&mut conns, id, Side::Server);
        assert!(conns.end(id, Side::Client).is_none());
        let addr = SocketAddr::from(([10, 0, 0, 1], 1));
        let next = conns.open((HostId(0), addr), (HostId(1), addr));
        assert_eq!(next.slot, id.slot);
        assert_ne!(next.generation, id.generation);
    }
}
