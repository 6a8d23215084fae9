//! What a host says to itself crosses no network: of the network's faults it meets those that are
//! the kernel's own doing.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server};
use simfuzz::prelude::*;

/// Two servers, and 200 connections and datagrams from each to itself, or to the other one.
fn talking(to_itself: bool) -> SimulationReport {
    let serve = async move |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        ctx.task().spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 64];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write(&bytes).await;
            }
        });
        let socket = UdpSocket::bind((ctx.my_ip(), 53)).await?;
        let mut all = ctx.topology().all_process_ips().iter().copied();
        let Some(peer) = all.find(|&ip| (ip == ctx.my_ip()) == to_itself) else { return Ok(()) };
        for _ in 0..200 {
            let exchange = async {
                let mut stream = ctx.network().connect(peer).await?;
                let _ = stream.write(&[1; 64]).await?;
                stream.read(&mut [0; 64]).await
            };
            let _ = ctx.time().timeout(Duration::from_millis(200), exchange).await;
            let _ = socket.send_to(b"hello", (peer, 53)).await;
        }
        ctx.state().update("done", |done: &mut u32| *done += 1);
        std::future::pending().await
    };
    SimulationBuilder::new()
        .processes(2, server!(serve))
        .workload(client!(async |ctx: &SimContext| {
            while ctx.state().get::<u32>("done") != Some(2) {
                ctx.time().sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        }))
        .network_faults(
            NetworkFaults::default()
                .hangs(1.0, 8)
                .refusals(1.0, 8)
                .resets(1.0, 8)
                .half_open(1.0, 8)
                .partial_reads(1.0, 8)
                .partial_writes(1.0, 8)
                .losses(1.0, 8)
                .duplicates(1.0, 8)
                .reorders(1.0, 8)
                .stream_flips(1.0, 8)
                .datagram_flips(1.0, 8),
        )
        .iterations(10)
        .run()
}

const OF_THE_WIRE: [FaultKind; 8] = [
    FaultKind::Hang,
    FaultKind::Reset,
    FaultKind::HalfOpen,
    FaultKind::Loss,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::BitFlip,
    FaultKind::DatagramFlip,
];

const OF_THE_KERNEL: [FaultKind; 3] = [FaultKind::Refuse, FaultKind::PartialRead, FaultKind::PartialWrite];

#[test]
fn a_host_that_talks_to_itself_loses_nothing() {
    let (itself, other) = (talking(true), talking(false));
    for report in [&itself, &other] {
        report.assert_ok();
        assert!(OF_THE_KERNEL.iter().all(|&kind| report.injected(kind) > 100), "{report}");
    }
    assert_eq!(OF_THE_WIRE.map(|kind| itself.injected(kind)), [0; 8], "{itself}");
    assert!(OF_THE_WIRE.iter().all(|&kind| other.injected(kind) > 100), "{other}");
}
