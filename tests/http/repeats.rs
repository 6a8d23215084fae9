//! The same tape gives the same run, whatever ran before and on whichever thread; and what doesn't run.

use crate::common::{Client, Server, millis};
use crate::{connect, request, serve, serve_with};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Store = Arc<Mutex<BTreeMap<u8, Bytes>>>;

fn router() -> Router {
    let read = async |State(store): State<Store>, Path(key): Path<u8>| {
        store.lock().unwrap().get(&key).cloned().ok_or(StatusCode::NOT_FOUND)
    };
    let write = async |State(store): State<Store>, Path(key): Path<u8>, value: Bytes| {
        store.lock().unwrap().insert(key, value);
        StatusCode::NO_CONTENT
    };
    Router::new().route("/{key}", get(read).put(write)).with_state(Store::default())
}

/// A client that keeps its connection while it lasts, writes in chunks and in one piece, reads, and gives up.
async fn client(ctx: &SimContext) -> SimulationResult<()> {
    let mut connection = None;
    for number in 0..12 {
        let random = ctx.random().scope("op", number);
        let limit = random.label("patience").random_range(millis(2)..millis(200));
        let uri = ["/1", "/2", "/x"][random.label("key").random_range(0..3usize)];
        let ask = async {
            let sender = match &mut connection {
                Some(sender) => sender,
                none => none.insert(connect(ctx).await?),
            };
            let request = match random.label("kind").weighted(&[2, 1, 1]) {
                0 => request("GET", uri, Body::empty()),
                1 => request("PUT", uri, "in one piece"),
                _ => {
                    let (mut chunks, body) = Channel::<Bytes>::new(1);
                    let time = *ctx.time();
                    ctx.task().spawn(async move {
                        while chunks.send_data(Bytes::from_static(b"piece")).await.is_ok() {
                            time.sleep(millis(1)).await;
                            if time.now().subsec_millis().is_multiple_of(4) {
                                break;
                            }
                        }
                    });
                    request("PUT", uri, Body::new(body))
                }
            };
            let response = sender.send_request(request).await.map_err(std::io::Error::other)?;
            assert_sometimes!(response.status() == StatusCode::BAD_REQUEST, "a path that is no key");
            assert_sometimes!(response.status() == StatusCode::NOT_FOUND, "nothing was written there");
            let body = response.into_body().collect().await.map_err(std::io::Error::other)?;
            assert_sometimes!(body.to_bytes().starts_with(b"piecepiece"), "a body of chunks is read again");
            SimulationResult::Ok(())
        };
        match ctx.time().timeout(limit, ask).await {
            Ok(Ok(())) => assert_reachable!("a request is answered"),
            Ok(Err(_)) => {
                assert_reachable!("a connection breaks");
                connection = None;
            }
            Err(_) => {
                assert_reachable!("a client has no more patience");
                connection = None;
            }
        }
    }
    Ok(())
}

/// Everything goes wrong.
fn builder(date: bool) -> SimulationBuilder {
    let builder =
        SimulationBuilder::new().workloads(WorkloadCount::Random(1..4), |_| Box::new(Client(client))).all_faults();
    match date {
        false => builder.processes(1, server!(async |ctx: &SimContext| serve(ctx, router()).await)),
        true => builder
            .processes(
                1,
                server!(async |ctx: &SimContext| {
                    serve_with(ctx, router(), hyper::server::conn::http1::Builder::new()).await
                }),
            )
            .isolate(),
    }
}

#[test]
fn everything_happens_and_nothing_is_found() {
    let report = builder(false).iterations(300).run();
    report.assert_ok();
    report.assert_goals();
}

/// Of each tape: run twice, in another order, on another thread, told and untold.
fn repeats(date: bool) {
    const TAPES: u64 = 60;
    let run = move |recording| {
        let simulation = builder(date).build();
        move |seed| Outcome::digest(&simulation.run_with(&Tape::swarm(seed), recording))
    };
    let forwards: Vec<_> = (0..TAPES).map(run(Recording::Result)).collect();
    let mut backwards: Vec<_> = (0..TAPES).rev().map(run(Recording::Choices)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let there = std::thread::scope(|scope| scope.spawn(|| (0..TAPES).map(run(Recording::Story)).collect()).join());
    assert_eq!(Some(forwards), there.ok());
}

#[test]
fn runs_repeat() {
    repeats(false);
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn runs_repeat_with_a_date_in_isolation() {
    repeats(true);
}

/// The listener can be axum's, by a newtype; but `serve` spawns its connections on tokio's runtime.
#[test]
fn axums_own_serve_needs_the_runtime_of_tokio() {
    struct Listener(TcpListener);

    impl axum::serve::Listener for Listener {
        type Io = TcpStream;
        type Addr = std::net::SocketAddr;

        async fn accept(&mut self) -> (TcpStream, std::net::SocketAddr) {
            self.0.accept().await.expect("a simulated listener has no errors")
        }

        fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
            self.0.local_addr()
        }
    }

    let simulation = SimulationBuilder::new()
        .processes(
            1,
            server!(async |ctx: &SimContext| {
                let listener = Listener(ctx.network().bind(ctx.my_ip()).await?);
                axum::serve(listener, router()).await?;
                Ok(())
            }),
        )
        .workload(client!(async |ctx: &SimContext| {
            connect(ctx).await?;
            ctx.time().sleep(millis(100)).await;
            Ok(())
        }))
        .build();
    let outcome = simulation.run(&Tape::calm());
    let found = outcome.finding().map(|finding| finding.identity.clone());
    assert_eq!(found.as_deref(), Some("unsupported: tokio runtime"));
}
