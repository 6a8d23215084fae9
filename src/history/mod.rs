//! Histories: what clients asked and what they were told, and whether a right system can have done
//! so.
//!
//! A workload that drives a system with several clients at once cannot say what each answer must
//! be: that depends on what the others do at the same time. It records instead, operation by
//! operation, and at the end a check looks at the whole: is there an order of all operations in
//! which each answer is right ([`History::linearizable`])? Or, of a system that promises less, did at
//! least each client see its own writes ([`History::read_your_writes`]) and no value after a newer
//! one ([`History::monotonic_reads`])?
//!
//! In a simulation, [`SimContext::history`](crate::SimContext::history) is the history of the run;
//! `docs/histories.md` is the page for reading. This room knows no simulation: a [`History`] can be
//! put together by hand, from the logs of a real system.
//!
//! ```
//! use simfuzz::history::{History, KeyValue, KeyValueOp::*, KeyValueReply::*};
//! use std::time::Duration;
//!
//! let secs = Duration::from_secs;
//! let mut history = History::new();
//! for (number, value) in [1, 2].into_iter().enumerate() {
//!     let put = history.invoke("alice", secs(number as u64), Put { key: "x", value });
//!     history.ok(put, secs(number as u64), Done);
//! }
//! let get = history.invoke("bob", secs(5), Get { key: "x" });
//! history.ok(get, secs(6), Value(Some(1)));
//!
//! let judgement = history.linearizable(&KeyValue::new());
//! assert_eq!(judgement.counterexample().unwrap().len(), 3);
//! assert!(history.monotonic_reads(&KeyValue::new()).holds(), "stale, but that was not promised");
//! ```

mod judgement;
mod linearizable;
mod macros;
mod model;
mod models;
mod record;
mod search;
mod sessions;

pub use judgement::{Counterexample, Judgement};
pub use linearizable::STEPS_MAX;
pub use model::Model;
pub use models::{
    Counter, CounterOp, CounterReply, KeyValue, KeyValueOp, KeyValueReply, Queue, QueueOp, QueueReply, Register,
    RegisterOp, RegisterReply, Set, SetOp, SetReply,
};
pub use record::{History, Operation, OperationId, Response};
pub use sessions::{Access, Accesses};

use crate::assert::{self, Site};
use sessions::Guarantee;

impl<I, O> History<I, O> {
    /// Is there an order of the operations, each between its invocation and its response, in which
    /// the system of `model` gives every answer?
    ///
    /// That is linearizability (Herlihy & Wing, Linearizability: A Correctness Condition for
    /// Concurrent Objects, 1990). Keys are checked each for itself. An operation that
    /// nobody answered may be in that order, anywhere after its invocation, or not at all.
    ///
    /// The counterexample is of the key where the contradiction comes first, and as small as it
    /// gets: without any one of its operations an order could be found, if whatever is left out may
    /// have happened at any time after its invocation, with any answer, or not at all.
    ///
    /// To decide it is hard in the worst case, so there is a bound of [`STEPS_MAX`] steps of the
    /// model for each key; [`linearizable_within`](History::linearizable_within) takes another.
    pub fn linearizable<M: Model<Input = I, Output = O>>(&self, model: &M) -> Judgement {
        self.linearizable_within(model, STEPS_MAX)
    }

    /// As [`linearizable`](History::linearizable), with at most `steps` steps of the model for each
    /// key. The bound counts steps and not seconds, so it is reached in every run of a tape or in
    /// none.
    ///
    /// ```
    /// use simfuzz::history::{Counter, CounterOp::*, History};
    /// use std::time::Duration;
    ///
    /// let mut history = History::new();
    /// let add = history.invoke("alice", Duration::ZERO, Add(1));
    /// history.ok(add, Duration::ZERO, simfuzz::history::CounterReply::Done);
    /// assert!(history.linearizable_within(&Counter, 1).holds());
    /// let undecided = history.linearizable_within(&Counter, 0);
    /// assert!(!undecided.holds() && !undecided.is_decided());
    /// ```
    pub fn linearizable_within<M: Model<Input = I, Output = O>>(&self, model: &M, steps: u64) -> Judgement {
        linearizable::check(self, model, steps)
    }

    /// Does each client see what it wrote? Once its write of a key was answered, its reads find
    /// that value or a newer one.
    ///
    /// Values are told apart by what they are: see [`Accesses`]. What else a client's operations say
    /// of the order of writes is that its own keep theirs (*monotonic writes*). A client is a session;
    /// operations of one client that overlap have no order.
    ///
    /// ```
    /// use simfuzz::history::{History, KeyValue, KeyValueOp::*, KeyValueReply::*};
    /// use std::time::Duration;
    ///
    /// let mut history = History::new();
    /// let put = history.invoke("alice", Duration::ZERO, Put { key: "x", value: 7 });
    /// history.ok(put, Duration::ZERO, Done);
    /// for client in ["bob", "alice"] {
    ///     let get = history.invoke(client, Duration::ZERO, Get { key: "x" });
    ///     history.ok(get, Duration::ZERO, Value(None));
    /// }
    /// let judgement = history.read_your_writes(&KeyValue::new());
    /// let operations = judgement.counterexample().unwrap().operations().collect::<Vec<_>>();
    /// assert_eq!(operations, [r#"Put { key: "x", value: 7 } -> Done"#, r#"Get { key: "x" } -> Value(None)"#]);
    /// ```
    pub fn read_your_writes<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        sessions::check(self, accesses, Guarantee::ReadYourWrites)
    }

    /// Does no client see a value of a key after a newer one?
    ///
    /// With what [`read_your_writes`](History::read_your_writes) says of values, sessions and the
    /// order of a client's own writes. Which of two values is newer the clients' reads tell together:
    /// two clients that see them in different orders can't both be right.
    pub fn monotonic_reads<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        sessions::check(self, accesses, Guarantee::MonotonicReads)
    }

    /// All four session guarantees at once: read your writes, monotonic reads, monotonic writes,
    /// and *writes follow reads*: what a client writes is newer than what it has read.
    ///
    /// For each key there is one order of its values that all clients agree upon and that no client
    /// goes back in. A linearizable history has it; one whose reads may be stale can have it too.
    pub fn session_guarantees<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        sessions::check(self, accesses, Guarantee::All)
    }
}

/// What [`assert_history!`](crate::assert_history) does.
#[doc(hidden)]
pub fn judged(site: &'static Site, undecided: &'static Site, judgement: &Judgement) {
    let violated = match judgement {
        Judgement::Undecided(_) => assert::unreachable(undecided).then_some(undecided),
        _ => assert::always(site, judgement.holds()).then_some(site),
    };
    if let Some(site) = violated {
        assert::explain(site, format_args!("{judgement}"));
    }
}
