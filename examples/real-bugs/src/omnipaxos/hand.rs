//! A cluster that is fed by hand: nodes of the library, and between any two of them a link that
//! keeps the order. No network, no clock, no servers; each call is one thing that happens.
//!
//! It decides nothing and has no odds: that is `steps`.

use super::api::{self, Index};
use super::cluster::{Cluster, View};
use super::disk::Disk;
use super::paxos::{self, Paxos};
use super::{Value, name, pid};
use omnipaxos::messages::Message;
use simfuzz::prelude::*;
use std::collections::VecDeque;

/// What is under way one way, in order; each with its number among all that was sent.
type Link = VecDeque<(u64, Message<Value>)>;

pub(super) struct Hand {
    nodes: Vec<Node>,
    /// By sender and receiver.
    links: Vec<Vec<Link>>,
    sent: u64,
    /// Which links are cut; as much one way as the other.
    cut: Vec<Vec<bool>>,
    cluster: Cluster,
}

struct Node {
    /// `None` while it is down.
    paxos: Option<Paxos>,
    disk: Disk,
    /// How much of the decided log was checked since the last boot.
    checked: Index,
    reported: View,
}

impl Hand {
    /// So many nodes, all up.
    pub(super) fn new(nodes: usize) -> SimulationResult<Self> {
        let mut hand = Self {
            nodes: Vec::with_capacity(nodes),
            links: (0..nodes).map(|_| vec![VecDeque::new(); nodes]).collect(),
            sent: 0,
            cut: vec![vec![false; nodes]; nodes],
            cluster: Cluster::default(),
        };
        for index in 0..nodes {
            let disk = Disk::of_the_companion();
            let paxos = Some(paxos::boot(pid(index), nodes, &disk)?);
            hand.nodes.push(Node { paxos, disk, checked: 0, reported: View::default() });
            hand.cluster.boots(pid(index), View::default());
        }
        Ok(hand)
    }

    /// The cluster as somebody sees it who sees all nodes.
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Hands over the oldest message from one node to another, if there is one.
    pub(super) fn deliver(&mut self, from: usize, to: usize) -> bool {
        let Some((_, message)) = self.links[from][to].pop_front() else { return false };
        self.act(to, |paxos| paxos.handle_incoming(message))
    }

    /// Who sent the oldest message that is under way, and to whom.
    pub(super) fn oldest(&self) -> Option<(usize, usize)> {
        let ends = (0..self.nodes.len()).flat_map(|from| (0..self.nodes.len()).map(move |to| (from, to)));
        let numbered = ends.filter_map(|(from, to)| Some((self.links[from][to].front()?.0, (from, to))));
        numbered.min().map(|(_, ends)| ends)
    }

    pub(super) fn tick(&mut self, node: usize) -> bool {
        self.act(node, Paxos::tick)
    }

    pub(super) fn propose(&mut self, node: usize, value: Value) -> bool {
        self.act(node, |paxos| paxos::propose(paxos, value))
    }

    /// Crashes a node that is up, if a majority stays up. What was under way from and to it is lost.
    pub(super) fn crash(&mut self, node: usize) -> bool {
        let down = self.nodes.iter().filter(|node| node.paxos.is_none()).count();
        if self.nodes[node].paxos.is_none() || 2 * (down + 1) >= self.nodes.len() {
            return false;
        }
        self.nodes[node].paxos = None;
        self.cluster.goes_down(pid(node));
        for peer in 0..self.nodes.len() {
            self.lose(node, peer);
        }
        true
    }

    /// Boots a node that is down; it has new sessions with all that it can reach.
    pub(super) fn restart(&mut self, node: usize) -> SimulationResult<bool> {
        let nodes = self.nodes.len();
        let booting = &mut self.nodes[node];
        if booting.paxos.is_some() {
            return Ok(false);
        }
        booting.paxos = Some(paxos::boot(pid(node), nodes, &booting.disk)?);
        booting.checked = 0;
        booting.reported = View { leader: None, decided: booting.disk.decided(), accepted: booting.disk.length() };
        self.cluster.boots(pid(node), booting.reported);
        for peer in 0..nodes {
            if peer != node && !self.cut[node][peer] && self.nodes[peer].paxos.is_some() {
                self.reconnect(node, peer);
            }
        }
        Ok(true)
    }

    /// Cuts a link, both ways. What was under way is lost.
    pub(super) fn cut(&mut self, one: usize, other: usize) -> bool {
        let cuts = one != other && !self.cut[one][other];
        if cuts {
            self.set_cut(one, other, true);
            self.lose(one, other);
        }
        cuts
    }

    /// Heals a link that is cut, and a new session begins.
    pub(super) fn heal(&mut self, one: usize, other: usize) -> bool {
        let heals = self.cut[one][other];
        if heals {
            self.set_cut(one, other, false);
            self.reconnect(one, other);
        }
        heals
    }

    fn set_cut(&mut self, one: usize, other: usize, cut: bool) {
        self.cut[one][other] = cut;
        self.cut[other][one] = cut;
    }

    fn lose(&mut self, one: usize, other: usize) {
        self.links[one][other].clear();
        self.links[other][one].clear();
    }

    /// Tells both ends of a new session, as the library wants it.
    fn reconnect(&mut self, one: usize, other: usize) {
        self.cluster.session();
        for (node, peer) in [(one, other), (other, one)] {
            if let Some(paxos) = &mut self.nodes[node].paxos {
                paxos.reconnected(pid(peer));
            }
        }
        self.send(one);
        self.send(other);
    }

    /// Lets a node that is up do something, sends what it wants sent and looks at what came of it.
    fn act(&mut self, node: usize, act: impl FnOnce(&mut Paxos)) -> bool {
        let Some(paxos) = &mut self.nodes[node].paxos else { return false };
        act(paxos);
        self.send(node);
        self.look(node);
        true
    }

    fn send(&mut self, node: usize) {
        let Some(paxos) = &mut self.nodes[node].paxos else { return };
        for message in api::outgoing(paxos) {
            // 0.2.0 also writes to nobody: the owner of the ballot that a new disk comes with
            let Some(to) = (message.get_receiver() as usize).checked_sub(1) else { continue };
            if to != node && !self.cut[node][to] && self.nodes[to].paxos.is_some() {
                self.links[node][to].push_back((self.sent, message));
                self.sent += 1;
            }
        }
    }

    fn look(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let Some(paxos) = &node.paxos else { return };
        let decided = paxos.get_decided_idx();
        node.checked = node.checked.min(decided);
        if decided > node.checked {
            let values = paxos::decided_from(paxos, node.checked);
            let complete = values.len() as Index == decided - node.checked;
            assert_always!(complete, "what is decided can be read", { "node" => name(pid(index)), "decided" => decided });
            self.cluster.decides(pid(index), node.checked as usize, &values);
            node.checked = decided;
        }
        let view = View { leader: api::leader(paxos), decided: node.disk.decided(), accepted: node.disk.length() };
        if view != node.reported {
            node.reported = view;
            self.cluster.reports(pid(index), view);
        }
    }
}
