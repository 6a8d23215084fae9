//! Where a run ends: what is left of it is of no use to the next one, and drops and panics on the
//! way out harm nobody.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, echo, millis, nothing};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::cell::RefCell;

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
