//! The phases of a run, who is alive in which, and that no state of one run reaches the next.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, log, millis, nothing, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::cell::RefCell;
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

thread_local! {
    static SMUGGLED: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
}

fn smuggle(value: impl std::any::Any) {
    SMUGGLED.with_borrow_mut(|all| all.push(Box::new(value)));
}

fn smuggled<T: 'static>() -> T {
    *SMUGGLED.with_borrow_mut(Vec::pop).unwrap().downcast::<T>().unwrap()
}

/// Runs `keep`, then `use_it` in the next run, and gives what that found.
fn later(
    keep: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    use_it: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> Outcome {
    let first = SimulationBuilder::new().processes(1, server!(echo)).workload(client!(keep)).build();
    first.run(&Tape::calm()).assert_ok();
    let second = SimulationBuilder::new().processes(1, server!(echo)).workload(client!(use_it)).build();
    second.run(&Tape::calm())
}

#[test]
fn the_use_of_what_is_left_of_an_earlier_run_is_a_clear_panic() {
    let stream = later(
        async |ctx| {
            smuggle(ctx.network().connect("server").await?);
            Ok(())
        },
        async |_| {
            smuggled::<TcpStream>().write_u8(1).await?;
            Ok(())
        },
    );
    assert_eq!(
        stream.finding().unwrap().identity,
        "panic: client: a TcpStream of an earlier run was used: its network is gone"
    );
    let sleep = later(
        async |ctx| {
            smuggle(ctx.time().sleep(millis(1)));
            Ok(())
        },
        async |_| {
            smuggled::<simfuzz::Sleep>().await;
            Ok(())
        },
    );
    assert_eq!(
        sleep.finding().unwrap().identity,
        "panic: client: a sleep of an earlier run was polled: its time is over"
    );
    let file = later(
        async |ctx| {
            smuggle(ctx.storage().open("x").await?);
            Ok(())
        },
        async |_| Ok(smuggled::<simfuzz::File>().sync_all().await?),
    );
    assert_eq!(file.finding().unwrap().identity, "panic: client: a File of an earlier run was used: its disk is gone");
    let context = later(
        async |ctx| {
            smuggle(ctx.clone());
            Ok(())
        },
        async |_| {
            smuggled::<SimContext>().time().now();
            Ok(())
        },
    );
    assert_eq!(
        context.finding().unwrap().identity,
        "panic: client: a SimContext of an earlier run was used: its simulation is over"
    );
    let listener = later(
        async |ctx| {
            smuggle(ctx.network().bind(ctx.my_ip()).await?);
            Ok(())
        },
        async |_| {
            smuggled::<TcpListener>().accept().await?;
            Ok(())
        },
    );
    assert_eq!(
        listener.finding().unwrap().identity,
        "panic: client: a TcpListener of an earlier run was used: its network is gone"
    );
}

#[test]
fn the_drop_of_what_is_left_of_an_earlier_run_does_nothing() {
    let keep = async |ctx: &SimContext| {
        smuggle(ctx.network().connect("server").await?);
        smuggle(ctx.network().bind(ctx.my_ip()).await?);
        smuggle(ctx.storage().open("x").await?);
        let task = ctx.clone();
        smuggle(ctx.task().spawn(async move { task.time().sleep(millis(100)).await }));
        let mut sleep = Box::pin(ctx.time().sleep(Duration::from_secs(1)));
        std::future::poll_fn(|context| {
            let _ = sleep.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        smuggle(sleep);
        Ok(())
    };
    let drop_it = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        let other = ctx.clone();
        let task = ctx.task().spawn(async move { other.time().sleep(millis(5)).await });
        let handle_of_another = SMUGGLED.with_borrow_mut(|all| {
            all.drain(..).filter_map(|any| any.downcast::<simfuzz::JoinHandle<()>>().ok()).next()
        });
        handle_of_another.unwrap().abort();
        task.await?;
        stream.write_u8(1).await?;
        stream.read_u8().await?;
        Ok(())
    };
    later(keep, drop_it).assert_ok();
    // and outside of any run
    later(keep, nothing_copy).assert_ok();
    SMUGGLED.take();
}

async fn nothing_copy(_: &SimContext) -> SimulationResult<()> {
    Ok(())
}

#[test]
fn shared_state_ends_with_its_run() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            assert_always!(ctx.state().get::<u8>("left").is_none(), "a fresh start");
            let file = ctx.storage().open("left").await?;
            assert_always!(file.is_empty().await?, "an empty disk");
            file.append(b"x").await?;
            file.sync_all().await?;
            ctx.state().publish("left", 1u8);
            Ok(())
        }))
        .build();
    for seed in 0..5 {
        simulation.run(&Tape::seeded(seed)).assert_ok();
    }
}

#[test]
fn a_run_inside_a_run_is_refused() {
    for isolated in [false, true] {
        let simulation = SimulationBuilder::new()
            .workload(move || {
                Box::new(Client(async move |_: &SimContext| {
                    let inner = SimulationBuilder::new().workload(client!(nothing));
                    let inner = if isolated { inner.isolate() } else { inner };
                    inner.build().run(&Tape::calm());
                    Ok(())
                }))
            })
            .build();
        let outcome = simulation.run(&Tape::calm());
        let finding = outcome.finding().unwrap();
        assert!(finding.identity.contains("a simulation was started inside a simulation"), "{finding}");
    }
}

/// What people ask for at the end of a run may use the run: it is still there.
#[test]
fn drops_at_the_end_may_use_the_context() {
    struct Farewell(SimContext);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.note(|| format!("dropped at {:?}", self.0.time().now()));
            let ctx = self.0.clone();
            self.0.task().spawn(async move { ctx.time().sleep(millis(1)).await });
        }
    }
    let keep = |ctx: &SimContext| {
        let farewell = Farewell(ctx.clone());
        ctx.task().spawn_local(async move {
            let _farewell = farewell;
            std::future::pending::<()>().await;
        });
    };
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async move |ctx: &SimContext| {
                keep(ctx);
                std::future::pending().await
            }),
        )
        .workload(client!(async move |ctx: &SimContext| {
            keep(ctx);
            ctx.state().publish("farewell", std::rc::Rc::new(Farewell(ctx.clone())));
            Ok(())
        }))
        .build();
    let outcome = simulation.run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    assert_eq!(outcome.tell(true).matches("dropped at 0ns").count(), 3);
}

/// A change that panics half-way leaves the value to the others.
#[test]
fn a_panic_inside_an_update_keeps_the_value() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                if ctx.boot() == 0 {
                    ctx.state().update("sum", |sum: &mut u32| {
                        *sum += 1;
                        panic!("half-way");
                    });
                }
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            assert_always!(ctx.state().get::<u32>("sum") == Some(1), "still there");
            Ok(())
        }))
        .panics_are_crashes()
        .build();
    simulation.run(&Tape::calm()).assert_ok();
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
