//! Follows a search: its clock and its limits, the files it leaves, the numbers it hands over.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use crate::campaign::Summary;
use crate::explore::Ear;
use crate::fuzz::{Artifacts, Folder, Handover};
use crate::harness::progress::Progress;
use crate::run::Finding;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Follower {
    runs: Option<u64>,
    time: Option<Duration>,
    began: Instant,
    corpus: Option<Folder>,
    handovers: Vec<Mutex<Handover>>,
    /// For nobody's eyes but a terminal's.
    progress: Mutex<Progress>,
    left: Mutex<Left>,
}

/// What is left on the disk.
#[derive(Debug, Default)]
struct Left {
    written: u64,
    artifacts: Option<Artifacts>,
    /// Why the search can't go on.
    failure: Option<String>,
}

impl Follower {
    pub(super) fn new(
        runs: Option<u64>,
        seconds: Option<u64>,
        jobs: usize,
        corpus: Option<Folder>,
        artifacts: Option<Folder>,
    ) -> Self {
        Self {
            runs,
            time: seconds.map(Duration::from_secs),
            began: Instant::now(),
            corpus,
            handovers: (0..jobs.max(1)).map_while(Handover::asked_for).map(Mutex::new).collect(),
            progress: Mutex::new(Progress::new()),
            left: Mutex::new(Left { artifacts: artifacts.map(Artifacts::new), ..Left::default() }),
        }
    }

    /// Does somebody show people what happens?
    pub(super) fn is_watched(&self) -> bool {
        !self.handovers.is_empty()
    }

    /// Why the search could not go on, if it couldn't.
    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.left).failure.clone()
    }

    /// How many tapes were added to the corpus.
    pub(super) fn written(&self) -> u64 {
        lock(&self.left).written
    }

    /// The files of the findings.
    pub(super) fn findings(&self) -> Vec<PathBuf> {
        lock(&self.left).artifacts.iter().flat_map(Artifacts::files).map(PathBuf::from).collect()
    }
}

impl Ear for Follower {
    fn go_on(&self, executions: u64) -> bool {
        let in_time = self.time.is_none_or(|time| self.began.elapsed() < time);
        in_time && self.runs.is_none_or(|runs| executions < runs) && lock(&self.left).failure.is_none()
    }

    fn now(&self) -> Duration {
        self.handovers.first().map_or_else(|| self.began.elapsed(), |handover| lock(handover).now())
    }

    fn news(&self, line: &str) {
        eprintln!("simfuzz: {line}");
    }

    fn kept(&self, bytes: &[u8]) {
        let Some(corpus) = &self.corpus else { return };
        let kept = corpus.keep("", bytes);
        let mut left = lock(&self.left);
        match kept {
            Ok((_, new)) => left.written += u64::from(new),
            Err(sentence) => left.failure = Some(sentence),
        }
    }

    fn found(&self, finding: &Finding, bytes: &[u8]) {
        let mut left = lock(&self.left);
        let Some(artifacts) = &mut left.artifacts else { return };
        let first = artifacts.file(&finding.identity).is_none();
        let kept = artifacts.keep(&finding.identity, bytes);
        if first {
            eprintln!("simfuzz: FINDING {finding}");
        }
        if let Err(sentence) = kept {
            left.failure = Some(sentence);
        }
    }

    fn is_curious(&self, thread: usize) -> bool {
        match self.handovers.get(thread) {
            Some(handover) => lock(handover).is_due(),
            None => thread == 0 && lock(&self.progress).is_due(),
        }
    }

    fn tell(&self, thread: usize, summary: &Summary) {
        let Some(handover) = self.handovers.get(thread) else {
            let (reached, all) = summary.reached();
            let told = || format!("{} runs, {} tapes, {reached} of {all} goals", summary.executions, summary.corpus);
            return lock(&self.progress).tell(told);
        };
        let mut summary = summary.clone();
        if let Some(artifacts) = &lock(&self.left).artifacts {
            artifacts.name_files(&mut summary);
        }
        lock(handover).write(&summary);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
