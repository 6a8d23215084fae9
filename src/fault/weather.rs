//! All odds of a simulation: which faults are on, and how far apart they are.
//!
//! What the builder's knobs come to. Every fault that comes by distance has its [`Gap`] here, under
//! its kind, so that swarm, warnings and draws need no list of their own.

use super::kind::OF_NETWORK;
use super::knobs::{
    Attrition, Buggify, Churn, ClockFaults, DiskFaults, Latency, NetworkFaults, Outages, Partitions, Pauses, nanos,
};
use super::{FaultKind, knobs};
use crate::choice::Gap;
use crate::timeline::Nanos;
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
    /// Links with a latency of their own, both ways, by the names of their ends; the last one
    /// that fits counts.
    pub(crate) latency_between: Vec<(String, String, Latency)>,
    pub(crate) attrition: Attrition,
    pub(crate) partitions: Partitions,
    pub(crate) buggify: Buggify,
    pub(crate) pauses: Pauses,
    pub(crate) outages: Outages,
    /// The processes that join and leave, if any do.
    pub(crate) churn: Option<Churn>,
    pub(crate) clocks: ClockFaults,
    /// How long a link is clogged.
    pub(crate) clog: (Nanos, Nanos),
    pub(crate) restart: (Nanos, Nanos),
    /// A write, read or sync takes this long.
    pub(crate) disk: Latency,
    /// How many disks a run may damage for good; a minority if nothing was said.
    pub(crate) max_damaged: Option<usize>,
    /// Is the order of ready tasks a choice, rather than first in, first out?
    pub(crate) any_order: bool,
}

impl Default for Weather {
    fn default() -> Self {
        let mut weather = Self {
            gaps: [None; FaultKind::COUNT],
            off: [false; FaultKind::COUNT],
            latency: Latency::default(),
            latency_between: Vec::new(),
            attrition: Attrition::default(),
            partitions: Partitions::default(),
            buggify: Buggify::default(),
            pauses: Pauses::default(),
            outages: Outages::default(),
            churn: None,
            clocks: ClockFaults::default(),
            clog: (0, 0),
            restart: (100_000_000, 2_000_000_000),
            disk: Latency::uniform(50_000, 2_000_000),
            max_damaged: None,
            any_order: false,
        };
        weather.set(FaultKind::Hold, Some(knobs::HOLDS));
        weather
    }
}

/// The gap of faults that come by the clock.
fn by_clock(chance: f64, within: Duration) -> Gap {
    Gap { chance, limit: within.as_micros() as u64 }
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
        let gap = self.gaps[kind as usize]?;
        let off = match kind {
            // one distance for all ways that attrition has
            FaultKind::Crash => self.ways() == [0; 4],
            kind => self.off[kind as usize],
        };
        (!off).then_some(gap)
    }

    /// The weights of the ways in which attrition takes a process down, without those that are off.
    pub(crate) fn ways(&self) -> [u32; 4] {
        const KINDS: [FaultKind; 4] = [FaultKind::Stop, FaultKind::Crash, FaultKind::Kill, FaultKind::Wipe];
        let weights = self.attrition.ways();
        std::array::from_fn(|way| if self.allows(KINDS[way]) { weights[way] } else { 0 })
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
        let way = |way: usize| self.gaps[FaultKind::Crash as usize].is_some() && self.ways()[way] > 0;
        match kind {
            FaultKind::Stop => way(0),
            FaultKind::Crash => way(1),
            FaultKind::Kill => way(2),
            FaultKind::Wipe => way(3),
            kind => self.gap(kind).is_some(),
        }
    }

    pub(crate) fn set_attrition(&mut self, attrition: Attrition) {
        self.set(FaultKind::Crash, Some(Gap { chance: attrition.chance, limit: attrition.within }));
        self.attrition = attrition;
    }

    pub(crate) fn set_disk_faults(&mut self, faults: &DiskFaults) {
        faults.gaps().for_each(|(kind, gap)| self.set(kind, Some(gap)));
        self.max_damaged = faults.max_damaged;
    }

    pub(crate) fn set_partitions(&mut self, partitions: Partitions) {
        self.set(FaultKind::Partition, Some(by_clock(partitions.chance, partitions.within)));
        self.partitions = partitions;
    }

    pub(crate) fn set_buggify(&mut self, buggify: Buggify) {
        // no distance: how likely a place is to be active in a run
        self.set(FaultKind::Buggify, Some(Gap { chance: buggify.active, limit: 1 }));
        self.buggify = buggify;
    }

    pub(crate) fn set_pauses(&mut self, pauses: Pauses) {
        self.set(FaultKind::Pause, Some(by_clock(pauses.chance, pauses.within)));
        self.pauses = pauses;
    }

    pub(crate) fn set_outages(&mut self, outages: Outages) {
        self.set(FaultKind::Outage, Some(by_clock(outages.chance, outages.within)));
        self.outages = outages;
    }

    pub(crate) fn set_churn(&mut self, churn: Churn) {
        let gap = by_clock(churn.chance, churn.within);
        self.set(FaultKind::Join, (churn.spares > 0).then_some(gap));
        self.set(FaultKind::Leave, (churn.leaves > 0).then_some(gap));
        self.churn = Some(churn);
    }

    /// The limits of skew and drift are how far a clock is off: milliseconds, and parts per million.
    pub(crate) fn set_clocks(&mut self, clocks: ClockFaults) {
        let off_by = |limit: u64| (limit > 0).then_some(Gap { chance: clocks.chance, limit });
        self.set(FaultKind::Skew, off_by(clocks.max_skew.as_millis() as u64));
        self.set(FaultKind::Drift, off_by(u64::from(clocks.max_drift_ppm)));
        let jumps = clocks.max_jump.as_millis() > 0;
        self.set(FaultKind::Jump, jumps.then_some(by_clock(clocks.chance, clocks.within)));
        self.clocks = clocks;
    }

    pub(crate) fn set_network(&mut self, faults: &NetworkFaults) {
        let all = OF_NETWORK.into_iter().chain([FaultKind::Clog]);
        all.for_each(|kind| self.set(kind, None));
        faults.gaps().iter().for_each(|&(kind, gap)| self.set(kind, Some(gap)));
        self.clog = faults.clog_lengths();
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
