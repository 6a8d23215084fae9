//! Memory doesn't grow from run to run, with every fault on. Alone in its file, so that no other
//! test allocates in this process.
#![cfg(all(feature = "sim", target_os = "linux"))]

#[macro_use]
mod common;

use common::{Client, Server};
use simfuzz::Recording;
use simfuzz::prelude::*;

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn runs_with_every_fault_leave_nothing_behind() {
    let server = server!(async |ctx: &SimContext| {
        let log = ctx.storage().open("log").await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            while let Ok(byte) = stream.read_u8().await {
                let _ = log.append(&[byte; 100]).await;
                let _ = log.sync_all().await;
                let _ = stream.write_u8(byte).await;
            }
        }
    });
    let simulation = SimulationBuilder::new()
        .processes(3, server)
        .workloads(WorkloadCount::Fixed(2), |_| {
            Box::new(Client(async |ctx: &SimContext| {
                for byte in 0..10 {
                    let Some(&server) = ctx.random().choose(ctx.topology().all_process_ips()) else { break };
                    let ask = async {
                        let mut stream = ctx.network().connect(server).await?;
                        stream.write_u8(byte).await?;
                        stream.read_u8().await
                    };
                    let _ = ctx.time().timeout(Duration::from_secs(1), ask).await;
                }
                Ok(())
            }))
        })
        .all_faults()
        .build();
    let run = |seeds: std::ops::Range<u64>| {
        for seed in seeds {
            simulation.run_with(&Tape::swarm(seed), Recording::Choices);
        }
    };
    run(0..2_000);
    let before = resident();
    run(2_000..8_000);
    let grown = resident().saturating_sub(before);
    // buffers reach the size of the largest run so far, which some later run exceeds a little
    assert!(grown < 2 << 20, "{grown} bytes in 6,000 runs");
}
