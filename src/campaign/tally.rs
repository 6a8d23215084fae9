//! What a campaign has reached, as numbers: goals, faults, findings.
//!
//! Counts runs that others made, and asks no clock: whoever drives the campaign tells it how much
//! time has passed. For people and files it becomes a [`Summary`].

use super::summary::{self, Summary};
use crate::assert::{Entry, catalogue};
use crate::choice::{Tape, short_file};
use crate::fault::FaultKind;
use crate::run::{Finding, Outcome, Simulation, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Counts over the runs of one campaign. Bounded: a tape for each goal and each identity.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    executions: u64,
    truncated: u64,
    now: Duration,
    /// By the ids of the catalogue, as long as it.
    goals: Vec<Goal>,
    enabled: Vec<FaultKind>,
    faults: BTreeMap<FaultKind, Fault>,
    findings: BTreeMap<String, Found>,
}

#[derive(Clone, Debug, Default)]
struct Goal {
    evaluated: u64,
    reached: u64,
    first: Option<(u64, Duration)>,
    smallest: Option<Tape>,
    /// The last execution that counted, so that a goal of several levels counts once a run.
    counted: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Fault {
    injected: u64,
    runs: u64,
}

#[derive(Clone, Debug)]
struct Found {
    finding: Finding,
    runs: u64,
    first: (u64, Duration),
    smallest: Tape,
}

impl Tally {
    pub(crate) fn new(simulation: &Simulation) -> Self {
        Self {
            goals: vec![Goal::default(); catalogue().len()],
            enabled: simulation.fault_kinds().collect(),
            ..Self::default()
        }
    }

    /// So much time has passed since the campaign began.
    pub(crate) fn set_now(&mut self, now: Duration) {
        self.now = now;
    }

    pub(crate) fn executions(&self) -> u64 {
        self.executions
    }

    /// Counts a run of `tape`; gives the goals that no run before had reached.
    pub(crate) fn add(&mut self, tape: &Tape, outcome: &Outcome) -> Vec<&'static str> {
        self.executions += 1;
        self.truncated += u64::from(outcome.status() == Status::Truncated);
        for (kind, count) in outcome.faults() {
            let fault = self.faults.entry(kind).or_default();
            fault.injected += u64::from(count);
            fault.runs += 1;
        }
        let record = outcome.record();
        for &id in record.evaluated() {
            self.goals[id as usize].evaluated += 1;
        }
        let mut new = Vec::new();
        for reach in &record.reached {
            let entry = catalogue().entry(reach.id);
            let goal = &mut self.goals[reach.id as usize];
            if goal.counted == self.executions || !entry.is_end(reach.level) {
                continue;
            }
            goal.counted = self.executions;
            goal.reached += 1;
            if goal.first.is_none() {
                goal.first = Some((self.executions, self.now));
                new.push(entry.name);
            }
            // a tape with a finding is no seed: a fuzzer that starts from it ends at once
            let passed = outcome.finding().is_none();
            if passed && goal.smallest.as_ref().is_none_or(|smallest| tape.rows().len() < smallest.rows().len()) {
                goal.smallest = Some(tape.clone());
            }
        }
        new
    }

    /// The last run that was counted, of `tape`, has a finding. Returns true if no smaller tape
    /// shows the same.
    pub(crate) fn find(&mut self, tape: &Tape, finding: &Finding) -> bool {
        let first = (self.executions, self.now);
        let fresh = || Found { finding: finding.clone(), runs: 0, first, smallest: tape.clone() };
        let found = self.findings.entry(finding.identity.clone()).or_insert_with(fresh);
        found.runs += 1;
        let smaller = tape.rows().len() < found.smallest.rows().len();
        if smaller {
            found.smallest = tape.clone();
        }
        smaller || found.runs == 1
    }

    /// Goals in the modules that runs have entered: how many were reached, and how many there are.
    pub(crate) fn reached(&self) -> (usize, usize) {
        let modules = self.modules();
        let inside = || catalogue().iter().filter(|entry| is_inside(entry, &modules));
        (inside().filter(|entry| self.goals[entry.id as usize].reached > 0).count(), inside().count())
    }

    fn modules(&self) -> BTreeSet<&'static str> {
        let evaluated = catalogue().iter().filter(|entry| self.goals[entry.id as usize].evaluated > 0);
        evaluated.flat_map(|entry| entry.places.iter().map(|place| place.module)).collect()
    }

    /// All of it, with names.
    pub(crate) fn summary(&self) -> Summary {
        let modules = self.modules();
        let first = |(execution, at): (u64, Duration)| summary::First { execution, seconds: at.as_secs_f64() };
        let goal = |entry: &Entry| {
            let goal = &self.goals[entry.id as usize];
            summary::Goal {
                name: entry.name.to_owned(),
                kind: entry.kind.to_string(),
                place: format!("{}:{}", short_file(entry.place().file), entry.place().line),
                evaluated: goal.evaluated,
                runs: goal.reached,
                first: goal.first.map(first),
                smallest: goal.smallest.as_ref().map(summary::SavedTape::of),
            }
        };
        let mut kinds: BTreeSet<FaultKind> = self.enabled.iter().copied().collect();
        kinds.extend(self.faults.keys());
        let fault = |kind: FaultKind| {
            let fault = self.faults.get(&kind).copied().unwrap_or_default();
            summary::Fault { name: kind.to_string(), injected: fault.injected, runs: fault.runs }
        };
        let found = |found: &Found| summary::Found {
            identity: found.finding.identity.clone(),
            reason: found.finding.reason.clone(),
            runs: found.runs,
            first: first(found.first),
            smallest: summary::SavedTape::of(&found.smallest),
        };
        let goals = || catalogue().iter().filter(|entry| entry.kind.is_goal());
        Summary {
            executions: self.executions,
            seconds: self.now.as_secs_f64(),
            truncated: self.truncated,
            goals: goals().filter(|entry| is_inside(entry, &modules)).map(goal).collect(),
            outside: goals().filter(|entry| !is_inside(entry, &modules)).count() as u64,
            faults: kinds.into_iter().map(fault).collect(),
            findings: self.findings.values().map(found).collect(),
            ..Summary::default()
        }
    }
}

fn is_inside(entry: &Entry, modules: &BTreeSet<&'static str>) -> bool {
    entry.kind.is_goal() && entry.places.iter().any(|place| modules.contains(place.module))
}
