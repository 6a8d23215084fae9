//! Memory doesn't grow within a run, with every fault on: what is over gives its place back. Alone
//! in its file, so that no other test allocates in this process.
#![cfg(all(feature = "sim", target_os = "linux"))]

#[macro_use]
mod common;

use common::{Client, Server};
use simfuzz::Recording;
use simfuzz::prelude::*;
use std::sync::Mutex;

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Connections, and listeners besides the servers' own.
const CONNECTIONS: u32 = 100_000;

/// So many connections come before the first look: buffers and queues reach their size.
const WARM: u32 = 20_000;

/// And so many choices, more than a trace keeps.
const CHOICES: u32 = 1_100_000;

#[test]
fn a_hundred_thousand_connections_leave_nothing_behind() {
    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    let server = server!(async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            // each on a task of its own, as a half-open connection is read for ever
            let clock = ctx.clone();
            ctx.task().spawn(async move {
                let serve = async {
                    while let Ok(byte) = stream.read_u8().await {
                        let _ = stream.write_u8(byte).await;
                    }
                };
                let _ = clock.time().timeout(Duration::from_secs(1), serve).await;
            });
        }
    });
    let client = client!(async |ctx: &SimContext| {
        for _ in 0..CHOICES {
            ctx.random().random_range(0..2);
        }
        for number in 0..WARM + CONNECTIONS {
            if number == WARM {
                SEEN.lock().unwrap().push(resident());
            }
            let Some(&server) = ctx.random().choose(ctx.topology().all_process_ips()) else { break };
            let listener = ctx.network().bind((ctx.my_ip(), 9)).await?;
            let ask = async {
                let mut stream = ctx.network().connect(server).await?;
                stream.write_u8(1).await?;
                stream.read_u8().await
            };
            let _ = ctx.time().timeout(Duration::from_millis(50), ask).await;
            drop(listener);
        }
        SEEN.lock().unwrap().push(resident());
        Ok(())
    });
    let simulation = SimulationBuilder::new()
        .processes(3, server)
        .workload(client)
        .all_faults()
        .latency(Latency::between(Duration::from_micros(10)..=Duration::from_micros(100)))
        // what comes with each connection many times over, and no swarm that turns it off
        .network_faults(NetworkFaults::default().hangs(1.0, 16).half_open(1.0, 64).refusals(1.0, 16).resets(1.0, 64))
        .time_budget(Duration::from_secs(100_000))
        .event_budget(100_000_000)
        .build();
    let outcome = simulation.run_with(&Tape::seeded(1), Recording::Result);
    outcome.assert_ok();
    println!("{outcome}");
    for kind in [FaultKind::Hang, FaultKind::HalfOpen, FaultKind::Refuse, FaultKind::Reset] {
        assert!(outcome.injected(kind) > 1_000, "{kind}: {}", outcome.injected(kind));
    }
    let seen = SEEN.lock().unwrap();
    let grown = seen[1].saturating_sub(seen[0]);
    println!("{} at first, {grown} more after {CONNECTIONS} connections", seen[0]);
    // less than a byte for each
    assert!(grown < 1 << 16, "{grown} bytes in {CONNECTIONS} connections");
}
