//! Rules for disks: asked before a host begins an operation.

use super::{Ask, Rule, add, verdict};
use crate::fault::FaultKind;
use crate::sim::powers::Faults;
use crate::sim::world::World;
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::seconds;
use std::net::IpAddr;
use std::time::Duration;

/// What a host is about to do with its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskOperation<'a> {
    /// Whose disk.
    pub host: IpAddr,
    /// What it is.
    pub sort: DiskSort,
    /// The file or directory, without a slash before it: `wal/7`. Of a file that is open it is the
    /// path that it has now, empty when it was removed; else what the program wrote, of a rename the
    /// old one. The root is empty.
    pub path: &'a str,
    /// Where in the file it reads or writes, in bytes; the new length where it sets that. Else 0.
    pub offset: u64,
    /// How many bytes it would read or write at most; else 0.
    pub length: u64,
    /// What it writes; else nothing.
    pub bytes: &'a [u8],
}

/// Sorts of disk operations that a rule is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskSort {
    /// Bytes are read from a file.
    Read,
    /// Bytes are written to a file.
    Write,
    /// A file or a directory is synced.
    Sync,
    /// Anything else: names, lengths.
    Other,
}

/// What happens to a disk operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskFate {
    /// It does what it should.
    #[default]
    Work,
    /// It takes so much longer.
    Delay(Duration),
    /// It fails with `EIO`; what can't fail works.
    Fail,
    /// It reads or takes fewer bytes than it could; what has no length works.
    Short,
}

/// What the rules say about an operation, the first that says anything: by whose rule, and what.
pub(in crate::sim) fn ask_disk(operation: &DiskOperation<'_>) -> Option<(HostId, DiskFate)> {
    verdict(|ask| match ask {
        Ask::Disk(rule) => Some(rule(operation)).filter(|&fate| fate != DiskFate::Work),
        Ask::Packet(_) => None,
    })
}

impl Faults {
    /// Adds a rule for the disks: it is asked about each operation before that begins, until the
    /// first rule that says other than [`DiskFate::Work`].
    ///
    /// It is asked about what hosts do on their own disks, and not about what somebody looks at
    /// through [`storage_of`](crate::SimContext::storage_of): that is the test's view from outside,
    /// which no fault concerns.
    ///
    /// ```
    /// use simfuzz::prelude::*;
    /// use simfuzz::{DiskFate, DiskOperation, DiskSort};
    ///
    /// /// The disk of one server is slow to sync, and snapshots are read in pieces.
    /// struct OldDisk;
    ///
    /// #[async_trait(?Send)]
    /// impl FaultInjector for OldDisk {
    ///     fn name(&self) -> &str {
    ///         "old-disk"
    ///     }
    ///     async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
    ///         let Some(old) = faults.topology().peer("server") else { return Ok(()) };
    ///         let _rule = faults.disk(move |operation: &DiskOperation| match operation.sort {
    ///             DiskSort::Sync if operation.host == old => DiskFate::Delay(Duration::from_millis(300)),
    ///             DiskSort::Read if operation.path == "snapshot" => DiskFate::Short,
    ///             _ => DiskFate::Work,
    ///         });
    ///         std::future::pending().await
    ///     }
    /// }
    /// ```
    pub fn disk(&self, rule: impl FnMut(&DiskOperation<'_>) -> DiskFate + 'static) -> Rule {
        add(self.host, Ask::Disk(Box::new(rule)))
    }
}

impl World {
    /// How much longer an operation takes by a rule.
    pub(in crate::sim) fn delay_disk(&mut self, (owner, fate): (HostId, DiskFate), host: HostId) -> Nanos {
        match fate {
            DiskFate::Delay(late) if self.weather.allows(FaultKind::Stall) => {
                let late = late.as_nanos() as u64;
                self.deeds[owner.number_outside()].faults += 1;
                self.inject(FaultKind::Stall, host, late, || {
                    format!("DISK: an operation stalls for {}, by a rule", seconds(late))
                });
                late
            }
            _ => 0,
        }
    }

    /// Does an operation with the fault that a rule says, which comes to it as one by distance
    /// does: none but this operation is hit.
    pub(in crate::sim) fn with_disk_fate<R>(
        &mut self,
        (owner, fate): (HostId, DiskFate),
        host: HostId,
        sort: DiskSort,
        act: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let kind = match (fate, sort) {
            (DiskFate::Fail, DiskSort::Read) => FaultKind::ReadError,
            (DiskFate::Fail, DiskSort::Write) => FaultKind::WriteError,
            (DiskFate::Fail, DiskSort::Sync) => FaultKind::SyncError,
            (DiskFate::Short, DiskSort::Read) => FaultKind::ShortRead,
            (DiskFate::Short, DiskSort::Write) => FaultKind::ShortWrite,
            _ => return act(self),
        };
        if !self.storm || !self.weather.allows(kind) {
            return act(self);
        }
        let before = self.injected.of(kind);
        let distance = std::mem::replace(&mut self.hosts[host.index()].distances[kind as usize], 1);
        let result = act(self);
        self.hosts[host.index()].distances[kind as usize] = distance;
        self.deeds[owner.number_outside()].faults += self.injected.of(kind) - before;
        result
    }
}
