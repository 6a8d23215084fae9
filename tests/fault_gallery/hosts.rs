//! Bugs that it takes a host to see: one that goes down or stands still.

use crate::calls::{Adder, COUNTED, Watch, call, serve};
use crate::{Row, Version};
use simfuzz::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "a sum in memory, written out now and then",
            fault: FaultKind::Kill,
            finding: COUNTED,
            system: |version| counters(version, version, Attrition::default().kill(1).weights(0, 0)),
        },
        Row {
            bug: "serving what was found and not synced",
            fault: FaultKind::Kill,
            finding: "what was read once is there for ever",
            system: ledgers,
        },
        Row {
            bug: "work in hand dropped when asked to stop",
            fault: FaultKind::Stop,
            finding: COUNTED,
            system: |version| counters(Version::Broken, version, Attrition::default().weights(1, 0)),
        },
        Row {
            bug: "a voter with a new disk votes again",
            fault: FaultKind::Wipe,
            finding: "one leader a term",
            system: voters,
        },
        Row {
            bug: "a write after the lease was over",
            fault: FaultKind::Pause,
            finding: "no write of an earlier holder",
            system: leases,
        },
        Row {
            bug: "both copies in one zone",
            fault: FaultKind::Outage,
            finding: "one of two copies can be read",
            system: copies,
        },
    ]
}

/// A sum that it keeps in memory, and writes to its file from time to time.
struct Counter {
    /// Fixed, it writes before it answers. (It needs no sync: only a crash would take that.)
    writes: Version,
    /// Fixed, it writes when it is asked to stop.
    stops: Version,
}

#[async_trait(?Send)]
impl Process for Counter {
    fn name(&self) -> &str {
        "counter"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let log = ctx.storage().open("log").await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let mut sum = log.len().await?;
        loop {
            let unwritten = sum - log.len().await?;
            let asked = select! {
                accepted = listener.accept() => Some(accepted?.0),
                _ = ctx.time().sleep(Duration::from_millis(100)) => None,
                _ = ctx.shutdown().cancelled() => {
                    if self.stops == Version::Fixed {
                        log.append(&vec![b'+'; unwritten as usize]).await?;
                    }
                    return Ok(());
                }
            };
            match asked {
                Some(mut stream) => {
                    let Ok(one) = stream.read_u64().await else { continue };
                    sum += one;
                    if self.writes == Version::Fixed {
                        log.append(b"+").await?;
                    }
                    let _ = stream.write_u64(sum).await;
                }
                None => log.append(&vec![b'+'; unwritten as usize]).await?,
            }
        }
    }
}

fn counters(writes: Version, stops: Version, attrition: Attrition) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Counter { writes, stops }))
        .workload(|| Box::new(Adder { name: "counter", times: 20 }))
        .attrition(attrition.within(100))
}

/// A sum that is synced before it is told, and told as it was found after a boot.
struct Ledger(Version);

#[async_trait(?Send)]
impl Process for Ledger {
    fn name(&self) -> &str {
        "ledger"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let log = ctx.storage().open("log").await?;
        ctx.storage().sync_dir("/").await?;
        if self.0 == Version::Fixed {
            // a process that was killed may have left it in the page cache
            log.sync_all().await?;
        }
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let Ok(more) = stream.read_u64().await else { continue };
            if more > 0 {
                log.append(b"+").await?;
                log.sync_all().await?;
            }
            let _ = stream.write_u64(log.len().await?).await;
        }
    }
}

/// Adds at times, and looks at the sum.
struct Auditor;

#[async_trait(?Send)]
impl Workload for Auditor {
    fn name(&self) -> &str {
        "auditor"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut seen = 0;
        for _ in 0..60 {
            match call(ctx, "ledger", ctx.random().random_bool(0.3).into()).await {
                Ok(sum) => {
                    assert_always!(sum >= seen, "what was read once is there for ever");
                    seen = sum;
                }
                Err(_) => ctx.time().sleep(Duration::from_millis(200)).await,
            }
        }
        Ok(())
    }
}

fn ledgers(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Ledger(version)))
        .workload(|| Box::new(Auditor))
        .restart_after(Duration::from_millis(10)..=Duration::from_millis(100))
        .attrition(Attrition::default().weights(0, 1).kill(1).within(30).chance(0.9))
}

/// Gives its vote of each term to the first that asks, and never forgets it, since it is synced.
struct Voter(Version);

#[async_trait(?Send)]
impl Process for Voter {
    fn name(&self) -> &str {
        "voter"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let log = ctx.storage().open("votes").await?;
        ctx.storage().sync_dir("/").await?;
        let mut votes: BTreeMap<u64, u64> = BTreeMap::new();
        for vote in log.read_all().await?.as_chunks::<2>().0 {
            votes.insert(vote[0].into(), vote[1].into());
        }
        // whoever comes back with nothing has a new disk, and may have voted before
        let replaced = ctx.boot() > 0 && votes.is_empty();
        let votes_at_all = self.0 == Version::Broken || !replaced;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let Ok(request) = stream.read_u64().await else { continue };
            let (term, candidate) = (request >> 8, request & 0xff);
            if votes_at_all && !votes.contains_key(&term) {
                log.append(&[term as u8, candidate as u8]).await?;
                log.sync_all().await?;
                votes.insert(term, candidate);
            }
            let yes = votes.get(&term) == Some(&candidate);
            let _ = stream.write_u64(yes.into()).await;
        }
    }
}

/// Wants to lead in each of some terms, and asks everybody until it knows.
struct Candidate(u64);

#[async_trait(?Send)]
impl Workload for Candidate {
    fn name(&self) -> &str {
        "candidate"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for term in 1..=8 {
            let mut votes = 0;
            for &voter in ctx.topology().all_process_ips() {
                for _ in 0..10 {
                    if let Ok(vote) = call(ctx, voter, term << 8 | self.0).await {
                        votes += vote;
                        break;
                    }
                    ctx.time().sleep(Duration::from_millis(50)).await;
                }
            }
            if votes >= 2 {
                let leader = ctx
                    .state()
                    .update("leaders", |leaders: &mut BTreeMap<u64, u64>| *leaders.entry(term).or_insert(self.0));
                assert_always!(leader == self.0, "one leader a term");
            }
        }
        Ok(())
    }
}

fn voters(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(3, move || Box::new(Voter(version)))
        .workloads(WorkloadCount::Fixed(2), |number| Box::new(Candidate(number as u64)))
        .restart_after(Duration::from_millis(10)..=Duration::from_millis(200))
        .attrition(Attrition::default().within(100).wipe(3))
}

/// How long a lease is.
const LEASE: Duration = Duration::from_secs(2);

/// Gives a lease to one at a time, with a number that grows; 0 is no.
struct Locker;

#[async_trait(?Send)]
impl Process for Locker {
    fn name(&self) -> &str {
        "locker"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (clock, until, given) = (ctx.clone(), Cell::new(Duration::ZERO), Cell::new(0));
        serve(ctx, move |_| {
            let now = clock.time().now();
            if now < until.get() {
                return 0;
            }
            until.set(now + LEASE);
            given.set(given.get() + 1);
            given.get()
        })
        .await
    }
}

/// Takes writes: each with the number of the lease under which it is made. 0 is a read.
struct Store(Version);

#[async_trait(?Send)]
impl Process for Store {
    fn name(&self) -> &str {
        "store"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (version, newest) = (self.0, Cell::new(0));
        serve(ctx, move |lease| {
            if lease == 0 || version == Version::Fixed && lease < newest.get() {
                return 0;
            }
            assert_always!(lease >= newest.get(), "no write of an earlier holder");
            newest.set(lease);
            1
        })
        .await
    }
}

/// Reads and writes while it has the lease, and long enough.
struct Worker;

#[async_trait(?Send)]
impl Process for Worker {
    fn name(&self) -> &str {
        "worker"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        loop {
            let asked = ctx.time().now();
            let lease = call(ctx, "locker", 0).await.unwrap_or(0);
            while lease > 0 && ctx.time().now() < asked + LEASE / 2 {
                if call(ctx, "store", 0).await.is_ok() {
                    let _ = call(ctx, "store", lease).await;
                }
            }
            ctx.time().sleep(Duration::from_millis(100)).await;
        }
    }
}

fn leases(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, || Box::new(Locker))
        .processes(1, move || Box::new(Store(version)))
        .processes(2, || Box::new(Worker))
        .workload(|| Box::new(Watch(12)))
        .pauses(Pauses::default())
}

/// Has a copy of what it is asked for.
struct Copy;

#[async_trait(?Send)]
impl Process for Copy {
    fn name(&self) -> &str {
        "copy"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        serve(ctx, |key| key).await
    }
}

/// Reads keys, each from one of the two processes that have it.
struct Reader(Version);

impl Reader {
    /// Who has a key besides `first`: the next in the ring, or the next in another zone.
    fn second(&self, ctx: &SimContext, first: usize) -> usize {
        let ips = ctx.topology().all_process_ips();
        let zone = |at: usize| ctx.topology().place_of(ips[at % ips.len()]).map(|place| &place.zone);
        let mut second = first + 1;
        while self.0 == Version::Fixed && zone(second) == zone(first) {
            second += 1;
        }
        second % ips.len()
    }
}

#[async_trait(?Send)]
impl Workload for Reader {
    fn name(&self) -> &str {
        "reader"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let ips = ctx.topology().all_process_ips();
        for key in 0..60 {
            let (first, second) = (key % ips.len(), self.second(ctx, key % ips.len()));
            let mut found = false;
            for attempt in 0..12 {
                found = found || call(ctx, ips[[first, second][attempt % 2]], key as u64).await.is_ok();
                if !found {
                    ctx.time().sleep(Duration::from_millis(25)).await;
                }
            }
            assert_always!(found, "one of two copies can be read");
            ctx.time().sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

fn copies(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(6, || Box::new(Copy))
        .workload(move || Box::new(Reader(version)))
        .cluster(Cluster::new().placed(|process| (0, process / 2, process % 2)))
        .outages(Outages::default().weights(0, 1, 0))
}
