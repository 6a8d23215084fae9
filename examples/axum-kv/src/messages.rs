//! What replicas and their clients say to each other, as JSON, and what their tasks say to the node.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The number of a replica.
pub(crate) type Id = usize;

/// A change that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Command {
    /// Who asks, and the how manieth of its writes it is: a write that is sent again is the same one.
    pub(crate) client: String,
    pub(crate) number: u64,
    pub(crate) key: String,
    pub(crate) write: Write,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Write {
    Put { value: String, only_if: Option<Condition> },
    Delete,
}

/// What must be there for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    Is(String),
    Absent,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    ConditionFailed,
}

/// Why a replica does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It does nothing, as it is not the leader: this one may be.
    Elsewhere(Id),
    /// It does nothing, and knows nobody who would.
    NotNow,
    /// It lost the lead, and nobody knows what becomes of the write.
    Unknown,
}

/// A place in the log. The first entry has index 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) index: u64,
    pub(crate) term: u64,
}

/// An entry of the log; one without a command is a new leader's first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) term: u64,
    pub(crate) command: Option<Command>,
}

/// A leader to a follower: these come after `after`. Without entries it is a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Append {
    pub(crate) term: u64,
    pub(crate) leader: Id,
    pub(crate) after: Position,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Appended {
    pub(crate) term: u64,
    /// Up to here the follower's log is the leader's; none if it lacks what comes before.
    pub(crate) matched: Option<u64>,
    /// The end of its log.
    pub(crate) last: u64,
}

/// A candidate to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vote {
    pub(crate) term: u64,
    pub(crate) candidate: Id,
    pub(crate) last: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Voted {
    pub(crate) term: u64,
    pub(crate) granted: bool,
}

/// What the tasks of a replica tell its node.
#[derive(Debug)]
pub(crate) enum Message {
    Read {
        key: String,
        reply: oneshot::Sender<Result<Option<String>, Refusal>>,
    },
    Write {
        command: Command,
        reply: oneshot::Sender<Result<Answer, Refusal>>,
    },
    Append {
        append: Append,
        reply: oneshot::Sender<Appended>,
    },
    Vote {
        vote: Vote,
        reply: oneshot::Sender<Voted>,
    },
    /// A follower answered to what was sent then, or did not.
    Appended {
        follower: Id,
        term: u64,
        sent: Duration,
        reply: Option<Appended>,
    },
    Voted {
        voter: Id,
        reply: Voted,
    },
}

/// The way to the node.
pub(crate) type Inbox = mpsc::UnboundedSender<Message>;
