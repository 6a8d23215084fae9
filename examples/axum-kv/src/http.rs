//! HTTP over the connections of the simulation: the loop of a server, and a client's connection.
//!
//! Owns connections. What is said on them is the `api`'s.

use axum::Router;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::server::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use serde::de::DeserializeOwned;
use simfuzz::prelude::*;
use std::io;

/// Serves `router` on each connection that comes, with keep-alive.
pub(crate) async fn serve(ctx: SimContext, listener: TcpListener, router: Router) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(router.clone());
        ctx.task().spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// A connection to one host, made when it is needed and again when it broke.
#[derive(Debug)]
pub(crate) struct Connection {
    ctx: SimContext,
    host: String,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(ctx: &SimContext, host: String) -> Self {
        Self { ctx: ctx.clone(), host, open: None }
    }

    /// A request with the headers that each has.
    pub(crate) fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(path).header("host", &self.host)
    }

    /// Sends a request and waits for the whole answer, for `patience`. A connection on which an answer
    /// is still to come is closed: the next request goes over another one.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> io::Result<Response<Bytes>> {
        let time = *self.ctx.time();
        let answer = time.timeout(patience, self.exchange(request)).await;
        match answer.map_err(io::Error::from).flatten() {
            Ok((response, open)) => {
                self.open = Some(open);
                Ok(response)
            }
            error => error.map(|(response, _)| response),
        }
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> io::Result<(Response<Bytes>, SendRequest<Full<Bytes>>)> {
        let mut open = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            _ => {
                let stream = self.ctx.network().connect(self.host.as_str()).await?;
                let (open, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
                self.ctx.task().spawn(connection);
                open
            }
        };
        open.ready().await.map_err(io::Error::other)?;
        let (head, body) = open.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok((Response::from_parts(head, body), open))
    }

    /// Sends JSON and is answered with JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        question: &impl Serialize,
        patience: Duration,
    ) -> io::Result<T> {
        let body = Full::from(serde_json::to_vec(question)?);
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(body);
        let response = self.send(request.map_err(io::Error::other)?, patience).await?;
        Ok(serde_json::from_slice(response.body())?)
    }
}
