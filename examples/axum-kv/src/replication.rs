//! Replication: how the leader's log gets to its followers, what is committed, and the lease.

use crate::REPLICAS;
use crate::api::APPEND;
use crate::http::Connection;
use crate::messages::{Append, Appended, Id, Inbox, Message, Position};
use crate::node::{Node, PATIENCE, Role};
use crate::replica::host;
use crate::wal::Record;
use simfuzz::prelude::*;
use std::collections::BTreeMap;
use std::io;
use tokio::sync::mpsc;

/// Entries in one request.
const BATCH: usize = 8;

/// Starts the task that talks to one follower, over a connection that is kept.
pub(crate) fn feed(ctx: &SimContext, follower: Id, inbox: Inbox) -> mpsc::Sender<Append> {
    let (feed, mut appends) = mpsc::channel::<Append>(1);
    let mut connection = Connection::new(ctx, host(follower));
    let time = *ctx.time();
    ctx.task().spawn(async move {
        while let Some(append) = appends.recv().await {
            let sent = time.now();
            let reply = connection.post(APPEND, &append, PATIENCE).await.ok();
            // there is nobody to tell once the node is gone
            let _ = inbox.send(Message::Appended { follower, term: append.term, sent, reply });
        }
    });
    feed
}

/// The leader's side.
impl Node {
    /// Tells every follower of the leader, and what it lacks, where no request is under way.
    pub(crate) fn feed_all(&mut self) {
        (0..REPLICAS).for_each(|follower| self.feed(follower));
    }

    fn feed(&mut self, follower: Id) {
        let (Role::Leader(lead), Some(feed)) = (&mut self.role, &self.feeds[follower]) else { return };
        let state = &mut lead.followers[follower];
        if state.busy {
            return;
        }
        let index = state.next - 1;
        let term = self.wal.term_at(index).expect("a leader's log only grows");
        let entries = self.wal.since(index).iter().take(BATCH).cloned().collect();
        let after = Position { index, term };
        let append = Append { term: self.wal.term, leader: self.id, after, entries, commit: self.commit };
        // where a request of an earlier term is still under way, the next heartbeat tries again
        state.busy = feed.try_send(append).is_ok();
    }

    pub(crate) async fn on_appended(
        &mut self,
        follower: Id,
        term: u64,
        sent: Duration,
        reply: Option<Appended>,
    ) -> io::Result<()> {
        if let Some(reply) = reply
            && reply.term > self.wal.term
        {
            return self.follow_to(reply.term).await;
        }
        let last = self.wal.last().index;
        let (Role::Leader(lead), true) = (&mut self.role, term == self.wal.term) else { return Ok(()) };
        let state = &mut lead.followers[follower];
        state.busy = false;
        let Some(reply) = reply else { return Ok(()) };
        match reply.matched {
            Some(matched) => {
                state.matched = state.matched.max(matched);
                state.next = state.matched + 1;
            }
            None => state.next = (state.next - 1).min(reply.last + 1).max(1),
        }
        let behind = state.next <= last;
        lead.lease.answered(follower, sent);
        if let Some(until) = lead.lease.until() {
            self.ctx.state().update("leases", |leases: &mut BTreeMap<Id, Duration>| leases.insert(self.id, until));
        }
        self.advance();
        if behind {
            self.feed(follower);
        }
        Ok(())
    }

    /// Commits what a majority has, up to an entry of this term: that one settles those before it.
    fn advance(&mut self) {
        let Role::Leader(lead) = &self.role else { return };
        let mut has: [u64; REPLICAS] = std::array::from_fn(|replica| lead.followers[replica].matched);
        has[self.id] = self.wal.last().index;
        has.sort_unstable();
        let majority = has[REPLICAS / 2];
        if self.wal.term_at(majority) == Some(self.wal.term) {
            self.commit_to(majority);
        }
    }

    /// Carries out the entries up to `index`, and answers those who wait for them.
    fn commit_to(&mut self, index: u64) {
        while self.commit < index
            && let Some(entry) = self.wal.entry(self.commit + 1)
        {
            self.commit += 1;
            let answer = entry.command.as_ref().and_then(|command| self.store.apply(command));
            if let Role::Leader(lead) = &mut self.role
                && let Some(waiting) = lead.waiting.remove(&self.commit)
                && let Some(answer) = answer
            {
                // who does not wait any more will ask again
                let _ = waiting.send(Ok(answer));
            }
        }
    }
}

/// The follower's side.
impl Node {
    pub(crate) async fn on_append(&mut self, append: Append) -> io::Result<Appended> {
        if append.term < self.wal.term {
            assert_reachable!("a leader is told that its term is over");
            return Ok(Appended { term: self.wal.term, matched: None, last: self.wal.last().index });
        }
        let mut records = Vec::new();
        if append.term > self.wal.term {
            records.push(Record::Term { term: append.term, vote: None });
        }
        let fits = self.wal.term_at(append.after.index) == Some(append.after.term);
        let mut end = append.after.index;
        if fits {
            for (entry, index) in append.entries.into_iter().zip(end + 1..) {
                let known = self.wal.term_at(index);
                // an entry that is there may be followed by others, which a late request must not cut off
                if !records.iter().any(|record| matches!(record, Record::Entry { .. })) && known == Some(entry.term) {
                    end = index;
                    continue;
                }
                assert_sometimes!(known.is_some_and(|term| term != entry.term), "an entry takes the place of another");
                records.push(Record::Entry { index, entry });
                end = index;
            }
        }
        self.wal.append(records).await?;
        if !matches!(self.role, Role::Follower) {
            self.step_down();
        }
        self.leader = Some(append.leader);
        self.promise.renew(self.now());
        self.rest();
        if fits {
            self.commit_to(append.commit.min(end));
        }
        Ok(Appended { term: self.wal.term, matched: fits.then_some(end), last: self.wal.last().index })
    }
}
