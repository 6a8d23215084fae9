//! What goes over one connection: keep-alive, chunked bodies, requests that are given up, cuts in
//! the middle of a body.

use crate::common::{Breaker, millis, tell};
use crate::{connect, get, pair, request, serve, text, transcript};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get as on_get, post};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use simfuzz::prelude::*;

/// Tells when it is dropped.
struct Guard(SimContext, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        tell(&self.0, self.1);
    }
}

/// Says hello, sends back what it is sent as it comes, and thinks for a while.
async fn server(ctx: &SimContext) -> SimulationResult<()> {
    let slow = ctx.clone();
    let router = Router::new()
        .route("/hello/{name}", on_get(async |Path(name): Path<String>| format!("hello {name}")))
        .route("/echo", post(async |body: Body| body))
        .route(
            "/slow/{millis}",
            on_get(async move |Path(wait): Path<u64>| {
                let guard = Guard(slow.clone(), "the handler is over");
                slow.time().sleep(millis(wait)).await;
                drop(guard);
                "at last"
            }),
        );
    serve(ctx, router).await
}

#[test]
fn a_connection_is_used_again() {
    let told = transcript(pair(server, async |ctx| {
        let mut sender = connect(ctx).await?;
        for uri in ["/hello/anna", "/hello/bert", "/nothing"] {
            let response = sender.send_request(get(uri)).await.unwrap();
            let (status, length) = (response.status(), response.headers()["content-length"].clone());
            tell(ctx, format!("{status} {length:?} {}", text(response.into_body()).await));
        }
        assert!(sender.ready().await.is_ok(), "and could be used once more");
        Ok(())
    }));
    let expected = "\
4ms 200 OK \"10\" hello anna
6ms 200 OK \"10\" hello bert
8ms 404 Not Found \"0\" 
";
    assert_eq!(told, expected, "the first takes a handshake more");
}

#[test]
fn chunks_come_as_they_are_sent_both_ways() {
    let told = transcript(pair(server, async |ctx| {
        let mut sender = connect(ctx).await?;
        let (mut chunks, body) = Channel::<Bytes>::new(1);
        let time = *ctx.time();
        ctx.task().spawn(async move {
            for chunk in ["one", "two", "three"] {
                chunks.send_data(Bytes::from_static(chunk.as_bytes())).await.unwrap();
                time.sleep(millis(100)).await;
            }
        });
        let response = sender.send_request(request("POST", "/echo", Body::new(body))).await.unwrap();
        tell(ctx, format!("{:?}", response.headers()["transfer-encoding"]));
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            tell(ctx, format!("{:?}", frame.unwrap().into_data().unwrap()));
        }
        tell(ctx, "the end");
        Ok(())
    }));
    let expected = "\
4ms \"chunked\"
4ms b\"one\"
104ms b\"two\"
204ms b\"three\"
304ms the end
";
    assert_eq!(told, expected);
}

/// Hyper's server sees the end of the stream and drops the handler, before its 1,000 ms are over.
#[test]
fn a_request_that_is_given_up_is_dropped_at_the_server() {
    let told = transcript(pair(server, async |ctx| {
        let mut sender = connect(ctx).await?;
        let given_up = ctx.time().timeout(millis(50), sender.send_request(get("/slow/1000"))).await;
        tell(ctx, format!("given up: {}", given_up.is_err()));
        tell(ctx, format!("the connection is ready: {}", sender.ready().await.is_ok()));
        let mut sender = connect(ctx).await?;
        let response = sender.send_request(get("/slow/30")).await.unwrap();
        tell(ctx, text(response.into_body()).await);
        Ok(())
    }));
    let expected = "\
52ms given up: true
52ms the connection is ready: false
53ms the handler is over
85ms the handler is over
86ms at last
";
    assert_eq!(told, expected, "what waits for an answer can't be used again");
}

/// Five chunks, 100 ms apart; tells what comes back, and what becomes of the body.
async fn five_chunks(ctx: &SimContext) -> SimulationResult<()> {
    let mut sender = connect(ctx).await?;
    let (mut chunks, body) = Channel::<Bytes>::new(1);
    let time = *ctx.time();
    ctx.task().spawn(async move {
        for chunk in ["a", "b", "c", "d", "e"] {
            if chunks.send_data(Bytes::from_static(chunk.as_bytes())).await.is_err() {
                break;
            }
            time.sleep(millis(100)).await;
        }
    });
    let response = sender.send_request(request("POST", "/echo", Body::new(body))).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => tell(ctx, format!("{:?}", frame.into_data().unwrap())),
            Err(error) => {
                tell(ctx, format!("{error}: {}", std::error::Error::source(&error).unwrap()));
                return Ok(());
            }
        }
    }
    tell(ctx, "the end");
    Ok(())
}

#[test]
fn a_body_goes_on_after_a_cut() {
    let told = transcript(pair(server, five_chunks).injector(breaker!(async |faults: &Faults| {
        faults.time().sleep(millis(150)).await;
        let cut = faults.partition("server", "client");
        faults.time().sleep(millis(200)).await;
        cut.heal();
        Ok(())
    })));
    assert_eq!(
        told,
        "\
4ms b\"a\"
104ms b\"b\"
352ms b\"c\"
352ms b\"d\"
404ms b\"e\"
504ms the end
"
    );
}

#[test]
fn a_body_ends_with_an_error_when_a_cut_does_not_heal() {
    let told = transcript(pair(server, five_chunks).injector(breaker!(async |faults: &Faults| {
        faults.time().sleep(millis(150)).await;
        faults.partition("server", "client").lasting(millis(100_000));
        Ok(())
    })));
    assert!(told.starts_with("4ms b\"a\"\n104ms b\"b\"\n30."), "the kernel gives up: {told}");
    assert!(told.contains("error reading a body from connection") && told.lines().count() == 3, "{told}");
}

#[test]
fn a_body_ends_with_an_error_when_the_server_crashes() {
    let told = transcript(pair(server, five_chunks).injector(breaker!(async |faults: &Faults| {
        faults.time().sleep(millis(150)).await;
        faults.crash("server");
        Ok(())
    })));
    assert!(told.starts_with("4ms b\"a\"\n104ms b\"b\"\n151ms error reading a body from connection: "), "{told}");
}

/// A body may be given up as well: the reader drops it, and hyper closes the connection under the writer.
#[test]
fn a_body_that_nobody_reads_stops_its_writer() {
    let told = transcript(pair(
        async |ctx| {
            let writer = ctx.clone();
            let endless = async move || {
                let (mut chunks, body) = Channel::<Bytes>::new(1);
                let ctx = writer.clone();
                writer.task().spawn(async move {
                    while chunks.send_data(Bytes::from_static(&[b'.'; 1_000])).await.is_ok() {
                        ctx.time().sleep(millis(10)).await;
                    }
                    tell(&ctx, "nobody listens");
                });
                Body::new(body)
            };
            serve(ctx, Router::new().route("/endless", on_get(endless))).await
        },
        async |ctx| {
            let mut sender = connect(ctx).await?;
            let mut body = sender.send_request(get("/endless")).await.unwrap().into_body();
            for _ in 0..3 {
                body.frame().await.unwrap().unwrap();
            }
            tell(ctx, "enough");
            drop((body, sender));
            ctx.time().sleep(millis(100)).await;
            Ok(())
        },
    ));
    assert_eq!(told, "24ms enough\n33ms nobody listens\n");
}
