//! What counts as a finding, a fail-stop, giving up or neither: each row of the table, by a
//! simulation of a few lines. Identities hold no number, address or line.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Phases, Server, echo, nothing, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Status};
use std::io;

/// The calm run of a simulation.
fn calm(builder: SimulationBuilder) -> Outcome {
    builder.build().run(&Tape::calm())
}

/// The identity of what the calm run finds.
fn found(builder: SimulationBuilder) -> String {
    let outcome = calm(builder);
    assert_eq!(outcome.status(), Status::Found);
    outcome.finding().expect("a status of found has a finding").identity.clone()
}

fn reset() -> SimulationError {
    io::Error::from(io::ErrorKind::ConnectionReset).into()
}

/// Faults are configured, though none happens on the calm tape.
fn stormy() -> SimulationBuilder {
    SimulationBuilder::new().attrition(Attrition::default())
}

#[test]
fn an_always_that_is_false() {
    let identity = found(SimulationBuilder::new().workload(client!(async |_: &SimContext| {
        assert_always!(1 > 2, "order");
        Ok(())
    })));
    assert_eq!(identity, "always: order");
}

#[test]
fn an_unreachable_that_is_reached() {
    let identity = found(SimulationBuilder::new().workload(client!(async |_: &SimContext| {
        assert_unreachable!("the other side");
        Ok(())
    })));
    assert_eq!(identity, "unreachable: the other side");
}

#[test]
fn an_assertion_of_a_process_counts_as_well() {
    let builder = SimulationBuilder::new().workload(client!(nothing)).processes(
        1,
        server!(async |_: &SimContext| {
            assert_always!(false, "in a process");
            std::future::pending().await
        }),
    );
    assert_eq!(found(builder), "always: in a process");
}

#[test]
fn an_invariant_that_does_not_hold() {
    let builder = || {
        SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
            ctx.state().publish("leaders", 2);
            ctx.time().sleep(Duration::from_secs(1)).await;
            ctx.state().publish("leaders", 1);
            Ok(())
        }))
    };
    let leaders = |state: &simfuzz::SharedState| state.get::<i32>("leaders").unwrap_or(0);
    let one = builder().invariant("one leader", move |state, _| leaders(state) <= 1);
    assert_eq!(found(one), "invariant: one leader");
    let told = builder().invariant("one leader", move |state, _| match leaders(state) {
        0 | 1 => Ok(()),
        count => Err(format!("{count} of them")),
    });
    assert_eq!(calm(told).finding().unwrap().reason, "one leader: 2 of them");
    let panics = builder().invariant("one leader", |_, _| -> bool { panic!("not now") });
    assert_eq!(found(panics), "invariant: one leader");
    let asserts = builder().invariant("asserts", |_, now| {
        assert_always!(now < Duration::from_secs(1), "it is early");
        true
    });
    assert_eq!(found(asserts), "always: it is early");
}

#[test]
fn a_workload_that_gives_up_is_counted() {
    let gives_up = client!(async |_: &SimContext| Err(reset()));
    let outcome = calm(stormy().workload(gives_up));
    assert_eq!((outcome.status(), outcome.gave_up()), (Status::Passed, 1));

    let identity = found(stormy().workload(gives_up).errors_are_findings());
    assert_eq!(identity, "error: client run: connection reset");
    let no_faults = found(SimulationBuilder::new().workload(gives_up));
    assert_eq!(no_faults, "error: client run: connection reset");

    let report = stormy().workload(gives_up).iterations(3).run();
    report.assert_ok();
    assert!(report.to_string().contains("warning: workloads gave up in 3 of 3 runs"), "{report}");
}

#[test]
fn a_timeout_is_weather_too() {
    let outcome = calm(stormy().workload(client!(async |ctx: &SimContext| {
        ctx.time().timeout(Duration::from_secs(1), std::future::pending::<()>()).await?;
        Ok(())
    })));
    assert_eq!((outcome.status(), outcome.gave_up()), (Status::Passed, 1));
}

#[test]
fn the_same_error_in_setup_or_check_is_a_finding() {
    let fails = async |_: &SimContext| Err(reset());
    let setup = found(stormy().workload(move || Box::new(Phases(fails, nothing, nothing))));
    assert_eq!(setup, "error: client setup: connection reset");
    let check = found(stormy().workload(move || Box::new(Phases(nothing, nothing, fails))));
    assert_eq!(check, "error: client check: connection reset");
}

/// The storm ends after 10 s. What it did to a stream may be told late, but not for ever.
#[test]
fn the_same_error_long_after_the_storm_is_a_finding() {
    let late = |seconds| {
        stormy().storm(Duration::from_secs(10)).workload(move || {
            Box::new(Client(async move |ctx: &SimContext| {
                ctx.time().sleep(Duration::from_secs(seconds)).await;
                Err(reset())
            }))
        })
    };
    assert_eq!(calm(late(39)).gave_up(), 1);
    assert_eq!(found(late(41)), "error: client run: connection reset");
}

#[test]
fn any_other_error_is_a_finding() {
    let invalid = client!(async |_: &SimContext| Err(SimulationError::InvalidState("2 leaders".into())));
    assert_eq!(found(stormy().workload(invalid)), "error: client run: invalid state: # leaders");
    let data = client!(async |_: &SimContext| Err(io::Error::from(io::ErrorKind::InvalidData).into()));
    assert_eq!(found(stormy().workload(data)), "error: client run: invalid data");
}

/// One fails at once, the other would hang until the budget: the error is the finding.
#[test]
fn a_workload_that_hangs_does_not_hide_the_error_of_another() {
    let builder = SimulationBuilder::new()
        .workload(client!(async |_: &SimContext| Err(SimulationError::InvalidState("no".into()))))
        .workload(client!(async |_: &SimContext| std::future::pending().await));
    let outcome = calm(builder);
    assert_eq!(outcome.finding().unwrap().identity, "error: client run: invalid state: no");
    assert_eq!(outcome.virtual_time(), Duration::ZERO);
}

#[test]
fn a_process_that_panics() {
    let panics = server!(async |ctx: &SimContext| {
        if ctx.boot() == 0 {
            panic!("7 is not {}", 8);
        }
        std::future::pending().await
    });
    let builder = || stormy().processes(3, panics).workload(client!(nothing));
    assert_eq!(found(builder()), "panic: server: # is not #");

    let outcome = calm(builder().panics_are_crashes());
    assert_eq!(outcome.status(), Status::Passed);
    assert_eq!((outcome.fail_stops(), outcome.restarts(), outcome.crashes()), (3, 3, 0));
}

#[test]
fn a_task_of_a_process_that_panics() {
    let builder = SimulationBuilder::new().workload(client!(nothing)).processes(
        1,
        server!(async |ctx: &SimContext| {
            ctx.task().spawn(async { panic!("in a task") });
            std::future::pending().await
        }),
    );
    assert_eq!(found(builder), "panic: server: in a task");
}

#[test]
fn a_process_that_returns_an_error() {
    let fails = server!(async |ctx: &SimContext| match ctx.boot() {
        0 => Err(reset()),
        _ => std::future::pending().await,
    });
    let builder = || stormy().processes(2, fails).workload(client!(nothing));
    assert_eq!(found(builder()), "error: server run: connection reset");
    let outcome = calm(builder().panics_are_crashes());
    assert_eq!((outcome.status(), outcome.fail_stops()), (Status::Passed, 2));
}

/// Its disk gave it a reason: it fails for that once, and boots again.
#[test]
fn a_process_that_fails_because_its_disk_does() {
    let reads = server!(async |ctx: &SimContext| {
        ctx.storage().open("log").await?.read_all().await?;
        std::future::pending().await
    });
    let builder = SimulationBuilder::new().processes(1, reads).workload(client!(async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(5)).await;
        Ok(())
    }));
    let fails = tape(&[("fault/10.0.1.1/read-error", 0, 1)]);
    let outcome = builder.disk_faults(DiskFaults::default()).build().run(&fails);
    assert_eq!((outcome.status(), outcome.fail_stops(), outcome.restarts()), (Status::Passed, 1, 1));
}

#[test]
fn a_process_that_returns_ok_has_exited_and_boots_again() {
    let exits = server!(async |ctx: &SimContext| match ctx.boot() {
        0 => Ok(()),
        _ => std::future::pending().await,
    });
    let outcome = calm(SimulationBuilder::new().processes(2, exits).workload(client!(async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(5)).await;
        Ok(())
    })));
    assert_eq!(outcome.status(), Status::Passed);
    assert_eq!((outcome.exits(), outcome.restarts(), outcome.fail_stops()), (2, 2, 0));
}

#[test]
fn a_workload_that_panics() {
    let identity = found(stormy().workload(client!(async |_: &SimContext| {
        assert_eq!(vec![1, 2], vec![1], "they differ");
        Ok(())
    })));
    assert_eq!(identity, "panic: client: assertion `left == right` failed: they differ");
}

#[test]
fn a_factory_that_panics() {
    let builder = SimulationBuilder::new().workload(|| -> Box<dyn Workload> { panic!("no client today") });
    assert_eq!(found(builder), "panic: factory: no client today");
    // and the thread can run the next simulation
    calm(SimulationBuilder::new().workload(client!(nothing))).assert_ok();

    let second = SimulationBuilder::new().workload(client!(async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(5)).await;
        Ok(())
    }));
    let second = second.processes_with(1, |_, boot| {
        assert_eq!(boot, 0, "only once");
        Box::new(Server(nothing))
    });
    assert_eq!(found(second), "panic: server: assertion `left == right` failed: only once");
}

#[test]
fn a_drop_at_the_end_that_panics_or_asserts() {
    struct Asserts;
    impl Drop for Asserts {
        fn drop(&mut self) {
            assert_always!(false, "in a drop");
        }
    }
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let asserts = client!(async |ctx: &SimContext| {
        ctx.state().publish("x", std::rc::Rc::new(Asserts));
        Ok(())
    });
    assert_eq!(found(SimulationBuilder::new().workload(asserts)), "always: in a drop");
    let panics = client!(async |ctx: &SimContext| {
        ctx.task().spawn_local(async {
            let _panics = Panics;
            std::future::pending::<()>().await;
        });
        Ok(())
    });
    assert_eq!(found(SimulationBuilder::new().workload(panics)), "panic: drop: in a drop");
}

#[test]
fn no_progress_within_the_virtual_time() {
    let beats = server!(async |ctx: &SimContext| loop {
        ctx.time().sleep(Duration::from_secs(1)).await;
    });
    let waits = client!(async |_: &SimContext| std::future::pending().await);
    let builder = SimulationBuilder::new().processes(1, beats).workloads(WorkloadCount::Fixed(2), move |_| waits());
    let outcome = calm(builder.time_budget(Duration::from_secs(60)));
    let finding = outcome.finding().unwrap();
    assert_eq!(finding.identity, "no progress: run of client");
    assert_eq!(finding.reason, "in run, client-0, client-1 waits and its virtual time is over");
    assert_eq!(finding.at, Duration::from_secs(60));
}

#[test]
fn a_million_polls_at_one_instant() {
    let yields = client!(async |ctx: &SimContext| loop {
        ctx.task().yield_now().await;
    });
    assert_eq!(found(SimulationBuilder::new().workload(yields)), "livelock: client");
    let sleeps = client!(async |ctx: &SimContext| loop {
        ctx.time().sleep(Duration::ZERO).await;
    });
    assert_eq!(found(SimulationBuilder::new().workload(sleeps)), "livelock: client");
}

#[test]
fn a_deadlock_of_all_tasks() {
    let builder = SimulationBuilder::new().processes(1, server!(echo)).workload(client!(async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.read_u8().await?; // nobody sends first
        Ok(())
    }));
    let outcome = calm(builder);
    let finding = outcome.finding().unwrap();
    assert_eq!(finding.identity, "deadlock: run of client");
    assert_eq!(finding.reason, "in run, client waits and nothing is ready, in flight or asleep");
}

#[test]
fn a_run_with_too_many_events_is_neither() {
    let builder = || {
        SimulationBuilder::new().event_budget(1_000).workload(client!(async |ctx: &SimContext| loop {
            ctx.time().sleep(Duration::from_nanos(1)).await;
        }))
    };
    let outcome = calm(builder());
    assert_eq!((outcome.status(), outcome.finding()), (Status::Truncated, None));
    assert!(outcome.events() <= 1_001);
    let report = builder().iterations(4).run();
    assert_eq!((report.truncated(), report.passed()), (4, 0));
    assert!(std::panic::catch_unwind(|| report.assert_ok()).is_err(), "truncated is no pass");
}

#[test]
fn a_wake_from_another_thread() {
    let identity = found(SimulationBuilder::new().workload(client!(async |_: &SimContext| {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let mut receiver = std::pin::pin!(receiver);
        std::future::poll_fn(|context| {
            let poll = receiver.as_mut().poll(context);
            if let Some(sender) = sender.take() {
                #[expect(clippy::disallowed_methods, reason = "the test is about threads")]
                let thread = std::thread::spawn(move || sender.send(1));
                thread.join().unwrap().unwrap();
            }
            poll
        })
        .await
        .unwrap();
        Ok(())
    })));
    assert_eq!(identity, "nondeterminism: wake from another thread");
}

#[test]
fn an_identity_has_no_host_number() {
    let panics = server!(async |ctx: &SimContext| -> SimulationResult<()> { panic!("{} is full", ctx.my_ip()) });
    let one = found(SimulationBuilder::new().processes(1, panics).workload(client!(nothing)));
    let many = found(SimulationBuilder::new().processes(12, panics).workload(client!(nothing)));
    assert_eq!(one, "panic: server: #.#.#.# is full");
    assert_eq!(one, many);
}

#[test]
fn a_finding_in_any_seed_fails_the_test() {
    let rare = client!(async |ctx: &SimContext| {
        assert_always!(!ctx.random().random_bool(0.2), "seldom");
        Ok(())
    });
    let report = SimulationBuilder::new().workload(rare).iterations(50).run();
    let failure = std::panic::catch_unwind(|| report.assert_ok()).unwrap_err();
    let failure = failure.downcast::<String>().unwrap();
    assert!(failure.contains("always: seldom"), "{failure}");
}

/// A module of its own, since the goals of a report are those of the modules it entered.
mod report {
    use super::*;

    /// The whole report, as people read it.
    #[test]
    fn a_report_is_readable() {
        let builder = SimulationBuilder::new()
            .processes(1, server!(echo))
            .workload(client!(async |ctx: &SimContext| {
                let mut stream = ctx.network().connect("server").await?;
                stream.write_u8(7).await?;
                let back = stream.read_u8().await?;
                let coin = ctx.random().label("coin").random_bool(0.3);
                assert_sometimes!(coin, "heads");
                assert_sometimes!(back == 8, "another byte");
                assert_always!(!(coin && back == 7), format!("heads after {back}"));
                Ok(())
            }))
            .latency(Latency::between(Duration::from_millis(1)..=Duration::from_millis(1)))
            .iterations(8);
        let report = builder.run().to_string();
        let line = report.split("findings.rs:").nth(1).unwrap().split(')').next().unwrap().to_owned();
        let report = report.replace(&format!("rs:{line})"), "rs:LINE)");
        let from = report.find("goals:").unwrap();
        let (report, goals) = report.split_at(from);
        assert_eq!(
            report,
            "\
8 runs: 4 passed, 4 failed; 0.1 virtual seconds, 43 events
faults: 3 tasks held back in 1 run

FINDING in 4 of 8 runs, first in seed 1
  always: heads after {back} at 0.102000s on client
    heads after 7 (tests/findings.rs:LINE)
  again: .seeds([1])

"
        );
        assert!(goals.contains("NOT REACHED  another byte (evaluated in 8 runs)\n"), "{goals}");
        assert!(goals.contains("      4 runs  heads\n"), "{goals}");
    }
}

/// A fault by one exception on the calm tape, and the story of it.
#[test]
fn the_story_tells_what_happened() {
    let simulation = SimulationBuilder::new()
        .attrition(Attrition::default())
        .processes(1, server!(echo))
        .workload(client!(async |ctx: &SimContext| {
            let mut stream = ctx.network().connect("server").await?;
            stream.write_u8(7).await?;
            stream.read_u8().await?;
            Ok(())
        }))
        .latency(Latency::between(Duration::from_millis(1)..=Duration::from_millis(1)))
        .build();
    let crash = tape(&[("fault/10.0.1.1/crash", 0, 1), ("fault/10.0.1.1/how", 0, 1)]);
    let outcome = simulation.run_with(&crash, simfuzz::Recording::Story);
    assert_eq!((outcome.crashes(), outcome.gave_up()), (1, 1));
    assert_eq!(
        outcome.tell(false),
        "\
0.000000s  server  boots
0.000000s  client  setup
0.000000s          the storm begins
0.002000s  client  -> server: 07
0.003000s  server  CRASHES
0.004000s  server  -> client: reset
0.004000s  client  gives up: connection reset
0.004000s          the storm is over
0.004000s  server  boots again (boot 1)
0.004000s  client  check
"
    );
}
