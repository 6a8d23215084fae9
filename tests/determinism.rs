//! The same tape gives the same digest: elsewhere, later, and after everything else.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, nothing};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::collections::BTreeMap;

/// Tells a peer what was heard last, every 10 ms for a while.
async fn gossip(ctx: &SimContext) -> std::io::Result<()> {
    let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
    let mut last = [0; 8];
    for _ in 0..50 {
        let ip = *ctx.random().choose(ctx.topology().all_process_ips()).unwrap();
        last[0] ^= ctx.random().random_range(0..=255);
        socket.send_to(&last, (ip, 7)).await?;
        ctx.time().sleep(Duration::from_millis(10)).await;
        while socket.try_recv(&mut last).is_ok() {}
    }
    Ok(())
}

/// Servers that log to disk and answer, and gossip, clients that ask one of them and give up at times, all
/// sorts of weather.
fn simulation() -> Simulation {
    let server = async |ctx: &SimContext| {
        let log = std::sync::Arc::new(ctx.storage().open("log").await?);
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let here = ctx.clone();
        ctx.task().spawn(async move { gossip(&here).await });
        loop {
            select! {
                accepted = listener.accept() => {
                    let (mut stream, _) = accepted?;
                    let (log, now) = (log.clone(), ctx.clone());
                    ctx.task().spawn(async move {
                        while let Ok(byte) = stream.read_u8().await {
                            let _ = log.append(&now.time().unix_time().as_nanos().to_be_bytes()).await;
                            let _ = log.sync_all().await;
                            if stream.write_u8(byte).await.is_err() {
                                break;
                            }
                        }
                    });
                }
                _ = ctx.shutdown().cancelled() => return Ok(()),
            }
        }
    };
    let ask = async |ctx: &SimContext, byte: u8| {
        let ip = *ctx.random().choose(ctx.topology().all_process_ips()).unwrap();
        let mut stream = ctx.network().connect(ip).await?;
        stream.write_u8(byte).await?;
        SimulationResult::Ok(stream.read_u8().await?)
    };
    let client = async move |ctx: &SimContext| {
        for byte in 0..10 {
            let limit = Duration::from_millis(ctx.random().random_range(20..200));
            if let Ok(Ok(back)) = ctx.time().timeout(limit, ask(ctx, byte)).await {
                assert_always!(back == byte, "an echo is what was sent");
            }
            ctx.time().sleep(ctx.random().random_range(Duration::ZERO..Duration::from_millis(50))).await;
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(3, server!(server))
        .workloads(WorkloadCount::Random(1..4), move |_| Box::new(Client(client)))
        .cluster(Cluster::new().zones(2))
        .attrition(Attrition::default().max_dead(2).within(64).kill(1).wipe(1))
        .partitions(Partitions::default().within(Duration::from_secs(1)))
        .pauses(Pauses::default().within(Duration::from_secs(1)))
        .outages(Outages::default().within(Duration::from_secs(1)))
        .churn(Churn::default().within(Duration::from_secs(1)))
        .clocks(ClockFaults::default().within(Duration::from_secs(1)))
        .network_faults(NetworkFaults::default().datagram_flips(0.3, 64))
        .build()
}

/// One line for each tape: seeds with and without swarm.
fn digests(simulation: &Simulation) -> String {
    let tapes = (0..20).flat_map(|seed| [Tape::seeded(seed), Tape::swarm(seed)]);
    tapes.map(|tape| format!("{:016x}\n", simulation.run_with(&tape, Recording::Result).digest())).collect()
}

/// Set in the process that [`in_another_process`] starts.
const CHILD: &str = "SIMFUZZ_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// What the test called `name` prints between `<<<` and `>>>` in a process of its own.
fn in_another_process(name: &str) -> String {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(child.stdout).unwrap();
    text.split("<<<").nth(1).unwrap().split(">>>").next().unwrap().to_owned()
}

#[test]
fn prints_the_digests_for_another_process() {
    if is_child() {
        print!("<<<{}>>>", digests(&simulation()));
    }
}

#[test]
fn the_same_in_another_process_on_another_thread_and_later() {
    let simulation = simulation();
    let here = digests(&simulation);
    // where a seed has swarm by itself, its two tapes are the same run
    assert!(here.lines().collect::<std::collections::BTreeSet<_>>().len() >= 20, "tapes differ");
    assert_eq!(here, in_another_process("prints_the_digests_for_another_process"));
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| digests(&simulation)).join().unwrap());
    assert_eq!(here, elsewhere);
    for seed in 1_000..11_000 {
        simulation.run_with(&Tape::swarm(seed), Recording::Result);
    }
    assert_eq!(here, digests(&simulation));
}

/// What is recorded changes nothing in the run.
#[test]
fn the_same_told_or_not() {
    let simulation = simulation();
    for seed in 0..50 {
        let run = |recording| simulation.run_with(&Tape::swarm(seed), recording);
        let told = run(Recording::Story);
        assert_eq!(run(Recording::Result).digest(), told.digest());
        assert_eq!(run(Recording::Choices).digest(), told.digest());
        assert_eq!(run(Recording::Story).tell(true), told.tell(true));
    }
}

/// The run of a seed, written out as exceptions on the calm base, is the same run.
#[test]
fn a_run_is_a_function_of_its_choices() {
    let simulation = simulation();
    for seed in 0..50 {
        let seeded = simulation.run(&Tape::swarm(seed));
        let written_out = seeded.trace().unwrap().materialise(&Tape::swarm(seed));
        let again = simulation.run(&written_out);
        assert_eq!(again.digest(), seeded.digest(), "seed {seed}");
    }
}

#[test]
fn jobs_change_nothing_in_the_report() {
    let report = |jobs| {
        let never = |ctx: &SimContext| ctx.random().random_bool(0.1);
        SimulationBuilder::new()
            .workload(client!(async move |ctx: &SimContext| {
                assert_always!(!never(ctx), "one in ten");
                Ok(())
            }))
            .iterations(200)
            .jobs(jobs)
            .run()
            .to_string()
    };
    assert_eq!(report(1), report(3));
}

/// A workload that goes through a `std` hash map: its order is another one for each map.
fn hashed() -> SimulationBuilder {
    SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
        #[expect(clippy::disallowed_types, reason = "the test is about code that uses it")]
        let map: std::collections::HashMap<u32, u32> = (0..20).map(|n| (n, n)).collect();
        for value in map.into_values() {
            ctx.time().sleep(Duration::from_micros(u64::from(value))).await;
            ctx.state().publish(&value.to_string(), value);
        }
        Ok(())
    }))
}

#[test]
fn hash_order_is_caught_by_the_canary_and_repeats_in_isolation() {
    let report = hashed().iterations(1).run();
    let text = report.to_string();
    assert!(text.contains("NOT DETERMINISTIC: seed 0x0 gave the digest"), "{text}");
    assert!(text.contains("`std` hash maps") && text.contains("`.isolate()`"), "{text}");
    assert!(std::panic::catch_unwind(|| report.assert_ok()).is_err());

    let report = hashed().isolate().iterations(150).run();
    report.assert_ok();
    let simulation = hashed().isolate().build();
    let digests: Vec<_> = (0..20).map(|seed| simulation.run(&Tape::seeded(seed)).digest()).collect();
    let again: Vec<_> = (0..20).map(|seed| simulation.run(&Tape::seeded(seed)).digest()).collect();
    assert_eq!(digests, again);
    assert!(digests.windows(2).any(|pair| pair[0] != pair[1]), "the order still differs from tape to tape");
}

/// A static that survives a run is caught as well.
#[test]
fn state_that_survives_a_run_is_caught() {
    static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let report = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let run = RUNS.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            ctx.time().sleep(Duration::from_nanos(run + 1)).await;
            ctx.note(String::new);
            Ok(())
        }))
        .iterations(1)
        .run();
    assert!(report.to_string().contains("NOT DETERMINISTIC"), "{report}");
}

/// Kilobytes of this process that are resident.
#[cfg(target_os = "linux")]
fn resident_kb() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
}

/// Memory after a tenth of the runs is memory after all of them, in a process of its own, where
/// no other test needs any. `SIMFUZZ_TEST_RUNS=100000` makes it that many runs: half a minute.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow() {
    if !is_child() {
        let growth = in_another_process("memory_does_not_grow");
        assert!(growth.parse::<u64>().unwrap() < 1_024, "{growth} KB more");
        return;
    }
    let runs = std::env::var("SIMFUZZ_TEST_RUNS").map_or(6_000, |runs| runs.parse::<u64>().unwrap());
    let simulation = simulation();
    let mut after = BTreeMap::new();
    for run in 0..runs {
        if run == runs / 10 {
            after.insert("a tenth", resident_kb());
        }
        simulation.run(&Tape::swarm(run));
    }
    after.insert("all", resident_kb());
    let growth = after["all"].saturating_sub(after["a tenth"]);
    eprintln!("{runs} runs: {after:?} KB resident");
    print!("<<<{growth}>>>");
}

/// What the trace of an outcome holds is the outcome's own: later runs don't reach it.
#[test]
fn an_outcome_is_not_touched_by_later_runs() {
    let simulation = simulation();
    let first: Outcome = simulation.run(&Tape::swarm(1));
    let choices = first.trace().unwrap().choices().to_vec();
    simulation.run(&Tape::swarm(2));
    assert_eq!(first.trace().unwrap().choices(), choices);
}

/// Setup, run and check of two workloads and the boots between draw from labels of their own: a
/// reboot rewinds nothing.
#[test]
fn a_reboot_rewinds_no_draws() {
    let server = async |ctx: &SimContext| {
        let draw: u32 = ctx.random().label("draw").random();
        ctx.state().update("draws", |draws: &mut Vec<u32>| draws.push(draw));
        ctx.storage().exists("x").await?;
        std::future::pending().await
    };
    let simulation = SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(move || {
            let run = async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(20)).await;
                Ok(())
            };
            let check = async |ctx: &SimContext| {
                let draws = ctx.state().get::<Vec<u32>>("draws").unwrap();
                let mut different = draws.clone();
                different.sort_unstable();
                different.dedup();
                assert_always!(draws.len() >= 5 && different.len() == draws.len(), format!("{draws:?}"));
                Ok(())
            };
            Box::new(Phases(nothing, run, check))
        })
        .attrition(Attrition::default().chance(1.0).within(1).weights(0, 1))
        .build();
    let mut tape = Tape::seeded(3);
    tape.set(Label::parse("swarm/on"), 0, 0);
    simulation.run(&tape).assert_ok();
}
