//! What a node stores. The library calls it synchronously and takes every write for durable, so
//! it is a value in memory that outlives the node: the run keeps it, and a booting node asks for
//! it.
//!
//! The library's storage trait differs between its versions; it is implemented in `api`.

use super::Value;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::util::NodeId;
use simfuzz::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// The disk of one node, by handle: the same for every boot.
#[derive(Clone, Default)]
pub(super) struct Disk(Rc<RefCell<Stored>>);

/// What is on it.
#[derive(Default)]
pub(super) struct Stored {
    log: Vec<Value>,
    pub(super) decided: usize,
    pub(super) promised: Option<Ballot>,
    pub(super) accepted: Option<Ballot>,
}

impl Disk {
    /// The disk of node `pid` in this run.
    pub(super) fn of(ctx: &SimContext, pid: NodeId) -> Self {
        ctx.state().update("disks", |disks: &mut BTreeMap<NodeId, Self>| disks.entry(pid).or_default().clone())
    }

    /// A disk as the crate's companion storage comes: with a ballot of nobody on it, so that a
    /// node takes its first boot for one after a crash, and asks around before it takes part.
    pub(super) fn of_the_companion() -> Self {
        let disk = Self::default();
        disk.change(|stored| {
            stored.promised = Some(Ballot::default());
            stored.accepted = Some(Ballot::default());
        });
        disk
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Stored)) {
        change(&mut self.0.borrow_mut());
    }

    pub(super) fn append(&self, mut values: Vec<Value>) {
        self.0.borrow_mut().log.append(&mut values);
    }

    pub(super) fn truncate(&self, length: usize) {
        self.0.borrow_mut().log.truncate(length);
    }

    /// The values of `range`, or none at all when one is missing: so the library wants it.
    pub(super) fn read(&self, range: Range<usize>) -> Vec<Value> {
        self.0.borrow().log.get(range).map(<[_]>::to_vec).unwrap_or_default()
    }

    pub(super) fn length(&self) -> usize {
        self.0.borrow().log.len()
    }

    pub(super) fn decided(&self) -> usize {
        self.0.borrow().decided
    }

    pub(super) fn promised(&self) -> Option<Ballot> {
        self.0.borrow().promised
    }

    pub(super) fn accepted(&self) -> Option<Ballot> {
        self.0.borrow().accepted
    }
}
