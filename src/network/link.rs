//! Links: between each ordered pair of hosts, cut or not, late or not.
//!
//! Cuts are counted: where two partitions overlap, a link heals when the last one ends.

use crate::timeline::Nanos;
use crate::topology::HostId;

/// Index of a directed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkId(u32);

impl LinkId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All links of a run.
#[derive(Debug, Default)]
pub(crate) struct Links {
    hosts: usize,
    cuts: Vec<u16>,
    cut: usize,
    /// Until when each link is late; empty while none has been.
    clogs: Vec<Nanos>,
}

impl Links {
    pub(crate) fn start(&mut self, hosts: usize) {
        self.hosts = hosts;
        self.cuts.clear();
        self.cuts.resize(hosts * hosts, 0);
        self.cut = 0;
        self.clogs.clear();
    }

    #[inline]
    pub(crate) fn id(&self, from: HostId, to: HostId) -> LinkId {
        LinkId((from.index() * self.hosts + to.index()) as u32)
    }

    /// Does nothing pass from `from` to `to`?
    #[inline]
    pub(crate) fn is_cut(&self, from: HostId, to: HostId) -> bool {
        self.cut > 0 && self.cuts[self.id(from, to).index()] > 0
    }

    /// Cuts the link once more.
    pub(crate) fn cut(&mut self, from: HostId, to: HostId) {
        let index = self.id(from, to).index();
        self.cuts[index] += 1;
        self.cut += usize::from(self.cuts[index] == 1);
    }

    /// Takes one cut away; says whether the link is whole again.
    pub(crate) fn heal(&mut self, from: HostId, to: HostId) -> bool {
        let index = self.id(from, to).index();
        if self.cuts[index] == 0 {
            return false;
        }
        self.cuts[index] -= 1;
        self.cut -= usize::from(self.cuts[index] == 0);
        self.cuts[index] == 0
    }

    /// Takes all cuts away; says whether there were any.
    pub(crate) fn heal_all(&mut self) -> bool {
        self.cuts.fill(0);
        std::mem::take(&mut self.cut) > 0
    }

    /// What is sent over the link before `until` arrives then, at the earliest.
    pub(crate) fn clog(&mut self, from: HostId, to: HostId, until: Nanos) {
        self.clogs.resize(self.hosts * self.hosts, 0);
        let index = self.id(from, to).index();
        self.clogs[index] = self.clogs[index].max(until);
    }

    /// The earliest that something sent over the link now arrives.
    #[inline]
    pub(crate) fn clogged_until(&self, from: HostId, to: HostId) -> Nanos {
        if self.clogs.is_empty() { 0 } else { self.clogs[self.id(from, to).index()] }
    }

    /// No link is late any more. What is under way stays so.
    pub(crate) fn unclog(&mut self) {
        self.clogs.clear();
    }

    /// How many links are cut.
    pub(crate) fn cut_now(&self) -> usize {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_cuts_heal_with_the_last() {
        let (a, b) = (HostId(0), HostId(1));
        let mut links = Links::default();
        links.start(2);
        links.cut(a, b);
        links.cut(a, b);
        assert!(links.is_cut(a, b) && !links.is_cut(b, a));
        assert!(!links.heal(a, b));
        assert!(links.heal(a, b));
        assert!(!links.heal(a, b));
        assert_eq!(links.cut_now(), 0);
    }

    #[test]
    fn of_two_clogs_the_longer_one_counts() {
        let (a, b) = (HostId(0), HostId(1));
        let mut links = Links::default();
        links.start(2);
        assert_eq!(links.clogged_until(a, b), 0);
        links.clog(a, b, 9);
        links.clog(a, b, 5);
        assert_eq!((links.clogged_until(a, b), links.clogged_until(b, a)), (9, 0));
        links.unclog();
        assert_eq!(links.clogged_until(a, b), 0);
    }
}
