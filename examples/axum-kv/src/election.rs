//! Elections: who may lead.
//!
//! As in Raft: a candidate asks for votes in a new term; a replica has one vote a term, for a
//! candidate whose log has all that its own has. And a replica that promised to elect nobody for a
//! while is deaf to candidates until that is over.

use crate::REPLICAS;
use crate::api::VOTE;
use crate::http::Connection;
use crate::lease::Lease;
use crate::messages::{Entry, Id, Message, Vote, Voted};
use crate::node::{Follower, HEARTBEAT, Lead, Node, PATIENCE, Role};
use crate::replica::host;
use crate::wal::Record;
use simfuzz::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// How much longer than its promise a follower waits at most before it stands: not all at once.
const SPREAD: Duration = Duration::from_millis(300);

/// By how much longer each waits than the one before it, so that they also differ where all draw
/// the same.
const STAGGER: Duration = Duration::from_millis(30);

impl Node {
    /// Waits for a leader for as long as it promised, and a bit.
    pub(crate) fn rest(&mut self) {
        let spread = self.ctx.random().label("spread").random_range(Duration::ZERO..SPREAD);
        self.alarm = self.promise.until().max(self.now()) + STAGGER * self.id as u32 + spread;
    }

    /// Goes on as a follower, of nobody yet.
    pub(crate) fn step_down(&mut self) {
        if let Role::Leader(_) = self.role {
            self.ctx.note(|| "leads no more".to_owned());
            self.ctx.state().update("leases", |leases: &mut BTreeMap<Id, Duration>| leases.remove(&self.id));
        }
        // whoever waits for a write is told that nobody knows
        self.role = Role::Follower;
        self.leader = None;
        self.rest();
    }

    /// Somebody is in a later term.
    pub(crate) async fn follow_to(&mut self, term: u64) -> io::Result<()> {
        self.wal.append(vec![Record::Term { term, vote: None }]).await?;
        self.step_down();
        Ok(())
    }

    /// Stands for election.
    pub(crate) async fn stand(&mut self) -> io::Result<()> {
        let term = self.wal.term + 1;
        self.wal.append(vec![Record::Term { term, vote: Some(self.id) }]).await?;
        self.ctx.note(|| format!("stands in term {term}"));
        self.role = Role::Candidate { votes: BTreeSet::from([self.id]) };
        self.leader = None;
        self.rest();
        self.alarm += PATIENCE;
        let vote = Vote { term, candidate: self.id, last: self.wal.last() };
        for voter in (0..REPLICAS).filter(|&other| other != self.id) {
            let (ctx, inbox) = (self.ctx.clone(), self.inbox.clone());
            self.ctx.task().spawn(async move {
                let mut connection = Connection::new(&ctx, host(voter));
                if let Ok(reply) = connection.post(VOTE, &vote, PATIENCE).await {
                    // there is nobody to tell once the node is gone
                    let _ = inbox.send(Message::Voted { voter, reply });
                }
            });
        }
        Ok(())
    }

    pub(crate) async fn on_vote(&mut self, vote: Vote) -> io::Result<Voted> {
        let now = self.now();
        let bound = match &self.role {
            Role::Leader(lead) => lead.lease.holds(now),
            _ => self.promise.binds(now),
        };
        if bound || vote.term < self.wal.term {
            assert_sometimes!(bound, "a replica that gave its promise is asked for a vote");
            return Ok(Voted { term: self.wal.term, granted: false });
        }
        let given = if vote.term == self.wal.term { self.wal.vote } else { None };
        let last = self.wal.last();
        let complete = (vote.last.term, vote.last.index) >= (last.term, last.index);
        let granted = complete && given.is_none_or(|given| given == vote.candidate);
        assert_sometimes!(!complete, "a candidate lacks what others have");
        let term = vote.term;
        if term > self.wal.term || (granted && given.is_none()) {
            let vote = granted.then_some(vote.candidate);
            self.wal.append(vec![Record::Term { term, vote }]).await?;
            self.step_down();
        }
        if granted {
            self.ctx.note(|| format!("votes for replica-{} in term {term}", vote.candidate));
        }
        Ok(Voted { term, granted })
    }

    pub(crate) async fn on_voted(&mut self, voter: Id, reply: Voted) -> io::Result<()> {
        if reply.term > self.wal.term {
            return self.follow_to(reply.term).await;
        }
        if let Role::Candidate { votes } = &mut self.role
            && reply.granted
            && reply.term == self.wal.term
        {
            votes.insert(voter);
            if votes.len() > REPLICAS / 2 {
                self.lead().await?;
            }
        }
        Ok(())
    }

    async fn lead(&mut self) -> io::Result<()> {
        let term = self.wal.term;
        let first = self.wal.last().index + 1;
        self.wal.append(vec![Record::Entry { index: first, entry: Entry { term, command: None } }]).await?;
        self.ctx.note(|| format!("LEADS in term {term}"));
        self.tell_lead(term);
        let follower = Follower { matched: 0, next: first, busy: false };
        let (lease, followers) = (Lease::default(), [follower; REPLICAS]);
        self.role = Role::Leader(Lead { lease, first, followers, waiting: BTreeMap::new() });
        self.leader = Some(self.id);
        self.alarm = self.now() + HEARTBEAT;
        self.feed_all();
        Ok(())
    }

    /// Tells the fuzzer of a new leader: how long after the last lease, and in which term.
    fn tell_lead(&self, term: u64) {
        let state = self.ctx.state();
        let before = state.update("leaders", |leaders: &mut BTreeMap<u64, Id>| leaders.insert(term, self.id));
        assert_always!(before.is_none(), "a term has one leader");
        let leases = state.get::<BTreeMap<Id, Duration>>("leases").unwrap_or_default();
        let late = leases.values().max().map_or(9, |until| self.now().saturating_sub(*until).as_millis() / 100);
        assert_sometimes!(late < 2, "a leader is elected as soon as the lease of another is over");
        state.guide("lead", &[late.min(9) as i64, term.min(5) as i64]);
    }
}
