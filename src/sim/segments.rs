//! Segments of TCP on their way: arrival, stalls at cut links, giving up, the handshake.

use super::events::Event;
use super::world::World;
use crate::network::{BACKLOG, ConnId, Delivered, Payload, Side};
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::What;
use std::io;

/// A sender without acknowledgement for this long gives up, virtual nanoseconds.
///
/// Linux retries for about 15 minutes by default, but services that care set the user timeout to
/// some tens of seconds; a longer one only adds idle virtual time.
pub(crate) const GIVE_UP: Nanos = 30_000_000_000;

impl World {
    /// Sends a segment without bytes from `side`.
    pub(crate) fn send_control(&mut self, conn: ConnId, side: Side, payload: Payload) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to) = (end.host, peer.host);
        let at = self.arrival(from, to);
        if self.events.story.tells_of_control() {
            self.tell_control(conn, side, (from, to), payload);
        }
        let at = self.net.conns.push(conn, side, payload, at);
        self.record(What::Close, from, at);
        self.queue.schedule(at, Event::Segment(conn, side));
    }

    #[inline]
    pub(super) fn arrive(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to, behind, dead) = (end.host, peer.host, end.out.is_stalled(), end.dead);
        if behind || dead || self.net.links.is_cut(from, to) {
            if !behind && !dead {
                self.record(What::Stall, from, u64::from(to.0));
                self.tell_held(conn, side, (from, to));
            }
            if let Some(wait) = self.net.conns.stall(conn, side) {
                self.queue.schedule(self.now + GIVE_UP, Event::GiveUp(conn, side, wait));
            }
            return;
        }
        self.deliver(conn, side, from, to);
    }

    #[inline]
    fn deliver(&mut self, conn: ConnId, side: Side, from: HostId, to: HostId) {
        if self.events.told() {
            self.tell_arrival(conn, side, (from, to));
        }
        let delivered = self.net.conns.deliver(conn, side, &mut self.woken);
        if matches!(delivered, Delivered::Data(_) | Delivered::Fin)
            && self.net.links.is_cut(to, from)
            && let Some(wait) = self.net.conns.unanswered(conn, side)
        {
            self.queue.schedule(self.now + GIVE_UP, Event::GiveUp(conn, side, wait));
        }
        match delivered {
            Delivered::Nothing => {}
            Delivered::Data(length) => self.record(What::Deliver, to, u64::from(length)),
            Delivered::Unwanted => {
                self.record(What::Reset, to, 0);
                let answer = side.other();
                self.send_control(conn, answer, Payload::Reset);
            }
            Delivered::Fin | Delivered::Window => self.record(What::Deliver, to, 0),
            Delivered::Reset => {
                self.record(What::Reset, to, u64::from(from.0));
                self.tell_link(from, to, "reset");
            }
        }
    }

    pub(super) fn retransmit(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to) = (end.host, peer.host);
        if end.dead || self.net.links.is_cut(from, to) {
            return;
        }
        for _ in 0..self.net.conns.unstall(conn, side) {
            self.deliver(conn, side, from, to);
        }
    }

    pub(super) fn give_up(&mut self, conn: ConnId, side: Side, wait: u32) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        if !end.out.waits_in_vain(wait) {
            return;
        }
        let (from, to) = (end.host, peer.host);
        self.record(What::Reset, from, 1);
        self.tell_link(from, to, "gives up, timed out");
        self.net.conns.abandon(conn, side, &mut self.woken);
    }

    pub(super) fn syn(&mut self, conn: ConnId) {
        let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { return };
        let (from, to, at, refused) = (client.host, server.host, server.addr, client.refused);
        if !client.open {
            self.net.conns.forget(conn);
            return;
        }
        if self.net.links.is_cut(from, to) {
            self.net.conns.wait_for_heal(conn, None);
            return;
        }
        let listener = if self.is_running(to) { self.net.listener_at(to, at.port()) } else { None };
        let accepted = match listener.and_then(|id| self.net.listener(id)) {
            Some(listener) if listener.waiting.len() < BACKLOG && !refused => {
                listener.offer(conn, &mut self.woken);
                true
            }
            _ => false,
        };
        if accepted && let Some(end) = self.net.conns.end(conn, Side::Server) {
            (end.open, end.connected) = (true, true);
        }
        self.record(What::Connect, to, u64::from(accepted));
        self.tell_asked(conn, (from, to));
        let at = self.arrival(to, from);
        let at = self.net.conns.hold_back_until(conn, Side::Server, at);
        self.tell_answer(conn, (from, to), accepted);
        self.queue.schedule(at, Event::SynAck(conn, accepted));
    }

    pub(super) fn syn_ack(&mut self, conn: ConnId, accepted: bool) {
        let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { return };
        let (from, to, gone) = (client.host, server.host, client.failed.is_some() || client.gone);
        if self.net.links.is_cut(to, from) {
            self.net.conns.wait_for_heal(conn, Some(accepted));
            return;
        }
        self.tell_answered(conn, (from, to), accepted);
        if accepted && gone {
            // it has given up or died meanwhile, and knows nothing of this connection
            self.send_control(conn, Side::Client, Payload::Reset);
        } else if accepted {
            if let Some(client) = self.net.conns.end(conn, Side::Client) {
                client.connected = true;
                self.woken.extend(client.writer.take());
            }
            self.record(What::Accept, from, 0);
        } else {
            self.record(What::Reset, from, 2);
            self.tell_link(from, to, "refused");
            self.net.conns.fail(conn, Side::Client, io::ErrorKind::ConnectionRefused, &mut self.woken);
        }
    }

    /// Nobody has answered a connection request in time.
    pub(super) fn connect_timeout(&mut self, conn: ConnId) {
        if let Some(end) = self.net.conns.end(conn, Side::Client)
            && !end.connected
        {
            self.net.conns.fail(conn, Side::Client, io::ErrorKind::TimedOut, &mut self.woken);
        }
    }

    /// When a connection request gives up.
    pub(crate) fn connect_deadline(&self) -> Nanos {
        self.now + GIVE_UP
    }
}
