//! What asks for an executor: a client with a pool of connections, as reqwest has it, and HTTP/2.

use crate::common::{millis, starred, tell};
use crate::{pair, serve, text, transcript};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, Uri};
use axum::routing::get as on_get;
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use simfuzz::prelude::*;
use simfuzz::{Recording, SimTasks};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Spawns on the host.
#[derive(Clone, Copy, Debug)]
struct Spawner(SimTasks);

impl<F: Future<Output: Send + 'static> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// A connection that a pool can keep.
struct Kept(TokioIo<TcpStream>);

impl Connection for Kept {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Kept {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Kept {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn router() -> Router {
    Router::new().route("/hello/{name}", on_get(async |Path(name): Path<String>| format!("hello {name}")))
}

/// Asks three times, with pauses, through a pool.
async fn pooled(ctx: &SimContext) -> SimulationResult<()> {
    let opener = ctx.clone();
    let connector = tower::service_fn(move |uri: Uri| {
        let ctx = opener.clone();
        Box::pin(async move {
            tell(&ctx, "opens a connection");
            let stream = ctx.network().connect(uri.host().unwrap_or_default()).await?;
            io::Result::Ok(Kept(TokioIo::new(stream)))
        })
    });
    let client = hyper_util::client::legacy::Client::builder(Spawner(*ctx.task()))
        .pool_idle_timeout(Duration::from_secs(10))
        .build::<_, Body>(connector);
    for pause in [millis(1_000), millis(20_000), millis(0)] {
        match client.get(Uri::from_static("http://server/hello/anna")).await {
            Ok(response) => tell(ctx, text(response.into_body()).await),
            Err(error) => tell(ctx, error),
        }
        ctx.time().sleep(pause).await;
    }
    Ok(())
}

/// An idle connection is as old as virtual time says, since the run is isolated.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_pool_keeps_a_connection_for_as_long_as_it_says() {
    let told = transcript(pair(async |ctx| serve(ctx, router()).await, pooled).isolate());
    let expected = "\
0ns opens a connection
4ms hello anna
1.006s hello anna
21.006s opens a connection
21.01s hello anna
";
    assert_eq!(told, expected);
}

/// One connection, two requests at once.
#[test]
fn http_2_runs_with_an_executor() {
    let builder = pair(
        async |ctx| {
            let listener = ctx.network().bind(ctx.my_ip()).await?;
            loop {
                let (stream, _) = listener.accept().await?;
                let service = TowerToHyperService::new(router());
                let http = hyper::server::conn::http2::Builder::new(Spawner(*ctx.task()));
                ctx.task().spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        },
        async |ctx| {
            let stream = ctx.network().connect("server").await?;
            let spawner = Spawner(*ctx.task());
            let (sender, connection) =
                hyper::client::conn::http2::handshake(spawner, TokioIo::new(stream)).await.unwrap();
            ctx.task().spawn(connection);
            let ask = async |name: &str| {
                let request = Request::get(format!("http://server/hello/{name}")).body(Body::empty()).unwrap();
                text(sender.clone().send_request(request).await.unwrap().into_body()).await
            };
            let (anna, bert) = join!(ask("anna"), ask("bert"));
            tell(ctx, format!("{anna}, {bert}"));
            Ok(())
        },
    );
    let simulation = builder.isolate().build();
    let outcomes: Vec<_> = (0..3).map(|_| simulation.run_with(&Tape::calm(), Recording::Story)).collect();
    outcomes.iter().for_each(|outcome| outcome.assert_ok());
    assert_eq!(outcomes[0].digest(), outcomes[2].digest());
    assert_eq!(starred(&outcomes[0]), ["hello anna, hello bert"]);
}
