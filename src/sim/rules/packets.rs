//! Rules for packets: asked before a host sends one.

use super::{Ask, Rule, add, verdict};
use crate::fault::FaultKind;
use crate::network::{ConnId, Side};
use crate::sim::powers::{Faults, Whom};
use crate::sim::world::World;
use crate::timeline::Nanos;
use crate::topology::HostId;
use std::net::IpAddr;
use std::time::Duration;

/// What a host is about to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet<'a> {
    /// Who sends it.
    pub from: IpAddr,
    /// Whom it is for.
    pub to: IpAddr,
    /// What it is.
    pub kind: PacketKind,
    /// The bytes it carries; none in a request for a connection.
    pub bytes: &'a [u8],
}

/// Sorts of packets that a rule is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind {
    /// A request for a connection.
    Connect,
    /// Bytes of a stream: what one write takes.
    Data,
    /// A datagram.
    Datagram,
}

/// What happens to a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It is sent as usual.
    #[default]
    Deliver,
    /// It is late by so much virtual time; what a stream sends after it waits for it.
    Delay(Duration),
    /// It is lost. A datagram is gone, a request for a connection is never answered, and bytes of
    /// a stream come 200 ms later, when they are sent again.
    Lose,
    /// The connection is reset, or refused. A datagram is lost.
    Reset,
}

/// After so long TCP sends a lost segment again: the shortest timeout of Linux.
const RETRANSMITTED: Duration = Duration::from_millis(200);

/// What the rules say about a packet, the first that says anything: by whose rule, and what.
pub(in crate::sim) fn ask_packet(packet: &Packet<'_>) -> Option<(HostId, Fate)> {
    verdict(|ask| match ask {
        Ask::Packet(rule) => Some(rule(packet)).filter(|&fate| fate != Fate::Deliver),
        Ask::Disk(_) => None,
    })
}

impl Faults {
    /// Adds a rule for packets: it is asked about each that is sent, in the order in which hosts
    /// send them, until the first rule that says other than [`Fate::Deliver`]. A rule may use what
    /// it captured, such as a clone of [`random`](Faults::random).
    ///
    /// ```
    /// use simfuzz::prelude::*;
    /// use simfuzz::{Fate, Packet};
    ///
    /// /// Loses every other large message.
    /// struct Picky;
    ///
    /// #[async_trait(?Send)]
    /// impl FaultInjector for Picky {
    ///     fn name(&self) -> &str {
    ///         "picky"
    ///     }
    ///     async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
    ///         let random = faults.random().label("lose");
    ///         let _rule = faults.packets(move |packet: &Packet| {
    ///             if packet.bytes.len() > 1_000 && random.random_bool(0.5) { Fate::Lose } else { Fate::Deliver }
    ///         });
    ///         std::future::pending().await
    ///     }
    /// }
    /// ```
    pub fn packets(&self, rule: impl FnMut(&Packet<'_>) -> Fate + 'static) -> Rule {
        add(self.host, Ask::Packet(Box::new(rule)))
    }

    /// Connections to `whom` are refused, whoever listens, for `length` of virtual time.
    pub fn refuse(&self, whom: impl Whom, length: Duration) {
        let refusing = whom.addresses(self.topology());
        let rule = move |packet: &Packet<'_>| {
            let refused = packet.kind == PacketKind::Connect && refusing.contains(&packet.to);
            if refused { Fate::Reset } else { Fate::Deliver }
        };
        self.packets(rule).lasting(length);
    }
}

impl World {
    /// A rule of `owner` had a fault injected, if the builder allows its kind.
    fn by_rule(&mut self, owner: HostId, kind: FaultKind, ends: (HostId, HostId), what: &str) -> bool {
        let may = self.weather.allows(kind);
        if may {
            self.deeds[owner.number_outside()].faults += 1;
            self.inject_between(kind, ends, 0, || what.to_owned());
        }
        may
    }

    /// The fate of bytes that `side` is about to send.
    pub(in crate::sim) fn decide_data(&mut self, (owner, fate): (HostId, Fate), conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let ends = (end.host, peer.host);
        let late = match fate {
            Fate::Deliver => return,
            Fate::Delay(late) => late,
            Fate::Lose => RETRANSMITTED,
            Fate::Reset => {
                if self.weather.allows(FaultKind::Reset) {
                    self.deeds[owner.number_outside()].faults += 1;
                    self.reset(conn, side);
                }
                return;
            }
        };
        if self.by_rule(owner, FaultKind::Clog, ends, "LATE, by a rule") {
            let at = self.now.saturating_add(late.as_nanos() as u64);
            self.net.conns.hold_back_until(conn, side, at);
        }
    }

    /// The fate of a request for a connection: how late it is; `None` when it is never answered.
    pub(in crate::sim) fn decide_connect(
        &mut self,
        (owner, fate): (HostId, Fate),
        conn: ConnId,
        ends: (HostId, HostId),
    ) -> Option<Nanos> {
        match fate {
            Fate::Delay(late) if self.by_rule(owner, FaultKind::Clog, ends, "LATE, by a rule") => {
                return Some(late.as_nanos() as u64);
            }
            Fate::Lose if self.by_rule(owner, FaultKind::Hang, ends, "HANGS, by a rule") => {
                self.net.conns.hang(conn);
                return None;
            }
            Fate::Reset if self.by_rule(owner, FaultKind::Refuse, ends, "REFUSED, by a rule") => {
                if let Some(end) = self.net.conns.end(conn, Side::Client) {
                    end.refused = true;
                }
            }
            _ => {}
        }
        Some(0)
    }

    /// The fate of a datagram: how late it is; `None` when it is lost.
    pub(in crate::sim) fn decide_datagram(
        &mut self,
        (owner, fate): (HostId, Fate),
        ends: (HostId, HostId),
    ) -> Option<Nanos> {
        match fate {
            Fate::Deliver => Some(0),
            Fate::Delay(late) => {
                let may = self.by_rule(owner, FaultKind::Reorder, ends, "LATE, by a rule");
                Some(if may { late.as_nanos() as u64 } else { 0 })
            }
            Fate::Lose | Fate::Reset => {
                let lost = self.by_rule(owner, FaultKind::Loss, ends, "LOST, by a rule");
                (!lost).then_some(0)
            }
        }
    }
}
