//! Small worlds are exhausted, not sampled: every interleaving, and the count says so.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::Client;
use simfuzz::prelude::*;
use simfuzz::{Exhausted, exhaust};
use std::cell::RefCell;
use std::collections::BTreeSet;

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

/// Hosts that adopt a configuration, one after the other: the new file is written under another
/// name, synced, renamed, and the directory is synced, before the next host is told.
#[derive(Clone, Copy)]
struct Keeper {
    name: &'static str,
    next: Option<&'static str>,
    careful: bool,
}

impl Keeper {
    async fn install(&self, ctx: &SimContext, content: &[u8]) -> SimulationResult<()> {
        let disk = ctx.storage();
        let file = disk.create("next").await?;
        file.write_all_at(0, content).await?;
        if self.careful {
            file.sync_all().await?;
        }
        disk.rename("next", "config").await?;
        if self.careful {
            disk.sync_dir("/").await?;
        }
        Ok(())
    }

    async fn answer(&self, ctx: &SimContext, stream: &mut TcpStream) -> SimulationResult<()> {
        match stream.read_u8().await? {
            b'n' => {
                self.install(ctx, b"new").await?;
                if let Some(next) = self.next {
                    tell(ctx, next, b'n').await?;
                }
                stream.write_all(b"new").await?;
            }
            _ => {
                let content = ctx.storage().open("config").await?.read_all().await?;
                stream.write_all(&content).await?;
            }
        }
        Ok(())
    }
}

/// Sends a word and gives the answer.
async fn tell(ctx: &SimContext, host: &str, word: u8) -> SimulationResult<Vec<u8>> {
    let mut stream = ctx.network().connect(host).await?;
    stream.write_u8(word).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[async_trait(?Send)]
impl Process for Keeper {
    fn name(&self) -> &str {
        self.name
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        if ctx.boot() == 0 {
            let old = Self { careful: true, ..*self };
            old.install(ctx, b"old").await?;
        }
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            // who asked may be gone, which is no error of ours
            if let Err(error) = self.answer(ctx, &mut stream).await
                && !error.is_weather()
            {
                return Err(error);
            }
        }
    }
}

/// Tells the first host to adopt the new configuration; at the end each has one of the two, whole,
/// and the second is not ahead of the first.
struct Operator;

#[async_trait(?Send)]
impl Workload for Operator {
    fn name(&self) -> &str {
        "operator"
    }
    async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().sleep(Duration::from_millis(100)).await;
        Ok(())
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let told = tell(ctx, "first", b'n').await;
        ctx.state().publish("done", told.is_ok_and(|answer| answer == b"new"));
        Ok(())
    }
    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let first = tell(ctx, "first", b'?').await?;
        let second = tell(ctx, "second", b'?').await?;
        for content in [&first, &second] {
            assert_always!(content == b"old" || content == b"new", "a configuration is whole");
        }
        ENDS.with_borrow_mut(|ends| {
            let done = ctx.state().get("done").unwrap_or_default();
            ends.insert((first.clone(), second.clone(), done));
        });
        assert_always!(first == b"new" || second == b"old", "the second is not ahead of the first");
        let done = ctx.state().get::<bool>("done").unwrap_or_default();
        assert_always!(!done || second == b"new", "what was done stays done");
        Ok(())
    }
}

fn adoption(careful: bool) -> Simulation {
    let millisecond = Duration::from_millis(1);
    small()
        .processes(1, move || Box::new(Keeper { name: "first", next: Some("second"), careful }))
        .processes(1, move || Box::new(Keeper { name: "second", next: None, careful }))
        .workload(|| Box::new(Operator))
        .disk_latency(Latency::constant(millisecond))
        .attrition(Attrition::default().weights(0, 1).within(OPERATIONS))
        .restart_after(millisecond..=millisecond)
        .build()
}

/// The first host does ten operations in the storm (a read, five of the disk, a connect, a write, a
/// read, the answer), the second seven: each can crash at every one of them.
const OPERATIONS: u64 = 10;

/// What the first and the second host have, and whether it was done.
type End = (Vec<u8>, Vec<u8>, bool);

thread_local! {
    /// What the two hosts had at the end, and whether it was done, over all runs of this thread.
    static ENDS: RefCell<BTreeSet<End>> = const { RefCell::new(BTreeSet::new()) };
}

#[test]
fn a_rename_after_a_sync_holds_at_every_crash_point_of_two_hosts() {
    let exhausted = all(&adoption(true));
    let end = |first: &[u8], second: &[u8], done| (first.to_vec(), second.to_vec(), done);
    let all =
        [end(b"new", b"new", false), end(b"new", b"new", true), end(b"new", b"old", false), end(b"old", b"old", false)];
    assert_eq!(ENDS.take(), BTreeSet::from(all), "every end there can be, and no other");
    assert_eq!(exhausted.runs, 147_420);
}

#[test]
fn a_rename_without_syncs_does_not() {
    let (finding, _) = exhaust(&adoption(false), LIMIT).finding.expect("a crash shows it");
    assert!(finding.identity.contains("a configuration is whole"), "{finding}");
}
