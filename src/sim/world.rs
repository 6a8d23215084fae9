//! The world itself: all state of one run, in a thread-local of this thread.

use super::alphabet::Alphabets;
use super::buggify::Places;
use super::events::Event;
use super::history::Histories;
use super::hosts::{Doing, HostState};
use super::powers::Deeds;
use crate::choice::{Choices, Dealt, Label, Slot, Tape};
use crate::executor::{Tasks, Waiter};
use crate::fault::{Injected, Swarm, Weather};
use crate::goal::Guide;
use crate::network::Net;
use crate::storage::Disk;
use crate::timeline::{Nanos, Queue, Timers};
use crate::topology::{HostId, Topology};
use crate::trace::{Events, What};
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;

thread_local! {
    static WORLD: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
    /// The world of the last run: its buffers serve the next one.
    static SPARE: RefCell<Option<Box<World>>> = const { RefCell::new(None) };
}

/// What went wrong, as far as the world saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// `always`, `panic`, `error`, ...
    pub(crate) kind: &'static str,
    /// What tells it from others of its kind: no number in it is taken for identity.
    pub(crate) name: String,
    /// The whole story in a sentence.
    pub(crate) reason: String,
    /// The host it happened on, if on one.
    pub(crate) host: String,
}

/// What happened how often, besides the faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) restarts: u32,
    pub(crate) exits: u32,
    pub(crate) fail_stops: u32,
    pub(crate) gave_up: u32,
    /// Crashes of machines whose disks had files that a crash may take something of.
    pub(crate) disks_crashed: u32,
    /// Those among them that found writes which were not synced.
    pub(crate) with_writes: u32,
    /// Those that found changes of directories which were not synced.
    pub(crate) with_names: u32,
}

/// All state of one run.
pub(crate) struct World {
    /// Tells this run's handles from those of others.
    pub(crate) run: u64,
    pub(crate) now: Nanos,
    pub(crate) choices: Choices,
    pub(crate) events: Events,
    pub(crate) queue: Queue<Event>,
    pub(crate) timers: Timers<Waiter>,
    pub(crate) tasks: Tasks,
    pub(crate) net: Net,
    pub(crate) disks: Vec<Disk>,
    pub(crate) hosts: Vec<HostState>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) weather: Arc<Weather>,
    pub(crate) swarm: Swarm,
    pub(crate) alphabets: Alphabets,
    /// Are faults on: is this the storm?
    pub(crate) storm: bool,
    /// The host whose task is being polled.
    pub(crate) current: HostId,
    pub(crate) latency_slots: Vec<Option<Slot>>,
    /// Which latency of its own each link has; empty when none has any.
    pub(crate) latency_own: Vec<Option<u16>>,
    /// Can a fault of the network be due?
    pub(crate) breaks: bool,
    /// The labels of links that past runs have named, with their ends.
    pub(crate) link_labels: Vec<Option<((IpAddr, IpAddr), Label)>>,
    /// Cuts in force, each to be healed by its own event.
    pub(crate) partitions: BTreeMap<u32, Vec<(HostId, HostId)>>,
    /// How many partitions there have been: the number of the next.
    pub(crate) cuts: u32,
    /// Tells the partitions of this storm from gaps that were drawn before a reseed.
    pub(crate) weather_version: u32,
    pub(crate) state: BTreeMap<String, Rc<dyn Any>>,
    /// What clients asked and were told.
    pub(crate) histories: Histories,
    /// First time each guiding state was seen.
    pub(crate) guides: BTreeMap<u64, Guide>,
    /// First time a fault came in each context.
    pub(crate) contexts: BTreeMap<u64, Guide>,
    pub(crate) counts: Counts,
    pub(crate) injected: Injected,
    /// The places marked by `buggify!` that this run came by.
    pub(crate) places: Places,
    /// What each injector has done.
    pub(crate) deeds: Vec<Deeds>,
    pub(crate) found: Option<Found>,
    /// Events carried out.
    pub(crate) steps: u64,
    /// Tasks that are ready but held back.
    pub(crate) held: u32,
    /// Hosts that stand still.
    pub(crate) still: u32,
    /// Sleeps that the current poll may find over before it must give way.
    pub(crate) patience: u32,
    /// Disk operations under way.
    pub(crate) disk_operations: u32,
    /// Hosts to take down as soon as the current poll returns.
    pub(crate) doomed: Vec<HostId>,
    /// Processes whose `run` returned, and what; also workloads that are back from a phase.
    pub(crate) ended: Vec<(HostId, u32, Result<(), String>)>,
    /// Whom to wake when the world is no longer borrowed.
    pub(crate) woken: Vec<Waiter>,
    /// Wakers among them that are not our tasks'.
    others: Vec<Waker>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("run", &self.run).field("now", &self.now).finish_non_exhaustive()
    }
}

impl World {
    fn new() -> Self {
        Self {
            run: 0,
            now: 0,
            choices: Choices::default(),
            events: Events::default(),
            queue: Queue::default(),
            timers: Timers::default(),
            tasks: Tasks::default(),
            net: Net::default(),
            disks: Vec::new(),
            hosts: Vec::new(),
            topology: Arc::default(),
            weather: Arc::default(),
            swarm: Swarm::default(),
            alphabets: Alphabets::default(),
            storm: false,
            current: HostId(0),
            latency_slots: Vec::new(),
            latency_own: Vec::new(),
            breaks: false,
            link_labels: Vec::new(),
            partitions: BTreeMap::new(),
            cuts: 0,
            weather_version: 0,
            state: BTreeMap::new(),
            histories: Vec::new(),
            guides: BTreeMap::new(),
            contexts: BTreeMap::new(),
            counts: Counts::default(),
            injected: Injected::default(),
            places: Places::default(),
            deeds: Vec::new(),
            found: None,
            steps: 0,
            held: 0,
            still: 0,
            patience: 0,
            disk_operations: 0,
            doomed: Vec::new(),
            ended: Vec::new(),
            woken: Vec::new(),
            others: Vec::new(),
        }
    }

    fn start(&mut self, tape: &Tape, weather: Arc<Weather>, told: bool) {
        /// Numbers runs, so that a handle knows its own. No choice and no digest sees it.
        static RUNS: AtomicU64 = AtomicU64::new(1);
        self.run = RUNS.fetch_add(1, Relaxed);
        self.now = 0;
        self.choices.start(tape);
        self.events.start(told);
        self.queue.clear();
        self.timers.clear();
        self.tasks.start(self.run);
        self.swarm = Swarm::draw(&mut self.choices, &weather);
        self.alphabets.clear();
        self.weather = weather;
        self.storm = false;
        self.breaks = false;
        self.current = HostId(0);
        self.partitions.clear();
        self.cuts = 0;
        self.weather_version = 0;
        self.counts = Counts::default();
        self.injected = Injected::default();
        self.places.clear();
        self.deeds.clear();
        self.found = None;
        self.steps = 0;
        self.held = 0;
        self.still = 0;
        self.disk_operations = 0;
        self.doomed.clear();
        self.ended.clear();
        self.guides.clear();
        self.contexts.clear();
        self.hosts.clear();
    }

    /// The hosts of this run are known.
    pub(crate) fn populate(&mut self, topology: Arc<Topology>) {
        let hosts = topology.hosts();
        self.hosts.clear();
        self.hosts.extend(hosts.iter().map(HostState::new));
        self.net.start(hosts.len());
        self.disks.iter_mut().for_each(Disk::clear);
        self.disks.resize_with(hosts.len(), Disk::default);
        self.latency_slots.clear();
        self.latency_slots.resize(hosts.len() * hosts.len(), None);
        self.topology = topology;
        self.mark_spares();
        self.find_latencies();
    }

    /// Folds an event of `host` into the digest.
    #[inline]
    pub(crate) fn record(&mut self, what: What, host: HostId, value: u64) {
        if let Some(state) = self.hosts.get_mut(host.index()) {
            state.doing = Doing::of(what, value);
        }
        self.events.record(self.now, what, u64::from(host.0), value);
    }

    /// The run has a finding; the first one stands.
    pub(crate) fn find(&mut self, found: Found) {
        if self.found.is_none() {
            self.events.record(self.now, What::Finding, 0, 0);
            self.tell_finding(&found);
            self.found = Some(found);
        }
    }

    /// Makes ready the tasks that were woken. Other wakers may run anything, so they are woken
    /// when the world is free; says whether there are any.
    #[inline]
    pub(crate) fn wake(&mut self) -> bool {
        // nearly always it is one task, and to drain a vector costs more than all the rest
        if let [Waiter::Task(id)] = self.woken[..] {
            self.woken.clear();
            self.tasks.wake(id);
            return !self.others.is_empty();
        }
        self.wake_all()
    }

    #[cold]
    fn wake_all(&mut self) -> bool {
        for waiter in self.woken.drain(..) {
            match waiter {
                Waiter::Task(id) => self.tasks.wake(id),
                Waiter::Other(waker) => self.others.push(waker),
            }
        }
        !self.others.is_empty()
    }

    /// Moves time to the next event's. A reseed that comes into force deals running gaps anew.
    #[inline]
    pub(crate) fn advance(&mut self, to: Nanos) {
        self.now = to;
        crate::assert::set_now(to);
        match self.choices.advance(to) {
            Dealt::No => {}
            dealt => self.heed(dealt),
        }
    }

    /// A reseed has come into force, perhaps in the middle of an instant: who draws from knobs or
    /// runs down a gap must hear of it. It is no event: what it deals are choices, and without any
    /// the run is the same as without the reseed.
    #[cold]
    pub(crate) fn heed(&mut self, dealt: Dealt) {
        self.tell_all(|| "the tape deals anew from here on".to_owned());
        if dealt == Dealt::Knobs {
            let weather = self.weather.clone();
            self.swarm = Swarm::draw(&mut self.choices, &weather);
            self.alphabets.clear();
        }
        if self.storm {
            self.draw_weather();
        }
    }
}

/// Begins a run on this thread.
///
/// # Panics
///
/// When one is under way here: a run inside a run would share its world.
pub(crate) fn enter(tape: &Tape, weather: Arc<Weather>, told: bool) {
    WORLD.with_borrow_mut(|world| {
        assert!(world.is_none(), "{NESTED}");
        let mut new = SPARE.with_borrow_mut(Option::take).unwrap_or_else(|| Box::new(World::new()));
        new.start(tape, weather, told);
        *world = Some(new);
    });
}

/// Why a run inside a run is refused.
pub(crate) const NESTED: &str =
    "a simulation was started inside a simulation: run one after the other, or on another thread";

/// Is a run under way on this thread?
pub(crate) fn running() -> bool {
    WORLD.with_borrow(Option::is_some)
}

/// The same, also where the world is borrowed or the thread is about to end.
pub(crate) fn is_running() -> bool {
    WORLD.try_with(|world| world.try_borrow().map_or(true, |world| world.is_some())).unwrap_or(false)
}

/// Ends the run on this thread and gives what `read` makes of its world.
pub(crate) fn leave<R>(read: impl FnOnce(&mut World) -> R) -> R {
    let mut world = WORLD.with_borrow_mut(Option::take).expect("a run is left once");
    let result = read(&mut world);
    crate::buggify::decided_by(None);
    world.tasks.finish();
    world.timers.clear();
    world.queue.clear();
    let (state, woken) = (std::mem::take(&mut world.state), std::mem::take(&mut world.woken));
    let histories = std::mem::take(&mut world.histories);
    world.hosts.clear();
    SPARE.with_borrow_mut(|spare| *spare = Some(world));
    drop((state, histories, woken));
    result
}

/// Uses the world of the run on this thread, then wakes whom that concerned.
///
/// A result of more than a word or two is better left in a variable of the caller's by `f`: it
/// would be copied at each layer of the thread-local, which was a tenth of an echo run.
///
/// # Panics
///
/// When no run is under way here.
#[inline]
#[track_caller]
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with(|world| {
        let mut borrowed = world.borrow_mut();
        let Some(world) = borrowed.as_mut() else {
            panic!("no simulation runs on this thread: handles of `ctx` work inside of a run only, and on its thread")
        };
        let result = f(world);
        let others = !world.woken.is_empty() && world.wake();
        drop(borrowed);
        if others {
            wake_others();
        }
        result
    })
}

/// Like [`with`], for drops: does nothing where there is no run, or the world is in use.
#[inline]
pub(crate) fn try_with<R>(f: impl FnOnce(&mut World) -> R) -> Option<R> {
    let (result, others) = WORLD
        .try_with(|world| {
            let mut world = world.try_borrow_mut().ok()?;
            let world = world.as_mut()?;
            let result = f(world);
            Some((result, !world.woken.is_empty() && world.wake()))
        })
        .ok()??;
    if others {
        wake_others();
    }
    Some(result)
}

#[cold]
fn wake_others() {
    let others = WORLD.with_borrow_mut(|world| world.as_mut().map(|world| std::mem::take(&mut world.others)));
    others.into_iter().flatten().for_each(Waker::wake);
}
