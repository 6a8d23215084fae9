//! A server of tickets, with `axum::serve`, and its client, with hyper-util's pool.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::routing::post;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Gives tickets away, no number twice, until `stop` is over.
///
/// # Errors
///
/// Those of `axum::serve`.
pub async fn serve(
    listener: TcpListener,
    first: u64,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let next = Arc::new(AtomicU64::new(first));
    let router = Router::new().route("/ticket", post(ticket)).with_state(next);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn ticket(State(next): State<Arc<AtomicU64>>) -> String {
    let ticket = next.fetch_add(1, Ordering::Relaxed);
    // the printer is slow: a client may be gone before it has its ticket
    tokio::time::sleep(Duration::from_millis(ticket % 7)).await;
    ticket.to_string()
}

/// A client that keeps its connections.
pub type Pool = Client<HttpConnector, Body>;

/// One that drops a connection which nobody has used for a second.
pub fn pool() -> Pool {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(1))
        .build_http()
}

/// Takes a ticket.
///
/// # Errors
///
/// Whatever goes wrong on the way, or what the server says, as text.
pub async fn take(pool: &Pool, server: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let uri: Uri = format!("http://{server}/ticket").parse()?;
    let request = axum::http::Request::post(uri).body(Body::empty())?;
    let response = tokio::time::timeout(Duration::from_secs(2), pool.request(request)).await??;
    let body = response.into_body().collect().await?.to_bytes();
    Ok(std::str::from_utf8(&body)?.parse()?)
}
