//! What a run comes to: which errors, panics, hangs and violations are findings.
//!
//! The rows of the table of findings, each with its test in `tests/findings.rs`.

use super::polling::POLLS_MAX;
use super::{Driver, Phase, Stop, now};
use crate::assert;
use crate::fault::FaultKind;
use crate::sim::{Found, GIVE_UP, Panic, SharedState, contained, with};
use crate::topology::HostId;
use crate::trace::{Mark, What};
use std::time::Duration;

impl Driver<'_> {
    pub(super) fn stuck(&self, stop: Stop) -> Stop {
        let in_window = self.phase == Phase::Run && self.calm_since.is_some() && self.simulation.limits.calm.is_some();
        let phase = if in_window { "calm" } else { self.phase.name() };
        let out = (0..self.workloads.len()).filter(|&number| self.workloads[number].is_none());
        let waiting: Vec<_> = out.map(|number| self.topology.host(self.contexts[number].host())).collect();
        let names: Vec<_> = waiting.iter().map(|host| host.name.as_str()).collect();
        let (kind, why) = match stop {
            Stop::Deadlock => ("deadlock", "nothing is ready, in flight or asleep"),
            _ => ("no progress", "its virtual time is over"),
        };
        let reason = format!("in {phase}, {} waits and {why}", names.join(", "));
        let (kind_of_host, host) = waiting.first().map_or(("", ""), |host| (&host.kind, &host.name));
        let name = format!("{phase} of {kind_of_host}");
        with(|world| world.find(Found { kind, name, reason, host: host.to_owned() }));
        Stop::Found
    }

    /// Judges what a workload came back with, at the instant it does.
    pub(super) fn take_back(&mut self, number: usize) {
        let phase = self.phase;
        let Some((workload, result)) = self.returned.borrow_mut()[number].take() else { return };
        self.workloads[number] = Some(workload);
        let Err(error) = result else { return };
        let host = self.contexts[number].host();
        // a stream may tell late of what the storm did to it
        let late = |calm| now() <= calm + GIVE_UP || with(|world| world.injected.of(FaultKind::HalfOpen) > 0);
        let faults = self.simulation.has_faults() && self.calm_since.is_none_or(late);
        with(|world| {
            if phase == Phase::Run && faults && error.is_weather() && !self.simulation.errors_are_findings {
                world.counts.gave_up += 1;
                world.record(What::Exit, host, 7);
                world.tell(true, host, || format!("gives up: {error}"));
                return;
            }
            let name = &self.topology.host(host).name;
            let kind = &self.topology.host(host).kind;
            world.find(Found {
                kind: "error",
                name: format!("{kind} {}: {error}", phase.name()),
                reason: format!("{} of {name} returned: {error}", phase.name()),
                host: name.clone(),
            });
        });
    }

    /// A process's `run` returned, or a phase of a workload did.
    pub(super) fn ended(&mut self, host: HostId, boot: u32, result: Result<(), String>) {
        if host.is_outside(self.roles.len()) {
            self.injector_ended(host, result);
            return;
        }
        if let Some(number) = host.index().checked_sub(self.processes) {
            self.take_back(number);
            return;
        }
        let current = with(|world| world.hosts[host.index()].up && world.hosts[host.index()].boot == boot);
        if !current {
            return;
        }
        match result {
            Ok(()) => {
                with(|world| {
                    world.counts.exits += 1;
                    world.record(What::Exit, host, 0);
                    world.tell_as(Mark::Down, true, host, || "exits".to_owned());
                });
                self.take_down(host, None);
                with(|world| world.hosts[host.index()].exited = true);
            }
            Err(error) => {
                let kind = self.topology.host(host).kind.clone();
                self.failed(host, "error", format!("{kind} run: {error}"), format!("run returned: {error}"));
            }
        }
    }

    pub(super) fn panicked(&mut self, host: HostId, panic: &Panic) {
        let Panic { message, place } = panic;
        let kind = self.topology.host(host).kind.clone();
        self.failed(host, "panic", format!("{kind}: {message}"), format!("panicked at {place}: {message}"));
    }

    /// A process failed by itself: a finding, or a crash like any other if the builder said so or
    /// its disk gave it a reason.
    pub(super) fn failed(&mut self, host: HostId, kind: &'static str, name: String, reason: String) {
        let is_process = host.index() < self.processes;
        if is_process && (self.simulation.panics_are_crashes || with(|world| world.blames_its_disk(host))) {
            if !with(|world| world.hosts[host.index()].up) {
                return; // a drop that panics while the host goes down
            }
            with(|world| {
                world.counts.fail_stops += 1;
                world.record(What::Exit, host, 1);
                world.tell_as(Mark::Down, true, host, || format!("fail-stop: {reason}"));
            });
            self.take_down(host, None);
        } else {
            let host = self.topology.host(host).name.clone();
            with(|world| world.find(Found { kind, name, reason, host }));
        }
    }

    #[cold]
    pub(super) fn woken_from_outside(&self) -> Stop {
        let reason = "a task was woken by another thread, whose timing is no function of the tape: keep everything on the simulation's thread";
        let name = "wake from another thread".to_owned();
        with(|world| {
            world.find(Found { kind: "nondeterminism", name, reason: reason.to_owned(), host: String::new() });
        });
        Stop::Found
    }

    #[cold]
    pub(super) fn judge_violation(&self, host: Option<HostId>) {
        if let Some(violation) = assert::first_violation() {
            with(|world| {
                let host = host.map_or(String::new(), |host| self.topology.host(host).name.clone());
                let kind = violation.kind.finding();
                let place = format!("({}:{})", crate::choice::short_file(violation.file), violation.line);
                // further lines are what the first one speaks of
                let reason = match violation.reason().split_once('\n') {
                    Some((first, rest)) => format!("{first} {place}\n{rest}"),
                    None => format!("{} {place}", violation.reason()),
                };
                world.find(Found { kind, name: violation.name.to_owned(), reason, host });
            });
        }
    }

    #[cold]
    pub(super) fn judge_panic(&mut self, host: HostId, panic: &Panic) {
        let Panic { message, place } = panic;
        if message.contains("there is no reactor running")
            || message.contains("must be called from the context of a Tokio")
        {
            let name = self.topology.host(host).name.clone();
            let reason = format!(
                "code on {name} called tokio's own runtime ({place}), which does not exist in a simulation: use the network, time and tasks of `ctx` there"
            );
            with(|world| {
                world.find(Found { kind: "unsupported", name: "tokio runtime".to_owned(), reason, host: name })
            });
            return;
        }
        self.panicked(host, panic);
    }

    #[cold]
    pub(super) fn spins(&self, host: HostId) {
        let name = self.topology.host(host).name.clone();
        let kind = self.topology.host(host).kind.clone();
        let reason = format!(
            "{POLLS_MAX} polls at one virtual instant, the last on {name}: a task keeps waking itself, or spawns others without end"
        );
        with(|world| world.find(Found { kind: "livelock", name: kind, reason, host: name }));
    }

    #[inline]
    pub(super) fn check_invariants(&self) -> Option<Stop> {
        if self.simulation.invariants.is_empty() { None } else { self.check_each_invariant() }
    }

    fn check_each_invariant(&self) -> Option<Stop> {
        let now = Duration::from_nanos(now());
        if let Some(seat) = &self.seat {
            seat.polls(0);
        }
        for (name, check) in &self.simulation.invariants {
            let result = match contained(|| check(&SharedState(()), now)) {
                Ok(result) => result,
                Err(panic) => Err(format!("panicked at {}: {}", panic.place, panic.message)),
            };
            if let Err(reason) = result {
                with(|world| {
                    let found = Found {
                        kind: "invariant",
                        name: name.clone(),
                        reason: format!("{name}: {reason}"),
                        host: String::new(),
                    };
                    world.find(found);
                });
                return Some(Stop::Found);
            }
        }
        if assert::violated() {
            self.judge_violation(None);
            return Some(Stop::Found);
        }
        None
    }
}
