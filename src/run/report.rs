//! The report over many runs: what it counts, and what a test asserts on. Its text is in `text`.

mod text;

use super::outcome::{Finding, Outcome, Status};
use super::simulation::{Recording, Simulation};
use crate::assert;
use crate::choice::Tape;
use crate::fault::FaultKind;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What came of many runs. Its `Display` is what people read; a test asserts on it with
/// [`assert_ok`](SimulationReport::assert_ok).
#[derive(Clone, Debug, Default)]
pub struct SimulationReport {
    runs: u64,
    passed: u64,
    truncated: u64,
    virtual_time: Duration,
    events: u64,
    digest: u64,
    gave_up_runs: u64,
    restless: u64,
    buckets_dropped: u64,
    exits: u64,
    fail_stops: u64,
    /// Crashes of machines with files, and how many of them found writes that were not synced.
    disks_crashed: u64,
    with_writes: u64,
    faults: BTreeMap<FaultKind, Fault>,
    /// Places marked by `buggify!`, and how often each fired.
    places: BTreeMap<String, u64>,
    /// Injectors: in how many runs each was at work, and the faults it injected.
    injectors: BTreeMap<String, (u64, u64)>,
    warnings: Vec<String>,
    findings: BTreeMap<String, Found>,
    goals: BTreeMap<u32, Goal>,
    canary: Option<String>,
}

#[derive(Clone, Debug)]
struct Found {
    first: Finding,
    seed: u64,
    count: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Goal {
    evaluated: u64,
    reached: u64,
}

/// What there was of a kind of fault.
#[derive(Clone, Copy, Debug, Default)]
struct Fault {
    enabled: bool,
    injected: u64,
    runs: u64,
}

/// Runs before a kind of fault that never came is worth a warning: a few seeds prove nothing.
const RUNS_TO_WARN: u64 = 20;

/// One run in so many is made again, after another one, and must give the same digest.
const CANARY_EVERY: usize = 100;

/// Runs `seeds` of `simulation` on `jobs` threads.
pub(crate) fn run_seeds(simulation: &Simulation, seeds: &[u64], jobs: usize) -> SimulationReport {
    let next = AtomicUsize::new(0);
    let merged = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Relaxed);
            let Some(&seed) = seeds.get(index) else { return };
            let outcome = simulation.run_with(&Tape::swarm(seed), Recording::Result);
            let mut changed = None;
            if index.is_multiple_of(CANARY_EVERY) {
                changed = super::canary::canary(simulation, &Tape::swarm(seed), outcome.digest);
            }
            merged.lock().unwrap_or_else(PoisonError::into_inner).insert(index, (seed, outcome, changed));
        }
    };
    if jobs == 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
    }
    let mut report = SimulationReport::of(simulation);
    for (_, (seed, outcome, changed)) in merged.into_inner().unwrap_or_else(PoisonError::into_inner) {
        report.add(seed, &outcome);
        if report.canary.is_none() {
            report.canary = changed;
        }
    }
    report
}

impl SimulationReport {
    /// A report over no runs yet: which faults are to be expected, and what is plainly amiss.
    fn of(simulation: &Simulation) -> Self {
        let mut report = Self::default();
        let weather = &simulation.weather;
        for &kind in FaultKind::ALL.iter().filter(|&&kind| weather.enabled(kind)) {
            report.faults.entry(kind).or_default().enabled = true;
        }
        let hits_processes = |kind| !matches!(kind, FaultKind::Hold | FaultKind::Buggify);
        if simulation.processes.is_empty() && weather.kinds().any(hits_processes) {
            report.warnings.push("faults are on and there is no process that they could hit".to_owned());
        }
        report
    }

    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.runs += 1;
        self.passed += u64::from(outcome.status == Status::Passed);
        self.truncated += u64::from(outcome.status == Status::Truncated);
        self.virtual_time += outcome.virtual_time;
        self.events += outcome.events;
        self.digest = self.digest.rotate_left(5) ^ outcome.digest;
        self.gave_up_runs += u64::from(outcome.counts.gave_up > 0);
        self.restless += u64::from(outcome.status == Status::Passed && !outcome.at_rest);
        self.buckets_dropped += outcome.record.buckets_dropped;
        self.exits += u64::from(outcome.counts.exits);
        self.fail_stops += u64::from(outcome.counts.fail_stops);
        self.disks_crashed += u64::from(outcome.counts.disks_crashed);
        self.with_writes += u64::from(outcome.counts.with_writes);
        // they come with a crash that finds something to take: only then are they to be expected
        for (kind, found) in
            [(FaultKind::LostWrite, outcome.counts.with_writes), (FaultKind::LostName, outcome.counts.with_names)]
        {
            if found > 0 {
                self.faults.entry(kind).or_default().enabled = true;
            }
        }
        for (kind, count) in outcome.faults() {
            let fault = self.faults.entry(kind).or_default();
            fault.injected += u64::from(count);
            fault.runs += 1;
        }
        for (place, fired) in &outcome.buggified {
            *self.places.entry(place.clone()).or_default() += u64::from(*fired);
        }
        for (name, deeds) in &outcome.deeds {
            let (runs, faults) = self.injectors.entry(name.clone()).or_default();
            *runs += u64::from(deeds.ran);
            *faults += u64::from(deeds.faults);
        }
        if let Some(finding) = &outcome.finding {
            self.findings
                .entry(finding.identity.clone())
                .or_insert_with(|| Found { first: finding.clone(), seed, count: 0 })
                .count += 1;
        }
        for &id in outcome.record.evaluated() {
            self.goals.entry(id).or_default().evaluated += 1;
        }
        let mut seen = Vec::new();
        for reach in &outcome.record.reached {
            let entry = assert::catalogue().entry(reach.id);
            if entry.is_end(reach.level) && !seen.contains(&reach.id) {
                seen.push(reach.id);
                self.goals.entry(reach.id).or_default().reached += 1;
            }
        }
    }

    /// How many runs there were.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// What all of them did, as one number: the same in every process that runs the same seeds, whatever the number of
    /// threads, as an outcome's own digest is.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # struct Dice;
    /// # #[async_trait(?Send)]
    /// # impl Workload for Dice {
    /// #     fn name(&self) -> &str { "dice" }
    /// #     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
    /// #         let _ = ctx.random().random_range(0..6);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # fn simulation() -> SimulationBuilder { SimulationBuilder::new().workload(|| Box::new(Dice)) }
    /// assert_eq!(simulation().iterations(10).run().digest(), simulation().iterations(10).run().digest());
    /// ```
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// How many of them passed all phases.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// How many were truncated: neither a pass nor a finding.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }

    /// The first finding of each identity, in the order of their identities.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values().map(|found| &found.first)
    }

    /// The first seed with a finding of `identity`.
    pub fn seed_of(&self, identity: &str) -> Option<u64> {
        self.findings.get(identity).map(|found| found.seed)
    }

    /// In how many runs at least one workload gave up.
    pub fn gave_up_runs(&self) -> u64 {
        self.gave_up_runs
    }

    /// How often a fault of `kind` was injected, over all runs.
    pub fn injected(&self, kind: FaultKind) -> u64 {
        self.faults.get(&kind).map_or(0, |fault| fault.injected)
    }

    /// The kinds of fault that were on and never came.
    ///
    /// What a crash takes ([`FaultKind::LostWrite`], [`FaultKind::LostName`]) counts as on once a
    /// crash found something to take.
    pub fn faults_that_never_came(&self) -> Vec<FaultKind> {
        let missing = |(_, fault): &(&FaultKind, &Fault)| fault.enabled && fault.injected == 0;
        self.faults.iter().filter(missing).map(|(&kind, _)| kind).collect()
    }

    /// The places marked by [`buggify!`](crate::buggify!) that runs came by and that never fired.
    pub fn places_that_never_fired(&self) -> Vec<&str> {
        self.places.iter().filter(|&(_, &fired)| fired == 0).map(|(place, _)| place.as_str()).collect()
    }

    /// The goals (`sometimes`, `reachable`, ...) of the evaluated modules that no run reached.
    pub fn unreached_goals(&self) -> Vec<&'static str> {
        let modules = self.modules();
        assert::catalogue()
            .iter()
            .filter(|entry| entry.kind.is_goal() && entry.places.iter().any(|place| modules.contains(&place.module)))
            .filter(|entry| self.goals.get(&entry.id).is_none_or(|goal| goal.reached == 0))
            .map(|entry| entry.name)
            .collect()
    }

    /// The modules with an assertion that was evaluated: the scope of the catalogue.
    fn modules(&self) -> Vec<&'static str> {
        let mut modules: Vec<_> = self
            .goals
            .keys()
            .flat_map(|&id| assert::catalogue().entry(id).places.iter().map(|place| place.module))
            .collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// Assertions that must be evaluated at least once and never were, in those modules.
    fn never_evaluated(&self) -> Vec<&'static str> {
        let modules = self.modules();
        assert::catalogue()
            .iter()
            .filter(|entry| entry.kind.must_be_evaluated() && !entry.kind.is_goal())
            .filter(|entry| entry.places.iter().any(|place| modules.contains(&place.module)))
            .filter(|entry| !self.goals.contains_key(&entry.id))
            .map(|entry| entry.name)
            .collect()
    }

    /// Panics with the whole report unless every run passed and no run differed from its
    /// repetition. Unreached goals don't fail: see
    /// [`assert_goals`](SimulationReport::assert_goals).
    ///
    /// # Panics
    ///
    /// As said; also when there were no runs at all.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.runs > 0, "no seed was run, so nothing was tested");
        assert!(self.passed == self.runs && self.canary.is_none(), "\n{self}\n");
    }

    /// Panics unless every goal of the evaluated modules was reached.
    ///
    /// # Panics
    ///
    /// As said.
    #[track_caller]
    pub fn assert_goals(&self) {
        let unreached = self.unreached_goals();
        assert!(unreached.is_empty(), "goals that no run reached: {unreached:?}\n{self}\n");
    }
}
