//! The library's interface from 0.2.3 on.

use super::Value;
use super::disk::Disk;
use omnipaxos::OmniPaxos;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::Message;
use omnipaxos::storage::{NoSnapshot, StopSign, Storage, StorageOp, StorageResult};
use omnipaxos::util::NodeId;

/// A position in the log.
pub(super) type Index = usize;

/// Takes the messages that are to be sent.
pub(super) fn outgoing(paxos: &mut OmniPaxos<Value, Disk>) -> Vec<Message<Value>> {
    let mut messages = Vec::new();
    paxos.take_outgoing_messages(&mut messages);
    messages
}

/// Whom this node follows.
pub(super) fn leader(paxos: &OmniPaxos<Value, Disk>) -> Option<NodeId> {
    paxos.get_current_leader().map(|(leader, _)| leader)
}

impl Storage<Value> for Disk {
    fn write_atomically(&mut self, operations: Vec<StorageOp<Value>>) -> StorageResult<()> {
        // nothing can come between: a node crashes only where it waits
        for operation in operations {
            match operation {
                StorageOp::AppendEntry(entry) => self.append_entry(entry)?,
                StorageOp::AppendEntries(entries) => self.append_entries(entries)?,
                StorageOp::AppendOnPrefix(from, entries) => self.append_on_prefix(from, entries)?,
                StorageOp::SetPromise(ballot) => self.set_promise(ballot)?,
                StorageOp::SetDecidedIndex(index) => self.set_decided_idx(index)?,
                StorageOp::SetAcceptedRound(ballot) => self.set_accepted_round(ballot)?,
                StorageOp::SetCompactedIdx(_)
                | StorageOp::Trim(_)
                | StorageOp::SetStopsign(_)
                | StorageOp::SetSnapshot(_) => {}
            }
        }
        Ok(())
    }

    fn append_entry(&mut self, entry: Value) -> StorageResult<()> {
        self.append(vec![entry]);
        Ok(())
    }

    fn append_entries(&mut self, entries: Vec<Value>) -> StorageResult<()> {
        self.append(entries);
        Ok(())
    }

    fn append_on_prefix(&mut self, from: usize, entries: Vec<Value>) -> StorageResult<()> {
        self.truncate(from);
        self.append(entries);
        Ok(())
    }

    fn get_entries(&self, from: usize, to: usize) -> StorageResult<Vec<Value>> {
        Ok(self.read(from..to))
    }

    fn get_suffix(&self, from: usize) -> StorageResult<Vec<Value>> {
        Ok(self.read(from..self.length()))
    }

    fn get_log_len(&self) -> StorageResult<usize> {
        Ok(self.length())
    }

    fn set_decided_idx(&mut self, index: usize) -> StorageResult<()> {
        self.change(|stored| stored.decided = index);
        Ok(())
    }

    fn get_decided_idx(&self) -> StorageResult<usize> {
        Ok(self.decided())
    }

    fn set_promise(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.change(|stored| stored.promised = Some(ballot));
        Ok(())
    }

    fn get_promise(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.promised())
    }

    fn set_accepted_round(&mut self, ballot: Ballot) -> StorageResult<()> {
        self.change(|stored| stored.accepted = Some(ballot));
        Ok(())
    }

    fn get_accepted_round(&self) -> StorageResult<Option<Ballot>> {
        Ok(self.accepted())
    }

    // no reconfiguration, no compaction

    fn set_stopsign(&mut self, _: Option<StopSign>) -> StorageResult<()> {
        Ok(())
    }

    fn get_stopsign(&self) -> StorageResult<Option<StopSign>> {
        Ok(None)
    }

    fn trim(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn set_compacted_idx(&mut self, _: usize) -> StorageResult<()> {
        Ok(())
    }

    fn get_compacted_idx(&self) -> StorageResult<usize> {
        Ok(0)
    }

    fn set_snapshot(&mut self, _: Option<NoSnapshot>) -> StorageResult<()> {
        Ok(())
    }

    fn get_snapshot(&self) -> StorageResult<Option<NoSnapshot>> {
        Ok(None)
    }
}
