//! Disks that fail.

use crate::choice::Gap;
use crate::fault::FaultKind;

/// Disks that fail, during the storm, on processes only. Off unless given to the builder.
///
/// Each setter takes the probability, in `0.0..=1.0`, that another fault of its kind comes, and
/// within how many of the host's own operations of that sort (reads, writes, syncs, all of them
/// for stalls) it comes at the latest. They are drawn anew after each fault and at each boot; a
/// probability of 0 turns the kind off.
///
/// ```
/// # use simfuzz::prelude::*;
/// let flaky = DiskFaults::none().sync_errors(0.5, 100).short_writes(1.0, 20);
/// let builder = SimulationBuilder::new().disk_faults(flaky);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DiskFaults {
    gaps: [(FaultKind, Gap); 8],
    pub(crate) max_damaged: Option<usize>,
}

impl Default for DiskFaults {
    /// All of them, seldom: errors, full disks and corruption with probability 0.1 within 1,000
    /// operations, stalls with 0.2, short reads and writes with 0.3 within 200.
    fn default() -> Self {
        let seldom = Gap { chance: 0.1, limit: 1_000 };
        let short = Gap { chance: 0.3, limit: 200 };
        let gaps = [
            (FaultKind::ReadError, seldom),
            (FaultKind::WriteError, seldom),
            (FaultKind::SyncError, seldom),
            (FaultKind::Full, seldom),
            (FaultKind::ShortRead, short),
            (FaultKind::ShortWrite, short),
            (FaultKind::Stall, Gap { chance: 0.2, limit: 1_000 }),
            (FaultKind::Corruption, seldom),
        ];
        Self { gaps, max_damaged: None }
    }
}

impl DiskFaults {
    /// None of them, to be turned on one by one.
    pub fn none() -> Self {
        let mut none = Self::default();
        none.gaps.iter_mut().for_each(|(_, gap)| gap.chance = 0.0);
        none
    }

    fn set(mut self, kind: FaultKind, chance: f64, within: u64) -> Self {
        for (_, gap) in self.gaps.iter_mut().filter(|(known, _)| *known == kind) {
            *gap = Gap { chance, limit: within.max(1) };
        }
        self
    }

    /// A read fails with `EIO`, within so many reads.
    #[must_use]
    pub fn read_errors(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::ReadError, chance, within)
    }

    /// A write fails with `EIO`, and has written nothing, within so many writes.
    #[must_use]
    pub fn write_errors(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::WriteError, chance, within)
    }

    /// A sync of a file fails with `EIO`, within so many syncs. What it could not write is never
    /// written, unless it is written again: the page cache shows it, the next sync succeeds, and a
    /// crash takes it, as on Linux. (A host that may not be damaged keeps it for the next sync.)
    #[must_use]
    pub fn sync_errors(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::SyncError, chance, within)
    }

    /// The disk is full for 100 ms to 10 s: files can't grow (`StorageFull`), the write that meets
    /// it first may fit in part; and nothing new gets a name. Writing in place works. Within so many
    /// writes that grow a file, creations of files and of directories.
    #[must_use]
    pub fn full(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::Full, chance, within)
    }

    /// A read gives fewer bytes than there are, at least one, within so many reads.
    #[must_use]
    pub fn short_reads(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::ShortRead, chance, within)
    }

    /// A write takes fewer bytes than it was given, at least one, within so many writes.
    #[must_use]
    pub fn short_writes(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::ShortWrite, chance, within)
    }

    /// An operation takes 100 ms to 10 s more, within so many operations of any sort.
    #[must_use]
    pub fn stalls(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::Stall, chance, within)
    }

    /// A bit flips on the disk, silently and for good, among the bytes of this read; within so
    /// many reads.
    #[must_use]
    pub fn corruption(self, chance: f64, within: u64) -> Self {
        self.set(FaultKind::Corruption, chance, within)
    }

    /// How many processes a run may damage for good: by corruption, by a failed sync that lost
    /// what it could not write, by a crash that wipes the disk. The first that are hit are those;
    /// the others are spared.
    ///
    /// By default a minority, (n - 1) / 2 of n processes, so that a cluster that replicates by
    /// majorities can recover everything: what can't be repaired even in principle is no finding.
    /// For a single process that is none; say 1 to see how it behaves.
    #[must_use]
    pub fn max_damaged(mut self, processes: usize) -> Self {
        self.max_damaged = Some(processes);
        self
    }

    pub(crate) fn gaps(&self) -> impl Iterator<Item = (FaultKind, Gap)> {
        self.gaps.into_iter()
    }
}
