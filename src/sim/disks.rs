//! What happens to the disk of a host that goes down.

use super::world::World;
use crate::fault::{FaultKind, disk};
use crate::storage::Survivors;
use crate::topology::HostId;

impl World {
    /// The machine of `host` goes down: of what was not synced, names and bytes, a part chosen by
    /// the tape is lost.
    pub(crate) fn lose_unsynced(&mut self, host: HostId) {
        self.lose_bytes_and_names(host);
        self.disks[host.index()].forget();
    }

    fn lose_bytes_and_names(&mut self, host: HostId) {
        let ip = self.topology.host(host).ip;
        let names = self.disks[host.index()].unsynced_names();
        let survivors = match self.weather.allows(FaultKind::LostName) {
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
