//! Faults of disks that come with an operation: errors, full disks, short ones, stalls, decay.
//!
//! Owns what a fault does to the operation that it comes with. Where an operation has no fault it
//! costs a look at a counter.

use super::world::World;
use crate::fault::{FaultKind, disk};
use crate::storage::FileId;
use crate::timeline::Nanos;
use crate::topology::HostId;
use crate::trace::seconds;
use std::io;
use std::net::IpAddr;

impl World {
    fn ip(&self, host: HostId) -> IpAddr {
        self.topology.host(host).ip
    }

    /// An operation of `host` fails, if it is to.
    #[inline]
    fn fails(&mut self, kind: FaultKind, host: HostId) -> io::Result<()> {
        if self.strikes(kind, host) { Err(self.fail(kind, host, 0)) } else { Ok(()) }
    }

    #[cold]
    fn fail(&mut self, kind: FaultKind, host: HostId, value: u64) -> io::Error {
        self.hosts[host.index()].disk.failed = true;
        self.inject(kind, host, value, || match kind {
            FaultKind::SyncError if value > 0 => {
                format!("DISK: a sync fails, and {value} pieces that it did not write are lost")
            }
            FaultKind::SyncError => "DISK: a sync fails".to_owned(),
            FaultKind::ReadError => "DISK: a read fails".to_owned(),
            _ => "DISK: a write fails".to_owned(),
        });
        io::Error::from_raw_os_error(libc::EIO)
    }

    /// How much longer an operation of `host` takes.
    #[inline]
    pub(super) fn stall(&mut self, host: HostId) -> Nanos {
        if !self.strikes(FaultKind::Stall, host) {
            return 0;
        }
        let ip = self.ip(host);
        let stall = disk::stall(&mut self.choices, ip);
        self.inject(FaultKind::Stall, host, stall, || format!("DISK: an operation stalls for {}", seconds(stall)));
        stall
    }

    /// `host` reads `count` bytes of its `file` from `offset`: gives how many it gets, after what
    /// has become of them.
    #[inline]
    pub(super) fn reads(&mut self, host: HostId, file: FileId, offset: u64, count: usize) -> io::Result<usize> {
        self.fails(FaultKind::ReadError, host)?;
        if count > 0 && self.strikes(FaultKind::Corruption, host) {
            self.corrupt(host, file, offset, count);
        }
        Ok(self.cut_short(FaultKind::ShortRead, host, count))
    }

    #[cold]
    fn corrupt(&mut self, host: HostId, file: FileId, offset: u64, count: usize) {
        let ip = self.ip(host);
        let bit = disk::bit(&mut self.choices, ip, count as u64 * 8);
        let (at, bit) = (offset + bit / 8, (bit % 8) as u32);
        if self.disks[host.index()].is_durable(file, at) && self.may_damage(host) {
            self.disks[host.index()].flip(file, at, bit);
            self.hosts[host.index()].disk.rotten = true;
            self.inject(FaultKind::Corruption, host, at, || format!("DISK: bit {bit} of byte {at} of a file flips"));
        }
    }

    /// How many of `count` bytes an operation gets or takes.
    #[inline]
    fn cut_short(&mut self, kind: FaultKind, host: HostId, count: usize) -> usize {
        if count > 1 && self.strikes(kind, host) { self.shorten(kind, host, count) } else { count }
    }

    #[cold]
    fn shorten(&mut self, kind: FaultKind, host: HostId, count: usize) -> usize {
        let (ip, site) =
            (self.ip(host), if kind == FaultKind::ShortRead { "short-read-lost" } else { "short-write-lost" });
        let short = disk::short(&mut self.choices, ip, site, count);
        let verb = if kind == FaultKind::ShortRead { "gives" } else { "takes" };
        self.inject(kind, host, short as u64, || format!("DISK: an operation {verb} {short} of {count} bytes"));
        short
    }

    /// `host` writes `count` bytes to its file, of which `growth` would make it longer: gives how
    /// many it may.
    #[inline]
    pub(super) fn writes(&mut self, host: HostId, count: usize, growth: usize) -> io::Result<usize> {
        self.fails(FaultKind::WriteError, host)?;
        let fits = if growth > 0 { count - growth + self.fitting(host, growth) } else { count };
        if fits == 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        Ok(self.cut_short(FaultKind::ShortWrite, host, fits))
    }

    /// `host` gives a name to a file or directory that is new: that takes room as well.
    #[inline]
    pub(super) fn adds_name(&mut self, host: HostId) -> Result<(), io::ErrorKind> {
        if self.fitting(host, 1) == 0 { Err(io::ErrorKind::StorageFull) } else { Ok(()) }
    }

    /// How many of `growth` bytes fit on the disk.
    #[inline]
    fn fitting(&mut self, host: HostId, growth: usize) -> usize {
        if self.now < self.hosts[host.index()].disk.full_until && self.storm {
            self.hosts[host.index()].disk.failed = true;
            return 0;
        }
        if !self.strikes(FaultKind::Full, host) {
            return growth;
        }
        let ip = self.ip(host);
        let (length, fits) = disk::full(&mut self.choices, ip, growth as u64);
        let disk = &mut self.hosts[host.index()].disk;
        (disk.failed, disk.full_until) = (true, self.now + length);
        self.inject(FaultKind::Full, host, length, || format!("DISK: it is full for {}", seconds(length)));
        fits as usize
    }

    /// `host` syncs its `file`, or with `None` the entries of a directory: the error leaves a file
    /// partly written, entries as they were.
    #[inline]
    pub(super) fn syncs(&mut self, host: HostId, file: Option<FileId>) -> io::Result<()> {
        if !self.strikes(FaultKind::SyncError, host) {
            return Ok(());
        }
        let lost = file.map_or(0, |file| self.drop_unsynced(host, file));
        Err(self.fail(FaultKind::SyncError, host, lost))
    }

    /// A sync fails in the middle: the page cache takes what was not written for written. Gives
    /// how many pieces that are; none if the host may not be damaged.
    #[cold]
    fn drop_unsynced(&mut self, host: HostId, file: FileId) -> u64 {
        let ip = self.ip(host);
        let disk = &self.disks[host.index()];
        let mut count = 0;
        let (unit, written) = disk::failed_sync(&mut self.choices, ip, |unit| {
            count = disk.unsynced(file, unit);
            count
        });
        let lost = written.lost_of(count);
        if lost > 0 && !self.may_damage(host) {
            return 0;
        }
        self.hosts[host.index()].disk.rotten |= lost > 0;
        self.disks[host.index()].sync_partly(file, unit, &written);
        lost
    }
}
