//! `ctx.history()`: the history of the run, which all workloads write.
//!
//! Owns the recording: virtual times, clients' names, the lines of the story. What a history means,
//! the room `history` knows.

use super::world::{try_with, with};
use crate::executor::current_run;
use crate::history::{Accesses, History, Judgement, Model, OperationId};
use crate::topology::HostId;
use crate::trace::{Mark, What};
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The history of the run: one for each pair of what is asked and what is answered, shared by all
/// workloads. See [`SimContext::history`](crate::SimContext::history).
pub struct SharedHistory<I, O> {
    host: HostId,
    client: Arc<str>,
    of: PhantomData<fn() -> (I, O)>,
}

impl<I, O> Clone for SharedHistory<I, O> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), ..*self }
    }
}

impl<I, O> fmt::Debug for SharedHistory<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedHistory").field("client", &self.client).finish_non_exhaustive()
    }
}

/// The histories of a run, in the order of their first use.
pub(crate) type Histories = Vec<Rc<dyn Any>>;

/// What stands behind a [`SharedHistory`].
type Shared<I, O> = RefCell<History<I, O>>;

/// An operation that was asked for and is not answered yet.
///
/// Dropped without a word, because its future was cancelled, its client gave up or the run ended,
/// it stays what it is: it may have happened, or may happen yet.
#[must_use = "an operation that is dropped at once was never waited for: nobody knows whether it happened"]
pub struct Invocation<I: fmt::Debug + 'static, O: fmt::Debug + 'static> {
    run: u64,
    host: HostId,
    client: Arc<str>,
    operation: OperationId,
    is_open: bool,
    of: PhantomData<fn() -> (I, O)>,
}

impl<I: fmt::Debug + 'static, O: fmt::Debug + 'static> fmt::Debug for Invocation<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("client", &self.client).field("operation", &self.operation).finish()
    }
}

/// The history of this run with these types.
fn shared<I: 'static, O: 'static>() -> Rc<dyn Any> {
    with(|world| match world.histories.iter().find(|known| known.is::<Shared<I, O>>()) {
        Some(known) => known.clone(),
        None => {
            let new: Rc<dyn Any> = Rc::new(Shared::<I, O>::new(History::new()));
            world.histories.push(new.clone());
            new
        }
    })
}

/// Uses the history with these types when the world is free: what is asked may be anything.
fn of<I: 'static, O: 'static, R>(f: impl FnOnce(&Shared<I, O>) -> R) -> R {
    let shared = shared::<I, O>();
    f(shared.downcast_ref().expect("a history is found by its types"))
}

/// The virtual time; the event goes into the digest.
fn now(host: HostId, value: u64) -> Duration {
    with(|world| {
        world.events.record(world.now, What::History, u64::from(host.0), value);
        Duration::from_nanos(world.now)
    })
}

/// Adds a line to the story, if somebody reads it; a client that is not the workload itself is named.
fn tell(host: HostId, client: &str, line: impl FnOnce() -> String) {
    if with(|world| world.events.told()) {
        let line = line();
        with(|world| {
            let is_other = world.topology.host(host).name != client;
            let line = if is_other { format!("{client}: {line}") } else { line };
            world.tell_as(Mark::Note, true, host, || line);
        });
    }
}

impl<I: fmt::Debug + 'static, O: fmt::Debug + 'static> SharedHistory<I, O> {
    pub(crate) fn new(host: HostId, client: Arc<str>) -> Self {
        Self { host, client, of: PhantomData }
    }

    /// The same history, written by another client: for a workload that plays several, such as the
    /// users behind one connection. A client is a session to the session guarantees.
    #[must_use]
    pub fn client(&self, name: &str) -> Self {
        Self { client: name.into(), ..*self }
    }

    /// Records that this client asks for `input`, now. What comes of it is told to the
    /// [`Invocation`].
    pub fn invoke(&self, input: I) -> Invocation<I, O> {
        let at = now(self.host, 0);
        tell(self.host, &self.client, || format!("asks {input:?}"));
        let operation = of(|shared: &Shared<I, O>| shared.borrow_mut().invoke(self.client.clone(), at, input));
        Invocation {
            run: current_run(),
            host: self.host,
            client: self.client.clone(),
            operation,
            is_open: true,
            of: PhantomData,
        }
    }

    /// Looks at what was recorded so far.
    ///
    /// # Panics
    ///
    /// When `read` itself invokes or answers an operation of this history.
    pub fn read<R>(&self, read: impl FnOnce(&History<I, O>) -> R) -> R {
        of(|shared: &Shared<I, O>| read(&shared.borrow()))
    }

    /// See [`History::linearizable`].
    pub fn linearizable<M: Model<Input = I, Output = O>>(&self, model: &M) -> Judgement {
        self.read(|history| history.linearizable(model))
    }

    /// See [`History::read_your_writes`].
    pub fn read_your_writes<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        self.read(|history| history.read_your_writes(accesses))
    }

    /// See [`History::monotonic_reads`].
    pub fn monotonic_reads<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        self.read(|history| history.monotonic_reads(accesses))
    }

    /// See [`History::session_guarantees`].
    pub fn session_guarantees<A: Accesses<Input = I, Output = O>>(&self, accesses: &A) -> Judgement {
        self.read(|history| history.session_guarantees(accesses))
    }
}

impl<I: fmt::Debug + 'static, O: fmt::Debug + 'static> Invocation<I, O> {
    /// It was answered, now.
    pub fn ok(mut self, output: O) {
        self.tell(|input| format!("{input:?} -> {output:?}"));
        let (operation, at) = (self.operation, self.end(1));
        of(|shared: &Shared<I, O>| shared.borrow_mut().ok(operation, at, output));
    }

    /// It certainly has not happened and will not: the request was refused, or never left. After a
    /// timeout nobody knows that: then drop this instead.
    pub fn fail(mut self) {
        self.tell(|input| format!("{input:?} -> failed"));
        let (operation, at) = (self.operation, self.end(2));
        of(|shared: &Shared<I, O>| shared.borrow_mut().fail(operation, at));
    }

    /// Nobody knows whether it happened, or will: as dropping this does, in so many words.
    pub fn unknown(self) {}

    fn tell(&self, line: impl FnOnce(&I) -> String) {
        tell(self.host, &self.client, || {
            of(|shared: &Shared<I, O>| line(shared.borrow().operations()[self.operation.0].input()))
        });
    }

    fn end(&mut self, value: u64) -> Duration {
        self.is_open = false;
        let run = self.run;
        assert!(current_run() == run, "an operation of an earlier run was answered: its history is over");
        now(self.host, value)
    }
}

impl<I: fmt::Debug + 'static, O: fmt::Debug + 'static> Drop for Invocation<I, O> {
    fn drop(&mut self) {
        // at the end of a run all is dropped, which nobody needs to be told
        let listens =
            || try_with(|world| world.run == self.run && world.events.story.tells_of_control()).unwrap_or(false);
        if self.is_open && listens() {
            self.tell(|input| format!("{input:?} -> unknown: it may have happened, or may happen yet"));
        }
    }
}
