//! Faults of connections: refused and unanswered requests, resets, half-open connections, partial
//! reads and writes, flipped bits.
//!
//! Each comes by the number of a host's own operations of its sort; called only while such a fault
//! can be due. What it is counted in are operations that it can hit, so that each one that is
//! counted happened. A host's connection to itself crosses no network: it may be refused and read
//! or written in parts, as those are the kernel's doing, and nothing else.

use super::events::Event;
use super::segments::GIVE_UP;
use super::world::World;
use crate::fault::{self, FaultKind};
use crate::network::{ConnId, End, Payload, Side};
use crate::topology::HostId;
use std::io;

impl World {
    /// A fault of what `from` does with `to` happens.
    pub(super) fn inject_between(
        &mut self,
        kind: FaultKind,
        (from, to): (HostId, HostId),
        value: u64,
        text: impl FnOnce() -> String,
    ) {
        let name = if self.events.told() { self.topology.host(to).name.clone() } else { String::new() };
        self.inject(kind, from, value, || format!("-> {name}: {}", text()));
    }

    /// `from` asks `to` for a connection. Says whether the request goes out.
    #[cold]
    pub(super) fn strikes_connect(&mut self, conn: ConnId, from: HostId, to: HostId) -> bool {
        // nothing on the way to itself could swallow a request; a backlog may be full there as well
        if from != to && self.strikes(FaultKind::Hang, from) {
            self.inject_between(FaultKind::Hang, (from, to), 0, || "HANGS: the request is not answered".to_owned());
            self.net.conns.hang(conn);
            return false;
        }
        if self.strikes(FaultKind::Refuse, from) {
            self.inject_between(FaultKind::Refuse, (from, to), 0, || "REFUSED whoever listens".to_owned());
            if let Some(end) = self.net.conns.end(conn, Side::Client) {
                end.refused = true;
            }
        }
        true
    }

    /// `side` reads some of what has arrived, at most `whole` bytes. Gives how many it gets.
    #[cold]
    pub(super) fn strikes_read(&mut self, conn: ConnId, side: Side, whole: usize) -> usize {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return whole };
        let (host, peer) = (end.host, peer.host);
        self.part_of(FaultKind::PartialRead, "partial-read-length", (host, peer), whole)
    }

    fn part_of(&mut self, kind: FaultKind, site: &str, ends: (HostId, HostId), whole: usize) -> usize {
        if whole < 2 || !self.strikes(kind, ends.0) {
            return whole;
        }
        let ip = self.topology.host(ends.0).ip;
        let part = fault::part(&mut self.choices, ip, site, whole);
        let what = if kind == FaultKind::PartialRead { "READ" } else { "WRITE" };
        self.inject_between(kind, ends, part as u64, || format!("PARTIAL {what}, {part} of {whole} bytes"));
        part
    }

    /// `side` writes up to `whole` bytes. Gives how many are taken.
    #[cold]
    pub(super) fn strikes_write(&mut self, conn: ConnId, side: Side, whole: usize) -> Result<usize, io::ErrorKind> {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return Ok(whole) };
        let (ends, dead) = ((end.host, peer.host), end.dead);
        if dead {
            return Ok(whole);
        }
        let leaves = ends.0 != ends.1;
        if leaves && self.strikes(FaultKind::Reset, ends.0) {
            self.reset(conn, side);
            // told by this write
            let error = self.net.conns.end(conn, side).and_then(End::write_error);
            return Err(error.unwrap_or(io::ErrorKind::BrokenPipe));
        }
        if leaves && self.strikes(FaultKind::HalfOpen, ends.0) {
            self.half_open(conn, side);
        }
        Ok(self.part_of(FaultKind::PartialWrite, "partial-write-length", ends, whole))
    }

    /// The connection breaks at both ends.
    pub(super) fn reset(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let ends = (end.host, peer.host);
        self.inject_between(FaultKind::Reset, ends, 0, || "RESET: the connection breaks at both ends".to_owned());
        self.send_control(conn, side, Payload::Reset);
        self.net.conns.fail(conn, side, io::ErrorKind::ConnectionReset, &mut self.woken);
    }

    /// The connection dies, and nobody is told.
    pub(super) fn half_open(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let ends = (end.host, peer.host);
        self.inject_between(FaultKind::HalfOpen, ends, 0, || "HALF-OPEN: the connection is dead".to_owned());
        for (side, wait) in self.net.conns.die(conn) {
            self.queue.schedule(self.now + GIVE_UP, Event::GiveUp(conn, side, wait));
        }
    }

    /// `side` has sent so many bytes.
    #[cold]
    pub(super) fn strikes_bytes(&mut self, conn: ConnId, side: Side, length: usize) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (ends, dead) = ((end.host, peer.host), end.dead);
        if !dead && ends.0 != ends.1 && self.strikes(FaultKind::BitFlip, ends.0) {
            let ip = self.topology.host(ends.0).ip;
            let bit = fault::flipped(&mut self.choices, ip, "bit-flip-at", length);
            self.inject_between(FaultKind::BitFlip, ends, bit as u64, || {
                format!("BIT FLIP: bit {} of byte {} of {length}", bit % 8, bit / 8)
            });
            self.net.conns.flip(conn, side, length, bit);
        }
    }

    /// Does `host`, which crashes, leave its peers untold? From then on nothing gets through to
    /// it until it boots.
    pub(super) fn vanishes(&mut self, host: HostId) -> bool {
        let gap = self.weather.gap(FaultKind::HalfOpen).filter(|_| self.storm);
        let on = gap.is_some_and(|gap| self.swarm.apply(FaultKind::HalfOpen, gap).is_some());
        let ip = self.topology.host(host).ip;
        if !on || !fault::dies_silently(&mut self.choices, ip) {
            return false;
        }
        let held = self.net.conns.held_by(host);
        if !held.is_empty() {
            self.inject(FaultKind::HalfOpen, host, held.len() as u64, || {
                format!("HALF-OPEN: {} connections, whose peers are told nothing", held.len())
            });
        }
        for (conn, side) in held {
            self.net.conns.vanish(conn, side);
        }
        self.hosts[host.index()].silent = true;
        for other in 0..self.hosts.len() {
            self.net.links.cut(HostId(other as u16), host);
        }
        true
    }

    /// `host` boots: what stalled on the way to it is answered again.
    pub(super) fn answers_again(&mut self, host: HostId) {
        if std::mem::take(&mut self.hosts[host.index()].silent) {
            for other in 0..self.hosts.len() {
                self.net.links.heal(HostId(other as u16), host);
            }
            self.resume_streams();
        }
    }
}
