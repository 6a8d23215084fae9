//! Datagrams on their way: sent, lost, doubled, late, flipped, arrived.

use super::events::Event;
use super::rules::Fate;
use super::world::World;
use crate::fault::{self, FaultKind};
use crate::network::{Arrived, DatagramId};
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::{What, seconds};
use std::net::SocketAddr;

impl World {
    /// `host` sends a datagram, which may come to something or not: it is not told.
    /// `fate` is what a rule says about it.
    pub(super) fn send_datagram(
        &mut self,
        host: HostId,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        fate: Option<(HostId, Fate)>,
    ) {
        self.record(What::Send, host, u64::from(to.port()));
        self.events.record_bytes(bytes);
        let Some(peer) = self.topology.id_of(to.ip()) else { return };
        if self.events.told() {
            // known by its line until it is under way
            self.tell_send(None, (host, peer), bytes);
        }
        let told = self.events.story.last();
        let mut late = 0;
        if let Some(fate) = fate {
            match self.decide_datagram(fate, (host, peer)) {
                Some(by) => late = by,
                None => return,
            }
        }
        // what a host sends to itself crosses no network
        let breaks = self.breaks && host != peer;
        if breaks {
            if self.loses(host, peer) {
                return;
            }
            late += self.reorders(host, peer);
        }
        let at = self.arrival(host, peer) + late;
        let datagram = self.net.sockets.send(from, to, bytes);
        self.tell_under_way(datagram, told);
        self.queue.schedule(at, Event::Datagram(datagram));
        if breaks {
            self.flips(datagram, host, peer, bytes.len());
            if let Some(later) = self.duplicates(host, peer) {
                let copy = self.net.sockets.send(from, to, bytes);
                self.tell_under_way(copy, told);
                self.queue.schedule(at + later, Event::Datagram(copy));
            }
        }
    }

    #[cold]
    fn loses(&mut self, host: HostId, peer: HostId) -> bool {
        let lost = if self.hosts[host.index()].losing > 0 {
            self.hosts[host.index()].losing -= 1;
            true
        } else if self.strikes(FaultKind::Loss, host) {
            let ip = self.topology.host(host).ip;
            self.hosts[host.index()].losing = fault::burst(&mut self.choices, ip) - 1;
            true
        } else {
            false
        };
        if lost {
            self.inject_between(FaultKind::Loss, (host, peer), 0, || "LOST: the datagram does not arrive".to_owned());
        }
        lost
    }

    /// How much later than its latency the datagram comes.
    #[cold]
    fn reorders(&mut self, host: HostId, peer: HostId) -> Nanos {
        if !self.strikes(FaultKind::Reorder, host) {
            return 0;
        }
        let ip = self.topology.host(host).ip;
        let late = fault::extra_delay(&mut self.choices, ip, "reorder-delay");
        self.inject_between(FaultKind::Reorder, (host, peer), late, || {
            format!("REORDERED: the datagram is late by {}", seconds(late))
        });
        late
    }

    /// How much later a copy of the datagram comes, if one does.
    #[cold]
    fn duplicates(&mut self, host: HostId, peer: HostId) -> Option<Nanos> {
        if !self.strikes(FaultKind::Duplicate, host) {
            return None;
        }
        let ip = self.topology.host(host).ip;
        let later = fault::extra_delay(&mut self.choices, ip, "duplicate-delay");
        self.inject_between(FaultKind::Duplicate, (host, peer), later, || {
            format!("DUPLICATED: the datagram comes again {} later", seconds(later))
        });
        Some(later)
    }

    #[cold]
    fn flips(&mut self, datagram: DatagramId, host: HostId, peer: HostId, length: usize) {
        if length == 0 || !self.strikes(FaultKind::DatagramFlip, host) {
            return;
        }
        let ip = self.topology.host(host).ip;
        let bit = fault::flipped(&mut self.choices, ip, "datagram-flip-at", length);
        self.inject_between(FaultKind::DatagramFlip, (host, peer), bit as u64, || {
            format!("BIT FLIP: bit {} of byte {} of {length}", bit % 8, bit / 8)
        });
        self.net.sockets.flip(datagram, bit);
    }

    /// A datagram comes to the end of its way.
    pub(super) fn datagram(&mut self, id: DatagramId) {
        let Some(datagram) = self.net.sockets.land(id) else { return };
        let ends = (self.topology.id_of(datagram.from.ip()), self.topology.id_of(datagram.to.ip()));
        let (Some(from), Some(to)) = ends else { return };
        if self.net.links.is_cut(from, to) {
            self.net.sockets.done_with(datagram);
            self.record(What::Stall, from, u64::from(to.0));
            self.tell_lost(id, (from, to), "a datagram is lost at a cut link");
            return;
        }
        if !self.is_running(to) {
            self.net.sockets.done_with(datagram);
            self.forget_datagram(id);
            return;
        }
        let length = datagram.bytes.len() as u64;
        self.tell_landing(id, (from, to), length);
        match self.net.sockets.arrive(to, datagram, &mut self.woken) {
            Arrived::Queued => self.record(What::Deliver, to, length),
            Arrived::Nobody => self.record(What::Reset, to, length),
            Arrived::Full => {
                self.record(What::Stall, to, length);
                self.tell_link(from, to, "a datagram is dropped: the receive queue is full");
            }
        }
    }
}
