//! HTTP as it is written for production: hyper 1, client and server, and axum's Router, unmodified,
//! over simulated connections.
//!
//! Latency is 1 ms everywhere, so that transcripts have round times.
#![cfg(feature = "sim")]

#[path = "../common/mod.rs"]
#[macro_use]
mod common;
mod clocks;
mod pool;
mod repeats;
mod wire;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Uri};
use common::{Client, Server, millis, told};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use simfuzz::prelude::*;

/// The loop of a server: a task for each connection, which hyper serves with the router.
async fn serve(ctx: &SimContext, router: Router) -> SimulationResult<()> {
    let mut http = hyper::server::conn::http1::Builder::new();
    // the header reads the machine's clock, unless the run is isolated
    http.auto_date_header(false);
    serve_with(ctx, router, http).await
}

async fn serve_with(
    ctx: &SimContext,
    router: Router,
    http: hyper::server::conn::http1::Builder,
) -> SimulationResult<()> {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(router.clone());
        ctx.task().spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

/// A connection to the server; hyper's client drives it in a task.
async fn connect(ctx: &SimContext) -> SimulationResult<SendRequest<Body>> {
    let stream = ctx.network().connect("server").await?;
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    ctx.task().spawn(connection);
    Ok(sender)
}

fn get(uri: &'static str) -> Request<Body> {
    request("GET", uri, Body::empty())
}

fn request(method: &str, uri: &'static str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(Uri::from_static(uri)).header("host", "server");
    request.body(body.into()).expect("the parts are valid")
}

/// All bytes of a body, as text.
async fn text(body: impl hyper::body::Body<Data = Bytes, Error: std::fmt::Debug>) -> String {
    use http_body_util::BodyExt;
    let bytes = body.collect().await.expect("the whole body comes").to_bytes();
    String::from_utf8(bytes.into()).expect("it is text")
}

/// One server, one client, 1 ms a segment.
fn pair(
    server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    client: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(client))
        .latency(Latency::constant(millis(1)))
        .without(FaultKind::Hold)
}

/// What was told in a calm run.
fn transcript(builder: SimulationBuilder) -> String {
    told(&builder.build(), &Tape::calm()).1
}
