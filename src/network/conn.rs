//! TCP connections: two ends, bytes in flight, windows, half-close, reset.
//!
//! Within a direction nothing is lost or overtakes: a segment that meets a cut link stalls, and
//! all behind it, until the link heals or the sender gives up. What a direction costs in time
//! was settled by the caller.

use crate::executor::Waiter;
use crate::time::Nanos;
use crate::topology::HostId;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

/// Bytes that fit between a writer and its reader: sent and not yet read.
///
/// Linux's default receive window is of this size. A writer that runs ahead waits, as in the
/// field.
pub(crate) const WINDOW: usize = 64 * 1024;

/// Names a connection in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnId {
    slot: u32,
    generation: u32,
}

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

/// What a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// So many bytes of the stream.
    Data(u32),
    /// No more bytes will come.
    Fin,
    /// The other end is gone; what it sent and was not read is lost.
    Reset,
    /// The reader made room.
    Window,
}

/// One end of a connection, and the direction that leaves it.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: HostId,
    pub(crate) addr: SocketAddr,
    /// Does a handle or a waiting `accept` hold this end?
    pub(crate) open: bool,
    /// Is the handshake over, as seen from here?
    pub(crate) connected: bool,
    /// Why the end is dead, once it is.
    pub(crate) failed: Option<io::ErrorKind>,
    pub(crate) ended: bool,
    pub(crate) reader: Option<Waiter>,
    pub(crate) writer: Option<Waiter>,
    /// Did a writer find the window full?
    blocked: bool,
    /// Has this end said that it sends no more?
    pub(crate) shut: bool,
    /// What this end sent and the other has not read: first what has arrived, then what is under
    /// way. One buffer, since a second one would copy every byte once more.
    stream: VecDeque<u8>,
    arrived: usize,
    segments: VecDeque<Payload>,
    last_arrival: Nanos,
    /// Segments that arrived at a cut link and wait for it to heal.
    stalled: u32,
    /// Does this end wait for an acknowledgement that a cut link keeps from it?
    unanswered: bool,
    /// Tells such a wait from later ones, so that an old timer ends nothing.
    waits: u32,
    /// The reader's window as last told to this end's writer.
    window_used: usize,
}

impl End {
    fn new(host: HostId, addr: SocketAddr) -> Self {
        Self {
            host,
            addr,
            open: true,
            connected: false,
            failed: None,
            ended: false,
            reader: None,
            writer: None,
            blocked: false,
            shut: false,
            stream: VecDeque::new(),
            arrived: 0,
            segments: VecDeque::new(),
            last_arrival: 0,
            stalled: 0,
            unanswered: false,
            waits: 0,
            window_used: 0,
        }
    }

    /// Makes a used end as good as new, keeping its buffers.
    fn renew(&mut self, host: HostId, addr: SocketAddr) {
        let mut new = Self::new(host, addr);
        std::mem::swap(&mut new.stream, &mut self.stream);
        std::mem::swap(&mut new.segments, &mut self.segments);
        new.stream.clear();
        new.segments.clear();
        *self = new;
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled > 0
    }

    /// Is wait number `wait` for an acknowledgement still on?
    pub(crate) fn waits_in_vain(&self, wait: u32) -> bool {
        self.unanswered && self.waits == wait
    }

    /// An acknowledgement can't come. Gives the number of the wait, if it is a new one.
    fn wait_for_answer(&mut self) -> Option<u32> {
        if self.unanswered {
            return None;
        }
        self.unanswered = true;
        self.waits += 1;
        Some(self.waits)
    }

    /// Are segments of this end still under way?
    pub(crate) fn is_sending(&self) -> bool {
        !self.segments.is_empty()
    }
}

#[derive(Debug)]
struct Conn {
    generation: u32,
    live: bool,
    client: End,
    server: End,
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
    waiting: Vec<(ConnId, Option<bool>)>,
}

impl Conns {
    pub(crate) fn clear(&mut self) {
        self.free.clear();
        self.waiting.clear();
        for (slot, conn) in (0u32..).zip(&mut self.conns) {
            conn.live = false;
            // a run must not see which slots an earlier one used
            conn.generation = 0;
            conn.client.reader = None;
            conn.client.writer = None;
            conn.server.reader = None;
            conn.server.writer = None;
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

    /// Gives `side` what has arrived for it, at most `limit` bytes, slice by slice.
    #[inline]
    pub(crate) fn read(&mut self, id: ConnId, side: Side, limit: usize, mut to: impl FnMut(&[u8])) -> usize {
        let Some(peer) = self.end(id, side.other()) else { return 0 };
        let length = peer.arrived.min(limit);
        let (front, back) = peer.stream.as_slices();
        let from_front = front.len().min(length);
        to(&front[..from_front]);
        to(&back[..length - from_front]);
        peer.stream.drain(..length);
        peer.arrived -= length;
        length
    }

    /// How many bytes `side` may send now; `answered` says whether acknowledgements get through.
    /// Without them, what was sent stays in the window.
    #[inline]
    pub(crate) fn room(&mut self, id: ConnId, side: Side, answered: bool) -> usize {
        let Some(end) = self.end(id, side) else { return 0 };
        if !end.blocked && answered {
            end.window_used = end.stream.len();
        }
        let room = WINDOW.saturating_sub(end.window_used);
        end.blocked = room == 0;
        room
    }

    /// Sends `bytes`, to arrive not before `at`; gives the time they do.
    #[inline]
    pub(crate) fn send(&mut self, id: ConnId, side: Side, bytes: &[u8], at: Nanos) -> Nanos {
        let Some((end, _)) = self.ends(id, side) else { return at };
        end.stream.extend(bytes);
        end.window_used += bytes.len();
        self.push(id, side, Payload::Data(bytes.len() as u32), at)
    }

    /// Sends a segment without bytes behind what is under way.
    pub(crate) fn push(&mut self, id: ConnId, side: Side, payload: Payload, at: Nanos) -> Nanos {
        let Some((end, _)) = self.ends(id, side) else { return at };
        let at = at.max(end.last_arrival);
        end.last_arrival = at;
        end.segments.push_back(payload);
        at
    }

    /// The next segment that left `side` comes to a cut link, or to one that stalls there. Gives
    /// the number of the wait for its acknowledgement, if that begins here.
    pub(crate) fn stall(&mut self, id: ConnId, side: Side) -> Option<u32> {
        let end = self.end(id, side)?;
        let payload = end.segments.get(end.stalled as usize).copied();
        end.stalled += 1;
        // word of room is no data: nobody acknowledges it, and nobody gives up over it
        if payload == Some(Payload::Window) { None } else { end.wait_for_answer() }
    }

    /// What `side` sent has arrived, but the acknowledgement meets a cut link. Gives the number
    /// of the wait for it, if that begins here.
    pub(crate) fn unanswered(&mut self, id: ConnId, side: Side) -> Option<u32> {
        self.end(id, side)?.wait_for_answer()
    }

    /// Takes the stalled segments of `side`: so many may be delivered now.
    pub(crate) fn unstall(&mut self, id: ConnId, side: Side) -> u32 {
        self.end(id, side).map_or(0, |end| {
            end.unanswered = false;
            std::mem::take(&mut end.stalled)
        })
    }

    /// The acknowledgements for `side` get through again. Says whether its writer must be told
    /// of room that the reader made meanwhile.
    pub(crate) fn answer(&mut self, id: ConnId, side: Side) -> bool {
        let Some((end, peer)) = self.ends(id, side) else { return false };
        end.unanswered = end.stalled > 0;
        let told = peer.segments.contains(&Payload::Window);
        end.blocked && !told && end.stream.len() == end.arrived && end.arrived <= WINDOW / 2
    }

    /// The connections with something that a cut link holds up, and which side sent it.
    pub(crate) fn held_up(&self) -> Vec<(ConnId, Side)> {
        let held_up = |end: &End| end.stalled > 0 || end.unanswered || end.blocked;
        let mut found = Vec::new();
        for (slot, conn) in (0u32..).zip(&self.conns).filter(|(_, conn)| conn.live) {
            let id = ConnId { slot, generation: conn.generation };
            found.extend(held_up(&conn.client).then_some((id, Side::Client)));
            found.extend(held_up(&conn.server).then_some((id, Side::Server)));
        }
        found
    }

    /// Delivers the first segment that left `side`; those to wake are added to `woken`.
    #[inline]
    pub(crate) fn deliver(&mut self, id: ConnId, side: Side, woken: &mut Vec<Waiter>) -> Delivered {
        let Some((end, peer)) = self.ends(id, side) else { return Delivered::Nothing };
        let Some(payload) = end.segments.pop_front() else { return Delivered::Nothing };
        let delivered = match payload {
            Payload::Data(length) => {
                if peer.open && peer.failed.is_none() {
                    end.arrived += length as usize;
                    woken.extend(peer.reader.take());
                    Delivered::Data(length)
                } else {
                    end.stream.drain(end.arrived..end.arrived + length as usize);
                    Delivered::Unwanted
                }
            }
            Payload::Fin => {
                peer.ended = true;
                woken.extend(peer.reader.take());
                Delivered::Fin
            }
            Payload::Reset => {
                fail(peer, end, io::ErrorKind::ConnectionReset, woken);
                Delivered::Reset
            }
            Payload::Window => {
                peer.blocked = false;
                woken.extend(peer.writer.take());
                Delivered::Window
            }
        };
        self.free_if_over(id);
        delivered
    }

    /// Ends `side` with an error: reads and writes give it from here on.
    pub(crate) fn fail(&mut self, id: ConnId, side: Side, kind: io::ErrorKind, woken: &mut Vec<Waiter>) {
        if let Some((end, peer)) = self.ends(id, side) {
            fail(end, peer, kind, woken);
        }
    }

    /// The writer of `side` gives up: what it sent is lost, and the other end will be told once
    /// the link heals (as keep-alives would).
    pub(crate) fn abandon(&mut self, id: ConnId, side: Side, woken: &mut Vec<Waiter>) {
        self.fail(id, side, io::ErrorKind::TimedOut, woken);
        if let Some(end) = self.end(id, side) {
            end.stream.truncate(end.arrived);
            end.segments.clear();
            end.segments.push_back(Payload::Reset);
            end.stalled = 1;
            end.unanswered = false;
            end.shut = true;
        }
    }

    /// Nothing that `side` sends arrives before `at`.
    pub(crate) fn hold_back_until(&mut self, id: ConnId, side: Side, at: Nanos) -> Nanos {
        let Some(end) = self.end(id, side) else { return at };
        end.last_arrival = end.last_arrival.max(at);
        end.last_arrival
    }

    /// A request (`None`) or its answer met a cut link.
    pub(crate) fn wait_for_heal(&mut self, id: ConnId, answer: Option<bool>) {
        self.waiting.push((id, answer));
    }

    /// The requests and answers that wait for a link to heal.
    pub(crate) fn take_waiting(&mut self) -> Vec<(ConnId, Option<bool>)> {
        std::mem::take(&mut self.waiting)
    }

    /// Nobody waits for this request any more, and nobody has seen it.
    pub(crate) fn forget(&mut self, id: ConnId) {
        if let Some(conn) = self.get(id) {
            conn.client.segments.clear();
            conn.client.stream.truncate(conn.client.arrived);
        }
        self.free_if_over(id);
    }

    /// Must the opposite writer be told that `side` has read?
    pub(crate) fn reader_unblocks(&mut self, id: ConnId, side: Side) -> bool {
        // half of the window at once, as TCP does, not byte by byte
        self.ends(id, side).is_some_and(|(end, peer)| {
            peer.blocked && peer.arrived <= WINDOW / 2 && !end.segments.contains(&Payload::Window)
        })
    }

    /// Nobody holds `side` any more. Says what its host sends: a reset when bytes were left
    /// unread, else the end of the stream, unless it was already sent.
    pub(crate) fn close(&mut self, id: ConnId, side: Side) -> Option<Payload> {
        let (end, peer) = self.ends(id, side)?;
        end.blocked = false;
        let unread = std::mem::take(&mut peer.arrived);
        peer.stream.drain(..unread);
        let farewell = match (end.open, end.failed) {
            (true, None) if !end.connected => Some(Payload::Reset),
            (true, None) if unread > 0 => Some(Payload::Reset),
            (true, None) if !end.shut => Some(Payload::Fin),
            _ => None,
        };
        end.open = false;
        end.shut = true;
        end.reader = None;
        end.writer = None;
        if farewell.is_none() {
            self.free_if_over(id);
        }
        farewell
    }

    /// The connections that `host` holds an end of.
    pub(crate) fn held_by(&self, host: HostId) -> Vec<(ConnId, Side)> {
        let mut found = Vec::new();
        for (slot, conn) in (0u32..).zip(&self.conns).filter(|(_, conn)| conn.live) {
            let id = ConnId { slot, generation: conn.generation };
            found.extend((conn.client.open && conn.client.host == host).then_some((id, Side::Client)));
            found.extend((conn.server.open && conn.server.host == host).then_some((id, Side::Server)));
        }
        found
    }

    /// Is any segment or handshake under way? What stalled at a cut link is too: asked once all
    /// links are whole, when it only waits to be sent again.
    pub(crate) fn in_flight(&self) -> bool {
        let sending = End::is_sending;
        let shaking = |end: &End| end.open && !end.connected && end.failed.is_none();
        self.conns
            .iter()
            .any(|conn| conn.live && (sending(&conn.client) || sending(&conn.server) || shaking(&conn.client)))
    }

    fn free_if_over(&mut self, id: ConnId) {
        let Some(conn) = self.get(id) else { return };
        let over = |end: &End| !end.open && end.segments.is_empty();
        if over(&conn.client) && over(&conn.server) {
            conn.live = false;
            conn.generation = conn.generation.wrapping_add(1);
            self.free.push(id.slot);
        }
    }
}

/// Ends `end`; what has arrived from `peer` and was not read is lost.
fn fail(end: &mut End, peer: &mut End, kind: io::ErrorKind, woken: &mut Vec<Waiter>) {
    if end.failed.is_none() {
        end.failed = Some(kind);
        peer.stream.drain(..std::mem::take(&mut peer.arrived));
    }
    woken.extend(end.reader.take());
    woken.extend(end.writer.take());
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
    fn a_writer_waits_for_its_reader_to_tell_of_room() {
        let (mut conns, id) = pair();
        conns.send(id, Side::Client, &vec![7; WINDOW], 1);
        assert_eq!(conns.room(id, Side::Client, true), 0);
        deliver(&mut conns, id, Side::Client);
        assert_eq!(conns.room(id, Side::Client, true), 0, "arrived is not read");
        read(&mut conns, id, WINDOW);
        assert!(conns.reader_unblocks(id, Side::Server));
        assert_eq!(conns.room(id, Side::Client, true), 0, "the writer has not heard of it");
        conns.push(id, Side::Server, Payload::Window, 2);
        assert_eq!(deliver(&mut conns, id, Side::Server), Delivered::Window);
        assert_eq!(conns.room(id, Side::Client, true), WINDOW);
    }

    #[test]
    fn without_acknowledgements_the_window_only_fills() {
        let (mut conns, id) = pair();
        conns.send(id, Side::Client, &vec![7; WINDOW / 2], 1);
        deliver(&mut conns, id, Side::Client);
        read(&mut conns, id, WINDOW);
        assert_eq!(conns.room(id, Side::Client, false), WINDOW / 2);
        conns.send(id, Side::Client, &vec![7; WINDOW / 2], 2);
        assert_eq!(conns.room(id, Side::Client, false), 0);
        deliver(&mut conns, id, Side::Client);
        read(&mut conns, id, WINDOW);
        assert!(conns.answer(id, Side::Client), "the writer must be told");
    }

    #[test]
    fn a_wait_for_an_answer_is_numbered_and_word_of_room_is_none() {
        let (mut conns, id) = pair();
        conns.push(id, Side::Client, Payload::Window, 1);
        conns.send(id, Side::Client, b"x", 1);
        conns.send(id, Side::Client, b"y", 1);
        assert_eq!(conns.stall(id, Side::Client), None);
        assert_eq!(conns.stall(id, Side::Client), Some(1));
        assert_eq!(conns.stall(id, Side::Client), None);
        assert_eq!(conns.unstall(id, Side::Client), 3);
        assert!(!conns.end(id, Side::Client).unwrap().waits_in_vain(1));
        assert_eq!(conns.unanswered(id, Side::Client), Some(2));
        assert!(conns.end(id, Side::Client).unwrap().waits_in_vain(2));
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
