//! Putting a simulation together.

use super::injector::FaultInjector;
use super::parts::{Process, Workload};
use super::report::{self, SimulationReport};
use super::simulation::{Limits, Simulation};
use crate::fault::{
    Attrition, Buggify, Churn, ClockFaults, DiskFaults, FaultKind, Latency, NetworkFaults, Outages, Partitions, Pauses,
    Weather,
};
use crate::sim::SharedState;
use crate::topology::Cluster;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

pub(crate) type ProcessFactory = Box<dyn Fn(usize, u32) -> Box<dyn Process> + Send + Sync>;
pub(crate) type WorkloadFactory = Box<dyn Fn(usize) -> Box<dyn Workload> + Send + Sync>;
pub(crate) type InvariantFn = Box<dyn Fn(&SharedState, Duration) -> Result<(), String> + Send + Sync>;

pub(crate) type InjectorFactory = Box<dyn Fn() -> Box<dyn FaultInjector> + Send + Sync>;

pub(crate) struct ProcessKind {
    pub(crate) count: ProcessCount,
    pub(crate) factory: ProcessFactory,
}

pub(crate) struct WorkloadKind {
    pub(crate) count: WorkloadCount,
    pub(crate) factory: WorkloadFactory,
}

/// How many processes of a kind there are: a number, or a range that the run draws from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessCount {
    low: usize,
    high: usize,
}

impl ProcessCount {
    pub(crate) fn bounds(&self) -> (usize, usize) {
        (self.low, self.high)
    }
}

impl From<usize> for ProcessCount {
    fn from(count: usize) -> Self {
        Self { low: count, high: count }
    }
}

impl From<Range<usize>> for ProcessCount {
    fn from(range: Range<usize>) -> Self {
        assert!(!range.is_empty(), "an empty range of processes: {range:?}");
        Self { low: range.start, high: range.end - 1 }
    }
}

impl From<RangeInclusive<usize>> for ProcessCount {
    fn from(range: RangeInclusive<usize>) -> Self {
        assert!(!range.is_empty(), "an empty range of processes: {range:?}");
        Self { low: *range.start(), high: *range.end() }
    }
}

/// How many instances of a workload there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadCount {
    /// So many in every run.
    Fixed(usize),
    /// A number that each run draws: `Random(1..6)` gives one to five.
    Random(Range<usize>),
}

impl WorkloadCount {
    pub(crate) fn bounds(&self) -> (usize, usize) {
        match self {
            Self::Fixed(count) => (*count, *count),
            Self::Random(range) => (range.start, range.end - 1),
        }
    }
}

/// What an invariant may return: a `bool`, or a `Result` whose error says what is wrong.
pub trait Verdict {
    /// The same as a result.
    ///
    /// # Errors
    ///
    /// Says what is wrong, if anything.
    fn verdict(self) -> Result<(), String>;
}

impl Verdict for bool {
    fn verdict(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it does not hold".to_owned()) }
    }
}

impl<E: fmt::Display> Verdict for Result<(), E> {
    fn verdict(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// Puts a simulation together: who takes part, what goes wrong, what must hold.
///
/// See [`Workload`] for a whole example.
pub struct SimulationBuilder {
    simulation: Simulation,
    weather: Weather,
    seeds: Vec<u64>,
    jobs: usize,
}

impl fmt::Debug for SimulationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulationBuilder").field("simulation", &self.simulation).finish_non_exhaustive()
    }
}

impl Default for SimulationBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Seeds of [`SimulationBuilder::run`] when nothing else was said.
const SEEDS: u64 = 100;

impl SimulationBuilder {
    /// A simulation of nobody, with seeds 0 to 99 and no faults.
    pub fn new() -> Self {
        let simulation = Simulation {
            processes: Vec::new(),
            workloads: Vec::new(),
            invariants: Vec::new(),
            conditions: Vec::new(),
            tags: Vec::new(),
            cluster: None,
            injectors: Vec::new(),
            weather: Arc::default(),
            limits: Limits::default(),
            panics_are_crashes: false,
            errors_are_findings: false,
            isolated: false,
        };
        Self { simulation, weather: Weather::default(), seeds: (0..SEEDS).collect(), jobs: 1 }
    }

    /// Adds `count` processes (`3`, `1..4` or `3..=5`) that `factory` makes, anew at each boot.
    /// Several calls make several kinds of process.
    #[must_use]
    pub fn processes(
        self,
        count: impl Into<ProcessCount>,
        factory: impl Fn() -> Box<dyn Process> + Send + Sync + 'static,
    ) -> Self {
        self.processes_with(count, move |_, _| factory())
    }

    /// Adds processes whose factory is told the number of the process and how often it was
    /// booted before: an older version first, and the new one after a restart.
    #[must_use]
    pub fn processes_with(
        mut self,
        count: impl Into<ProcessCount>,
        factory: impl Fn(usize, u32) -> Box<dyn Process> + Send + Sync + 'static,
    ) -> Self {
        self.simulation.processes.push(ProcessKind { count: count.into(), factory: Box::new(factory) });
        self
    }

    /// Tags the processes, round robin: with `("role", &["leader", "follower"])` the first is a
    /// leader, the second a follower, the third a leader again.
    #[must_use]
    pub fn tags(mut self, tags: &[(&str, &[&str])]) -> Self {
        for (key, values) in tags {
            let values = values.iter().map(|&value| value.to_owned()).collect();
            self.simulation.tags.push(((*key).to_owned(), values));
        }
        self
    }

    /// Places the processes on machines, in zones and datacenters.
    #[must_use]
    pub fn cluster(mut self, cluster: Cluster) -> Self {
        self.simulation.cluster = Some(cluster);
        self
    }

    /// Adds a workload, made anew for each run.
    #[must_use]
    pub fn workload(self, factory: impl Fn() -> Box<dyn Workload> + Send + Sync + 'static) -> Self {
        self.workloads(WorkloadCount::Fixed(1), move |_| factory())
    }

    /// Adds several instances of a workload; `factory` is told the number of each, from 0.
    ///
    /// # Panics
    ///
    /// When a random count has an empty range.
    #[must_use]
    pub fn workloads(
        mut self,
        count: WorkloadCount,
        factory: impl Fn(usize) -> Box<dyn Workload> + Send + Sync + 'static,
    ) -> Self {
        if let WorkloadCount::Random(range) = &count {
            assert!(!range.is_empty(), "an empty range of workloads: {range:?}");
        }
        self.simulation.workloads.push(WorkloadKind { count, factory: Box::new(factory) });
        self
    }

    /// Adds something that must hold at every virtual instant, over what was published through
    /// `ctx.state()`.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().invariant("one leader", |state, _now| {
    ///     state.get::<u32>("leaders").unwrap_or(0) <= 1
    /// });
    /// ```
    #[must_use]
    pub fn invariant<V: Verdict>(
        mut self,
        name: &str,
        check: impl Fn(&SharedState, Duration) -> V + Send + Sync + 'static,
    ) -> Self {
        let check: InvariantFn = Box::new(move |state, now| check(state, now).verdict());
        self.simulation.invariants.push((name.to_owned(), check));
        self
    }

    /// Adds something that must become true once the storm is over, over what was published
    /// through `ctx.state()`: the system heals. It has the window of
    /// [`calm`](SimulationBuilder::calm), 30 virtual seconds without one; a run in which it never
    /// held at an instant of the window has a finding, `did not converge`.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().converges("all replicas agree", |state, _now| {
    ///     state.get::<u64>("spread").unwrap_or(0) == 0
    /// });
    /// ```
    #[must_use]
    pub fn converges<V: Verdict>(
        mut self,
        name: &str,
        condition: impl Fn(&SharedState, Duration) -> V + Send + Sync + 'static,
    ) -> Self {
        let condition: InvariantFn = Box::new(move |state, now| condition(state, now).verdict());
        self.simulation.conditions.push((name.to_owned(), condition));
        self
    }

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

    /// Ends the storm after so much virtual time, done or not: the workloads' `shutdown` fires.
    /// Without it, the storm lasts until all workloads return.
    #[must_use]
    pub fn storm(mut self, length: Duration) -> Self {
        self.simulation.limits.storm = Some(length);
        self
    }

    /// The virtual time after the storm in which the system must show that it is alive: workloads
    /// that the end of a bounded [`storm`](SimulationBuilder::storm) finds at work must return,
    /// and what [`converges`](SimulationBuilder::converges) must come true. All faults are over,
    /// links are whole and processes back. Without it, workloads have what is left of the time
    /// budget, and conditions 30 seconds.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// let builder = SimulationBuilder::new().storm(Duration::from_secs(60)).calm(Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn calm(mut self, window: Duration) -> Self {
        self.simulation.limits.calm = Some(window);
        self
    }

    /// The virtual time within which all workloads must return from `run`, or the run has no
    /// progress, which is a finding; 10 minutes by default.
    #[must_use]
    pub fn time_budget(mut self, budget: Duration) -> Self {
        self.simulation.limits.run = budget;
        self
    }

    /// The events after which a run is truncated: neither a pass nor a finding. Two million by
    /// default.
    #[must_use]
    pub fn event_budget(mut self, events: u64) -> Self {
        self.simulation.limits.events = events;
        self
    }

    /// Panics and errors of processes are crashes like any other, and no findings.
    #[must_use]
    pub fn panics_are_crashes(mut self) -> Self {
        self.simulation.panics_are_crashes = true;
        self
    }

    /// A workload that gives up in bad weather is a finding.
    #[must_use]
    pub fn errors_are_findings(mut self) -> Self {
        self.simulation.errors_are_findings = true;
        self
    }

    /// Runs each tape on a fresh thread on which operating-system entropy is a function of the
    /// tape, so that code with `std`'s hash maps repeats. Costs some 20 microseconds a run; on
    /// Linux only.
    #[must_use]
    pub fn isolate(mut self) -> Self {
        self.simulation.isolated = true;
        self
    }

    /// Runs the seeds 0 to `n - 1`.
    #[must_use]
    pub fn iterations(mut self, n: u64) -> Self {
        self.seeds = (0..n).collect();
        self
    }

    /// Runs these seeds and no others.
    #[must_use]
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = u64>) -> Self {
        self.seeds = seeds.into_iter().collect();
        self
    }

    /// Runs on so many threads. What comes out is the same.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// The simulation, to be run tape by tape.
    ///
    /// # Panics
    ///
    /// When there is no workload: such a simulation tests nothing.
    pub fn build(mut self) -> Simulation {
        assert!(
            !self.simulation.workloads.is_empty(),
            "a simulation without a workload tests nothing: add one with `.workload(..)`"
        );
        if self.weather.gap(FaultKind::Outage).is_some() {
            // what fails has a name
            self.simulation.cluster.get_or_insert_default();
        }
        self.simulation.weather = Arc::new(self.weather);
        self.simulation
    }

    /// Runs all seeds, with swarm, and reports. Each seed is the tape `Tape::swarm(seed)`.
    ///
    /// # Panics
    ///
    /// As [`SimulationBuilder::build`].
    pub fn run(self) -> SimulationReport {
        let (seeds, jobs) = (self.seeds.clone(), self.jobs);
        report::run_seeds(&self.build(), &seeds, jobs)
    }
}

impl From<SimulationBuilder> for Simulation {
    /// The same as [`SimulationBuilder::build`].
    fn from(builder: SimulationBuilder) -> Self {
        builder.build()
    }
}
