//! The phases of a run, who is alive in which, and that no state of one run reaches the next.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, log, millis, nothing, tape};
use simfuzz::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Collects lines over all runs of one test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn setup_and_check_are_sequential_and_run_is_not() {
    let lines = Lines::default();
    let each = lines.clone();
    let simulation = SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(2), move |_| {
            let phase = |name: &'static str| {
                let lines = each.clone();
                async move |ctx: &SimContext| {
                    lines.add(format!("{name} {} begins at {:?}", ctx.client_id(), ctx.time().now()));
                    ctx.time().sleep(millis(10)).await;
                    lines.add(format!("{name} {} ends at {:?}", ctx.client_id(), ctx.time().now()));
                    Ok(())
                }
            };
            Box::new(Phases(phase("setup"), phase("run"), phase("check")))
        })
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    assert_eq!(
        lines.take(),
        [
            "setup 0 begins at 0ns",
            "setup 0 ends at 10ms",
            "setup 1 begins at 10ms",
            "setup 1 ends at 20ms",
            "run 0 begins at 20ms",
            "run 1 begins at 20ms",
            "run 0 ends at 30ms",
            "run 1 ends at 30ms",
            "check 0 begins at 30ms",
            "check 0 ends at 40ms",
            "check 1 begins at 40ms",
            "check 1 ends at 50ms",
        ]
    );
}

/// One byte there and back.
async fn ask(ctx: &SimContext) -> SimulationResult<()> {
    let mut stream = ctx.network().connect("server").await?;
    stream.write_u8(1).await?;
    assert_always!(stream.read_u8().await? == 1, "echo");
    Ok(())
}

/// Whatever the storm did, in `check` every process answers.
#[test]
fn processes_are_reachable_in_check() {
    let all = async |ctx: &SimContext| {
        for ip in ctx.topology().all_process_ips() {
            let mut stream = ctx.network().connect(ip).await?;
            stream.write_u8(1).await?;
            stream.read_u8().await?;
        }
        Ok(())
    };
    let drive = async |ctx: &SimContext| {
        for _ in 0..20 {
            let _ = ctx.time().timeout(millis(200), ask(ctx)).await;
        }
        Ok(())
    };
    let report = SimulationBuilder::new()
        .processes(3, server!(echo))
        .workload(move || Box::new(Phases(all, drive, all)))
        .attrition(Attrition::default().max_dead(3).chance(0.9).within(8))
        .partitions(Partitions::default().within(millis(300)))
        .iterations(300)
        .run();
    report.assert_ok();
    let text = report.to_string();
    assert!(!text.contains(" 0 crashes") && !text.contains(" 0 graceful") && !text.contains(" 0 partitions"), "{text}");
}

/// A process that is asked to stop just as the storm ends is not taken away under `check`.
#[test]
fn a_stop_under_way_does_not_reach_into_check() {
    let stubborn = server!(async |ctx: &SimContext| {
        ctx.time().sleep(millis(1)).await;
        echo(ctx).await
    });
    let patient = async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(10)).await;
        ask(ctx).await
    };
    let setup = async |ctx: &SimContext| {
        ctx.time().sleep(millis(2)).await;
        Ok(())
    };
    let simulation = SimulationBuilder::new()
        .processes(1, stubborn)
        .workload(move || Box::new(Phases(setup, ask, patient)))
        .attrition(Attrition::default())
        .build();
    let outcome = simulation.run(&tape(&[("fault/10.0.1.1/crash", 0, 2)]));
    outcome.assert_ok();
    assert_eq!((outcome.stops(), outcome.crashes(), outcome.restarts()), (1, 1, 1));
}

/// What is in flight when `run` returns has arrived when `check` begins.
#[test]
fn check_comes_after_the_drain() {
    let arrived = Arc::new(AtomicU32::new(0));
    let (count, seen) = (arrived.clone(), arrived.clone());
    let sink = move || -> Box<dyn Process> {
        let count = count.clone();
        Box::new(Server(async move |ctx: &SimContext| {
            count.store(0, SeqCst);
            let listener = ctx.network().bind(ctx.my_ip()).await?;
            let (mut stream, _) = listener.accept().await?;
            let file = ctx.storage().open("log").await?;
            while let Ok(byte) = stream.read_u8().await {
                file.append(&[byte]).await?;
                file.sync_all().await?;
                count.fetch_add(1, SeqCst);
            }
            std::future::pending().await
        }))
    };
    let simulation = SimulationBuilder::new()
        .processes(1, sink)
        .workload(move || {
            let seen = seen.clone();
            let fire = async |ctx: &SimContext| {
                let mut stream = ctx.network().connect("server").await?;
                stream.write_all(&[1, 2, 3]).await?;
                Ok(())
            };
            let check = async move |_: &SimContext| {
                assert_always!(seen.load(SeqCst) == 3, "all has arrived and is on the disk");
                Ok(())
            };
            Box::new(Phases(nothing, fire, check))
        })
        .build();
    for seed in 0..50 {
        let outcome = simulation.run(&Tape::seeded(seed));
        outcome.assert_ok();
        assert!(outcome.came_to_rest());
    }
}

/// A connect that a workload left to a task is in flight as well.
#[test]
fn a_handshake_under_way_holds_the_drain() {
    let simulation = SimulationBuilder::new()
        .processes(1, server!(echo))
        .workload(|| {
            let fire = async |ctx: &SimContext| {
                let task = ctx.clone();
                ctx.task().spawn(async move {
                    let connected = task.network().connect("server").await;
                    task.state().publish("connected", connected.is_ok());
                });
                Ok(())
            };
            let check = async |ctx: &SimContext| {
                assert_always!(ctx.state().get::<bool>("connected") == Some(true), "connected before check");
                Ok(())
            };
            Box::new(Phases(nothing, fire, check))
        })
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

#[test]
fn a_system_that_does_not_rest_is_checked_all_the_same() {
    let chatter = server!(async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let mut out = ctx.network().connect(ctx.my_ip()).await?;
        let (mut back, _) = listener.accept().await?;
        loop {
            out.write_u8(1).await?;
            back.read_u8().await?;
        }
    });
    let simulation = SimulationBuilder::new().processes(1, chatter).workload(client!(nothing)).build();
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    assert!(!outcome.came_to_rest());
    assert_eq!(outcome.virtual_time(), Duration::from_secs(10));
    assert!(outcome.to_string().contains("did not come to rest"));
}

/// Three clients end at different times; the servers' tokens stay silent.
#[test]
fn a_process_is_asked_to_stop_only_when_it_is() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                ctx.task().spawn({
                    let ctx = ctx.clone();
                    async move {
                        ctx.shutdown().cancelled().await;
                        log(&ctx, "asked to stop");
                    }
                });
                echo(ctx).await
            }),
        )
        .workloads(WorkloadCount::Fixed(3), |i| {
            let run = async move |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(1 + 10 * i as u64)).await;
                ask(ctx).await
            };
            let check = async |ctx: &SimContext| {
                assert_always!(ctx.state().get::<Vec<String>>("log").is_none(), "nobody was asked to stop");
                Ok(())
            };
            Box::new(Phases(nothing, run, check))
        })
        .build();
    for seed in 0..10 {
        simulation.run(&Tape::seeded(seed)).assert_ok();
    }
}

#[test]
fn a_workload_is_asked_to_stop_when_the_storm_is_bounded() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            ctx.shutdown().cancelled().await;
            assert_always!(ctx.time().now() == Duration::from_secs(3), "at the end of the storm");
            Ok(())
        }))
        .storm(Duration::from_secs(3))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

/// The same instance drives and checks, whatever happened to the processes.
#[test]
fn workloads_survive_everything() {
    struct Survivor(u32);

    #[async_trait(?Send)]
    impl Workload for Survivor {
        fn name(&self) -> &str {
            "survivor"
        }
        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            for _ in 0..10 {
                let _ = ctx.time().timeout(millis(500), ask(ctx)).await;
                self.0 += 1;
            }
            Ok(())
        }
        async fn check(&mut self, _: &SimContext) -> SimulationResult<()> {
            assert_always!(self.0 == 10, "all of it was the same workload");
            Ok(())
        }
    }

    let report = SimulationBuilder::new()
        .processes(2, server!(echo))
        .workload(|| Box::new(Survivor(0)))
        .attrition(Attrition::default().max_dead(2).chance(1.0).within(4))
        .iterations(100)
        .run();
    report.assert_ok();
}

#[test]
fn kinds_numbers_tags_and_boots() {
    let lines = Lines::default();
    let all = lines.clone();
    let started = move |kind: &'static str, all: Lines| {
        move |number: usize, boot: u32| -> Box<dyn Process> {
            all.add(format!("{kind} {number} boot {boot}"));
            Box::new(Named(kind))
        }
    };

    struct Named(&'static str);
    #[async_trait(?Send)]
    impl Process for Named {
        fn name(&self) -> &str {
            self.0
        }
        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            if ctx.name() == "store-1" && ctx.boot() == 0 {
                return Ok(());
            }
            std::future::pending().await
        }
    }

    let simulation = SimulationBuilder::new()
        .processes_with(2..=3, started("store", all.clone()))
        .processes_with(1, started("gate", all.clone()))
        .tags(&[("zone", &["a", "b"]), ("disk", &["fast"])])
        .workload(client!(async |ctx: &SimContext| {
            let topology = ctx.topology();
            let names: Vec<_> = topology.all_process_ips().iter().map(|&ip| topology.name_of(ip).unwrap()).collect();
            assert_eq!(names, ["store-0", "store-1", "gate"]);
            assert_eq!(topology.ips_tagged("zone", "a").len(), 2);
            assert_eq!(topology.ips_tagged("zone", "b").len(), 1);
            assert_eq!(topology.ips_tagged("disk", "fast").len(), 3);
            assert!(topology.ips_tagged("zone", "c").is_empty());
            ctx.time().sleep(Duration::from_secs(1)).await;
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
    assert_eq!(lines.take(), ["store 0 boot 0", "store 1 boot 0", "gate 0 boot 0", "store 1 boot 1"]);
}

#[test]
fn processes_of_a_range_are_counted_by_the_run() {
    let simulation = SimulationBuilder::new()
        .processes(1..4, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            ctx.state().guide("servers", &[ctx.topology().all_process_ips().len() as i64]);
            Ok(())
        }))
        .build();
    let mut counts: Vec<_> = (0..60).map(|seed| simulation.run(&Tape::seeded(seed)).guides()[0].state).collect();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!(counts.len(), 3);
}

/// Off means none at all: nothing is injected that was not asked for.
#[test]
fn with_nothing_enabled_no_fault_happens() {
    let serve = async |ctx: &SimContext| {
        let file = ctx.storage().open("log").await?;
        file.append(b"boot").await?;
        file.sync_all().await?;
        echo(ctx).await
    };
    let boots = async |ctx: &SimContext| {
        ctx.time().sleep(millis(1_000)).await;
        Ok(())
    };
    let drive = async |ctx: &SimContext| {
        for _ in 0..20 {
            ask(ctx).await?;
            assert_always!(!buggify!(1.0), "nothing misbehaves");
        }
        Ok(())
    };
    let quiet = |builder: SimulationBuilder| {
        builder
            .processes(3, server!(serve))
            .workloads(WorkloadCount::Fixed(3), move |_| Box::new(Phases(boots, drive, nothing)))
            .errors_are_findings()
            .iterations(200)
            .run()
    };
    let report = quiet(SimulationBuilder::new());
    report.assert_ok();
    for &kind in FaultKind::ALL {
        assert_eq!(report.injected(kind) > 0, kind == FaultKind::Hold, "{kind}");
    }
    // not even that a task waits for others
    let report = quiet(SimulationBuilder::new().without(FaultKind::Hold));
    report.assert_ok();
    assert!(report.to_string().contains("\nfaults: none\n"), "{report}");
}
