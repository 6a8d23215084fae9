//! Traps that a simulator can set for those who trust it, and that this one doesn't have: what
//! goes wrong looks wrong, what is off is off, and a run is a function of its tape alone.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, millis, nothing};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A thing that is written down in every run, outside of all of them.
type Notes<T> = Arc<Mutex<Vec<T>>>;

// 1
#[test]
fn an_error_from_check_fails_the_run() {
    let lost = async |_: &SimContext| Err(SimulationError::InvalidState("a write is lost".into()));
    let report =
        SimulationBuilder::new().workload(move || Box::new(Phases(nothing, nothing, lost))).iterations(5).run();
    assert_eq!(report.passed(), 0);
    let found: Vec<_> = report.findings().map(|finding| finding.identity.as_str()).collect();
    assert_eq!(found, ["error: client check: invalid state: a write is lost"]);
}

/// Five boots of a server that draws three numbers each.
fn booting(draws: &Notes<[u32; 3]>) -> Simulation {
    let all = draws.clone();
    SimulationBuilder::new()
        .processes(1, move || {
            let all = all.clone();
            Box::new(Server(async move |ctx: &SimContext| {
                all.lock().unwrap().push([(); 3].map(|()| ctx.random().random()));
                ctx.storage().exists("x").await?;
                std::future::pending().await
            })) as Box<dyn Process>
        })
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(seconds(20)).await;
            Ok(())
        }))
        .attrition(Attrition::default().chance(1.0).within(1).weights(0, 1))
        .build()
}

fn plain(seed: u64) -> Tape {
    let mut tape = Tape::seeded(seed);
    tape.set(Label::parse("swarm/on"), 0, 0);
    tape
}

// 2
#[test]
fn a_boot_rewinds_no_draws() {
    let draws = Notes::default();
    booting(&draws).run(&plain(3)).assert_ok();
    let mut draws = draws.lock().unwrap().clone();
    let boots = draws.len();
    assert!(boots >= 5, "{boots} boots");
    draws.sort_unstable();
    draws.dedup();
    assert_eq!(draws.len(), boots, "each boot draws its own");
}

// 3
#[test]
fn an_injector_works_in_every_run() {
    struct Crashes;
    #[async_trait(?Send)]
    impl FaultInjector for Crashes {
        fn name(&self) -> &str {
            "crashes"
        }
        async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
            faults.crash("server");
            Ok(())
        }
    }
    let report = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            ctx.shutdown().cancelled().await;
            Ok(())
        }))
        .storm(seconds(5))
        .injector(|| Box::new(Crashes))
        .iterations(5)
        .run();
    report.assert_ok();
    assert_eq!(report.injected(FaultKind::Crash), 5);
}

// 4
#[test]
fn a_workload_that_panics_takes_part_in_the_next_run() {
    let starts = Arc::new(AtomicU32::new(0));
    let count = starts.clone();
    let report = SimulationBuilder::new()
        .workload(move || {
            let count = count.clone();
            Box::new(Client(async move |_: &SimContext| {
                assert!(count.fetch_add(1, SeqCst) != 0, "the first one panics");
                Ok(())
            }))
        })
        .seeds(1..=5)
        .run();
    // besides the five, the canary repeats the first seed
    assert!(starts.load(SeqCst) > 5);
    assert_eq!(report.passed(), 4);
    assert_eq!(report.seed_of("panic: client: the first one panics"), Some(1));
}

// 5
#[test]
fn the_seeds_that_are_named_are_those_that_run() {
    let seen = Notes::default();
    let all: Notes<u64> = seen.clone();
    let builder = SimulationBuilder::new().workload(move || {
        let all = all.clone();
        Box::new(Client(async move |ctx: &SimContext| {
            all.lock().unwrap().push(ctx.random().label("any").random());
            Ok(())
        }))
    });
    let report = builder.seeds([42, 7891]).run();
    assert_eq!((report.runs(), report.passed()), (2, 2));
    // the two, and what the canary makes of the first: another run, and this one again
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen.iter().filter(|&&drawn| drawn == seen[0]).count(), 2);
}

/// A client that fails with a coin, so that reports differ if seeds do.
fn coin() -> SimulationBuilder {
    SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
        let side = ctx.random().label("coin").random_range(0..4);
        assert_always!(side != 3, "never three");
        Ok(())
    }))
}

// 6
#[test]
fn the_same_seeds_are_run_each_time_when_none_is_named() {
    let (one, other) = (coin().run().to_string(), coin().run().to_string());
    assert!(one.starts_with("100 runs: ") && one.contains("FINDING"), "{one}");
    assert_eq!(one, other);
}

// 7
#[test]
fn tagged_addresses_have_an_order() {
    let seen = Notes::default();
    let all: Notes<Vec<String>> = seen.clone();
    let simulation = SimulationBuilder::new()
        .processes(9, server!(echo))
        .tags(&[("zone", &["a", "b"])])
        .workload(move || {
            let all = all.clone();
            Box::new(Client(async move |ctx: &SimContext| {
                let tagged = ctx.topology().ips_tagged("zone", "a");
                all.lock().unwrap().push(tagged.iter().map(ToString::to_string).collect());
                Ok(())
            }))
        })
        .build();
    (0..20).for_each(|seed| simulation.run(&Tape::swarm(seed)).assert_ok());
    for tagged in &*seen.lock().unwrap() {
        assert_eq!(*tagged, [1, 3, 5, 7, 9].map(|number| format!("10.0.1.{number}")));
    }
}

// 8
#[test]
fn connects_that_come_at_once_are_all_accepted() {
    let slow = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.write_u8(1).await?;
            ctx.time().sleep(millis(100)).await;
        }
    };
    let report = SimulationBuilder::new()
        .processes(1, server!(slow))
        .workloads(WorkloadCount::Fixed(5), |_| {
            Box::new(Client(async |ctx: &SimContext| {
                ctx.network().connect("server").await?.read_u8().await?;
                Ok(())
            }))
        })
        .errors_are_findings()
        .iterations(20)
        .run();
    report.assert_ok();
}

// 9
#[test]
fn with_the_faults_off_no_trip_fails_and_no_byte_is_wrong() {
    let report = SimulationBuilder::new()
        .processes(3, server!(echo))
        .workloads(WorkloadCount::Fixed(3), |_| {
            Box::new(Client(async |ctx: &SimContext| {
                let start = ctx.time().wall();
                for &ip in ctx.topology().all_process_ips() {
                    let mut stream = ctx.network().connect(ip).await?;
                    for byte in 0..100 {
                        stream.write_u8(byte).await?;
                        assert_always!(stream.read_u8().await? == byte, "it comes back as it went");
                    }
                }
                let passed = ctx.time().wall().duration_since(start).unwrap();
                assert_always!(passed == ctx.time().now(), "the clock runs as time does");
                Ok(())
            }))
        })
        .errors_are_findings()
        .iterations(30)
        .run();
    report.assert_ok();
    let faults: Vec<_> = FaultKind::ALL.iter().filter(|&&kind| report.injected(kind) > 0).collect();
    assert_eq!(faults, [&FaultKind::Hold], "that tasks wait for each other is none of the world's faults");
}

// 10
#[test]
fn a_server_serves_until_it_is_asked_to_stop() {
    let serve = async |ctx: &SimContext| {
        select! {
            served = echo(ctx) => served,
            () = ctx.shutdown().cancelled() => Ok(()),
        }
    };
    let report = SimulationBuilder::new()
        .processes(1, server!(serve))
        .workloads(WorkloadCount::Fixed(3), |number| {
            Box::new(Client(async move |ctx: &SimContext| {
                ctx.time().sleep(seconds(1 + 10 * number as u64)).await;
                let mut stream = ctx.network().connect("server").await?;
                stream.write_u8(1).await?;
                stream.read_u8().await?;
                Ok(())
            }))
        })
        .errors_are_findings()
        .iterations(10)
        .run();
    report.assert_ok();
}

// 11
#[test]
fn a_search_that_finds_something_says_so() {
    let explored = simfuzz::explore(&coin().build(), 1, 200, |_| ());
    let (finding, _) = explored.finding.expect("one side of four");
    assert_eq!(finding.identity, "always: never three");
}

/// What a tape draws after 10 virtual milliseconds.
fn late_draws(tape: &Tape) -> Vec<u32> {
    let seen = Notes::default();
    let all: Notes<u32> = seen.clone();
    let simulation = SimulationBuilder::new()
        .workload(move || {
            let all = all.clone();
            Box::new(Client(async move |ctx: &SimContext| {
                ctx.time().sleep(millis(10)).await;
                all.lock().unwrap().extend((0..3).map(|_| ctx.random().label("late").random::<u32>()));
                Ok(())
            }))
        })
        .build();
    simulation.run(tape).assert_ok();
    let seen = seen.lock().unwrap();
    seen.clone()
}

fn reseeded(seed: u64) -> Tape {
    let mut tape = plain(seed);
    tape.put(simfuzz::choice::Row::reseed(5_000, 1));
    tape
}

// 12
#[test]
fn what_is_dealt_anew_depends_on_the_seed() {
    assert_eq!(late_draws(&reseeded(7)), late_draws(&reseeded(7)));
    assert_ne!(late_draws(&reseeded(7)), late_draws(&plain(7)));
    assert_ne!(late_draws(&reseeded(7)), late_draws(&reseeded(8)));
}

// 13
#[test]
fn a_process_that_panics_at_once_fails_the_run() {
    let report = SimulationBuilder::new()
        .processes(1, server!(async |_: &SimContext| panic!("no disk")))
        .workload(client!(nothing))
        .iterations(5)
        .run();
    assert_eq!(report.passed(), 0);
    assert_eq!(report.findings().next().unwrap().identity, "panic: server: no disk");
}

// 14
#[test]
fn attrition_needs_no_length_of_the_storm_and_is_missed_if_it_does_nothing() {
    let working = async |ctx: &SimContext| {
        for _ in 0..60 {
            ctx.time().sleep(seconds(1)).await;
            let mut stream = ctx.network().connect("server").await?;
            stream.write_u8(1).await?;
        }
        Ok(())
    };
    let builder = |builder: SimulationBuilder| builder.workload(client!(working)).attrition(Attrition::default());
    let report = builder(SimulationBuilder::new().processes(1, server!(echo))).iterations(20).run();
    assert!(report.injected(FaultKind::Crash) > 0, "{report}");

    let missed = builder(SimulationBuilder::new()).iterations(20).run().to_string();
    assert!(missed.contains("warning: faults are on and there is no process that they could hit"), "{missed}");
    assert!(missed.contains("warning: on, but never injected in 20 runs: crashes"), "{missed}");
}

// 15
#[test]
fn a_deadlock_ends_its_run_and_no_other() {
    let report = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            if ctx.random().label("stuck").random_bool(0.2) {
                std::future::pending::<()>().await;
            }
            Ok(())
        }))
        .iterations(50)
        .run();
    assert_eq!(report.runs(), 50);
    assert!((30..50).contains(&report.passed()), "{report}");
    let found: Vec<_> = report.findings().map(|finding| finding.identity.as_str()).collect();
    assert_eq!(found, ["deadlock: run of client"]);
}

/// A goal with more keys than are kept, and another goal after it.
fn overflowing() -> Outcome {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |_: &SimContext| {
            for key in 0..1_000 {
                assert_sometimes_each!("a counter among the keys", [("key", key)]);
            }
            assert_reachable!("what comes after");
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm())
}

// 16
#[test]
fn a_table_that_is_full_says_so_and_hides_no_other_goal() {
    let outcome = overflowing();
    let dropped = 1_000 - u64::from(simfuzz::assert::BUCKETS_MAX);
    assert_eq!(outcome.record().buckets_dropped, dropped);
    assert!(outcome.to_string().contains("warning: 936 tuples of keys"), "{outcome}");
    let after = simfuzz::assert::catalogue().find("what comes after").unwrap().id;
    assert!(outcome.record().reached.iter().any(|reach| reach.id == after));
}

// 17
#[test]
fn a_simulation_without_goals_runs_its_seeds_and_ends() {
    let report = SimulationBuilder::new().workload(client!(nothing)).iterations(7).run();
    assert_eq!((report.runs(), report.passed()), (7, 7));
}

// 18
#[test]
fn a_boot_does_not_go_back_to_the_seed_of_the_tape() {
    let draws = |tape: &Tape| {
        let draws = Notes::default();
        booting(&draws).run(tape).assert_ok();
        let draws = draws.lock().unwrap();
        draws.clone()
    };
    let (plain, reseeded) = (draws(&plain(3)), draws(&reseeded(3)));
    assert_eq!(plain[0], reseeded[0], "before it is dealt anew");
    let boots = plain.len().min(reseeded.len());
    assert!(boots >= 5, "{boots} boots");
    for boot in 1..boots {
        assert_ne!(plain[boot], reseeded[boot], "boot {boot}");
    }
}

// 19
#[test]
fn an_empty_range_is_no_constant() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            #[expect(clippy::reversed_empty_ranges, reason = "that is the mistake")]
            let drawn: u32 = ctx.random().random_range(5..=3);
            assert_always!(drawn == 5, "not reached");
            Ok(())
        }))
        .build();
    let outcome = simulation.run(&Tape::calm());
    assert_eq!(outcome.finding().unwrap().identity, "panic: client: a range to draw from must not be empty");
    let latency = std::panic::catch_unwind(|| Latency::between(millis(5)..=millis(3)));
    assert!(latency.is_err());
}

// 20
#[test]
fn the_drain_lasts_as_long_as_it_says() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let file = ctx.storage().open("log").await?;
                loop {
                    file.append(b"x").await?;
                }
            }),
        )
        .workload(client!(nothing))
        .build();
    let outcome = simulation.run_with(&Tape::calm(), Recording::Story);
    assert!(!outcome.came_to_rest());
    assert_eq!(outcome.virtual_time(), seconds(10), "and not five minutes");
}

/// An operation that its host doesn't survive has happened all the same: an attempt, which has to say something, says so.
#[test]
fn the_last_attempt_to_write_does_not_deny_what_it_sent() {
    let last_words = Arc::new(AtomicU32::new(0));
    let heard = last_words.clone();
    let simulation = SimulationBuilder::new()
        .processes(1, move || {
            let heard = heard.clone();
            Box::new(Server(async move |ctx: &SimContext| {
                let listener = ctx.network().bind(ctx.my_ip()).await?;
                while let Ok((stream, _)) = listener.accept().await {
                    let sent = stream.try_write(b"x");
                    assert_always!(sent.is_ok(), format!("there is room: {sent:?}"));
                    // of a machine that is down nothing comes back any more
                    if stream.try_write(b"y").is_err() {
                        heard.fetch_add(1, SeqCst);
                    }
                }
                Ok(())
            })) as Box<dyn Process>
        })
        .workload(client!(async |ctx: &SimContext| {
            for _ in 0..5 {
                let ask = async {
                    let mut stream = ctx.network().connect(ctx.topology().all_process_ips()[0]).await?;
                    stream.read_u8().await
                };
                let _ = ctx.time().timeout(seconds(1), ask).await;
            }
            Ok(())
        }))
        .attrition(Attrition::default().chance(1.0).within(4).weights(0, 1))
        .build();
    for seed in 0..100 {
        simulation.run(&plain(seed)).assert_ok();
    }
    assert!(last_words.load(SeqCst) > 0, "some were the last");
}
