//! The builder's knobs for what goes wrong.

use super::SimulationBuilder;
use crate::fault::{
    Attrition, Buggify, Churn, ClockFaults, DiskFaults, FaultKind, Latency, NetworkFaults, Outages, Partitions, Pauses,
};
use crate::run::injector::FaultInjector;
use std::ops::RangeInclusive;
use std::time::Duration;

impl SimulationBuilder {
    /// How long messages take.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.weather.latency = latency;
        self
    }

    /// How long messages between two hosts take, in both directions. They are named as
    /// [`Topology::peers`](crate::Topology::peers) answers to: `server-1`, or `server` for all
    /// servers. Of several that fit, the last one counts.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let near = Latency::constant(Duration::from_micros(100));
    /// let builder = SimulationBuilder::new().latency_between("server", "server", near);
    /// ```
    #[must_use]
    pub fn latency_between(mut self, one: &str, other: &str, latency: Latency) -> Self {
        self.weather.latency_between.push((one.to_owned(), other.to_owned(), latency));
        self
    }

    /// Breaks connections, delays links and loses datagrams during the storm.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().network_faults(NetworkFaults::default());
    /// ```
    #[must_use]
    pub fn network_faults(mut self, faults: NetworkFaults) -> Self {
        self.weather.set_network(&faults);
        self
    }

    /// Lets processes go down and come back during the storm.
    #[must_use]
    pub fn attrition(mut self, attrition: Attrition) -> Self {
        self.weather.set_attrition(attrition);
        self
    }

    /// Lets processes stand still for a while during the storm.
    #[must_use]
    pub fn pauses(mut self, pauses: Pauses) -> Self {
        self.weather.set_pauses(pauses);
        self
    }

    /// Lets machines, zones and datacenters fail as a whole during the storm; see
    /// [`SimulationBuilder::cluster`].
    #[must_use]
    pub fn outages(mut self, outages: Outages) -> Self {
        self.weather.set_outages(outages);
        self
    }

    /// Lets processes join and leave during the storm.
    #[must_use]
    pub fn churn(mut self, churn: Churn) -> Self {
        self.weather.set_churn(churn);
        self
    }

    /// Lets wall clocks be off during the storm.
    #[must_use]
    pub fn clocks(mut self, clocks: ClockFaults) -> Self {
        self.weather.set_clocks(clocks);
        self
    }

    /// Cuts links for a while during the storm.
    #[must_use]
    pub fn partitions(mut self, partitions: Partitions) -> Self {
        self.weather.set_partitions(partitions);
        self
    }

    /// Lets places marked by [`buggify!`](crate::buggify!) misbehave during the storm.
    #[must_use]
    pub fn buggify(mut self, buggify: Buggify) -> Self {
        self.weather.set_buggify(buggify);
        self
    }

    /// Lets the disks of processes fail during the storm.
    #[must_use]
    pub fn disk_faults(mut self, faults: DiskFaults) -> Self {
        self.weather.set_disk_faults(&faults);
        self
    }

    /// How long a disk operation takes; 50 us to 2 ms by default.
    #[must_use]
    pub fn disk_latency(mut self, latency: Latency) -> Self {
        self.weather.disk = latency;
        self
    }

    /// Adds a source of faults of your own, made anew for each run.
    #[must_use]
    pub fn injector(mut self, factory: impl Fn() -> Box<dyn FaultInjector> + Send + Sync + 'static) -> Self {
        self.simulation.injectors.push(Box::new(factory));
        self
    }

    /// Turns on every fault that a sound system must bear: all knobs at their defaults, with kills
    /// and wiped disks among the ways to go down. Knobs that are set after it count instead.
    ///
    /// Left off is what only checksums of the system's own can bear: bits that flip under way or
    /// on the disk.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().all_faults().partitions(Partitions::default().chance(0.9));
    /// let but_one = SimulationBuilder::new().all_faults().without(FaultKind::Wipe);
    /// ```
    #[must_use]
    pub fn all_faults(self) -> Self {
        self.attrition(Attrition::default().kill(1).wipe(1))
            .pauses(Pauses::default())
            .outages(Outages::default())
            .churn(Churn::default())
            .clocks(ClockFaults::default())
            .network_faults(NetworkFaults::default())
            .disk_faults(DiskFaults::default().corruption(0.0, 1))
            .partitions(Partitions::default())
            .buggify(Buggify::default())
    }

    /// Turns faults of `kind` off, whatever the other calls say: to see whether a finding needs
    /// them.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().attrition(Attrition::default()).without(FaultKind::LostWrite);
    /// ```
    #[must_use]
    pub fn without(mut self, kind: FaultKind) -> Self {
        self.weather.turn_off(kind);
        self
    }

    /// Makes it a choice which of the ready tasks runs next; without it they run first in, first
    /// out, and one is held back now and then.
    ///
    /// For small worlds that are [exhausted](crate::exhaust): there every order is tried. Not for
    /// fuzzing: an index into the list of ready tasks means another task after any change.
    #[must_use]
    pub fn any_order(mut self) -> Self {
        self.weather.any_order = true;
        self
    }

    /// How long a process stays down; 100 ms to 2 s by default.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    #[must_use]
    pub fn restart_after(mut self, bounds: RangeInclusive<Duration>) -> Self {
        self.weather.set_restart(&bounds);
        self
    }
}
