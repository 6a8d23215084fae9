//! A history: operations with their clients, times and responses, in the order of events.
//!
//! Owns the order, which is what "before" means to every check. Judges nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What clients asked of a system and what they were told, in the order in which it happened.
///
/// A run's is [`SimContext::history`](crate::SimContext::history); one by hand, or of a real
/// system, is put together here. `I` is what is asked, `O` what is answered: those of the
/// [`Model`](super::Model) that judges it.
///
/// ```
/// use simfuzz::history::{History, Register, RegisterOp::*, RegisterReply::*};
/// use std::time::Duration;
///
/// let millis = Duration::from_millis;
/// let mut history = History::new();
/// let write = history.invoke("alice", millis(0), Write(1));
/// let read = history.invoke("bob", millis(5), Read);
/// history.ok(read, millis(7), Value(1));
/// // nobody knows what became of the write: it may have happened, and then the read is right
/// assert!(history.linearizable(&Register::new(0)).holds());
/// history.fail(write, millis(9));
/// // it has certainly not happened: nobody can have read it
/// assert!(!history.linearizable(&Register::new(0)).holds());
/// ```
///
/// Operations with times of their own, for instance from the logs of several clients, are
/// collected in any order. Those that touch at an instant count as concurrent:
///
/// ```
/// use simfuzz::history::{History, Operation, Register, RegisterOp::*, RegisterReply::*};
/// use std::time::Duration;
///
/// let millis = Duration::from_millis;
/// let history: History<_, _> = [
///     Operation::new("bob", millis(7), Read).ok(millis(9), Value(0)),
///     Operation::new("alice", millis(0), Write(1)).ok(millis(5), Done),
/// ]
/// .into_iter()
/// .collect();
/// assert!(!history.linearizable(&Register::new(0)).holds(), "bob reads what was there before");
/// ```
#[derive(Clone, Debug)]
pub struct History<I, O> {
    operations: Vec<Operation<I, O>>,
    /// How many invocations and responses there have been.
    events: u64,
    /// When the last of them was.
    now: Duration,
}

/// One operation of a client.
#[derive(Clone, Debug)]
pub struct Operation<I, O> {
    pub(super) client: Arc<str>,
    pub(super) input: I,
    pub(super) invoked: Duration,
    /// The number of the invocation among all events.
    pub(super) start: u64,
    pub(super) response: Response<O>,
    /// When the response came, and its number among all events.
    pub(super) returned: Option<(Duration, u64)>,
}

/// What became of an operation, in Jepsen's three sorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response<O> {
    /// It happened, and this was the answer.
    Ok(O),
    /// It certainly did not happen, and will not.
    Fail,
    /// Nobody knows (Jepsen's `info`): it may have happened, may happen later, or never.
    Unknown,
}

/// Names an operation of one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationId(pub(crate) usize);

impl<I, O> Operation<I, O> {
    /// An operation that `client` invoked at that time, and of which nothing more is known.
    pub fn new(client: impl Into<Arc<str>>, invoked: Duration, input: I) -> Self {
        Self { client: client.into(), input, invoked, start: 0, response: Response::Unknown, returned: None }
    }

    /// The same, answered at that time.
    #[must_use]
    pub fn ok(self, at: Duration, output: O) -> Self {
        Self { response: Response::Ok(output), returned: Some((at, 0)), ..self }
    }

    /// The same, known at that time not to have happened.
    #[must_use]
    pub fn fail(self, at: Duration) -> Self {
        Self { response: Response::Fail, returned: Some((at, 0)), ..self }
    }

    /// Who asked.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// What was asked.
    pub fn input(&self) -> &I {
        &self.input
    }

    /// When it was asked: time since the start of the run.
    pub fn invoked(&self) -> Duration {
        self.invoked
    }

    /// What became of it.
    pub fn response(&self) -> &Response<O> {
        &self.response
    }

    /// When that was known; `None` if it never was.
    pub fn returned(&self) -> Option<Duration> {
        self.returned.map(|(at, _)| at)
    }

    /// The answer, if there was one.
    pub fn output(&self) -> Option<&O> {
        match &self.response {
            Response::Ok(output) => Some(output),
            Response::Fail | Response::Unknown => None,
        }
    }

    /// The number of its answer among all events; `None` when it may happen at any time yet.
    pub(super) fn end(&self) -> Option<u64> {
        match self.response {
            Response::Ok(_) => self.returned.map(|(_, number)| number),
            Response::Fail | Response::Unknown => None,
        }
    }
}

impl<I: fmt::Debug, O: fmt::Debug> fmt::Display for Operation<I, O> {
    /// The invocation and what came of it: `Write(3) -> Done`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> ", self.input)?;
        match &self.response {
            Response::Ok(output) => write!(f, "{output:?}"),
            Response::Fail => write!(f, "failed"),
            Response::Unknown => write!(f, "unknown"),
        }
    }
}

impl<I, O> Default for History<I, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, O> History<I, O> {
    /// A history in which nothing has happened.
    pub const fn new() -> Self {
        Self { operations: Vec::new(), events: 0, now: Duration::ZERO }
    }

    /// `client` asks for something. Until it is answered, it may have happened.
    ///
    /// # Panics
    ///
    /// When `at` is before what was recorded last: what comes first is recorded first. Operations in
    /// another order are collected from [`Operation`]s.
    pub fn invoke(&mut self, client: impl Into<Arc<str>>, at: Duration, input: I) -> OperationId {
        let start = self.event(at);
        self.operations.push(Operation { start, ..Operation::new(client, at, input) });
        OperationId(self.operations.len() - 1)
    }

    /// An operation is answered.
    ///
    /// # Panics
    ///
    /// When it was before, is of another history, or `at` is before what was recorded last.
    pub fn ok(&mut self, operation: OperationId, at: Duration, output: O) {
        self.respond(operation, at, Response::Ok(output));
    }

    /// An operation is known not to have happened, now or later.
    ///
    /// Refused connections and rejections are of this sort. A timeout or a connection that broke
    /// after the request was sent is not: leave such an operation unanswered.
    ///
    /// # Panics
    ///
    /// As [`ok`](History::ok).
    pub fn fail(&mut self, operation: OperationId, at: Duration) {
        self.respond(operation, at, Response::Fail);
    }

    fn respond(&mut self, operation: OperationId, at: Duration, response: Response<O>) {
        let number = self.event(at);
        let known = self.operations.get_mut(operation.0).expect("the operation is of another history");
        assert!(known.returned.is_none(), "operation {} of a history was answered twice", operation.0);
        known.response = response;
        known.returned = Some((at, number));
    }

    fn event(&mut self, at: Duration) -> u64 {
        let now = self.now;
        assert!(at >= now, "a history is recorded in the order of time: {at:?} comes after {now:?}");
        self.now = at;
        self.events += 1;
        self.events
    }

    /// All operations, in the order of their invocations.
    pub fn operations(&self) -> &[Operation<I, O>] {
        &self.operations
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Has nobody asked for anything?
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

impl<I, O> FromIterator<Operation<I, O>> for History<I, O> {
    /// Puts operations into the order of their times. At one instant invocations come before
    /// responses, so that operations which only touch count as concurrent.
    ///
    /// # Panics
    ///
    /// When an operation was answered before it was invoked.
    fn from_iter<T: IntoIterator<Item = Operation<I, O>>>(operations: T) -> Self {
        let mut operations: Vec<_> = operations.into_iter().collect();
        operations.sort_by_key(|operation| operation.invoked);
        let mut events = Vec::with_capacity(operations.len() * 2);
        for (index, operation) in operations.iter().enumerate() {
            events.push((operation.invoked, false, index));
            if let Some((at, _)) = operation.returned {
                let invoked = operation.invoked;
                assert!(at >= invoked, "an operation was answered at {at:?}, before it was invoked at {invoked:?}");
                events.push((at, true, index));
            }
        }
        events.sort_unstable();
        for (number, &(at, is_response, index)) in (1..).zip(&events) {
            match is_response {
                false => operations[index].start = number,
                true => operations[index].returned = Some((at, number)),
            }
        }
        let now = events.last().map_or(Duration::ZERO, |&(at, ..)| at);
        Self { operations, events: events.len() as u64, now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn touching_operations_are_concurrent_when_collected_and_ordered_when_recorded() {
        let collected: History<_, _> =
            [Operation::new("b", at(5), 2).ok(at(9), ()), Operation::new("a", at(0), 1).ok(at(5), ())]
                .into_iter()
                .collect();
        let [a, b] = collected.operations() else { panic!("two operations") };
        assert_eq!((a.client(), b.client()), ("a", "b"));
        assert!(b.start < a.end().unwrap());

        let mut recorded = History::new();
        let a = recorded.invoke("a", at(0), 1);
        recorded.ok(a, at(5), ());
        recorded.invoke("b", at(5), 2);
        let [a, b] = recorded.operations() else { panic!("two operations") };
        assert!(b.start > a.end().unwrap(), "the second was asked for after the first was answered");
    }

    #[test]
    #[should_panic(expected = "in the order of time")]
    fn time_does_not_go_back() {
        let mut history: History<_, ()> = History::new();
        history.invoke("a", at(5), 1);
        history.invoke("a", at(4), 1);
    }

    #[test]
    #[should_panic(expected = "answered twice")]
    fn an_answer_is_final() {
        let mut history: History<_, ()> = History::new();
        let operation = history.invoke("a", at(5), 1);
        history.fail(operation, at(6));
        history.ok(operation, at(6), ());
    }
}
