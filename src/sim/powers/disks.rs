//! Verbs on disks: what the next operation of a host comes to.

use super::{Faults, Whom};
use crate::fault::FaultKind;

impl Faults {
    /// The next read of a file fails with `EIO`.
    pub fn fail_read(&self, whom: impl Whom) {
        self.next(whom, FaultKind::ReadError);
    }

    /// The next write to a file fails with `EIO`.
    pub fn fail_write(&self, whom: impl Whom) {
        self.next(whom, FaultKind::WriteError);
    }

    /// The next sync fails with `EIO`, and what it could not write is gone.
    pub fn fail_sync(&self, whom: impl Whom) {
        self.next(whom, FaultKind::SyncError);
    }

    /// The disk is full from the next write that needs room on, for a while.
    pub fn fill_disk(&self, whom: impl Whom) {
        self.next(whom, FaultKind::Full);
    }

    /// The next read of a file gives fewer bytes than there are.
    pub fn short_read(&self, whom: impl Whom) {
        self.next(whom, FaultKind::ShortRead);
    }

    /// The next write to a file takes fewer bytes than it was given.
    pub fn short_write(&self, whom: impl Whom) {
        self.next(whom, FaultKind::ShortWrite);
    }

    /// The next operation of the disk takes very long.
    pub fn stall_disk(&self, whom: impl Whom) {
        self.next(whom, FaultKind::Stall);
    }

    /// A bit of what is read next flips on the disk, silently and for good; if the host's disk may
    /// be damaged at all.
    pub fn corrupt(&self, whom: impl Whom) {
        self.next(whom, FaultKind::Corruption);
    }

    /// The fault comes with the next operation that it concerns. What it comes to is drawn from
    /// the same labels as that of a fault that comes by distance.
    fn next(&self, whom: impl Whom, kind: FaultKind) {
        for host in self.hosts(whom) {
            self.inject(kind, |world| {
                let up = world.is_running(host);
                up.then(|| world.hosts[host.index()].distances[kind as usize] = 1)
            });
        }
    }
}
