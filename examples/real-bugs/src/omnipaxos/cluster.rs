//! What the nodes have decided, as somebody sees it who sees all of them.
//!
//! Every node reports here whenever something changes; the promises of the library are checked
//! at that moment, and the fuzzer is told what state the cluster is in.

use super::{Value, name};
use omnipaxos::util::NodeId;
use simfuzz::prelude::*;
use std::fmt;

/// What one node says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Whom it follows.
    pub(super) leader: Option<NodeId>,
    /// How much of its log is decided.
    pub(super) decided: usize,
    /// How much it has accepted.
    pub(super) accepted: usize,
}

impl View {
    /// Is something accepted and not yet decided?
    fn is_open(&self) -> bool {
        self.accepted > self.decided
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leader {
            Some(leader) => write!(f, "follows {}", name(leader))?,
            None => write!(f, "follows nobody")?,
        }
        write!(f, ": {} decided, {} accepted", self.decided, self.accepted)
    }
}

/// The whole cluster.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// What was decided, by whoever came first to each index.
    log: Vec<Value>,
    /// By node, from its first boot on.
    nodes: Vec<Seen>,
    /// The node that was elected last, and how often that was another one.
    leader: Option<NodeId>,
    changes: i64,
}

/// What is known of one node.
#[derive(Debug, Default)]
struct Seen {
    /// What it says of itself; `None` while it is down.
    view: Option<View>,
    boots: u32,
    /// Was it ever elected?
    led: bool,
}

impl Cluster {
    /// Node `pid` boots, and holds what `view` says.
    pub(super) fn boots(&mut self, pid: NodeId, view: View) {
        if self.nodes.len() < pid as usize {
            self.nodes.resize_with(pid as usize, Seen::default);
        }
        let node = &mut self.nodes[pid as usize - 1];
        if node.boots > 0 {
            assert_sometimes!(!self.log.is_empty(), "a node boots again after a decision");
            assert_sometimes!(view.is_open(), "a node boots again with an open entry");
            assert_sometimes!(self.leader == Some(pid), "a leader boots again");
        }
        node.boots += 1;
        node.view = Some(View { leader: None, ..view });
    }

    /// Node `pid` is down.
    pub(super) fn goes_down(&mut self, pid: NodeId) {
        self.nodes[pid as usize - 1].view = None;
    }

    /// Two nodes have a new session.
    pub(super) fn session(&self) {
        assert_sometimes!(self.is_open(), "a session begins while an entry is open");
    }

    /// Node `pid` has decided `values` from index `from` on.
    pub(super) fn decides(&mut self, pid: NodeId, from: usize, values: &[Value]) {
        for (index, &value) in (from..).zip(values) {
            match self.log.get(index) {
                None => self.log.push(value),
                Some(&known) => assert_always!(
                    known == value,
                    "nodes agree on what is decided",
                    { "index" => index, "known" => known.0, "decided" => value.0, "by" => name(pid) }
                ),
            }
        }
        assert_reachable!("an entry is decided");
        assert_sometimes!(self.nodes[pid as usize - 1].boots > 1, "a node decides after it has booted again");
    }

    /// Node `pid` says how things are now.
    pub(super) fn reports(&mut self, pid: NodeId, view: View) {
        let before = self.nodes[pid as usize - 1].view.replace(view);
        if view.leader == Some(pid) && before.is_none_or(|before| before.leader != view.leader) {
            self.elects(pid);
        }
        let spread = self.spread();
        assert_sometimes_greater_than_or_equal_to!(spread, 3, "a node lags three decisions behind");
    }

    fn elects(&mut self, pid: NodeId) {
        assert_reachable!("a leader is elected");
        assert_sometimes!(self.nodes[pid as usize - 1].led, "a leader is elected again");
        let change = self.leader.is_some_and(|leader| leader != pid);
        assert_sometimes!(change && !self.log.is_empty(), "the leader changes after a decision");
        assert_sometimes!(change && self.is_open(), "the leader changes while an entry is open");
        assert_sometimes!(self.leaders() > 1, "two nodes believe that they lead");
        self.changes += i64::from(change);
        self.leader = Some(pid);
        self.nodes[pid as usize - 1].led = true;
        let leaders = self.nodes.iter().filter(|node| node.led).count();
        assert_sometimes_greater_than_or_equal_to!(leaders, self.nodes.len(), "every node leads once");
    }

    /// A few small numbers that say how far things have come, for the fuzzer to build upon.
    pub(super) fn guide(&self) -> [i64; 6] {
        let decided = self.up().map(|node| node.decided).max().unwrap_or(0);
        let down = self.nodes.len() - self.up().count();
        [
            decided.min(3) as i64,
            self.spread().min(3) as i64,
            self.leaders().min(3) as i64,
            down as i64,
            i64::from(self.is_open()),
            self.changes.min(4),
        ]
    }

    /// Are all nodes up, and have they decided the same?
    pub(super) fn is_level(&self) -> bool {
        self.up().count() == self.nodes.len() && self.spread() == 0 && !self.log.is_empty()
    }

    fn up(&self) -> impl Iterator<Item = &View> {
        self.nodes.iter().filter_map(|node| node.view.as_ref())
    }

    fn is_open(&self) -> bool {
        self.up().any(View::is_open)
    }

    /// How far the slowest node is behind the fastest.
    fn spread(&self) -> usize {
        let decided = || self.up().map(|node| node.decided);
        decided().max().unwrap_or(0) - decided().min().unwrap_or(0)
    }

    /// How many nodes believe that they lead.
    fn leaders(&self) -> usize {
        let nodes = (1..).zip(&self.nodes);
        nodes.filter(|(pid, node)| node.view.is_some_and(|view| view.leader == Some(*pid))).count()
    }
}
