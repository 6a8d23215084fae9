//! Putting a simulation together: who takes part, what must hold, how long a run may be.
//!
//! What goes wrong in it is in `faults`, how many take part in `counts`.

mod counts;
mod faults;

pub use counts::{ProcessCount, Verdict, WorkloadCount};

use super::injector::FaultInjector;
use super::parts::{Process, Workload};
use super::report::{self, SimulationReport};
use super::simulation::{Limits, Simulation};
use crate::fault::{FaultKind, Weather};
use crate::sim::SharedState;
use crate::topology::Cluster;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) type ProcessFactory = Box<dyn Fn(usize, u32) -> Box<dyn Process> + Send + Sync>;
pub(crate) type WorkloadFactory = Box<dyn Fn(usize) -> Box<dyn Workload> + Send + Sync>;
pub(crate) type InvariantFn = Box<dyn Fn(&SharedState, Duration) -> Result<(), String> + Send + Sync>;

/// Puts back what a run leaves behind in the process.
pub(crate) type ResetFn = Box<dyn Fn() + Send + Sync>;
pub(crate) type InjectorFactory = Box<dyn Fn() -> Box<dyn FaultInjector> + Send + Sync>;

pub(crate) struct ProcessKind {
    pub(crate) count: ProcessCount,
    pub(crate) factory: ProcessFactory,
}

pub(crate) struct WorkloadKind {
    pub(crate) count: WorkloadCount,
    pub(crate) factory: WorkloadFactory,
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
            aliases: Vec::new(),
            cluster: None,
            injectors: Vec::new(),
            weather: Arc::default(),
            limits: Limits::default(),
            panics_are_crashes: false,
            errors_are_findings: false,
            isolated: false,
            resets: Vec::new(),
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

    /// Says that the part `old` of labels is called `new` now, so that tapes that were kept with the old
    /// name still meet their choices: what `label` or `scope` names, or a workload (`client-0`).
    ///
    /// A line here serves every tape, and can go once they are promoted anew. It counts for a label
    /// only while nothing is drawn under its old name.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// // was `ctx.random().label("op")`
    /// let builder = SimulationBuilder::new().alias("op", "operation");
    /// ```
    ///
    /// # Panics
    ///
    /// When a name is empty, or both are the same.
    #[must_use]
    pub fn alias(mut self, old: &str, new: &str) -> Self {
        assert!(!old.is_empty() && !new.is_empty() && old != new, "an alias names two labels: {old:?} and {new:?}");
        self.simulation.aliases.push((old.to_owned(), new.to_owned()));
        self
    }

    /// Runs each tape on a fresh thread on which operating-system entropy is a function of the
    /// tape, so that code with `std`'s hash maps repeats, and on which `Instant::now` and
    /// `SystemTime::now` are those of `ctx.time()`: monotonic and true, and the wall clock of the
    /// host. Costs some 20 microseconds a run; on Linux only (the clocks: 64-bit).
    #[must_use]
    pub fn isolate(mut self) -> Self {
        self.simulation.isolated = true;
        self
    }

    /// Calls `reset` before each run, on the run's thread and before any factory: to put back what a
    /// run leaves behind in the process, a `static` or a `thread_local!` that remembers. Several
    /// are called in their order; a panic in one is a finding. A `static` is shared by all threads, so
    /// that with more than one of [`jobs`](SimulationBuilder::jobs) it still leaks.
    ///
    /// ```
    /// use simfuzz::prelude::*;
    /// use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    ///
    /// static NEXT_ID: AtomicU32 = AtomicU32::new(0);
    ///
    /// struct Client;
    ///
    /// #[async_trait(?Send)]
    /// impl Workload for Client {
    ///     fn name(&self) -> &str {
    ///         "client"
    ///     }
    ///     async fn run(&mut self, _: &SimContext) -> SimulationResult<()> {
    ///         assert_always!(NEXT_ID.fetch_add(1, SeqCst) == 0, "each run counts from zero");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let builder = SimulationBuilder::new().workload(|| Box::new(Client));
    /// builder.reset(|| NEXT_ID.store(0, SeqCst)).iterations(10).run().assert_ok();
    /// ```
    #[must_use]
    pub fn reset(mut self, reset: impl Fn() + Send + Sync + 'static) -> Self {
        self.simulation.resets.push(Box::new(reset));
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

    /// The seed of a search, and its threads.
    pub(crate) fn search(&self) -> (u64, usize) {
        (self.seeds.first().copied().unwrap_or_default(), self.jobs)
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
