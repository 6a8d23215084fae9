//! Links: how long a message takes, partitions, and what goes on when they heal.

use super::events::Event;
use super::world::World;
use crate::choice::{Label, Slot};
use crate::fault::{self, Cut, FaultKind, Jam};
use crate::network::{Payload, Side};
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::{Lasting, What, seconds};

impl World {
    /// How long the next message from `from` to `to` takes.
    #[inline]
    pub(crate) fn latency(&mut self, from: HostId, to: HostId) -> Nanos {
        let link = self.net.links.id(from, to).index();
        let slot = match self.latency_slots[link] {
            Some(slot) => slot,
            None => self.name_link(from, to, link),
        };
        match self.latency_own.get(link) {
            Some(Some(own)) => self.weather.latency_between[usize::from(*own)].2.draw(&mut self.choices, slot),
            _ => self.weather.latency.draw(&mut self.choices, slot),
        }
    }

    /// When a message that leaves `from` now comes to `to`: late, if the link is clogged.
    #[inline]
    pub(crate) fn arrival(&mut self, from: HostId, to: HostId) -> Nanos {
        let at = self.now + self.latency(from, to);
        at.max(self.net.links.clogged_until(from, to))
    }

    /// Finds the links that have a latency of their own.
    pub(crate) fn find_latencies(&mut self) {
        let hosts = self.hosts.len();
        self.latency_own.clear();
        if self.weather.latency_between.is_empty() {
            return;
        }
        self.latency_own.resize(hosts * hosts, None);
        for (index, (one, other, _)) in (0u16..).zip(&self.weather.latency_between) {
            for name in [one, other] {
                let known = |name| !self.topology.peers(name).is_empty();
                // of a kind with a drawn count, some may not be there in this run
                let kind = name.rsplit_once('-').map_or("", |(kind, _)| kind);
                assert!(
                    known(name) || known(kind),
                    "a latency between `{one}` and `{other}`: no host is called `{name}`"
                );
            }
            let ids = |name| self.topology.peers(name).iter().filter_map(|&ip| self.topology.id_of(ip));
            for (one, other) in ids(one).flat_map(|one| ids(other).map(move |other| (one, other))) {
                for (from, to) in [(one, other), (other, one)] {
                    self.latency_own[self.net.links.id(from, to).index()] = Some(index);
                }
            }
        }
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

    pub(crate) fn begin_partition(&mut self) {
        let processes = self.topology.all_process_ips().len();
        if processes == 0 {
            return;
        }
        let (cut, length) = fault::partition(&mut self.choices, &self.weather.partitions, processes);
        let links = self.links_of(cut, processes);
        let told = if self.events.told() { self.describe(cut, processes) } else { String::new() };
        let number = self.cut(links, length << 8, || format!("{told}, for {}", seconds(length)));
        self.queue.schedule(self.now + length, Event::Heal(number));
    }

    /// Cuts links; gives the number under which [`Event::Heal`] heals them.
    pub(crate) fn cut(&mut self, links: Vec<(HostId, HostId)>, value: u64, told: impl FnOnce() -> String) -> u32 {
        for &(from, to) in &links {
            self.net.links.cut(from, to);
        }
        let value = links.len() as u64 ^ value;
        self.inject_everywhere(FaultKind::Partition, value, || format!("PARTITION: {}", told()));
        let number = self.cuts;
        self.lasts(|| Lasting::Cut { number, links: pairs(&links) });
        self.partitions.insert(number, links);
        self.cuts += 1;
        number
    }

    fn describe(&self, cut: Cut, processes: usize) -> String {
        let name = |index: usize| self.topology.hosts()[index].name.clone();
        match cut {
            Cut::Isolate(at) => format!("{} is cut off from everybody", name(at)),
            Cut::Mute(at) => format!("what {} sends is lost", name(at)),
            Cut::Deafen(at) => format!("what is sent to {} is lost", name(at)),
            Cut::Halves(at) => format!("the processes before {} are cut off from the others", name(at)),
            Cut::Pair(one, other) => format!("{} and {} are cut off from each other", name(one), name(other)),
            Cut::Subset(members) => {
                let names: Vec<_> = (0..processes).filter(|&at| members >> at & 1 == 1).map(name).collect();
                format!("{} are cut off from the other processes", names.join(", "))
            }
            Cut::OneWay(from, to) => format!("what {} sends to {} is lost", name(from), name(to)),
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
            Cut::Subset(members) => {
                let within = |&at: &usize| at < 64 && members >> at & 1 == 1;
                let pairs = (0..processes)
                    .filter(within)
                    .flat_map(|one| (0..processes).filter(move |at| !within(at)).map(move |other| (one, other)));
                pairs.flat_map(|(one, other)| [(id(one), id(other)), (id(other), id(one))]).collect()
            }
            Cut::OneWay(from, to) => vec![(id(from), id(to))],
        }
    }

    pub(crate) fn begin_clog(&mut self) {
        let (processes, hosts) = (self.topology.all_process_ips().len(), self.hosts.len());
        if processes == 0 {
            return;
        }
        let (jam, length) = fault::clog(&mut self.choices, self.weather.clog, processes, hosts);
        let id = |index: usize| HostId(index as u16);
        let name = |index: usize| self.topology.hosts()[index].name.clone();
        let (links, told): (Vec<_>, _) = match jam {
            Jam::From(from, to) | Jam::To(to, from) => {
                (vec![(id(from), id(to))], format!("what {} sends to {}", name(from), name(to)))
            }
            Jam::All(at) => {
                let others = (0..hosts).filter(|&other| other != at);
                let links = others.flat_map(|other| [(id(at), id(other)), (id(other), id(at))]).collect();
                (links, format!("all that {} sends and is sent", name(at)))
            }
        };
        self.clog(links, length, &told);
    }

    /// All that these links carry is late, for `length`.
    pub(crate) fn clog(&mut self, links: Vec<(HostId, HostId)>, length: Nanos, told: &str) {
        for &(from, to) in &links {
            self.net.links.clog(from, to, self.now + length);
        }
        self.inject_everywhere(FaultKind::Clog, links.len() as u64 ^ length << 8, || {
            format!("CLOG: {told} is late, for {}", seconds(length))
        });
        self.lasts_for(length, || Lasting::Clog { links: pairs(&links) });
    }

    pub(super) fn end_partition(&mut self, number: u32) {
        let Some(links) = self.partitions.remove(&number).filter(|links| !links.is_empty()) else { return };
        for &(from, to) in &links {
            self.net.links.heal(from, to);
        }
        self.record(What::Heal, HostId(0), links.len() as u64);
        self.tell_all(|| "the partition heals".to_owned());
        self.lasts_no_more(|what| matches!(what, Lasting::Cut { number: ended, .. } if *ended == number));
        self.resume_streams();
    }

    /// Heals every link, for good.
    pub(crate) fn heal_all(&mut self) {
        self.partitions.clear();
        if self.net.links.heal_all() {
            self.record(What::Heal, HostId(0), 0);
            self.tell_all(|| "all partitions heal".to_owned());
        }
        self.net.links.unclog();
        self.lasts_no_more(|what| matches!(what, Lasting::Cut { .. } | Lasting::Clog { .. }));
        self.resume_streams();
        for conn in self.net.conns.take_hung() {
            let Some((client, server)) = self.net.conns.ends(conn, Side::Client) else { continue };
            let (from, to) = (client.host, server.host);
            let at = self.arrival(from, to);
            self.queue.schedule(at, Event::Syn(conn));
        }
    }

    /// What stalled at links that are whole again is sent once more.
    pub(super) fn resume_streams(&mut self) {
        for (conn, side) in self.net.conns.held_up() {
            let Some((end, peer)) = self.net.conns.ends(conn, side) else { continue };
            let (from, to, stalled) = (end.host, peer.host, end.out.is_stalled());
            if stalled && !self.net.links.is_cut(from, to) {
                let at = self.arrival(from, to);
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
            let at = self.arrival(from, to);
            self.queue.schedule(at, event);
        }
    }
}

/// The links as the story names them.
fn pairs(links: &[(HostId, HostId)]) -> Vec<(u16, u16)> {
    links.iter().map(|&(from, to)| (from.0, to.0)).collect()
}
