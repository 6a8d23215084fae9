//! Every fault on at once: runs repeat, each fault comes, and the simulator itself stands.
//!
//! A thousand tapes by default; `SIMFUZZ_TAPES=10000` runs more.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording, Status};

fn tapes() -> u64 {
    std::env::var("SIMFUZZ_TAPES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

/// Answers each byte over TCP once it is in the log, and each datagram with the time on the wall.
/// Whatever fails, it goes on.
async fn serve(ctx: &SimContext) -> SimulationResult<()> {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    let socket = UdpSocket::bind((ctx.my_ip(), 53)).await?;
    let clock = ctx.clone();
    ctx.task().spawn(async move {
        let mut question = [0; 8];
        while let Ok((_, from)) = socket.recv_from(&mut question).await {
            let shown = clock.time().wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            let _ = socket.send_to(&shown.as_nanos().to_le_bytes(), from).await;
        }
    });
    loop {
        let stream = select! {
            accepted = listener.accept() => accepted?.0,
            () = ctx.shutdown().cancelled() => return Ok(()),
        };
        let ctx = ctx.clone();
        ctx.clone().task().spawn(async move { answer(&ctx, stream).await });
    }
}

async fn answer(ctx: &SimContext, mut stream: TcpStream) -> std::io::Result<()> {
    let path = format!("log-{}", stream.peer_addr()?.ip());
    let mut question = [0; 4];
    loop {
        stream.read_exact(&mut question).await?;
        let log = ctx.storage().open(&path).await?;
        let end = log.len().await?;
        log.append(&question).await?;
        if buggify!("write twice", 0.5) {
            log.append(&question).await?;
        }
        log.sync_all().await?;
        let mut written = [0; 4];
        log.read_at(end, &mut written).await?;
        if end > 64 {
            ctx.storage().rename(&path, "full").await?;
            ctx.storage().sync_dir("").await?;
        }
        stream.write_all(&written).await?;
    }
}

/// Asks servers over TCP and UDP, and takes no harm.
async fn ask(ctx: &SimContext) -> SimulationResult<()> {
    let socket = UdpSocket::bind((ctx.my_ip(), 0)).await?;
    for operation in 0..30 {
        let random = ctx.random().scope("op", operation);
        let Some(&server) = random.label("server").choose(ctx.topology().all_process_ips()) else { break };
        let patience = Duration::from_millis(random.label("patience").random_range(50..3_000));
        let asked = async {
            match random.label("kind").weighted(&[3, 2, 1]) {
                0 => {
                    let mut stream = ctx.network().connect(server).await?;
                    for number in 0..4 {
                        stream.write_u32(number).await?;
                        stream.read_u32().await?;
                    }
                }
                1 => {
                    socket.send_to(b"time", (server, 53)).await?;
                    socket.recv_from(&mut [0; 16]).await?;
                }
                _ => ctx.time().sleep(Duration::from_secs(2)).await,
            }
            std::io::Result::Ok(())
        };
        let _ = ctx.time().timeout(patience, asked).await;
    }
    Ok(())
}

fn system() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(3, server!(serve))
        .workloads(WorkloadCount::Fixed(2), |_| Box::new(Client(ask)))
        .cluster(Cluster::default())
        .all_faults()
}

fn run(simulation: &Simulation, tape: &Tape) -> Outcome {
    let outcome = simulation.run_with(tape, Recording::Result);
    assert_eq!(outcome.status(), Status::Passed, "seed {}: {outcome}", tape.seed());
    outcome
}

/// Again at once, after another run, and on another thread.
#[test]
fn the_same_tape_gives_the_same_digest() {
    let simulation = system().build();
    let mut wanted = Vec::new();
    for seed in 0..tapes() {
        let tape = Tape::swarm(seed);
        let digest = run(&simulation, &tape).digest();
        run(&simulation, &Tape::seeded(seed + 1_000_000));
        assert_eq!(run(&simulation, &tape).digest(), digest, "seed {seed}");
        wanted.push(digest);
    }
    let there = std::thread::scope(|scope| {
        let digests = scope.spawn(|| {
            let elsewhere = system().build();
            (0..tapes()).rev().map(|seed| run(&elsewhere, &Tape::swarm(seed)).digest()).collect::<Vec<_>>()
        });
        digests.join().unwrap()
    });
    assert!(there.into_iter().rev().eq(wanted));
}

/// All of them, each in some of the runs, and nothing in a calm one.
#[test]
fn every_fault_comes() {
    let report = system().iterations(tapes()).jobs(2).run();
    report.assert_ok();
    println!("{report}");
    assert_eq!(report.faults_that_never_came(), []);
    let calm = run(&system().build(), &Tape::calm());
    assert_eq!(calm.faults().count(), 0, "{calm}");
}

/// What is said after `all_faults` counts.
#[test]
fn a_knob_after_it_counts_instead() {
    let quiet = system().attrition(Attrition::default().chance(0.0)).without(FaultKind::Pause).iterations(100).run();
    for kind in [FaultKind::Crash, FaultKind::Kill, FaultKind::Wipe, FaultKind::Stop, FaultKind::Pause] {
        let injected = quiet.injected(kind);
        // whoever doesn't leave in time is killed
        assert!(injected == 0 || kind == FaultKind::Kill, "{injected} {kind}");
    }
    assert!(quiet.injected(FaultKind::Partition) > 0);
}
