//! One run, phase by phase: boot, setup, storm, calm, drain, check.
//!
//! Owns the phases, and who boots and goes down when. How tasks are polled and what their results
//! mean is in the files beside.

mod converge;
mod hosts;
mod injectors;
mod judge;
mod polling;

use crate::assert;
use crate::cancel::CancellationToken;
use crate::error::SimulationResult;
use crate::executor::{TaskId, Tasks};
use crate::run::context::{Seat, SimContext};
use crate::run::injector::FaultInjector;
use crate::run::parts::{Process, Workload};
use crate::run::simulation::{Instance, Role, Simulation};
use crate::sim::{Deeds, Found, Membership, Panic, contained, with};
use crate::topology::{HostId, Topology};
use crate::trace::{Lasting, What};
use crate::underway::Running;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Rounds of dropping tasks at the end of a run: a drop may spawn, and must not do so for ever.
const TEAR_DOWN_ROUNDS: u32 = 8;

/// How a run ended, besides its finding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) truncated: bool,
    pub(crate) at_rest: bool,
}

/// Why the driver stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// What was waited for has come.
    Done,
    /// The virtual time is over.
    Late,
    /// Nothing will ever happen again.
    Deadlock,
    /// There is a finding.
    Found,
    /// There were too many events.
    Truncated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Setup,
    Run,
    Check,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Run => "run",
            Self::Check => "check",
        }
    }
}

/// What workloads came back with from their tasks, by number, until it is judged.
type Returned = Rc<RefCell<Vec<Option<(Box<dyn Workload>, SimulationResult<()>)>>>>;

pub(crate) struct Driver<'a> {
    simulation: &'a Simulation,
    /// The run is truncated after so many events.
    events_max: u64,
    topology: Arc<Topology>,
    roles: Vec<Role>,
    processes: usize,
    /// The workloads between phases, by number.
    workloads: Vec<Option<Box<dyn Workload>>>,
    contexts: Vec<SimContext>,
    shutdowns: Vec<CancellationToken>,
    returned: Returned,
    first: Vec<Option<Box<dyn Process>>>,
    /// The injectors before the storm.
    injectors: Vec<Box<dyn FaultInjector>>,
    /// The tasks of those at work.
    at_work: Vec<TaskId>,
    phase: Phase,
    /// When the faults ended, if they have.
    calm_since: Option<u64>,
    /// Conditions that have not held since then, by number.
    open: Vec<usize>,
    /// Must something be looked at after every event, also one that wakes nobody?
    watches: bool,
    /// Who is told whose turn it is, if somebody watches.
    seat: Option<Arc<Running>>,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(simulation: &'a Simulation, events_max: u64, seat: Option<Arc<Running>>) -> Self {
        let injectors: Vec<_> = simulation.injectors.iter().map(|factory| factory()).collect();
        let (topology, roles, cast) = simulation.draw_cast();
        let names = injectors.iter().map(|injector| injector.name().to_owned());
        let topology = Arc::new(topology.with_injectors(names));
        let mut first = Vec::new();
        let mut workloads = Vec::new();
        for instance in cast {
            match instance {
                Instance::Process(process) => first.push(Some(process)),
                Instance::Workload(workload) => workloads.push(Some(workload)),
            }
        }
        let processes = first.len();
        with(|world| {
            world.populate(topology.clone());
            world.deeds.resize(injectors.len(), Deeds::default());
        });
        let mut contexts = Vec::new();
        let mut shutdowns = Vec::new();
        for (number, role) in roles[processes..].iter().enumerate() {
            let shutdown = CancellationToken::new();
            let host = HostId((processes + number) as u16);
            let seat = Seat { host, boot: 0, client_id: role.number, client_count: role.count };
            contexts.push(SimContext::new(seat, &topology, shutdown.clone()));
            shutdowns.push(shutdown);
        }
        let returned = Rc::new(RefCell::new((0..workloads.len()).map(|_| None).collect()));
        let watches = !simulation.invariants.is_empty();
        let (phase, calm_since) = (Phase::Setup, None);
        Self {
            simulation,
            events_max,
            topology,
            roles,
            processes,
            workloads,
            contexts,
            shutdowns,
            returned,
            first,
            injectors,
            at_work: Vec::new(),
            phase,
            calm_since,
            open: (0..simulation.conditions.len()).collect(),
            watches,
            seat,
        }
    }

    /// Runs all phases.
    pub(crate) fn run(&mut self) -> End {
        let mut end = End::default();
        let stop = self.phases(&mut end);
        if stop == Stop::Truncated {
            end.truncated = true;
        }
        end
    }

    fn phases(&mut self, end: &mut End) -> Stop {
        for host in self.hosts_that(|host| host.is_process && host.membership == Membership::Member) {
            self.boot(host, false);
        }
        for number in 0..self.workloads.len() {
            let stop = self.one(Phase::Setup, number);
            if stop != Stop::Done {
                return stop;
            }
        }
        let stop = self.storm();
        if stop != Stop::Done {
            return stop;
        }
        let stop = self.converge();
        if stop != Stop::Done {
            return stop;
        }
        let stop = self.drain(end);
        if stop != Stop::Done {
            return stop;
        }
        for number in 0..self.workloads.len() {
            let stop = self.one(Phase::Check, number);
            if stop != Stop::Done {
                return stop;
            }
        }
        Stop::Done
    }

    /// Runs setup or check of one workload.
    fn one(&mut self, phase: Phase, number: usize) -> Stop {
        self.announce(phase, number);
        self.send_out(phase, number);
        let deadline = now() + nanos(self.simulation.limits.phase);
        match self.drive(deadline, |driver| driver.workloads[number].is_some()) {
            stop @ (Stop::Late | Stop::Deadlock) => self.stuck(stop),
            stop => stop,
        }
    }

    /// All workloads run, faults are on; then all is healed.
    fn storm(&mut self) -> Stop {
        with(|world| {
            world.tell_all(|| "the storm begins".to_owned());
            world.storm = world.weather.kinds().next().is_some() || !self.injectors.is_empty();
            if world.storm {
                world.lasts(|| Lasting::Storm);
                world.draw_weather();
                world.begin_buggify();
                world.draw_clocks();
            }
        });
        self.send_injectors_out();
        let start = now();
        for number in 0..self.workloads.len() {
            self.send_out(Phase::Run, number);
        }
        let limits = self.simulation.limits;
        let budget = start + nanos(limits.run);
        let all_back = |driver: &Self| driver.workloads.iter().all(Option::is_some);
        let mut stop = Stop::Late;
        if let Some(storm) = limits.storm {
            let end = (start + nanos(storm)).min(budget);
            stop = self.drive(end, all_back);
            if stop == Stop::Deadlock {
                // they may all wait for the end of the storm: their tokens
                with(|world| world.advance(end));
                stop = Stop::Late;
            }
            if stop == Stop::Late {
                self.calm();
                with(|world| world.tell_all(|| "the storm is over: workloads are asked to stop".to_owned()));
                self.shutdowns.iter().for_each(CancellationToken::cancel);
            }
        }
        if stop == Stop::Late {
            stop = self.drive(self.deadline(budget), all_back);
        }
        if stop == Stop::Deadlock && self.anything_down() {
            // whoever waits for a cut link or a dead process may go on once all is well
            self.calm();
            stop = self.drive(self.deadline(budget), all_back);
        }
        match stop {
            Stop::Late | Stop::Deadlock => return self.stuck(stop),
            Stop::Found | Stop::Truncated => return stop,
            Stop::Done => {}
        }
        self.calm();
        if found() { Stop::Found } else { Stop::Done }
    }

    /// Waits until no packet and no disk operation is under way, no task is about to run and every
    /// process that failed is back, or until the limit.
    fn drain(&mut self, end: &mut End) -> Stop {
        let deadline = now() + nanos(self.simulation.limits.drain);
        self.watches = true;
        let stop = self.drive(deadline, |_| {
            Tasks::idle()
                && with(|world| {
                    let back = world.hosts.iter().all(|host| host.exited || !host.comes_back());
                    back && world.disk_operations == 0 && world.held == 0 && !world.net.in_flight()
                })
        });
        self.watches = !self.simulation.invariants.is_empty();
        match stop {
            // nothing will ever happen again: that is rest
            Stop::Done | Stop::Deadlock => end.at_rest = true,
            Stop::Late => {
                with(|world| world.tell_all(|| "the system does not come to rest".to_owned()));
            }
            stop => return stop,
        }
        Stop::Done
    }

    fn announce(&self, phase: Phase, number: usize) {
        let host = self.contexts[number].host();
        with(|world| {
            world.record(What::Phase, host, phase as u64);
            world.tell(true, host, || phase.name().to_owned());
        });
    }

    /// Puts a phase of a workload on a task.
    fn send_out(&mut self, phase: Phase, number: usize) {
        self.phase = phase;
        let mut workload = self.workloads[number].take().expect("a workload is between phases");
        let context = self.contexts[number].clone();
        let returned = self.returned.clone();
        let host = context.host();
        let task = Box::pin(async move {
            let result = match phase {
                Phase::Setup => workload.setup(&context).await,
                Phase::Run => workload.run(&context).await,
                Phase::Check => workload.check(&context).await,
            };
            returned.borrow_mut()[number] = Some((workload, result));
            with(|world| world.ended.push((host, 0, Ok(()))));
        });
        with(|world| world.spawn_main(host, task));
    }

    /// Drops everything that simulated code holds while the run is still the current one:
    /// processes first, workloads after them, and last what they shared.
    pub(crate) fn tear_down(&mut self) {
        let processes = self.processes;
        with(|world| world.events.story.is_over());
        for _ in 0..TEAR_DOWN_ROUNDS {
            let mut futures = with(|world| world.tasks.remove_all(|host| host.index() < processes));
            futures.append(&mut with(|world| world.tasks.remove_all(|_| true)));
            if futures.is_empty() {
                break;
            }
            futures.into_iter().for_each(|future| self.drop_at_end(future));
        }
        let returned = std::mem::take(&mut *self.returned.borrow_mut());
        returned.into_iter().for_each(|back| self.drop_at_end(back));
        let workloads = std::mem::take(&mut self.workloads);
        workloads.into_iter().for_each(|workload| self.drop_at_end(workload));
        self.call_injectors_back();
        let injectors = std::mem::take(&mut self.injectors);
        injectors.into_iter().for_each(|injector| self.drop_at_end(injector));
        let first = std::mem::take(&mut self.first);
        first.into_iter().for_each(|process| self.drop_at_end(process));
        let state = with(|world| std::mem::take(&mut world.state));
        state.into_values().for_each(|value| self.drop_at_end(value));
        let histories = with(|world| std::mem::take(&mut world.histories));
        histories.into_iter().for_each(|history| self.drop_at_end(history));
        if assert::violated() {
            self.judge_violation(None);
        }
        if with(|world| world.tasks.woken_from_outside()) {
            self.woken_from_outside();
        }
    }

    fn drop_at_end<T>(&self, value: T) {
        if let Err(Panic { message, place }) = contained(|| drop(value)) {
            let reason = format!("a drop at the end of the run panicked at {place}: {message}");
            with(|world| {
                world.find(Found { kind: "panic", name: format!("drop: {message}"), reason, host: String::new() });
            });
        }
    }
}

fn now() -> u64 {
    with(|world| world.now)
}

fn found() -> bool {
    with(|world| world.found.is_some())
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}
