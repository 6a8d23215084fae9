//! One operation of a disk: it takes its time, then happens; a crash may come right after.

use crate::fault;
use crate::sim::clock::{SimTime, Sleep};
use crate::sim::rules::{self, DiskFate, DiskOperation, DiskSort};
use crate::sim::world::{World, try_with, with};
use crate::storage::Node;
use crate::topology::HostId;
use crate::trace::What;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Which disk, and who uses it: its own host, or a workload that looks at it from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) user: HostId,
    pub(super) disk: HostId,
}

/// What an operation does. Its number goes into the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Read = 1,
    Write = 2,
    Sync = 3,
    Length = 4,
    Names = 5,
    Look = 6,
}

impl Sort {
    /// What a rule is told that it is.
    fn asked(self) -> DiskSort {
        match self {
            Self::Read => DiskSort::Read,
            Self::Write => DiskSort::Write,
            Self::Sync => DiskSort::Sync,
            Self::Length | Self::Names | Self::Look => DiskSort::Other,
        }
    }
}

/// What an operation concerns, for the rules: a path as a program gives it, or an open file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    Path(&'a str),
    Open(Node),
}

/// Which part of its target an operation concerns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    /// None in particular.
    Whole,
    /// The length that it shall have.
    Length(u64),
    /// So many bytes from an offset on.
    Read(u64, usize),
    /// These, at an offset; without one at the end.
    Write(Option<u64>, &'a [u8]),
}

/// What the rules of injectors say about an operation of a host on its own disk.
#[cold]
fn ask_rules(seat: Seat, sort: Sort, target: Target<'_>, part: Part<'_>) -> Option<(HostId, DiskFate)> {
    if seat.user != seat.disk {
        return None;
    }
    let (host, path, end) = with(|world| {
        let disk = &world.disks[seat.disk.index()];
        let (path, end) = match target {
            Target::Path(path) => (path.trim_start_matches('/').to_owned(), 0),
            Target::Open(Node::File(file)) => (disk.path_of(Node::File(file)), disk.len(file)),
            Target::Open(dir) => (disk.path_of(dir), 0),
        };
        (world.topology.host(seat.user).ip, path, end)
    });
    let (offset, length, bytes) = match part {
        Part::Whole => (0, 0, &[][..]),
        Part::Length(length) => (length, 0, &[][..]),
        Part::Read(offset, length) => (offset, length as u64, &[][..]),
        Part::Write(offset, bytes) => (offset.unwrap_or(end), bytes.len() as u64, bytes),
    };
    rules::ask_disk(&DiskOperation { host, sort: sort.asked(), path: &path, offset, length, bytes })
}

/// An operation under way.
#[derive(Debug)]
pub(super) struct Operation {
    seat: Seat,
    pub(super) sort: Sort,
    sleep: Sleep,
    run: u64,
    /// What a rule says about it, if any does.
    fate: Option<(HostId, DiskFate)>,
}

impl Operation {
    #[inline]
    pub(super) fn start(seat: Seat, sort: Sort, target: Target<'_>, part: Part<'_>) -> Self {
        let fate = if rules::any() { ask_rules(seat, sort, target, part) } else { None };
        let late = fate.map_or(0, |fate| with(|world| world.delay_disk(fate, seat.user)));
        let (latency, run) = with(|world| {
            world.disk_operations += 1;
            (world.disk_latency(seat.user) + world.stall(seat.user), world.run)
        });
        let sleep = SimTime(seat.user).sleep(Duration::from_nanos(latency.saturating_add(late)));
        Self { seat, sort, sleep, run, fate }
    }

    /// Is its time over?
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.sleep).poll(context)
    }

    /// Its time is over: does it; pending for ever when the host goes down before or with it.
    pub(super) fn finish<R>(self, act: impl FnOnce(&mut World) -> R) -> Poll<R> {
        let (user, sort, fate) = (self.seat.user, self.sort, self.fate);
        drop(self);
        with(|world| {
            if !world.is_running(user) {
                return Poll::Pending;
            }
            let result = match fate {
                None => act(world),
                Some(fate) => world.with_disk_fate(fate, user, sort.asked(), act),
            };
            world.record(What::Disk, user, sort as u64);
            if world.io_ends(user) { Poll::Pending } else { Poll::Ready(result) }
        })
    }
}

impl Drop for Operation {
    /// It is over, one way or the other.
    fn drop(&mut self) {
        try_with(|world| {
            if world.run == self.run {
                world.disk_operations -= 1;
            }
        });
    }
}

/// Waits as long as the operation takes, then does it.
pub(super) async fn operate<R>(
    seat: Seat,
    sort: Sort,
    target: Target<'_>,
    part: Part<'_>,
    act: impl FnOnce(&mut World) -> R,
) -> R {
    let mut operation = Operation::start(seat, sort, target, part);
    poll_fn(|context| operation.poll_over(context)).await;
    match operation.finish(act) {
        Poll::Ready(result) => result,
        Poll::Pending => pending().await,
    }
}

impl World {
    /// How long the next disk operation of `user` takes.
    fn disk_latency(&mut self, user: HostId) -> u64 {
        let slot = match self.hosts[user.index()].disk_slot {
            Some(slot) => slot,
            None => {
                let slot = fault::slot(&mut self.choices, self.topology.host(user).ip, "disk");
                self.hosts[user.index()].disk_slot = Some(slot);
                slot
            }
        };
        self.weather.disk.draw(&mut self.choices, slot)
    }
}
