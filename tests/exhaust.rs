//! Small worlds are exhausted, not sampled: every interleaving, and the count says so.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::Client;
use simfuzz::prelude::*;
use simfuzz::{Exhausted, exhaust};

/// Far more runs than any world here has.
const LIMIT: u64 = 1_000_000;

/// A world without odds: no latency to choose, no task held back.
fn small() -> SimulationBuilder {
    let millisecond = Duration::from_millis(1);
    SimulationBuilder::new().latency(Latency::between(millisecond..=millisecond)).without(FaultKind::Hold).any_order()
}

fn all(simulation: &Simulation) -> Exhausted {
    let exhausted = exhaust(simulation, LIMIT);
    if let Some((finding, tape)) = &exhausted.finding {
        panic!("{finding}\n{tape:?}");
    }
    assert!(exhausted.complete, "{exhausted:?}");
    exhausted
}

fn binomial(n: u64, k: u64) -> u64 {
    (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
}

/// Two tasks of n polls each can be interleaved in `2n over n` ways.
#[test]
fn every_interleaving_of_two_tasks_is_run_once() {
    for polls in 1..=5 {
        let simulation = small()
            .workloads(WorkloadCount::Fixed(2), move |_| {
                Box::new(Client(async move |ctx: &SimContext| {
                    for _ in 1..polls {
                        ctx.task().yield_now().await;
                    }
                    Ok(())
                }))
            })
            .build();
        assert_eq!(all(&simulation).runs, binomial(2 * polls, polls));
    }
}

/// A lock that two clients try to take twice each. Between the look and the taking, the broken one
/// lets others run.
fn lock(broken: bool) -> Simulation {
    small()
        .workloads(WorkloadCount::Fixed(2), move |_| {
            Box::new(Client(async move |ctx: &SimContext| {
                for _ in 0..2 {
                    let free = ctx.state().get::<bool>("held") != Some(true);
                    if free {
                        if broken {
                            ctx.task().yield_now().await;
                        }
                        ctx.state().publish("held", true);
                        let inside = ctx.state().update("inside", |inside: &mut u32| {
                            *inside += 1;
                            *inside
                        });
                        assert_always!(inside == 1, "one client is inside");
                        ctx.task().yield_now().await;
                        ctx.state().update("inside", |inside: &mut u32| *inside -= 1);
                        ctx.state().publish("held", false);
                    }
                    ctx.task().yield_now().await;
                }
                Ok(())
            }))
        })
        .build()
}

#[test]
fn a_lock_of_two_clients_holds_in_every_interleaving() {
    let exhausted = all(&lock(false));
    let start = Model { tries: [2, 2], inside: [false; 2] };
    assert_eq!(exhausted.runs, start.orders());
}

#[test]
fn a_lock_with_a_gap_is_broken_in_some_interleaving() {
    let (finding, tape) = exhaust(&lock(true), LIMIT).finding.expect("the gap is hit");
    assert!(finding.identity.contains("one client is inside"), "{finding}");
    assert_eq!(lock(true).run(&tape).finding().map(|found| &found.identity), Some(&finding.identity));
}

/// The same two clients without a simulator: a poll is one step, up to the next `yield_now`.
#[derive(Clone, Copy)]
struct Model {
    /// Tries that each has left; one that has none is over with its next step.
    tries: [u32; 2],
    inside: [bool; 2],
}

impl Model {
    /// In how many orders the steps can be taken.
    fn orders(self) -> u64 {
        let over = |client: usize| self.tries[client] == 0 && !self.inside[client];
        let after = |client: usize| {
            let mut next = self;
            if self.inside[client] {
                next.inside[client] = false;
            } else {
                next.tries[client] -= 1;
                next.inside[client] = !self.inside[1 - client];
            }
            next
        };
        // the step that ends a client is one of its own
        let ends = |client: usize| {
            let mut next = self;
            next.tries[client] = GONE;
            next
        };
        let step = |client: usize| match self.tries[client] {
            GONE => 0,
            _ if over(client) => ends(client).orders(),
            _ => after(client).orders(),
        };
        if self.tries == [GONE; 2] { 1 } else { step(0) + step(1) }
    }
}

const GONE: u32 = u32::MAX;

#[test]
fn the_limit_ends_the_walk_and_says_so() {
    let exhausted = exhaust(&lock(false), 10);
    assert_eq!((exhausted.runs, exhausted.complete), (10, false));
}

#[test]
#[should_panic(expected = "too wide to be exhausted: `client/")]
fn a_wide_choice_is_refused() {
    let simulation = small()
        .workload(client!(async |ctx: &SimContext| {
            let _: u64 = ctx.random().random_range(0..1_000_000);
            Ok(())
        }))
        .build();
    exhaust(&simulation, LIMIT);
}

#[test]
#[should_panic(expected = "not deterministic: after the same")]
fn other_choices_after_the_same_ones_are_seen() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let simulation = small()
        .workload(client!(async |ctx: &SimContext| {
            let top = 2 + RUNS.fetch_add(1, Relaxed);
            let _: u32 = ctx.random().random_range(0..top);
            let _: u32 = ctx.random().random_range(0..top);
            Ok(())
        }))
        .build();
    exhaust(&simulation, LIMIT);
}
