//! All odds of a simulation: which faults are on, and how far apart they are.
//!
//! What the builder's knobs come to. Every fault that comes by distance has its [`Gap`] here, under
//! its kind, so that swarm, warnings and draws need no list of their own.

use super::knobs::{Attrition, Buggify, Latency, Partitions, nanos};
use super::{FaultKind, knobs};
use crate::choice::Gap;
use crate::time::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// All knobs of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weather {
    /// How far apart the faults of each kind are: in the host's own operations of the sort that
    /// the kind concerns, or in virtual microseconds for those that come by the clock.
    gaps: [Option<Gap>; FaultKind::COUNT],
    /// Kinds that don't happen whatever the knobs say.
    off: [bool; FaultKind::COUNT],
    pub(crate) latency: Latency,
    pub(crate) attrition: Attrition,
    pub(crate) partitions: Partitions,
    pub(crate) buggify: Buggify,
    pub(crate) restart: (Nanos, Nanos),
    /// A write, read or sync takes this long.
    pub(crate) disk: Latency,
    /// Is the order of ready tasks a choice, rather than first in, first out?
    pub(crate) any_order: bool,
}

impl Default for Weather {
    fn default() -> Self {
        let mut weather = Self {
            gaps: [None; FaultKind::COUNT],
            off: [false; FaultKind::COUNT],
            latency: Latency::default(),
            attrition: Attrition::default(),
            partitions: Partitions::default(),
            buggify: Buggify::default(),
            restart: (100_000_000, 2_000_000_000),
            disk: Latency { min: 50_000, max: 2_000_000 },
            any_order: false,
        };
        weather.set(FaultKind::Hold, Some(knobs::HOLDS));
        weather
    }
}

impl Weather {
    /// Sets how far apart the faults of `kind` are; `None` turns them off, and so does a chance
    /// of 0.
    pub(crate) fn set(&mut self, kind: FaultKind, gap: Option<Gap>) {
        self.gaps[kind as usize] = gap.filter(|gap| gap.chance > 0.0);
    }

    /// How far apart the faults of `kind` are.
    #[inline]
    pub(crate) fn gap(&self, kind: FaultKind) -> Option<Gap> {
        if self.off[kind as usize] { None } else { self.gaps[kind as usize] }
    }

    /// Turns `kind` off whatever the knobs say, before or after.
    pub(crate) fn turn_off(&mut self, kind: FaultKind) {
        self.off[kind as usize] = true;
    }

    /// May faults of `kind` happen? For those that come with another one, as lost writes with a
    /// crash.
    pub(crate) fn allows(&self, kind: FaultKind) -> bool {
        !self.off[kind as usize]
    }

    /// Is anything of `kind` to be expected?
    pub(crate) fn enabled(&self, kind: FaultKind) -> bool {
        let attrition = self.gap(FaultKind::Crash).map(|_| &self.attrition);
        match kind {
            kind if !self.allows(kind) => false,
            FaultKind::Crash => attrition.is_some_and(|attrition| attrition.crash > 0),
            FaultKind::Stop => attrition.is_some_and(|attrition| attrition.graceful > 0),
            kind => self.gap(kind).is_some(),
        }
    }

    pub(crate) fn set_attrition(&mut self, attrition: Attrition) {
        self.set(FaultKind::Crash, Some(Gap { chance: attrition.chance, limit: attrition.within }));
        self.attrition = attrition;
    }

    pub(crate) fn set_partitions(&mut self, partitions: Partitions) {
        let gap = Gap { chance: partitions.chance, limit: partitions.within.as_micros() as u64 };
        self.set(FaultKind::Partition, Some(gap));
        self.partitions = partitions;
    }

    pub(crate) fn set_buggify(&mut self, buggify: Buggify) {
        // no distance: how likely a place is to be active in a run
        self.set(FaultKind::Buggify, Some(Gap { chance: buggify.active, limit: 1 }));
        self.buggify = buggify;
    }

    pub(crate) fn set_restart(&mut self, bounds: &RangeInclusive<Duration>) {
        self.restart = nanos(bounds);
    }

    /// Is any fault of the world configured? (That tasks wait for each other is none.)
    pub(crate) fn any(&self) -> bool {
        FaultKind::ALL.iter().any(|&kind| kind != FaultKind::Hold && self.gap(kind).is_some())
    }

    /// The kinds that are on.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = FaultKind> + '_ {
        FaultKind::ALL.iter().copied().filter(|&kind| self.gap(kind).is_some())
    }
}
