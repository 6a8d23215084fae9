//! The library's interface up to 0.2.2.

use super::Value;
use super::disk::Disk;
use omnipaxos::OmniPaxos;
use omnipaxos::ballot_leader_election::Ballot;
use omnipaxos::messages::Message;
use omnipaxos::storage::{NoSnapshot, StopSign, Storage, StorageResult};
use omnipaxos::util::NodeId;

/// A position in the log.
pub(super) type Index = u64;

/// Takes the messages that are to be sent.
pub(super) fn outgoing(paxos: &mut OmniPaxos<Value, Disk>) -> Vec<Message<Value>> {
    paxos.outgoing_messages()
}

/// Whom this node follows.
pub(super) fn leader(paxos: &OmniPaxos<Value, Disk>) -> Option<NodeId> {
    paxos.get_current_leader()
}

impl Storage<Value> for Disk {
    fn append_entry(&mut self, entry: Value) -> StorageResult<u64> {
        self.append(vec![entry]);
        self.get_log_len()
    }

    fn append_entries(&mut self, entries: Vec<Value>) -> StorageResult<u64> {
        self.append(entries);
        self.get_log_len()
    }

    fn append_on_prefix(&mut self, from: u64, entries: Vec<Value>) -> StorageResult<u64> {
        self.truncate(from as usize);
        self.append(entries);
        self.get_log_len()
    }

    fn get_entries(&self, from: u64, to: u64) -> StorageResult<Vec<Value>> {
        Ok(self.read(from as usize..to as usize))
    }

    fn get_suffix(&self, from: u64) -> StorageResult<Vec<Value>> {
        Ok(self.read(from as usize..self.length()))
    }

    fn get_log_len(&self) -> StorageResult<u64> {
        Ok(self.length() as u64)
    }

    fn set_decided_idx(&mut self, index: u64) -> StorageResult<()> {
        self.change(|stored| stored.decided = index as usize);
        Ok(())
    }

    fn get_decided_idx(&self) -> StorageResult<u64> {
        Ok(self.decided() as u64)
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

    fn trim(&mut self, _: u64) -> StorageResult<()> {
        Ok(())
    }

    fn set_compacted_idx(&mut self, _: u64) -> StorageResult<()> {
        Ok(())
    }

    fn get_compacted_idx(&self) -> StorageResult<u64> {
        Ok(0)
    }

    fn set_snapshot(&mut self, _: Option<NoSnapshot>) -> StorageResult<()> {
        Ok(())
    }

    fn get_snapshot(&self) -> StorageResult<Option<NoSnapshot>> {
        Ok(None)
    }
}
