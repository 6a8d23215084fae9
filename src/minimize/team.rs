//! Threads that run candidates at the same time.
//!
//! Which candidate is taken depends on their order alone, never on who is done first.

use crate::choice::{Tape, Trace};
use crate::shrink::Judge;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

/// What a thread is to run: the round, the number in it, the tape.
type Task = (u64, usize, Tape);

/// What came of it, or with what the thread panicked.
type Told = (u64, usize, std::thread::Result<Option<Trace>>);

/// Threads that run candidates, and the one that asks, which runs some itself.
pub(super) struct Team<'a> {
    shows: &'a (dyn Fn(&Tape) -> Option<Trace> + Sync),
    others: usize,
    tasks: Sender<Task>,
    told: Receiver<Told>,
    round: u64,
    /// Tasks that are out, of this round and of earlier ones.
    out: usize,
}

/// Lends a team of `jobs` threads, each of which runs `shows`, to `work`.
pub(super) fn with<R>(
    jobs: usize,
    shows: &(dyn Fn(&Tape) -> Option<Trace> + Sync),
    work: impl FnOnce(&mut Team<'_>) -> R,
) -> R {
    std::thread::scope(|scope| {
        let (tasks, inbox) = channel::<Task>();
        let (outbox, told) = channel();
        let inbox = std::sync::Arc::new(Mutex::new(inbox));
        for _ in 1..jobs {
            let (inbox, outbox) = (inbox.clone(), outbox.clone());
            scope.spawn(move || {
                loop {
                    let task = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    // whoever gave the tasks is done
                    let Ok((round, number, tape)) = task else { return };
                    let trace = catch_unwind(AssertUnwindSafe(|| shows(&tape)));
                    if outbox.send((round, number, trace)).is_err() {
                        return;
                    }
                }
            });
        }
        drop((inbox, outbox));
        work(&mut Team { shows, others: jobs - 1, tasks, told, round: 0, out: 0 })
    })
}

impl Judge for Team<'_> {
    fn first(&mut self, tapes: &mut dyn Iterator<Item = Tape>) -> Option<(usize, Trace)> {
        self.round += 1;
        let mut round = Round { missing: BTreeSet::new(), best: None };
        let mut tapes = tapes.enumerate();
        loop {
            let mut own = None;
            while round.best.is_none() {
                let Some((number, tape)) = tapes.next() else { break };
                if own.is_none() {
                    own = Some((number, tape));
                } else {
                    round.missing.insert(number);
                    self.out += 1;
                    self.tasks.send((self.round, number, tape)).expect("the threads wait for tasks");
                }
                if self.out >= self.others {
                    break;
                }
            }
            if let Some((number, tape)) = own {
                round.learn(number, (self.shows)(&tape));
            } else if round.is_settled() {
                return round.best;
            } else {
                let told = self.told.recv().expect("the threads answer each task");
                self.hear(&mut round, told);
            }
            while let Ok(told) = self.told.try_recv() {
                self.hear(&mut round, told);
            }
        }
    }
}

impl Team<'_> {
    fn hear(&mut self, round: &mut Round, (of, number, trace): Told) {
        self.out -= 1;
        let trace = trace.unwrap_or_else(|panic| resume_unwind(panic));
        if of == self.round {
            round.missing.remove(&number);
            round.learn(number, trace);
        }
    }
}

/// One search for the first.
struct Round {
    /// The numbers that are out.
    missing: BTreeSet<usize>,
    /// The first that shows it, of those that are done.
    best: Option<(usize, Trace)>,
}

impl Round {
    fn learn(&mut self, number: usize, trace: Option<Trace>) {
        if let Some(trace) = trace
            && self.best.as_ref().is_none_or(|(before, _)| number < *before)
        {
            self.best = Some((number, trace));
        }
    }

    /// Is none out that could be before the best?
    fn is_settled(&self) -> bool {
        let until = self.best.as_ref().map_or(usize::MAX, |(number, _)| *number);
        self.missing.range(..until).next().is_none()
    }
}
