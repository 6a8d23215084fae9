//! Verbs on the network.

use super::{Faults, Whom};
use crate::fault::FaultKind;
use crate::network::{ConnId, Side};
use crate::sim::events::Event;
use crate::sim::world::{World, try_with, with};
use crate::topology::HostId;
use std::time::Duration;

/// Links that an injector has cut; they heal when it is dropped, or after the time that
/// [`lasting`](Cut::lasting) gives. Where two cuts overlap, a link heals with the last one.
#[derive(Debug)]
#[must_use = "dropping it heals the links; `.lasting(..)` keeps them cut for a while"]
pub struct Cut {
    run: u64,
    /// Its place among the partitions of the run; `None` if there was nothing to cut, or it is not
    /// this guard's to heal.
    index: Option<u32>,
}

impl Cut {
    /// Heals after `length` of virtual time, with nobody to keep it.
    pub fn lasting(mut self, length: Duration) {
        if let Some(index) = self.index.take() {
            try_with(|world| {
                if world.run == self.run {
                    world.queue.schedule(world.now + length.as_nanos() as u64, Event::Heal(index));
                }
            });
        }
    }

    /// Heals now.
    pub fn heal(self) {
        drop(self);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if let Some(index) = self.index {
            try_with(|world| {
                if world.run == self.run {
                    world.end_partition(index);
                }
            });
        }
    }
}

impl Faults {
    /// Cuts `one` off from `other`, both ways. Streams between them stall, and go on when it
    /// heals or fail after 30 virtual seconds.
    pub fn partition(&self, one: impl Whom, other: impl Whom) -> Cut {
        let (one, other) = (self.hosts(one), self.hosts(other));
        self.cut(pairs(&one, &other).flat_map(|(a, b)| [(a, b), (b, a)]).collect())
    }

    /// What `from` sends to `to` is lost; the other way is whole.
    pub fn mute(&self, from: impl Whom, to: impl Whom) -> Cut {
        let (from, to) = (self.hosts(from), self.hosts(to));
        self.cut(pairs(&from, &to).collect())
    }

    /// Cuts `whom` off from everybody else.
    pub fn isolate(&self, whom: impl Whom) -> Cut {
        let inside = self.hosts(whom);
        let all = (0..self.topology.hosts().len()).map(|host| HostId(host as u16));
        let outside: Vec<_> = all.filter(|host| !inside.contains(host)).collect();
        self.cut(pairs(&inside, &outside).flat_map(|(a, b)| [(a, b), (b, a)]).collect())
    }

    fn cut(&self, links: Vec<(HostId, HostId)>) -> Cut {
        let index = self.inject(FaultKind::Partition, |world| {
            let by = &self.topology.host(self.host).kind;
            let count = links.len();
            (count > 0).then(|| world.cut(links, 0, || format!("{by} cuts {count} links")))
        });
        Cut { run: self.run, index }
    }

    /// Ends every partition, whoever began it.
    pub fn heal(&self) {
        with(|world| {
            if world.run == self.run && world.storm {
                let all: Vec<_> = world.partitions.keys().copied().collect();
                all.into_iter().for_each(|number| world.end_partition(number));
            }
        });
    }

    /// What `one` and `other` send to each other is late: it arrives when `length` of virtual time
    /// is over, in order. Nobody gives up over it.
    pub fn clog(&self, one: impl Whom, other: impl Whom, length: Duration) {
        let (one, other) = (self.hosts(one), self.hosts(other));
        let links = pairs(&one, &other).flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        self.inject(FaultKind::Clog, |world| {
            let told = format!("what {} links carry", one.len() * other.len());
            world.clog(links, length.as_nanos() as u64, &told);
            Some(())
        });
    }

    /// Breaks the connections between `one` and `other`: both ends get `ConnectionReset`, and what
    /// was under way is lost.
    pub fn reset(&self, one: impl Whom, other: impl Whom) {
        self.each_connection(FaultKind::Reset, one, other, |world, conn, side| world.reset(conn, side));
    }

    /// The connections between `one` and `other` die with nobody told: nothing crosses them any
    /// more. A writer learns it after 30 virtual seconds, a reader who never writes doesn't.
    pub fn half_open(&self, one: impl Whom, other: impl Whom) {
        self.each_connection(FaultKind::HalfOpen, one, other, |world, conn, side| world.half_open(conn, side));
    }

    fn each_connection(
        &self,
        kind: FaultKind,
        one: impl Whom,
        other: impl Whom,
        act: impl Fn(&mut World, ConnId, Side),
    ) {
        let (one, other) = (self.hosts(one), self.hosts(other));
        for (a, b) in pairs(&one, &other) {
            self.inject(kind, |world| {
                let all = world.net.conns.held_by(a);
                let between =
                    |&(conn, side): &(ConnId, Side)| {
                        world.net.conns.ends(conn, side).is_some_and(|(end, peer)| {
                            peer.host == b && end.connected && end.failed.is_none() && !end.dead
                        })
                    };
                let between: Vec<_> = all.into_iter().filter(between).collect();
                between.iter().for_each(|&(conn, side)| act(world, conn, side));
                (!between.is_empty()).then_some(())
            });
        }
    }
}

fn pairs<'a>(ones: &'a [HostId], others: &'a [HostId]) -> impl Iterator<Item = (HostId, HostId)> + 'a {
    let all = ones.iter().flat_map(move |&one| others.iter().map(move |&other| (one, other)));
    // nobody is cut off from itself
    all.filter(|(one, other)| one != other)
}
