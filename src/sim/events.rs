//! What each event does to the world.

use super::world::World;
use crate::choice::{Label, Slot};
use crate::executor::{TaskId, Tasks};
use crate::fault::{self, Cut, FaultKind};
use crate::network::{BACKLOG, ConnId, Delivered, Payload, Side};
use crate::time::{Nanos, TimerId};
use crate::topology::HostId;
use crate::trace::{What, preview, seconds};
use std::io;

/// A sender without acknowledgement for this long gives up, virtual nanoseconds.
///
/// Linux retries for about 15 minutes by default, but services that care set the user timeout to
/// some tens of seconds; a longer one only adds idle virtual time.
pub(crate) const GIVE_UP: Nanos = 30_000_000_000;

/// Something due at a virtual time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A sleeper is to be woken.
    Timer(TimerId),
    /// The first segment that left this side arrives.
    Segment(ConnId, Side),
    /// Stalled segments are retransmitted.
    Retransmit(ConnId, Side),
    /// A wait for an acknowledgement has lasted too long.
    GiveUp(ConnId, Side, u32),
    /// A connection request arrives.
    Syn(ConnId),
    /// The answer to it arrives, which may be a refusal.
    SynAck(ConnId, bool),
    /// A connection request has waited too long.
    ConnectTimeout(ConnId),
    /// A task that was held back is ready again.
    Release(TaskId),
    /// A process boots again, if this is still the boot that ended.
    Restart(HostId, u32),
    /// A process is told to stop.
    Shutdown(HostId),
    /// Its time to stop is over.
    ForceStop(HostId, u32),
    /// Pause number so many of a host is over.
    Resume(HostId, u32),
    /// A spare joins, if this weather is still in force.
    Join(HostId, u32),
    /// A fault comes, if this weather is still in force.
    Fault(FaultKind, u32),
    /// Partition number so many ends.
    Heal(usize),
}

/// What the run must do about an event that the world can't do alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Nothing.
    Nothing,
    /// Boot the process of this host again.
    Boot(HostId),
    /// Boot the process of this host for the first time.
    Join(HostId),
    /// Tell the host's token.
    Shutdown(HostId),
    /// Take down the hosts that are doomed.
    Settle,
}

impl World {
    /// Carries out the next event, if it is due by `limit`.
    #[inline]
    pub(crate) fn step(&mut self, limit: Nanos) -> Option<Ask> {
        if self.queue.next_at()? > limit {
            return None;
        }
        let (at, event) = self.queue.pop()?;
        self.steps += 1;
        if at > self.now {
            self.advance(at);
        }
        Some(self.carry_out(event))
    }

    fn carry_out(&mut self, event: Event) -> Ask {
        match event {
            Event::Timer(id) => self.woken.extend(self.timers.fire(id)),
            Event::Segment(conn, side) => self.arrive(conn, side),
            Event::Retransmit(conn, side) => self.retransmit(conn, side),
            Event::GiveUp(conn, side, wait) => self.give_up(conn, side, wait),
            Event::Syn(conn) => self.syn(conn),
            Event::SynAck(conn, accepted) => self.syn_ack(conn, accepted),
            Event::ConnectTimeout(conn) => {
                if let Some(end) = self.net.conns.end(conn, Side::Client)
                    && !end.connected
                {
                    self.net.conns.fail(conn, Side::Client, io::ErrorKind::TimedOut, &mut self.woken);
                }
            }
            Event::Release(id) => {
                self.held -= 1;
                Tasks::requeue(id);
            }
            Event::Restart(host, boot) => {
                let state = &self.hosts[host.index()];
                if !state.up && state.boot == boot {
                    return Ask::Boot(host);
                }
            }
            Event::Shutdown(host) => return Ask::Shutdown(host),
            Event::ForceStop(host, boot) => return self.force_stop(host, boot),
            Event::Resume(host, pauses) => self.end_pause(host, pauses),
            Event::Join(host, version) => return self.join(host, version),
            Event::Fault(kind, version) => return self.fault_is_due(kind, version),
            Event::Heal(index) => self.end_partition(index),
        }
        Ask::Nothing
    }

    /// How long the next message from `from` to `to` takes.
    #[inline]
    pub(crate) fn latency(&mut self, from: HostId, to: HostId) -> Nanos {
        let link = self.net.links.id(from, to).index();
        let slot = match self.latency_slots[link] {
            Some(slot) => slot,
            None => self.name_link(from, to, link),
        };
        let latency = self.weather.latency;
        latency.min + self.choices.uniform(slot, latency.max - latency.min)
    }

    #[cold]
    fn name_link(&mut self, from: HostId, to: HostId, link: usize) -> Slot {
        let ips = (self.topology.host(from).ip, self.topology.host(to).ip);
        let pair = || format!("{}-{}", ips.0, ips.1);
        // printing two addresses is slow enough to keep the label from run to run
        if self.link_labels.len() <= link {
            self.link_labels.resize(link + 1, None);
        }
        let label = match self.link_labels[link] {
            Some((known, label)) if known == ips => label,
            _ => Label::new("link").child(&pair()).child("latency"),
        };
        self.link_labels[link] = Some((ips, label));
        let slot = self.choices.slot(label, || format!("link/{}/latency", pair()));
        self.latency_slots[link] = Some(slot);
        slot
    }

    /// Sends a segment without bytes from `side`.
    pub(crate) fn send_control(&mut self, conn: ConnId, side: Side, payload: Payload) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to) = (end.host, peer.host);
        let at = self.now + self.latency(from, to);
        let at = self.net.conns.push(conn, side, payload, at);
        self.record(What::Close, from, at);
        self.queue.schedule(at, Event::Segment(conn, side));
    }

    #[inline]
    fn arrive(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to, behind) = (end.host, peer.host, end.is_stalled());
        if behind || self.net.links.is_cut(from, to) {
            if !behind {
                self.record(What::Stall, from, u64::from(to.0));
                self.tell_link(from, to, "stalls at a cut link");
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

    fn tell_link(&mut self, from: HostId, to: HostId, what: &str) {
        if self.events.told() {
            let to = self.topology.host(to).name.clone();
            self.tell(true, from, || format!("-> {to}: {what}"));
        }
    }

    fn retransmit(&mut self, conn: ConnId, side: Side) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        let (from, to) = (end.host, peer.host);
        if self.net.links.is_cut(from, to) {
            return;
        }
        for _ in 0..self.net.conns.unstall(conn, side) {
            self.deliver(conn, side, from, to);
        }
    }

    fn give_up(&mut self, conn: ConnId, side: Side, wait: u32) {
        let Some((end, peer)) = self.net.conns.ends(conn, side) else { return };
        if !end.waits_in_vain(wait) {
            return;
        }
        let (from, to) = (end.host, peer.host);
        self.record(What::Reset, from, 1);
        self.tell_link(from, to, "gives up, timed out");
        self.net.conns.abandon(conn, side, &mut self.woken);
    }

    fn syn(&mut self, conn: ConnId) {
        let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { return };
        let (from, to, at) = (client.host, server.host, server.addr);
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
            Some(listener) if listener.waiting.len() < BACKLOG => {
                listener.offer(conn, &mut self.woken);
                true
            }
            _ => false,
        };
        if accepted && let Some(end) = self.net.conns.end(conn, Side::Server) {
            (end.open, end.connected) = (true, true);
        }
        self.record(What::Connect, to, u64::from(accepted));
        let at = self.now + self.latency(to, from);
        let at = self.net.conns.hold_back_until(conn, Side::Server, at);
        self.queue.schedule(at, Event::SynAck(conn, accepted));
    }

    fn syn_ack(&mut self, conn: ConnId, accepted: bool) {
        let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { return };
        let (from, to) = (client.host, server.host);
        if self.net.links.is_cut(to, from) {
            self.net.conns.wait_for_heal(conn, Some(accepted));
            return;
        }
        if accepted && client.failed.is_some() {
            // it has given up meanwhile, and knows nothing of this connection
            self.send_control(conn, Side::Client, Payload::Reset);
        } else if accepted {
            client.connected = true;
            self.woken.extend(client.writer.take());
            self.record(What::Accept, from, 0);
        } else {
            self.record(What::Reset, from, 2);
            self.tell_link(from, to, "refused");
            self.net.conns.fail(conn, Side::Client, io::ErrorKind::ConnectionRefused, &mut self.woken);
        }
    }

    pub(crate) fn begin_partition(&mut self) {
        let processes = self.topology.all_process_ips().len();
        if processes == 0 {
            return;
        }
        let (cut, length) = fault::partition(&mut self.choices, &self.weather.partitions, processes);
        let links = self.links_of(cut, processes);
        for &(from, to) in &links {
            self.net.links.cut(from, to);
        }
        let told = if self.events.told() { self.describe(cut) } else { String::new() };
        self.inject_everywhere(FaultKind::Partition, links.len() as u64 ^ length << 8, || {
            format!("PARTITION: {told}, for {}", seconds(length))
        });
        self.partitions.push(links);
        self.queue.schedule(self.now + length, Event::Heal(self.partitions.len() - 1));
    }

    fn describe(&self, cut: Cut) -> String {
        let name = |index: usize| self.topology.hosts()[index].name.clone();
        match cut {
            Cut::Isolate(at) => format!("{} is cut off from everybody", name(at)),
            Cut::Mute(at) => format!("what {} sends is lost", name(at)),
            Cut::Deafen(at) => format!("what is sent to {} is lost", name(at)),
            Cut::Halves(at) => format!("the processes before {} are cut off from the others", name(at)),
            Cut::Pair(one, other) => format!("{} and {} are cut off from each other", name(one), name(other)),
        }
    }

    /// The directed links that a cut takes away.
    fn links_of(&self, cut: Cut, processes: usize) -> Vec<(HostId, HostId)> {
        let id = |index: usize| HostId(index as u16);
        let all = self.hosts.len();
        let others = |at: usize| (0..all).filter(move |&other| other != at);
        match cut {
            Cut::Isolate(at) => others(at).flat_map(|other| [(id(at), id(other)), (id(other), id(at))]).collect(),
            Cut::Mute(at) => others(at).map(|other| (id(at), id(other))).collect(),
            Cut::Deafen(at) => others(at).map(|other| (id(other), id(at))).collect(),
            Cut::Halves(at) => {
                let pairs = (0..at).flat_map(|low| (at..processes).map(move |high| (low, high)));
                pairs.flat_map(|(low, high)| [(id(low), id(high)), (id(high), id(low))]).collect()
            }
            Cut::Pair(one, other) => vec![(id(one), id(other)), (id(other), id(one))],
        }
    }

    fn end_partition(&mut self, index: usize) {
        let links = std::mem::take(&mut self.partitions[index]);
        if links.is_empty() {
            return;
        }
        for &(from, to) in &links {
            self.net.links.heal(from, to);
        }
        self.record(What::Heal, HostId(0), links.len() as u64);
        self.tell_all(|| "the partition heals".to_owned());
        self.resume_streams();
    }

    /// Heals every link, for good.
    pub(crate) fn heal_all(&mut self) {
        self.partitions.iter_mut().for_each(Vec::clear);
        if self.net.links.heal_all() {
            self.record(What::Heal, HostId(0), 0);
            self.tell_all(|| "all partitions heal".to_owned());
        }
        self.resume_streams();
    }

    /// What stalled at links that are whole again is sent once more.
    fn resume_streams(&mut self) {
        for (conn, side) in self.net.conns.held_up() {
            let Some((end, peer)) = self.net.conns.ends(conn, side) else { continue };
            let (from, to, stalled) = (end.host, peer.host, end.is_stalled());
            if stalled && !self.net.links.is_cut(from, to) {
                let at = self.now + self.latency(from, to);
                self.queue.schedule(at, Event::Retransmit(conn, side));
            }
            if !self.net.links.is_cut(to, from) && self.net.conns.answer(conn, side) {
                self.send_control(conn, side.other(), Payload::Window);
            }
        }
        for (conn, accepted) in self.net.conns.take_waiting() {
            let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { continue };
            let (from, to) = (client.host, server.host);
            let (from, to, event) = match accepted {
                Some(accepted) => (to, from, Event::SynAck(conn, accepted)),
                None => (from, to, Event::Syn(conn)),
            };
            let at = self.now + self.latency(from, to);
            self.queue.schedule(at, event);
        }
    }

    /// Tells of bytes sent.
    #[inline]
    pub(crate) fn tell_send(&mut self, from: HostId, to: HostId, bytes: &[u8]) {
        if self.events.told() {
            let name = self.topology.host(to).name.clone();
            self.tell(true, from, || format!("-> {name}: {}", preview(bytes)));
        }
    }

    /// When a connection request gives up.
    pub(crate) fn connect_deadline(&self) -> Nanos {
        self.now + GIVE_UP
    }
}
