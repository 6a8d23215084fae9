//! Bugs that it takes a wrong clock to see.

use crate::calls::{Watch, call, serve};
use crate::{Row, Version};
use simfuzz::prelude::*;
use std::cell::Cell;
use std::collections::BTreeSet;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "a lease until a time of day",
            fault: FaultKind::Skew,
            finding: "one holder at a time",
            system: |version| {
                let times = if version == Version::Broken { Times::OfDay } else { Times::Since };
                leases(times, ClockFaults::default().max_drift_ppm(0).max_jump(Duration::ZERO))
            },
        },
        Row {
            bug: "a lease to the last moment",
            fault: FaultKind::Drift,
            finding: "one holder at a time",
            system: |version| {
                let times = if version == Version::Broken { Times::Counted } else { Times::Cautious };
                leases(
                    times,
                    ClockFaults::default().max_skew(Duration::ZERO).max_drift_ppm(10_000).max_jump(Duration::ZERO),
                )
            },
        },
        Row {
            bug: "ids made of the time of day",
            fault: FaultKind::Jump,
            finding: "no id is given twice",
            system: |version| {
                SimulationBuilder::new()
                    .processes(1, move || Box::new(Ids(version)))
                    .workload(|| Box::new(Collector))
                    .clocks(ClockFaults::default())
            },
        },
    ]
}

/// How long a lease is.
const LEASE: Duration = Duration::from_secs(5);

/// How a holder knows when its lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    /// When its clock shows what the locker has said.
    OfDay,
    /// When so much true time has passed since it asked.
    Since,
    /// When so much time has passed on its clock since it asked.
    Counted,
    /// The same, somewhat earlier: no clock is wrong by 3 in 100.
    Cautious,
}

impl Times {
    fn now(self, ctx: &SimContext) -> Duration {
        if self == Self::Since { ctx.time().now() } else { ctx.time().unix_time() }
    }
}

/// Gives a lease to one at a time: the answer is when it ends, in milliseconds on its clock, or 0
/// for no.
struct Locker(Times);

#[async_trait(?Send)]
impl Process for Locker {
    fn name(&self) -> &str {
        "locker"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (times, here, until) = (self.0, ctx.clone(), Cell::new(Duration::ZERO));
        serve(ctx, move |holder| {
            let now = times.now(&here);
            if now < until.get() {
                return 0;
            }
            until.set(now + LEASE);
            here.state().publish("holder", holder);
            until.get().as_millis() as u64
        })
        .await
    }
}

/// Acts while it has the lease.
struct Worker(Times);

#[async_trait(?Send)]
impl Process for Worker {
    fn name(&self) -> &str {
        "worker"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let me = ctx.client_id() as u64;
        loop {
            let asked = self.0.now(ctx);
            if let Ok(end @ 1..) = call(ctx, "locker", me).await {
                let end = match self.0 {
                    Times::OfDay => Duration::from_millis(end),
                    Times::Since | Times::Counted => asked + LEASE,
                    Times::Cautious => asked + LEASE * 97 / 100,
                };
                while self.0.now(ctx) < end {
                    let holder = ctx.state().get::<u64>("holder");
                    assert_always!(holder == Some(me), "one holder at a time");
                    ctx.time().sleep(Duration::from_millis(10)).await;
                }
                // give the other one a chance
                ctx.time().sleep(Duration::from_millis(500)).await;
            }
            ctx.time().sleep(Duration::from_millis(10)).await;
        }
    }
}

fn leases(times: Times, faults: ClockFaults) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Locker(times)))
        .processes(2, move || Box::new(Worker(times)))
        .workload(|| Box::new(Watch(20)))
        .clocks(faults)
}

/// Gives ids: the millisecond, and a number for those of the same one.
struct Ids(Version);

#[async_trait(?Send)]
impl Process for Ids {
    fn name(&self) -> &str {
        "ids"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (version, clock, last) = (self.0, ctx.clone(), Cell::new((0, 0)));
        serve(ctx, move |_| {
            let (before, count) = last.get();
            let mut now = clock.time().unix_time().as_millis() as u64;
            if version == Version::Fixed {
                now = now.max(before);
            }
            last.set((now, if now == before { count + 1 } else { 0 }));
            last.get().0 << 16 | last.get().1
        })
        .await
    }
}

/// Asks for ids.
struct Collector;

#[async_trait(?Send)]
impl Workload for Collector {
    fn name(&self) -> &str {
        "collector"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut ids = BTreeSet::new();
        for _ in 0..300 {
            if let Ok(id) = call(ctx, "ids", 0).await {
                assert_always!(ids.insert(id), "no id is given twice");
            }
        }
        Ok(())
    }
}
