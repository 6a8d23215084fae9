//! The folders of tapes that a campaign reads, and the one that it also writes.

use crate::list::files;
use crate::project::{Target, shown};
use crate::screen::{Screen, count};
use crate::stop::Stop;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders that an engine reads.
#[derive(Debug)]
pub(crate) struct Corpora {
    /// The one that it also writes.
    working: PathBuf,
    /// Is it for this campaign alone?
    fresh: bool,
    read_only: Vec<PathBuf>,
}

impl Corpora {
    /// Makes what is missing, and says what there is to start from. `more` folders are read too.
    pub(crate) fn prepare(target: Target<'_>, fresh: bool, more: &[PathBuf], screen: &Screen) -> Result<Self, Stop> {
        let working = match fresh {
            true => {
                target.project.target_directory().join(format!("simfuzz/fresh/{}-{}", target.name, std::process::id()))
            }
            false => target.working_corpus(),
        };
        for folder in [&working, &target.artifacts()] {
            fs::create_dir_all(folder)
                .map_err(|error| Stop::bad(format!("{} can't be made: {error}", shown(folder))))?;
        }
        for folder in [&working, &target.artifacts()] {
            simfuzz::fuzz::writable(folder).map_err(|error| {
                Stop::bad(format!(
                    "nothing can be written to {}: {error}; make room, or make it writable{}",
                    shown(folder),
                    if fresh || *folder != working { "" } else { "; `--fresh` needs no working corpus" }
                ))
            })?;
        }
        let tidied = simfuzz::fuzz::tidy(&working);
        if tidied > 0 {
            screen.line(&format!(
                "{} of a campaign that was killed in the midst of writing removed",
                count(tidied, "file")
            ));
        }
        let seeds = target.seeds();
        let start = match (files(&seeds), files(&working)) {
            (0, 0) => format!("no seeds in {}, starting from an empty corpus", shown(&seeds)),
            (0, tapes) => format!("no seeds in {}, {} in {}", shown(&seeds), count(tapes, "tape"), shown(&working)),
            (found, 0) => format!("{} in {}", count(found, "seed"), shown(&seeds)),
            (found, tapes) => {
                let found = count(found, "seed");
                format!("{found} in {}, {} in {}", shown(&seeds), count(tapes, "tape"), shown(&working))
            }
        };
        screen.line(&format!("corpus: {start}"));
        let read_only = seeds.is_dir().then_some(seeds).into_iter().chain(more.iter().cloned()).collect();
        Ok(Self { working, fresh, read_only })
    }

    /// The folder that is written to comes first: libFuzzer knows it by that.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.working).chain(&self.read_only)
    }

    /// The folder that is written to.
    pub(crate) fn working(&self) -> &Path {
        &self.working
    }

    pub(crate) fn read_only(&self) -> &[PathBuf] {
        &self.read_only
    }

    /// Is the working folder dropped at the end?
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// What there is at the end.
    pub(crate) fn shown(&self) -> String {
        let tapes = count(files(&self.working), "tape");
        match self.fresh {
            true => format!("{tapes}, which are dropped"),
            false => format!("{tapes} in {}", shown(&self.working)),
        }
    }
}

impl Drop for Corpora {
    fn drop(&mut self) {
        if self.fresh {
            // a leftover in the build folder does no harm
            let _ = fs::remove_dir_all(&self.working);
        }
    }
}
