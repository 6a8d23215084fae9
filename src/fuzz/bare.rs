//! Runs without a campaign: for engines that keep and mutate inputs by themselves.
//!
//! Owns the session of such a process. What its inputs mean, and how its features are shown, is
//! said by those who begin it.

use crate::choice::Tape;
use crate::goal::{self, Hit};
use crate::run::{Recording, Simulation};
use std::cell::RefCell;

/// What tells one engine from another.
#[derive(Clone, Copy)]
pub(super) struct Engine {
    /// The tape that an input is.
    pub(super) tape: fn(&[u8]) -> Tape,
    /// Shows the features of a run; nothing where they are to play no part.
    pub(super) show: Option<fn(&[Hit])>,
}

struct Session {
    name: String,
    simulation: Simulation,
    engine: Engine,
    hits: Vec<Hit>,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

pub(super) fn begin(name: &str, simulation: Simulation, engine: Engine) {
    let session = Session { name: name.to_owned(), simulation, engine, hits: Vec::new() };
    SESSION.with_borrow_mut(|slot| *slot = Some(session));
}

pub(super) fn is_on() -> bool {
    SESSION.with_borrow(Option::is_some)
}

/// One execution.
pub(super) fn one(bytes: &[u8]) {
    let found = SESSION.with_borrow_mut(|session| {
        let session = session.as_mut().expect("`begin` comes first");
        let outcome = session.simulation.run_with(&(session.engine.tape)(bytes), Recording::Result);
        if let Some(show) = session.engine.show {
            goal::features(outcome.record(), outcome.guides(), outcome.contexts(), &mut session.hits);
            show(&session.hits);
        }
        let found = outcome.finding().cloned().map(|finding| (session.name.clone(), finding));
        crate::assert::recycle(outcome.into_record());
        found
    });
    if let Some((name, finding)) = found {
        super::libfuzzer::crash(&name, &finding);
    }
}
