//! What the processes of a campaign tell of themselves, as one.
//!
//! Owns the folder in which they leave their numbers, and the adding up. What is shown and kept of
//! it is the caller's business.

use crate::project::shown;
use crate::stop::Stop;
use simfuzz::campaign::{First, Summary};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two looks at the folder: the processes write twice a second.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Handovers {
    folder: PathBuf,
    began: SystemTime,
    looked: Option<Instant>,
    /// What each file said, and when it was written.
    parts: BTreeMap<PathBuf, (SystemTime, Summary)>,
    /// By goal and identity, where several processes count each for itself.
    firsts: BTreeMap<String, First>,
    all: Summary,
}

impl Handovers {
    /// A new folder below `parent`.
    pub(crate) fn new(parent: &Path) -> Result<Self, Stop> {
        let folder = parent.join(format!("simfuzz/handover/{}", std::process::id()));
        // of a process that had our number and was killed
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| Stop::bad(format!("{} can't be made: {error}", shown(&folder))))?;
        Ok(Self {
            folder,
            began: SystemTime::now(),
            looked: None,
            parts: BTreeMap::new(),
            firsts: BTreeMap::new(),
            all: Summary::default(),
        })
    }

    /// Asks the process to tell.
    pub(crate) fn ask(&self, command: &mut Command) {
        let began = self.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        command.env("SIMFUZZ_HANDOVER", &self.folder).env("SIMFUZZ_BEGAN", began.as_millis().to_string());
    }

    /// When the campaign began.
    pub(crate) fn began(&self) -> SystemTime {
        self.began
    }

    /// What they have come to, not older than a second.
    pub(crate) fn look(&mut self) -> &Summary {
        if self.looked.is_none_or(|looked| looked.elapsed() >= EVERY) {
            self.read();
        }
        &self.all
    }

    /// What they have come to now.
    pub(crate) fn read(&mut self) -> &Summary {
        self.looked = Some(Instant::now());
        let mut changed = false;
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(written) = entry.metadata().and_then(|file| file.modified()) else { continue };
            let is_new = self.parts.get(&path).is_none_or(|(known, _)| *known != written);
            if !is_new || path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // a file is replaced as a whole, so what can't be read now was never a part of ours
            let read = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if let Some(summary) = read {
                self.parts.insert(path, (written, summary));
                changed = true;
            }
        }
        if changed {
            self.add_up();
        }
        &self.all
    }

    fn add_up(&mut self) {
        let mut all = Summary::default();
        self.parts.values().for_each(|(_, part)| all.add(part));
        // each process counts from one; the campaign's own count is known only when we look
        let executions = all.executions;
        let several = self.parts.len() > 1;
        let mut correct = |name: String, first: &mut First| {
            let now = First { execution: if several { executions } else { first.execution }, ..*first };
            *first = *self.firsts.entry(name).or_insert(now);
        };
        for goal in &mut all.goals {
            if let Some(first) = &mut goal.first {
                correct(format!("{} {}", goal.kind, goal.name), first);
            }
        }
        all.findings.iter_mut().for_each(|found| correct(format!("finding {}", found.identity), &mut found.first));
        self.all = all;
    }

    /// The tapes of runs in the midst of which a process ended.
    pub(crate) fn under_way(&self) -> Vec<Vec<u8>> {
        simfuzz::fuzz::under_way(&self.folder)
    }

    /// Files of findings that another process has a smaller tape of.
    pub(crate) fn superfluous(&self) -> BTreeSet<PathBuf> {
        let files = |summary: &Summary| -> BTreeSet<PathBuf> {
            summary.findings.iter().filter_map(|found| found.smallest.file.as_ref().map(PathBuf::from)).collect()
        };
        let best = files(&self.all);
        self.parts.values().flat_map(|(_, part)| files(part)).filter(|file| !best.contains(file)).collect()
    }
}

impl Drop for Handovers {
    fn drop(&mut self) {
        // a leftover in the build folder does no harm
        let _ = fs::remove_dir_all(&self.folder);
    }
}
