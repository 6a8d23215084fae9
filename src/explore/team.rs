//! The threads of an exploration: each a campaign of its own, which hears of what others keep.
//!
//! With one of them everything that comes out is a function of the seed and the start tapes.

use super::explored::Explored;
use super::explorer::{Explorer, Step};
use crate::campaign::Summary;
use crate::choice::{Tape, mix};
use crate::run::{Finding, Simulation};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Runs between two looks at what the others have kept.
const LOOK_EVERY: u64 = 32;

/// How to search.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The search's own seed.
    pub(crate) seed: u64,
    /// Threads.
    pub(crate) jobs: usize,
    /// Does it go on after a finding?
    pub(crate) keep_going: bool,
    /// Tapes that are run first.
    pub(crate) start: Vec<Vec<u8>>,
    /// Are these all there is to run?
    pub(crate) only_start: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 0, jobs: 1, keep_going: false, start: Vec::new(), only_start: false }
    }
}

/// Whoever follows a search; the threads call it.
pub(crate) trait Ear: Sync {
    /// Is there to be another run, after so many of all threads?
    fn go_on(&self, executions: u64) -> bool;
    /// The real time since the campaign began; 0 where nobody measures it.
    fn now(&self) -> Duration;
    /// Something to be told.
    fn news(&self, line: &str);
    /// A tape of this search's own has shown something new.
    fn kept(&self, bytes: &[u8]);
    /// No smaller tape shows this finding.
    fn found(&self, finding: &Finding, bytes: &[u8]);
    /// Does it want to know how far the thread is?
    fn is_curious(&self, _thread: usize) -> bool {
        false
    }
    /// How far it is.
    fn tell(&self, _thread: usize, _summary: &Summary) {}
}

/// What the threads share.
#[derive(Debug, Default)]
struct Board {
    executions: AtomicU64,
    done: AtomicBool,
    /// What was kept, each with the thread that found it.
    kept: Mutex<Vec<(usize, Arc<[u8]>)>>,
    finding: Mutex<Option<(Finding, Tape)>>,
}

/// Searches as planned, until `ear` ends it, or there is a finding that the plan does not go on
/// after.
pub(crate) fn search(simulation: &Simulation, plan: &Plan, ear: &dyn Ear) -> Explored {
    let board = Board::default();
    let work = |thread| work(simulation, plan, ear, &board, thread);
    let parts: Vec<_> = if plan.jobs <= 1 {
        vec![work(0)]
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..plan.jobs).map(|thread| scope.spawn(move || work(thread))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a run's panics are contained")).collect()
        })
    };
    let mut summary = Summary::default();
    let mut corpus = std::collections::BTreeSet::new();
    let mut ordered = Vec::new();
    for (part, kept) in parts {
        summary.add(&part);
        ordered.extend(kept.into_iter().filter(|bytes| corpus.insert(bytes.clone())));
    }
    summary.corpus = ordered.len() as u64;
    Explored {
        executions: summary.executions,
        finding: board.finding.into_inner().unwrap_or_else(PoisonError::into_inner),
        features: summary.features as usize,
        corpus: ordered.iter().map(|bytes| Tape::decode(bytes)).collect(),
        summary,
    }
}

fn work(simulation: &Simulation, plan: &Plan, ear: &dyn Ear, board: &Board, thread: usize) -> (Summary, Vec<Vec<u8>>) {
    // the first thread searches as it would alone
    let seed = if thread == 0 { plan.seed } else { mix(plan.seed ^ mix(thread as u64)) };
    let mut explorer = Explorer::new(simulation, seed);
    plan.start.iter().for_each(|bytes| explorer.offer(bytes.clone()));
    let mut heard = 0;
    for steps in 0u64.. {
        if plan.jobs > 1 && steps.is_multiple_of(LOOK_EVERY) {
            let kept = lock(&board.kept);
            let news = kept[heard..].iter().filter(|(from, _)| *from != thread);
            news.for_each(|(_, bytes)| explorer.offer(bytes.to_vec()));
            heard = kept.len();
        }
        let ended = plan.only_start && !explorer.has_offers();
        if ended || board.done.load(Relaxed) || !ear.go_on(board.executions.fetch_add(1, Relaxed)) {
            break;
        }
        explorer.set_now(ear.now());
        let step = explorer.step();
        hear(plan, ear, board, thread, step);
        if ear.is_curious(thread) {
            ear.tell(thread, &explorer.summary());
        }
    }
    explorer.set_now(ear.now());
    let summary = explorer.summary();
    ear.tell(thread, &summary);
    (summary, explorer.into_corpus())
}

fn hear(plan: &Plan, ear: &dyn Ear, board: &Board, thread: usize, step: Step) {
    // what one thread reaches is news to the others' campaigns too, and people hear it once
    if thread == 0 || !step.offered {
        step.news.iter().for_each(|line| ear.news(line));
    }
    if step.kept && (!step.offered || plan.only_start) {
        ear.kept(&step.bytes);
        if plan.jobs > 1 {
            lock(&board.kept).push((thread, step.bytes.as_slice().into()));
        }
    }
    let Some(finding) = step.finding else { return };
    if step.smallest {
        ear.found(&finding, &step.bytes);
    }
    lock(&board.finding).get_or_insert_with(|| (finding, Tape::decode(&step.bytes)));
    if !plan.keep_going {
        board.done.store(true, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
