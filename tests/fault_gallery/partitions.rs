//! Bugs that it takes a partition to see.

use crate::actors::{process, workload};
use crate::{Row, Version};
use simfuzz::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "split brain",
            fault: FaultKind::Partition,
            finding: "one leader at a time",
            system: promotes_itself,
        },
        Row {
            bug: "a write acknowledged before its replica",
            fault: FaultKind::Partition,
            finding: "what was acknowledged survives the failover",
            system: acknowledges_early,
        },
    ]
}

/// Followers hear of their leader every 50 ms, and wait so long before they look for another one.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// A leader leads so long after it sent what a majority has acknowledged. Less than the patience,
/// with room for a task that is held back.
const LEASE: Duration = Duration::from_millis(400);

const BEAT: u8 = 0;
const ACK: u8 = 1;
const PLEA: u8 = 2;
const VOTE: u8 = 3;

/// What a node of three knows. Messages are a kind and the sender's time or term.
#[derive(Default)]
struct Node {
    leads: Cell<bool>,
    /// When it heard of a leader or gave its vote.
    heard: Cell<Duration>,
    term: Cell<u64>,
    /// When the last beat was sent that somebody else has acknowledged: with itself a majority.
    acknowledged: Cell<Duration>,
}

impl Node {
    fn lead(&self, ctx: &SimContext, leads: bool) {
        self.leads.set(leads);
        let me = ctx.my_ip();
        ctx.state().update(
            "leaders",
            |leaders: &mut BTreeSet<std::net::IpAddr>| {
                if leads { leaders.insert(me) } else { leaders.remove(&me) }
            },
        );
    }
}

fn message(kind: u8, number: u64) -> [u8; 9] {
    let mut message = [kind; 9];
    message[1..].copy_from_slice(&number.to_be_bytes());
    message
}

/// Three nodes, one of whom leads. Broken, whoever misses its leader takes its place; fixed, it
/// asks for a vote, which nobody gives who hears of a leader, and a leader without a majority
/// steps down before that.
fn promotes_itself(version: Version) -> SimulationBuilder {
    let node = async move |ctx: &SimContext| {
        let node = Rc::new(Node::default());
        let socket = Rc::new(ctx.network().bind_udp("0.0.0.0:7").await?);
        let others: Vec<_> = ctx.topology().all_process_ips().iter().copied().filter(|&ip| ip != ctx.my_ip()).collect();
        if ctx.topology().all_process_ips()[0] == ctx.my_ip() {
            node.lead(ctx, true);
        }
        let (hears, heard_at, here) = (node.clone(), socket.clone(), ctx.clone());
        ctx.task().spawn_local(async move {
            let mut buffer = [0; 9];
            while let Ok((_, from)) = heard_at.recv_from(&mut buffer).await {
                let now = here.time().now();
                let number = u64::from_be_bytes(buffer[1..].try_into().expect("eight bytes"));
                let missed = now - hears.heard.get() > PATIENCE;
                match buffer[0] {
                    BEAT => {
                        hears.heard.set(now);
                        let _ = heard_at.send_to(&message(ACK, number), from).await;
                    }
                    ACK => hears.acknowledged.set(Duration::from_nanos(number).max(hears.acknowledged.get())),
                    PLEA if missed && !hears.leads.get() && number > hears.term.get() => {
                        hears.heard.set(now);
                        hears.term.set(number);
                        let _ = heard_at.send_to(&message(VOTE, number), from).await;
                    }
                    VOTE if number == hears.term.get() && !hears.leads.get() => {
                        hears.acknowledged.set(now);
                        hears.lead(&here, true);
                    }
                    _ => {}
                }
            }
        });
        loop {
            let now = ctx.time().now();
            let missed = now - node.heard.get() > PATIENCE;
            if node.leads.get() {
                node.heard.set(now);
                for &other in &others {
                    socket.send_to(&message(BEAT, now.as_nanos() as u64), (other, 7)).await?;
                }
                if version == Version::Fixed && now - node.acknowledged.get() > LEASE {
                    node.lead(ctx, false);
                }
            } else if missed && version == Version::Broken {
                node.lead(ctx, true);
            } else if missed {
                node.heard.set(now);
                node.term.set(node.term.get() + 1);
                for &other in &others {
                    socket.send_to(&message(PLEA, node.term.get()), (other, 7)).await?;
                }
            }
            ctx.time().sleep(millis(50)).await;
        }
    };
    let wait = async |ctx: &SimContext| {
        ctx.time().sleep(millis(8_000)).await;
        Ok(())
    };
    SimulationBuilder::new()
        .processes(3, process("node", node))
        .workload(workload("waiter", wait))
        .partitions(Partitions::default().chance(0.004).within(millis(4_000)).lasting(millis(500)..=millis(4_000)))
        .invariant("one leader at a time", |state, _| {
            state.get::<BTreeSet<std::net::IpAddr>>("leaders").is_none_or(|leaders| leaders.len() <= 1)
        })
}

/// A primary that copies its writes to a backup: broken, every 100 ms, fixed, before it answers.
/// The client turns to the backup when the primary does not answer.
fn acknowledges_early(version: Version) -> SimulationBuilder {
    let backup = async |ctx: &SimContext| {
        let last = Rc::new(Cell::new(0));
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let last = last.clone();
            ctx.task().spawn_local(async move {
                // 0 asks, anything else is a write
                while let Ok(write) = stream.read_u64().await {
                    last.set(write.max(last.get()));
                    if stream.write_u64(last.get()).await.is_err() {
                        break;
                    }
                }
            });
        }
    };
    let primary = async move |ctx: &SimContext| {
        let pending = Rc::new(RefCell::new(0));
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        if version == Version::Broken {
            let (pending, ctx_of_copy) = (pending.clone(), ctx.clone());
            ctx.task().spawn_local(async move {
                loop {
                    let write = *pending.borrow();
                    let _ = copy(&ctx_of_copy, write).await;
                    ctx_of_copy.time().sleep(millis(100)).await;
                }
            });
        }
        loop {
            let (mut stream, _) = listener.accept().await?;
            while let Ok(write) = stream.read_u64().await {
                *pending.borrow_mut() = write;
                if version == Version::Fixed && copy(ctx, write).await.is_err() {
                    break;
                }
                if stream.write_u64(write).await.is_err() {
                    break;
                }
            }
        }
    };
    let client = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("primary").await?;
        let mut acknowledged = 0;
        for write in 1..=60 {
            stream.write_u64(write).await?;
            match ctx.time().timeout(millis(1_000), stream.read_u64()).await {
                Ok(answer) => acknowledged = answer?,
                Err(_) => break,
            }
            ctx.time().sleep(millis(50)).await;
        }
        if acknowledged < 60 {
            let last = copy(ctx, 0).await?;
            assert_always!(last >= acknowledged, "what was acknowledged survives the failover");
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("backup", backup))
        .processes(1, process("primary", primary))
        .workload(workload("client", client))
        .partitions(Partitions::default().chance(0.004).within(millis(4_000)).lasting(millis(1_500)..=millis(4_000)))
}

/// Writes to the backup, or asks it with 0; gives the last write it has.
async fn copy(ctx: &SimContext, write: u64) -> std::io::Result<u64> {
    let mut stream = ctx.network().connect("backup").await?;
    stream.write_u64(write).await?;
    stream.read_u64().await
}
