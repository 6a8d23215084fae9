//! Verbs on the network.

use super::{Faults, Whom};
use crate::fault::FaultKind;
use crate::sim::events::Event;
use crate::sim::world::{try_with, with};
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
    index: Option<usize>,
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

    /// Heals every link, whoever cut it.
    pub fn heal(&self) {
        with(|world| {
            if world.run == self.run && world.storm {
                world.heal_all();
            }
        });
    }
}

fn pairs<'a>(ones: &'a [HostId], others: &'a [HostId]) -> impl Iterator<Item = (HostId, HostId)> + 'a {
    let all = ones.iter().flat_map(move |&one| others.iter().map(move |&other| (one, other)));
    // nobody is cut off from itself
    all.filter(|(one, other)| one != other)
}
