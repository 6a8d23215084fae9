//! Bugs that it takes a process that joins or leaves to see.

use crate::calls::{call, serve};
use crate::{Row, Version};
use simfuzz::prelude::*;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "serving before having caught up",
            fault: FaultKind::Join,
            finding: "a read sees what was written",
            system: joiners,
        },
        Row {
            bug: "waiting for one that has left",
            fault: FaultKind::Leave,
            finding: "a write comes to an end",
            system: leavers,
        },
    ]
}

/// The first one takes writes and passes them on to all others before it answers; the others
/// answer reads. Both begin by saying which they are: a write is a number, a read is 0.
struct Member(Version);

/// What a member answers that can't be read yet.
const NOT_YET: u64 = u64::MAX;

impl Member {
    async fn lead(&self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let mut value = 0;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let Ok(request) = stream.read_u64().await else { continue };
            if request > 0 {
                value = request;
                for &other in &ctx.topology().all_process_ips()[1..] {
                    // one that refuses is no member
                    let _ = call(ctx, other, value).await;
                }
            }
            let _ = stream.write_u64(value).await;
        }
    }
}

#[async_trait(?Send)]
impl Process for Member {
    fn name(&self) -> &str {
        "member"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let ips: Vec<IpAddr> = ctx.topology().all_process_ips().to_vec();
        if ctx.my_ip() == ips[0] {
            return self.lead(ctx).await;
        }
        let value = Rc::new(Cell::new(0));
        // the broken one serves while it catches up: a moment, in most runs too short to be seen
        let ready = Rc::new(Cell::new(self.0 == Version::Broken));
        let (here, known, caught_up) = (ctx.clone(), value.clone(), ready.clone());
        ctx.task().spawn_local(async move {
            // writes are taken from the start, so nothing comes between
            here.time().sleep(Duration::from_millis(10)).await;
            loop {
                if let Ok(current) = call(&here, ips[0], 0).await {
                    known.set(known.get().max(current));
                    caught_up.set(true);
                    return;
                }
            }
        });
        serve(ctx, move |request| {
            value.set(value.get().max(request));
            if request == 0 && !ready.get() { NOT_YET } else { value.get() }
        })
        .await
    }
}

/// Writes, then reads from somebody.
struct Guest;

#[async_trait(?Send)]
impl Workload for Guest {
    fn name(&self) -> &str {
        "guest"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let ips = ctx.topology().all_process_ips();
        let mut written = 0;
        for number in 1..=50 {
            if let Ok(value) = call(ctx, ips[0], number).await {
                written = value;
            }
            for &ip in &ips[1..] {
                if let Ok(read) = call(ctx, ip, 0).await {
                    assert_always!(read >= written, "a read sees what was written");
                }
            }
        }
        Ok(())
    }
}

fn joiners(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(4, move || Box::new(Member(version)))
        .workload(|| Box::new(Guest))
        .churn(Churn::default().leaves(0).within(Duration::from_secs(3)))
}

/// Takes writes, and says who has left; when it leaves, it tells the others (or doesn't).
struct Replica(Version);

/// A request that says: the replica of that number leaves.
const LEAVES: u64 = 1 << 32;

#[async_trait(?Send)]
impl Process for Replica {
    fn name(&self) -> &str {
        "replica"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let left = Rc::new(RefCell::new(0u64));
        let known = left.clone();
        let serving = serve(ctx, move |request| {
            if request >= LEAVES {
                *known.borrow_mut() |= 1 << (request - LEAVES);
            }
            *known.borrow()
        });
        select! {
            result = serving => return result,
            _ = ctx.shutdown().cancelled() => {}
        }
        if self.0 == Version::Fixed && ctx.is_leaving() {
            for &other in ctx.topology().all_process_ips().iter().filter(|&&ip| ip != ctx.my_ip()) {
                let _ = call(ctx, other, LEAVES + ctx.client_id() as u64).await;
            }
        }
        Ok(())
    }
}

/// Writes to all replicas, however long it takes.
struct Writer;

#[async_trait(?Send)]
impl Workload for Writer {
    fn name(&self) -> &str {
        "writer"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut left = 0;
        for write in 0..50 {
            for (number, &replica) in ctx.topology().all_process_ips().iter().enumerate() {
                let mut tries = 0;
                while left & (1 << number) == 0 {
                    match call(ctx, replica, write).await {
                        Ok(known) => {
                            left |= known;
                            break;
                        }
                        Err(_) => {
                            tries += 1;
                            assert_always!(tries < 100, "a write comes to an end");
                            // somebody else may know more
                            for &other in ctx.topology().all_process_ips() {
                                left |= call(ctx, other, write).await.unwrap_or(0);
                            }
                            ctx.time().sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
            }
            ctx.time().sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

fn leavers(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(3, move || Box::new(Replica(version)))
        .workload(|| Box::new(Writer))
        .attrition(Attrition::default().weights(1, 0))
        .churn(Churn::default().spares(0))
}
