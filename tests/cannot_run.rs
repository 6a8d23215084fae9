//! What `docs/cannot-run.md` says of code that goes around the simulation.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::Client;
use simfuzz::prelude::*;
use std::future::Future;
use std::pin::Pin;

type Code = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// Runs `code` in a process and gives the identity of the finding.
fn finding(code: Code) -> String {
    let simulation = SimulationBuilder::new()
        .workload(client!(async move |_: &SimContext| {
            code().await;
            Ok(())
        }))
        .build();
    let outcome = simulation.run(&Tape::calm());
    outcome.finding().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn what_needs_the_runtime_of_tokio_is_named() {
    let cases: [(&str, Code); 5] = [
        ("tokio::time::sleep", || Box::pin(tokio::time::sleep(Duration::from_millis(1)))),
        ("tokio::spawn", || Box::pin(async { drop(tokio::spawn(async {})) })),
        ("tokio::task::spawn_blocking", || Box::pin(async { drop(tokio::task::spawn_blocking(|| ())) })),
        ("tokio::net::TcpListener", || Box::pin(async { drop(tokio::net::TcpListener::bind("127.0.0.1:0").await) })),
        ("tokio::fs", || Box::pin(async { drop(tokio::fs::read("Cargo.toml").await) })),
    ];
    for (what, code) in cases {
        let found = finding(code);
        assert!(found.starts_with("unsupported: tokio runtime"), "{what}: {found}");
        assert!(found.contains("use the network, time and tasks of `ctx`"), "{what}: {found}");
    }
}

#[test]
fn a_handle_used_on_another_thread_says_so() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let ctx = ctx.clone();
            #[expect(clippy::disallowed_methods, reason = "the test is about threads")]
            let thread = std::thread::spawn(move || ctx.time().now());
            let panic = thread.join().unwrap_err();
            let message = panic.downcast_ref::<&str>().copied().unwrap_or_default();
            assert!(message.starts_with("no simulation runs on this thread"), "{message}");
            Ok(())
        }))
        .build();
    simulation.run(&Tape::calm()).assert_ok();
}

#[test]
fn what_tokio_has_without_a_runtime_runs() {
    let simulation = SimulationBuilder::new()
        .workload(client!(async |ctx: &SimContext| {
            let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
            let lock = std::sync::Arc::new(tokio::sync::Mutex::new(0));
            let shared = lock.clone();
            ctx.task().spawn(async move {
                for number in 0..3 {
                    *shared.lock().await += number;
                    sender.send(number).await.unwrap();
                }
            });
            let mut got = Vec::new();
            while let Some(number) = receiver.recv().await {
                got.push(number);
            }
            assert_eq!((got, *lock.lock().await), (vec![0, 1, 2], 3));
            Ok(())
        }))
        .build();
    (0..20).for_each(|seed| simulation.run(&Tape::swarm(seed)).assert_ok());
}
