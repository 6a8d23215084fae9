//! A replica's mind: its role, its log, and what clients ask of it.
//!
//! It handles one message after the other, to the end, each disk write included; nobody else touches
//! its state, and nobody who hangs up can stop it half-way. How leaders are elected is in `election`,
//! how the log gets to the followers in `replication`.

use crate::lease::{Lease, Promise};
use crate::messages::{Answer, Append, Command, Entry, Id, Inbox, Message, Refusal};
use crate::store::Store;
use crate::wal::{Record, Wal};
use crate::{REPLICAS, replication};
use simfuzz::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use tokio::sync::{mpsc, oneshot};

/// How often a leader tells its followers of itself.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(100);

/// How long a replica waits for another's answer; a healthy one takes some 20 ms.
pub(crate) const PATIENCE: Duration = Duration::from_millis(150);

/// Who waits for the answer to a write.
pub(crate) type Waiting = oneshot::Sender<Result<Answer, Refusal>>;

pub(crate) struct Node {
    pub(crate) ctx: SimContext,
    pub(crate) id: Id,
    pub(crate) inbox: Inbox,
    pub(crate) wal: Wal,
    /// What the first `commit` entries of the log come to.
    pub(crate) store: Store,
    pub(crate) commit: u64,
    pub(crate) role: Role,
    /// The leader of this term, if it was heard of.
    pub(crate) leader: Option<Id>,
    pub(crate) promise: Promise,
    /// When to do something by itself: send heartbeats, or stand for election.
    pub(crate) alarm: Duration,
    /// The ways to the others, by number; none to itself.
    pub(crate) feeds: Vec<Option<mpsc::Sender<Append>>>,
}

pub(crate) enum Role {
    Follower,
    Candidate { votes: BTreeSet<Id> },
    Leader(Lead),
}

/// What a leader knows.
#[derive(Debug)]
pub(crate) struct Lead {
    pub(crate) lease: Lease,
    /// Its first entry: once that is committed, it knows all that its predecessors committed.
    pub(crate) first: u64,
    pub(crate) followers: [Follower; REPLICAS],
    pub(crate) waiting: BTreeMap<u64, Waiting>,
}

/// What a leader knows of a follower.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Follower {
    /// Up to here their logs are the same.
    pub(crate) matched: u64,
    /// The entry to send next.
    pub(crate) next: u64,
    /// Is a request under way?
    pub(crate) busy: bool,
}

impl Node {
    pub(crate) async fn boot(ctx: &SimContext, inbox: Inbox) -> io::Result<Self> {
        let wal = Wal::open(ctx.storage()).await?;
        ctx.note(|| format!("boots in term {} with {} entries", wal.term, wal.last().index));
        let id = ctx.client_id();
        let others = (0..REPLICAS).map(|other| (other != id).then(|| replication::feed(ctx, other, inbox.clone())));
        let mut node = Self {
            feeds: others.collect(),
            ctx: ctx.clone(),
            id,
            inbox,
            wal,
            store: Store::default(),
            commit: 0,
            role: Role::Follower,
            leader: None,
            promise: Promise::at_boot(ctx.time().now()),
            alarm: Duration::ZERO,
        };
        node.rest();
        Ok(node)
    }

    pub(crate) async fn handle(&mut self, message: Message) -> io::Result<()> {
        // who does not wait for the answer any more is no matter
        match message {
            Message::Read { key, reply } => {
                let _ = reply.send(self.read(&key));
            }
            Message::Write { command, reply } => self.write(command, reply).await?,
            Message::Append { append, reply } => {
                let _ = reply.send(self.on_append(append).await?);
            }
            Message::Vote { vote, reply } => {
                let _ = reply.send(self.on_vote(vote).await?);
            }
            Message::Appended { follower, term, sent, reply } => {
                self.on_appended(follower, term, sent, reply).await?;
            }
            Message::Voted { voter, reply } => self.on_voted(voter, reply).await?,
        }
        Ok(())
    }

    /// The time that was set has come.
    pub(crate) async fn wake(&mut self) -> io::Result<()> {
        if let Role::Leader(_) = self.role {
            self.alarm = self.now() + HEARTBEAT;
            self.feed_all();
            return Ok(());
        }
        self.stand().await
    }

    pub(crate) fn now(&self) -> Duration {
        self.ctx.time().now()
    }

    /// Answers a read by itself, while nobody else can be elected.
    fn read(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Role::Leader(lead) = &self.role else { return Err(self.refusal()) };
        let holds = lead.lease.holds(self.now());
        assert_sometimes!(!holds, "a leader is asked after its lease");
        if !holds || self.commit < lead.first {
            return Err(Refusal::NotNow);
        }
        Ok(self.store.get(key).cloned())
    }

    async fn write(&mut self, command: Command, reply: Waiting) -> io::Result<()> {
        if !matches!(self.role, Role::Leader(_)) {
            let _ = reply.send(Err(self.refusal()));
            return Ok(());
        }
        if let Some(answer) = self.store.answered(&command.client, command.number) {
            assert_reachable!("a write that is sent again was carried out");
            let _ = reply.send(Ok(answer));
            return Ok(());
        }
        let index = self.wal.last().index + 1;
        let entry = Entry { term: self.wal.term, command: Some(command) };
        self.wal.append(vec![Record::Entry { index, entry }]).await?;
        if let Role::Leader(lead) = &mut self.role {
            lead.waiting.insert(index, reply);
        }
        self.feed_all();
        Ok(())
    }

    fn refusal(&self) -> Refusal {
        self.leader.filter(|&leader| leader != self.id).map_or(Refusal::NotNow, Refusal::Elsewhere)
    }
}
