//! Follows a search: its clock and its limits, the files it leaves, the numbers it hands over.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the search, outside of every run"
)]

use super::corpus::Folder;
use crate::campaign::Summary;
use crate::explore::Ear;
use crate::fuzz::Handover;
use crate::run::Finding;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Follower {
    runs: Option<u64>,
    time: Option<Duration>,
    began: Instant,
    corpus: Option<Folder>,
    artifacts: Option<Folder>,
    handovers: Vec<Mutex<Handover>>,
    left: Mutex<Left>,
}

/// What is left on the disk.
#[derive(Debug, Default)]
struct Left {
    written: u64,
    /// The file of each identity, with its length.
    findings: BTreeMap<String, (PathBuf, usize)>,
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
            artifacts,
            handovers: (0..jobs.max(1)).map_while(Handover::asked_for).map(Mutex::new).collect(),
            left: Mutex::default(),
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
        lock(&self.left).findings.values().map(|(path, _)| path.clone()).collect()
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
            Ok(_) => left.written += 1,
            Err(sentence) => left.failure = Some(sentence),
        }
    }

    fn found(&self, finding: &Finding, bytes: &[u8]) {
        let Some(artifacts) = &self.artifacts else { return };
        let mut left = lock(&self.left);
        let larger = left.findings.get(&finding.identity).filter(|(_, length)| *length > bytes.len()).cloned();
        // another thread may have a smaller one
        if left.findings.contains_key(&finding.identity) && larger.is_none() {
            return;
        }
        match artifacts.keep("crash-", bytes) {
            Ok(path) => {
                if let Some((old, _)) = larger.filter(|(old, _)| *old != path) {
                    // it was ours, and one of an identity is enough
                    let _ = fs::remove_file(old);
                }
                left.findings.insert(finding.identity.clone(), (path, bytes.len()));
            }
            Err(sentence) => left.failure = Some(sentence),
        }
    }

    fn is_curious(&self, thread: usize) -> bool {
        self.handovers.get(thread).is_some_and(|handover| lock(handover).is_due())
    }

    fn tell(&self, thread: usize, summary: &Summary) {
        if let Some(handover) = self.handovers.get(thread) {
            lock(handover).write(summary);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
