//! Somebody who runs tapes, on some threads, and counts.

use crate::assert;
use crate::choice::Tape;
use crate::run::{Recording, Simulation, Status};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Shows,
    Passes,
    /// Another finding, or a truncated run.
    Neither,
}

pub(super) struct Asked<'a> {
    simulation: &'a Simulation,
    identity: String,
    jobs: usize,
    runs: u64,
    progress: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        simulation: &'a Simulation,
        identity: String,
        jobs: usize,
        progress: Box<dyn FnMut(u64) + 'a>,
    ) -> Self {
        Self { simulation, identity, jobs, runs: 0, progress }
    }

    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    /// What each of the tapes comes to, in their order.
    pub(super) fn all(&mut self, tapes: &[Tape]) -> Vec<Answer> {
        let Self { simulation, identity, jobs, runs, progress } = self;
        let next = AtomicUsize::new(0);
        // whoever is free takes the next one
        let work = |progress: &mut dyn FnMut(u64)| {
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Relaxed);
                let Some(tape) = tapes.get(number) else { return answers };
                progress(number as u64);
                answers.push((number, answer(simulation, identity, tape)));
            }
        };
        let mut answers = std::thread::scope(|scope| {
            let others = (1..*jobs).map(|_| scope.spawn(|| work(&mut |_| ()))).collect::<Vec<_>>();
            let mut answers = work(&mut |number| progress(*runs + number));
            for other in others {
                answers.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            answers
        });
        *runs += tapes.len() as u64;
        answers.sort_unstable_by_key(|(number, _)| *number);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

fn answer(simulation: &Simulation, identity: &str, tape: &Tape) -> Answer {
    let outcome = simulation.run_with(tape, Recording::Result);
    let answer = match (outcome.finding(), outcome.status()) {
        (Some(finding), _) if finding.identity == identity => Answer::Shows,
        (None, Status::Passed) => Answer::Passes,
        _ => Answer::Neither,
    };
    assert::recycle(outcome.into_record());
    answer
}
