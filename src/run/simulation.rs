//! A simulation: everything that a run needs but its tape.

use super::builder::{InjectorFactory, InvariantFn, ProcessKind, ResetFn, WorkloadKind};
use super::driver::{Driver, End};
use super::isolate::Conditions;
use super::outcome::{Outcome, Status};
use super::parts::{Process, Workload};
use crate::assert;
use crate::choice::{Label, Tape};
use crate::fault::{FaultKind, Weather};
use crate::sim::{self, Found, Panic, contained, enter, install_hook, leave, with};
use crate::topology::{Cluster, Host, Level, Topology, process_ip, workload_ip};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a run keeps besides its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Nothing more: the fastest.
    Result,
    /// The choices, for mutators and shrinkers.
    #[default]
    Choices,
    /// The choices, their names and the story, for people.
    Story,
}

/// Bounds of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The run phase must end within this virtual time.
    pub(crate) run: Duration,
    /// The storm ends here at the latest, if it is bounded.
    pub(crate) storm: Option<Duration>,
    /// After the storm, workloads must return and conditions come true within this virtual time.
    pub(crate) calm: Option<Duration>,
    /// Setup and check of each workload must end within this virtual time.
    pub(crate) phase: Duration,
    /// The drain ends here, at rest or not.
    pub(crate) drain: Duration,
    /// Events of a run; past them it is truncated.
    pub(crate) events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            run: Duration::from_secs(600),
            storm: None,
            calm: None,
            phase: Duration::from_secs(300),
            drain: Duration::from_secs(10),
            events: 2_000_000,
        }
    }
}

/// Everything that a run needs but its tape. Made by
/// [`SimulationBuilder::build`](super::SimulationBuilder::build); state of one run never reaches
/// the next.
pub struct Simulation {
    pub(crate) processes: Vec<ProcessKind>,
    pub(crate) workloads: Vec<WorkloadKind>,
    pub(crate) invariants: Vec<(String, InvariantFn)>,
    /// What must become true once the storm is over.
    pub(crate) conditions: Vec<(String, InvariantFn)>,
    pub(crate) tags: Vec<(String, Vec<String>)>,
    /// Parts of labels that were renamed, old and new.
    pub(crate) aliases: Vec<(String, String)>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) injectors: Vec<InjectorFactory>,
    pub(crate) weather: Arc<Weather>,
    pub(crate) limits: Limits,
    pub(crate) panics_are_crashes: bool,
    pub(crate) errors_are_findings: bool,
    pub(crate) isolated: bool,
    /// What puts back what a run leaves behind.
    pub(crate) resets: Vec<ResetFn>,
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("processes", &self.processes.len())
            .field("workloads", &self.workloads.len())
            .field("weather", &self.weather)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// Runs `tape` and keeps the choices.
    ///
    /// # Panics
    ///
    /// When called inside of a run.
    pub fn run(&self, tape: &Tape) -> Outcome {
        self.run_with(tape, Recording::Choices)
    }

    /// Runs `tape` and keeps what `recording` says. What is kept changes nothing in the run.
    ///
    /// # Panics
    ///
    /// When called inside of a run.
    pub fn run_with(&self, tape: &Tape, recording: Recording) -> Outcome {
        self.run_within(tape, recording, self.limits.events)
    }

    /// As [`run_with`](Simulation::run_with), truncated after so many events, if that is before the
    /// simulation's own bound.
    pub(crate) fn run_within(&self, tape: &Tape, recording: Recording, events: u64) -> Outcome {
        assert!(!sim::running(), "{}", sim::NESTED);
        let events = events.min(self.limits.events);
        match self.isolated {
            true => Conditions::isolated().run(self, tape, recording, events),
            false => self.run_here(tape, recording, events),
        }
    }

    /// As [`run_with`](Simulation::run_with), under conditions other than the simulation's own.
    #[cfg(feature = "fuzz")]
    pub(crate) fn run_under(&self, tape: &Tape, recording: Recording, conditions: Conditions) -> Outcome {
        assert!(!sim::running(), "{}", sim::NESTED);
        conditions.run(self, tape, recording, self.limits.events)
    }

    pub(super) fn run_here(&self, tape: &Tape, recording: Recording, events: u64) -> Outcome {
        install_hook();
        enter(tape, self.weather.clone(), recording == Recording::Story);
        super::exits::guard();
        assert::begin();
        assert::count_choices_by(crate::choice::made);
        let seat = crate::underway::begin(|| tape.encode());
        let ready = || {
            self.resets.iter().for_each(|reset| reset());
            Driver::new(self, events, seat.clone())
        };
        let end = match contained(ready) {
            Ok(mut driver) => {
                let end = driver.run();
                driver.tear_down();
                end
            }
            Err(Panic { message, place }) => {
                let reason = format!("a factory, a `name` or a `reset` panicked at {place}: {message}");
                let name = format!("factory: {message}");
                with(|world| world.find(Found { kind: "panic", name, reason, host: String::new() }));
                End::default()
            }
        };
        let record = assert::end();
        if let Some(seat) = seat {
            seat.ends();
        }
        leave(|world| {
            let mut finding = None;
            let at = world.now;
            if let Some(found) = world.found.take() {
                finding = Some(super::Finding::new(found, at));
            }
            let status = match (&finding, end.truncated) {
                (Some(_), _) => Status::Found,
                (None, true) => Status::Truncated,
                (None, false) => Status::Passed,
            };
            Outcome {
                status,
                finding,
                digest: world.events.digest() ^ crate::choice::mix(world.choices.digest()),
                virtual_time: Duration::from_nanos(world.now),
                events: world.steps,
                choices: world.choices.made(),
                counts: world.counts,
                injected: world.injected,
                deeds: world.topology.injectors().map(str::to_owned).zip(world.deeds.drain(..)).collect(),
                buggified: world.places.fired(),
                at_rest: end.at_rest,
                record,
                contexts: world.contexts.values().copied().collect(),
                guides: world.guides.values().copied().collect(),
                collisions: world.choices.collisions(),
                trace: (recording != Recording::Result).then(|| world.choices.take_trace()),
                names: (recording == Recording::Story).then(|| world.choices.names().clone()),
                story: world.events.story.take_lines(),
                kept: world.events.take_kept(),
                spans: world.events.story.take_spans(),
                topology: (recording == Recording::Story).then(|| world.topology.clone()),
            }
        })
    }

    /// The kinds of fault that are on.
    pub(crate) fn fault_kinds(&self) -> impl Iterator<Item = FaultKind> + '_ {
        FaultKind::ALL.iter().copied().filter(|&kind| self.weather.enabled(kind))
    }

    /// May anything go wrong in the storm? (That tasks wait for each other is nothing wrong.)
    pub(crate) fn has_faults(&self) -> bool {
        self.weather.any() || !self.injectors.is_empty()
    }

    /// Draws who takes part, which is a part of the run since counts may be ranges, and makes
    /// the first instance of each.
    pub(crate) fn draw_cast(&self) -> (Topology, Vec<Role>, Vec<Instance>) {
        let mut hosts = Vec::new();
        let mut roles = Vec::new();
        let mut cast = Vec::new();
        for (kind, process) in self.processes.iter().enumerate() {
            let count = draw_count(process.count.bounds(), "processes", kind);
            for number in 0..count {
                let instance = (process.factory)(number, 0);
                let index = hosts.len();
                let kind_name = instance.name().to_owned();
                let tagged = self.tags.iter().filter(|(_, values)| !values.is_empty());
                let mut tags: Vec<_> =
                    tagged.map(|(key, values)| (key.clone(), values[index % values.len()].clone())).collect();
                let place = self.cluster.as_ref().map(|cluster| cluster.place(index));
                if let Some(place) = &place {
                    tags.extend(Level::ALL.map(|level| (level.key().to_owned(), place.at(level).to_owned())));
                }
                let name = numbered(&kind_name, number, count);
                hosts.push(Host { name, kind: kind_name, ip: process_ip(index), is_process: true, tags, place });
                roles.push(Role { kind, number, count });
                cast.push(Instance::Process(instance));
            }
        }
        let processes = hosts.len();
        for (kind, workload) in self.workloads.iter().enumerate() {
            let count = draw_count(workload.count.bounds(), "workloads", kind);
            for number in 0..count {
                let instance = (workload.factory)(number);
                let name = numbered(instance.name(), number, count);
                let base = name.strip_suffix(&format!("-{number}")).unwrap_or(&name).to_owned();
                let ip = workload_ip(hosts.len() - processes);
                hosts.push(Host { name, kind: base, ip, is_process: false, tags: Vec::new(), place: None });
                roles.push(Role { kind, number, count });
                cast.push(Instance::Workload(instance));
            }
        }
        unique_names(&mut hosts);
        (Topology::new(hosts), roles, cast)
    }
}

/// Which factory makes a host's process or workload, and its number there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    pub(crate) kind: usize,
    pub(crate) number: usize,
    pub(crate) count: usize,
}

/// What a factory made.
pub(crate) enum Instance {
    Process(Box<dyn Process>),
    Workload(Box<dyn Workload>),
}

fn draw_count((low, high): (usize, usize), what: &'static str, kind: usize) -> usize {
    low + with(|world| {
        let label = Label::new("topology").child(what).child(&kind.to_string());
        let slot = world.choices.slot(label, || format!("topology/{what}/{kind}"));
        world.choices.uniform(slot, (high - low) as u64) as usize
    })
}

/// `client` of several becomes `client-0`, unless the name has its number already.
fn numbered(name: &str, number: usize, count: usize) -> String {
    if count == 1 || name.ends_with(&format!("-{number}")) { name.to_owned() } else { format!("{name}-{number}") }
}

/// Two workloads of one name would share labels: later ones get a number.
fn unique_names(hosts: &mut [Host]) {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for host in hosts {
        let times = seen.entry(host.name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            host.name = format!("{}+{}", host.name, *times);
        }
    }
}

/// Draws the start branch of a `select!`: 0, the first, is the calmest.
#[doc(hidden)]
pub fn select_start(branches: u32) -> u32 {
    sim::try_with(|world| {
        let host = world.current;
        let topology = &world.topology;
        let Some(actor) = topology.hosts().get(host.index()).map(|host| host.name.as_str()) else { return 0 };
        let label = Label::new(actor).child("select");
        let slot = world.choices.slot(label, || format!("{actor}/select"));
        world.choices.uniform(slot, u64::from(branches.saturating_sub(1))) as u32
    })
    .unwrap_or(0)
}
