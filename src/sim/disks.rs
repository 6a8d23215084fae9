//! What is wrong with the disk of a host, and what happens to it when the host goes down.

use super::world::World;
use crate::fault::{FaultKind, disk};
use crate::storage::Survivors;
use crate::timeline::Nanos;
use crate::topology::HostId;

/// What is wrong with the disk of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ailment {
    /// Did an operation fail for a fault, or was the disk full, in this boot?
    pub(crate) failed: bool,
    /// Does it hold, for good, what was never written or is not what was written?
    pub(crate) rotten: bool,
    /// Files can't grow until then.
    pub(crate) full_until: Nanos,
}

impl World {
    /// Has the process of `host` a reason to fail that the simulation gave it? An operation that
    /// failed, in this boot, or a disk that holds what was never written there. A short read or
    /// write is none, nor a torn record after a crash: a program must live with these.
    pub(crate) fn blames_its_disk(&self, host: HostId) -> bool {
        let disk = &self.hosts[host.index()].disk;
        disk.failed || disk.rotten
    }

    /// The machine of `host` goes down: of what was not synced, names and bytes, a part chosen by
    /// the tape is lost.
    pub(crate) fn lose_unsynced(&mut self, host: HostId) {
        self.lose_bytes_and_names(host);
        self.disks[host.index()].forget();
    }

    fn lose_bytes_and_names(&mut self, host: HostId) {
        let ip = self.topology.host(host).ip;
        let names = self.disks[host.index()].unsynced_names();
        let loses_names = self.weather.allows(FaultKind::LostName);
        let survivors = match loses_names {
            true => disk::names(&mut self.choices, ip, names),
            false => Survivors::ALL,
        };
        let lost = self.disks[host.index()].crash(&survivors);
        if lost > 0 {
            self.inject(FaultKind::LostName, host, lost, || {
                format!("of {names} unsynced changes of directories {lost} are lost: {survivors:?}")
            });
        }
        let files = self.disks[host.index()].unsynced_files();
        let loses = self.weather.allows(FaultKind::LostWrite);
        self.counts.disks_crashed += u32::from(self.disks[host.index()].is_used() && loses);
        self.counts.with_writes += u32::from(!files.is_empty() && loses);
        self.counts.with_names += u32::from(names > 0 && loses_names);
        let (mut all, mut units) = (0, 0);
        for file in files {
            let (unit, survivors) = match loses {
                true => {
                    let unit = disk::unit(&mut self.choices, ip);
                    let count = self.disks[host.index()].unsynced(file, unit);
                    let survivors = disk::survivors(&mut self.choices, ip, count);
                    (all, units) = (all + count, units + survivors.lost_of(count));
                    self.tell(false, host, || format!("of {count} unsynced pieces of {unit} bytes: {survivors:?}"));
                    (unit, survivors)
                }
                false => (1, Survivors::ALL),
            };
            self.disks[host.index()].sync_partly(file, unit, &survivors);
        }
        // one crash is one fault, however many files it hits
        if units > 0 {
            self.inject(FaultKind::LostWrite, host, units, || {
                format!("of {all} pieces of files that were not synced {units} are lost")
            });
        }
    }
}
