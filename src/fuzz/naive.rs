//! The naive encoding under libFuzzer: its bytes in order, its own mutations.
//!
//! The opponent in the benchmark, asked for by `SIMFUZZ_ENCODING=bytes`; what it means is in
//! `choice/naive.rs`. Owns the session without a campaign. Goals are features as well, unless
//! `SIMFUZZ_WITHOUT` takes them away: then it is the way that is known to have been tried, with
//! the coverage of the code alone.

use crate::choice::Tape;
use crate::goal;
use crate::run::{Recording, Simulation};
use std::cell::RefCell;

/// The variable that asks for it.
const VARIABLE: &str = "SIMFUZZ_ENCODING";

struct Session {
    name: String,
    simulation: Simulation,
    goals: bool,
    hits: Vec<goal::Hit>,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Does the environment ask for it?
///
/// # Panics
///
/// When it asks for an encoding that there isn't: another one would be measured.
pub(super) fn is_asked() -> bool {
    match std::env::var(VARIABLE).as_deref() {
        Ok("bytes") => true,
        Ok("tape") | Err(_) => false,
        Ok(other) => panic!("{VARIABLE}: there is no encoding `{other}`; they are tape and bytes"),
    }
}

pub(super) fn begin(name: &str, simulation: Simulation) {
    let goals = crate::mutate::Parts::from_environment().goals;
    let session = Session { name: name.to_owned(), simulation, goals, hits: Vec::new() };
    SESSION.with_borrow_mut(|slot| *slot = Some(session));
}

pub(super) fn is_on() -> bool {
    SESSION.with_borrow(Option::is_some)
}

/// One execution.
pub(super) fn one(bytes: &[u8]) {
    let found = SESSION.with_borrow_mut(|session| {
        let session = session.as_mut().expect("`begin` comes first");
        let outcome = session.simulation.run_with(&Tape::naive(bytes), Recording::Result);
        if session.goals {
            goal::features(outcome.record(), outcome.guides(), outcome.contexts(), &mut session.hits);
            super::libfuzzer::show(&session.hits);
        }
        let found = outcome.finding().cloned().map(|finding| (session.name.clone(), finding));
        crate::assert::recycle(outcome.into_record());
        found
    });
    if let Some((name, finding)) = found {
        super::libfuzzer::crash(&name, &finding);
    }
}

/// libFuzzer's own mutation of the `size` bytes in `data`, to at most `most`.
#[expect(unsafe_code, reason = "the C interface of libFuzzer: a pointer and two lengths")]
pub(super) fn mutate(data: &mut [u8], size: usize, most: usize) -> usize {
    // SAFETY: the declaration is that of libFuzzer's FuzzerInterface.h.
    unsafe extern "C" {
        fn LLVMFuzzerMutate(data: *mut u8, size: usize, most: usize) -> usize;
    }
    let most = most.min(data.len());
    // SAFETY: `data` owns `most` writable bytes, and the first `size` of them are the input.
    unsafe { LLVMFuzzerMutate(data.as_mut_ptr(), size.min(most), most) }
}
