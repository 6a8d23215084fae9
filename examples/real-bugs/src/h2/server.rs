//! The server: takes every request, and has something of its own to do with each.

use super::{PORT, READ_ALL};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use simfuzz::prelude::*;

/// Operations on a request, before what is left of it is read.
const OPERATIONS: u32 = 6;

/// The longest pause between two.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Server;

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind((ctx.my_ip(), PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            ctx.task().spawn_local(serve(ctx.clone(), stream));
        }
    }
}

/// Serves one connection until it ends.
async fn serve(ctx: SimContext, stream: TcpStream) {
    let streams = ctx.random().label("streams").choose(&[100, 2, 1]).copied().unwrap_or(100);
    let handshake = h2::server::Builder::new().max_concurrent_streams(streams).handshake(stream).await;
    let Ok(mut connection) = handshake else { return };
    let mut requests = 0;
    while let Some(Ok((request, response))) = connection.accept().await {
        ctx.task().spawn_local(answer(ctx.clone(), requests, request, response));
        requests += 1;
    }
}

/// Answers a request, the `number`th of its connection.
async fn answer(ctx: SimContext, number: u32, request: Request<RecvStream>, mut response: SendResponse<Bytes>) {
    let reads_all = request.uri().path() == READ_ALL;
    let mut body = request.into_body();
    for operation in 0..if reads_all { 0 } else { OPERATIONS } {
        let random = ctx.random().scope("request", number * OPERATIONS + operation);
        match random.label("op").weighted(&[8, 6, 1, 1, 1]) {
            0 => ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await,
            1 => {
                if let Ok(Some(Ok(data))) = ctx.time().timeout(PAUSE, body.data()).await {
                    release(&mut body, &data);
                }
            }
            2 => {
                ctx.note(|| format!("answers request {number}"));
                response.send_response(Response::new(()), true).ok();
            }
            3 => {
                ctx.note(|| format!("refuses request {number}"));
                assert_reachable!("the server refuses a request");
                response.send_reset(Reason::REFUSED_STREAM);
            }
            _ => {
                ctx.note(|| format!("is done with request {number}"));
                return;
            }
        }
    }
    while let Some(Ok(data)) = body.data().await {
        release(&mut body, &data);
    }
}

/// Lets the client send as much again.
fn release(body: &mut RecvStream, data: &Bytes) {
    // refused when the stream is gone, and then the library does it
    body.flow_control().release_capacity(data.len()).ok();
}
