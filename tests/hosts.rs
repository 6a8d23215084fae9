//! Processes that crash, stop and come back, each by exceptions on the calm tape.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, echo, millis, tape, tell, told};
use simfuzz::prelude::*;

const CRASH: (&str, u32, u64) = ("fault/10.0.1.1/how", 0, 1);
const KILL: (&str, u32, u64) = ("fault/10.0.1.1/how", 0, 2);
const WIPE: (&str, u32, u64) = ("fault/10.0.1.1/how", 0, 3);

/// A server that appends to its log, one synced record at a time, and tells each step.
async fn steps(ctx: &SimContext) -> SimulationResult<()> {
    let file = ctx.storage().open("log").await?;
    tell(ctx, format_args!("boot {} finds {}", ctx.boot(), file.len().await?));
    for step in 1..=3 {
        file.append(b"x").await?;
        file.sync_all().await?;
        tell(ctx, format_args!("step {step}"));
    }
    std::future::pending().await
}

fn alone(server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static) -> Simulation {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(5)).await;
            Ok(())
        }))
        .attrition(Attrition::default().within(100))
        .build()
}

/// The storm begins at once, before the first operation: open is 1, len 2, then write and sync
/// in turn. The n-th operation happens, and does not return.
#[test]
fn a_crash_comes_with_the_nth_operation() {
    let simulation = alone(steps);
    for (nth, steps, left) in [(1, 0, 0), (2, 0, 0), (3, 0, 1), (4, 0, 1), (5, 1, 2), (6, 1, 2), (8, 2, 3)] {
        let (outcome, text) = told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, nth), CRASH]));
        assert_eq!((outcome.crashes(), outcome.restarts()), (1, 1));
        let before = text.split("boot 1").next().unwrap();
        assert_eq!(before.matches("step").count(), steps, "operation {nth}: {text}");
        assert!(text.contains(&format!("boot 1 finds {left}")), "operation {nth}: {text}");
    }
    // it has no ninth
    let (outcome, _) = told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, 9), CRASH]));
    assert_eq!(outcome.crashes(), 0);
}

#[test]
fn it_comes_back_after_the_time_the_tape_says() {
    let simulation = alone(async |ctx| {
        tell(ctx, format_args!("boot {}", ctx.boot()));
        ctx.storage().open("x").await?;
        std::future::pending().await
    });
    let crash = ("fault/10.0.1.1/crash", 0, 1);
    let (_, soon) = told(&simulation, &tape(&[crash, CRASH]));
    assert_eq!(soon, "0ns boot 0\n100.05ms boot 1\n");
    let (_, late) = told(&simulation, &tape(&[crash, CRASH, ("fault/10.0.1.1/restart", 0, 1_900_000_000)]));
    assert_eq!(late, "0ns boot 0\n2.00005s boot 1\n");
    // each boot has a gap of its own
    let (outcome, _) =
        told(&simulation, &tape(&[crash, CRASH, ("fault/10.0.1.1/crash", 1, 1), ("fault/10.0.1.1/how", 1, 1)]));
    assert_eq!((outcome.crashes(), outcome.restarts()), (2, 2));
}

/// A crash takes everything of the process: tasks, timers, what they held; none runs again.
#[test]
fn nothing_of_a_crashed_process_goes_on() {
    let simulation = alone(async |ctx| {
        for task in 0..3 {
            let ctx = ctx.clone();
            let boot = ctx.boot();
            ctx.clone().task().spawn(async move {
                loop {
                    ctx.time().sleep(millis(40 + task)).await;
                    let key = format!("boot {boot}");
                    ctx.state().update(&key, |last: &mut Duration| *last = ctx.time().now());
                }
            });
        }
        ctx.time().sleep(millis(500)).await;
        ctx.storage().open("x").await?;
        let last = ctx.state().get::<Duration>("boot 0").unwrap();
        tell(ctx, format_args!("boot {}: the first one's last sign was at {last:?}", ctx.boot()));
        std::future::pending().await
    });
    let (_, text) = told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, 1), CRASH]));
    assert_eq!(text, "1.1001s boot 1: the first one's last sign was at 492ms\n");
}

#[test]
fn the_drop_of_a_crashed_process_may_use_its_context() {
    struct Farewell(SimContext);
    impl Drop for Farewell {
        fn drop(&mut self) {
            tell(&self.0, format_args!("dropped at {:?}", self.0.time().now()));
        }
    }
    let simulation = alone(async |ctx| {
        let farewell = Farewell(ctx.clone());
        let opened = ctx.storage().open("x").await?;
        drop((farewell, opened));
        std::future::pending().await
    });
    let (_, text) = told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, 1), CRASH]));
    assert_eq!(text, "50µs dropped at 50µs\n100.1ms dropped at 100.1ms\n");
}

/// Asked to stop, it has 2 seconds; then it is killed.
#[test]
fn a_graceful_stop_leaves_time_and_then_kills() {
    let graceful = ("fault/10.0.1.1/crash", 0, 1);
    let obeys = alone(async |ctx| {
        let file = ctx.storage().open("log").await?;
        tell(ctx, format_args!("boot {} finds {}", ctx.boot(), file.len().await?));
        ctx.shutdown().cancelled().await;
        file.append(b"last words").await?;
        ctx.time().sleep(Duration::from_secs(1)).await;
        tell(ctx, "stops");
        Ok(())
    });
    let (outcome, text) = told(&obeys, &tape(&[graceful]));
    assert_eq!((outcome.stops(), outcome.exits(), outcome.crashes()), (1, 1, 0));
    // nothing was synced, and nothing is lost: the machine stays up
    assert_eq!(text, "100µs boot 0 finds 0\n1.00015s stops\n1.10025s boot 1 finds 10\n");

    let refuses = alone(async |ctx| {
        ctx.storage().open("log").await?;
        tell(ctx, format_args!("boot {}", ctx.boot()));
        std::future::pending().await
    });
    let (outcome, text) = told(&refuses, &tape(&[graceful]));
    assert_eq!((outcome.stops(), outcome.exits(), outcome.crashes()), (1, 0, 1));
    assert_eq!(text, "50µs boot 0\n2.1001s boot 1\n");
}

#[test]
fn a_stopping_process_still_serves() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                select! {
                    result = echo(ctx) => result,
                    _ = ctx.shutdown().cancelled() => {
                        ctx.time().sleep(millis(500)).await;
                        Ok(())
                    }
                }
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            let mut stream = ctx.network().connect("server").await?;
            for byte in 0..5 {
                stream.write_u8(byte).await?;
                stream.read_u8().await?;
            }
            tell(ctx, "served");
            Ok(())
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .attrition(Attrition::default())
        .build();
    let (outcome, text) = told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, 3)]));
    assert_eq!((outcome.stops(), outcome.gave_up()), (1, 0));
    assert_eq!(text, "12ms served\n");
}

/// A client that waits for a byte from a server that goes down with its first disk operation.
fn what_a_client_sees(how: (&str, u32, u64)) -> (simfuzz::Outcome, String) {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let log = ctx.storage().open("log").await?;
                log.append(b"never synced").await?;
                let listener = ctx.network().bind(ctx.my_ip()).await?;
                tell(ctx, format_args!("boot {} finds {}", ctx.boot(), log.len().await?));
                let (_stream, _) = listener.accept().await?;
                ctx.time().sleep(millis(100)).await;
                log.len().await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(millis(10)).await;
            let mut stream = ctx.network().connect("server").await?;
            let end = stream.read_u8().await.unwrap_err().kind();
            tell(ctx, format_args!("{end:?}"));
            ctx.time().sleep(Duration::from_secs(1)).await;
            Ok(())
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .attrition(Attrition::default().kill(1).wipe(1))
        .build();
    told(&simulation, &tape(&[("fault/10.0.1.1/crash", 0, 4), how, ("fault/10.0.1.1/survivors", 0, 1)]))
}

/// The operations: open, append, len, len. A kill takes neither the page cache nor the
/// kernel, which closes the connections as a drop would.
#[test]
fn a_kill_takes_the_process_and_leaves_the_machine() {
    let (outcome, text) = what_a_client_sees(KILL);
    assert_eq!((outcome.injected(FaultKind::Kill), outcome.crashes()), (1, 0));
    assert_eq!(text, "150µs boot 0 finds 12\n112.05ms UnexpectedEof\n211.2ms boot 1 finds 24\n");

    let (outcome, text) = what_a_client_sees(CRASH);
    assert_eq!((outcome.injected(FaultKind::Kill), outcome.crashes()), (0, 1));
    assert_eq!(text, "150µs boot 0 finds 12\n112.05ms ConnectionReset\n211.2ms boot 1 finds 12\n");
}

/// The page cache is the machine's: the next boot reads what was not synced, a crash then takes it.
#[test]
fn what_a_kill_leaves_unsynced_a_crash_may_still_take() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let log = ctx.storage().open("log").await?;
                tell(ctx, format_args!("boot {} finds {}", ctx.boot(), log.len().await?));
                if ctx.boot() == 0 {
                    log.append(b"never synced").await?;
                }
                log.len().await?;
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(1)).await;
            Ok(())
        }))
        .attrition(Attrition::default().kill(1))
        .build();
    let exceptions = [
        ("fault/10.0.1.1/crash", 0, 4),
        KILL,
        ("fault/10.0.1.1/crash", 1, 3),
        ("fault/10.0.1.1/how", 1, 1),
        ("fault/10.0.1.1/survivors", 0, 1),
    ];
    let (outcome, text) = told(&simulation, &tape(&exceptions));
    assert_eq!((outcome.injected(FaultKind::LostWrite), outcome.restarts()), (1, 2));
    assert_eq!(text, "100µs boot 0 finds 0\n100.3ms boot 1 finds 12\n200.45ms boot 2 finds 0\n");
}

/// A wipe takes what was synced as well; of three processes one may lose its disk, and another
/// wipe is but a crash.
#[test]
fn a_wipe_takes_the_disk_of_a_minority() {
    let simulation = SimulationBuilder::new()
        .processes(
            3,
            server!(async |ctx: &SimContext| {
                let log = ctx.storage().open("log").await?;
                log.append(b"x").await?;
                log.sync_all().await?;
                tell(ctx, format_args!("{} boot {} has {}", ctx.name(), ctx.boot(), log.len().await?));
                std::future::pending().await
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            ctx.time().sleep(Duration::from_secs(1)).await;
            Ok(())
        }))
        .attrition(Attrition::default().max_dead(3).wipe(1))
        .build();
    let (outcome, text) = told(
        &simulation,
        &tape(&[
            ("fault/10.0.1.1/crash", 0, 4),
            WIPE,
            ("fault/10.0.1.2/crash", 0, 4),
            ("fault/10.0.1.2/how", 0, 3),
            // the first one again: its disk is lost already
            ("fault/10.0.1.1/crash", 1, 4),
            ("fault/10.0.1.1/how", 1, 3),
        ]),
    );
    assert_eq!((outcome.injected(FaultKind::Wipe), outcome.crashes()), (2, 1));
    assert_eq!(text, "200µs server-2 boot 0 has 1\n100.4ms server-1 boot 1 has 2\n200.6ms server-0 boot 2 has 1\n");
}

/// Attrition without kills and wipes draws as it did before there were any, whatever is off.
#[test]
fn a_way_that_is_off_is_not_taken() {
    let simulation = |attrition: Attrition, off: &[FaultKind]| {
        let builder =
            SimulationBuilder::new().processes(3, server!(steps)).workload(client!(async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(5)).await;
                Ok(())
            }));
        let builder = builder.attrition(attrition.chance(1.0).within(10));
        off.iter().fold(builder, |builder, &kind| builder.without(kind)).build()
    };
    let ways = [FaultKind::Stop, FaultKind::Crash, FaultKind::Kill, FaultKind::Wipe];
    let seen = |simulation: &Simulation| {
        let mut seen = [0; 4];
        for seed in 0..40 {
            let outcome = simulation.run(&Tape::swarm(seed));
            outcome.assert_ok();
            ways.iter().zip(&mut seen).for_each(|(&way, seen)| *seen += outcome.injected(way));
        }
        seen.map(|count| count > 0)
    };
    let all = Attrition::default().kill(1).wipe(1);
    assert_eq!(seen(&simulation(Attrition::default(), &[])), [true, true, false, false]);
    assert_eq!(seen(&simulation(all.clone(), &[])), [true; 4]);
    for (off, kind) in ways.into_iter().enumerate() {
        let expected = std::array::from_fn(|way| way != off);
        assert_eq!(seen(&simulation(all.clone(), &[kind])), expected, "without {kind}");
    }
    assert_eq!(seen(&simulation(all, &ways)), [false; 4]);
}

/// Three processes that all would crash; never are more down than allowed.
#[test]
fn no_more_are_down_than_allowed() {
    for max in 1..=3 {
        let watch = async |ctx: &SimContext| {
            ctx.state().update("up", |up: &mut i32| *up += 1);
            struct Up(SimContext);
            impl Drop for Up {
                fn drop(&mut self) {
                    self.0.state().update("up", |up: &mut i32| *up -= 1);
                }
            }
            let _up = Up(ctx.clone());
            loop {
                ctx.storage().exists("x").await?;
                ctx.time().sleep(millis(10)).await;
            }
        };
        let simulation = SimulationBuilder::new()
            .processes(3, server!(watch))
            .workload(client!(async |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(3)).await;
                Ok(())
            }))
            .invariant("enough are up", move |state, now| {
                let up = state.get::<i32>("up").unwrap_or(3);
                state.update("least", |least: &mut Option<i32>| *least = Some(least.unwrap_or(3).min(up)));
                up >= 3 - max || now == Duration::ZERO
            })
            .invariant("all were down", |state, _| {
                let least = state.get::<Option<i32>>("least").flatten().unwrap_or(3);
                state.guide("least", &[i64::from(least)]);
                true
            })
            .attrition(Attrition::default().max_dead(max as usize).chance(1.0).within(20))
            .build();
        let mut most = 0;
        for seed in 0..30 {
            let outcome = simulation.run(&Tape::seeded(seed));
            outcome.assert_ok();
            most = most.max(outcome.guides().len());
        }
        assert!(most > max as usize, "{most} numbers of dead were seen, of 0 to {max}");
    }
}

/// With attrition, and without any other word about it, processes do go down.
#[test]
fn attrition_acts_in_most_runs() {
    let simulation = alone(async |ctx| {
        loop {
            ctx.storage().exists("x").await?;
        }
    });
    let acted = (0..100).filter(|&seed| {
        let outcome = simulation.run(&Tape::seeded(seed));
        outcome.crashes() + outcome.stops() > 0
    });
    let acted = acted.count();
    assert!((50..95).contains(&acted), "{acted} of 100");
}

/// Who is pending has filled nothing: tokio's `read_to_end` panics otherwise.
#[test]
fn a_crash_at_a_read_leaves_the_readers_buffer_alone() {
    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let listener = ctx.network().bind(ctx.my_ip()).await?;
                loop {
                    let (mut stream, _) = listener.accept().await?;
                    stream.read_to_end(&mut Vec::new()).await.ok();
                }
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            let mut stream = ctx.network().connect("server").await?;
            stream.write_all(b"hello").await?;
            stream.shutdown().await?;
            ctx.time().sleep(Duration::from_secs(1)).await;
            Ok(())
        }))
        .attrition(Attrition::default())
        .build();
    let outcome = simulation.run(&tape(&[("fault/10.0.1.1/crash", 0, 1), ("fault/10.0.1.1/how", 0, 1)]));
    outcome.assert_ok();
    assert_eq!(outcome.crashes(), 1);
}
