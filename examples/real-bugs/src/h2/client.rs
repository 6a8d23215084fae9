//! The workload: opens requests, feeds them, and cancels some. In the end all are gone, and a new
//! one must find the connection as good as new.

use super::{PORT, READ_ALL, WINDOW};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::Request;
use simfuzz::prelude::*;
use std::task::{Context, Waker};

/// Operations of a run.
const OPERATIONS: u32 = 60;

/// Requests at a time.
const REQUESTS: usize = 6;

/// The longest pause of the client: some round trips.
const PAUSE: Duration = Duration::from_millis(10);

/// Far longer than the server needs for all requests.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let stream = ctx.network().connect(("server", PORT)).await?;
        let (sender, connection) = h2::client::handshake(stream).await.map_err(wrong)?;
        let connection = ctx.task().spawn_local(connection);
        let mut client = Session { ctx, sender, requests: Vec::new(), cancelled: 0 };
        for number in 0..OPERATIONS {
            client.step(number).await;
            client.report();
        }
        client.requests.clear();
        ctx.time().sleep(PATIENCE).await;
        client.check_window().await?;
        drop(client);
        match connection.await? {
            // the server may have enough of a client that cancels so much
            Err(error) if error.reason() == Some(Reason::ENHANCE_YOUR_CALM) => Ok(()),
            ended => ended.map_err(wrong),
        }
    }
}

/// A request that the client still feeds.
struct Open {
    body: SendStream<Bytes>,
    /// Held, since dropping it tells the library that nobody waits.
    _response: ResponseFuture,
    /// How much it has asked for.
    reserved: usize,
    ended: bool,
}

struct Session<'a> {
    ctx: &'a SimContext,
    sender: SendRequest<Bytes>,
    requests: Vec<Open>,
    cancelled: i64,
}

impl Session<'_> {
    async fn step(&mut self, number: u32) {
        let random = self.ctx.random().scope("op", number);
        let operation = random.label("op").weighted(&[3, 3, 3, 3, 1]);
        if operation == 0 {
            return self.ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await;
        }
        if operation == 1 {
            return self.open("/");
        }
        if self.requests.is_empty() {
            return;
        }
        let index = random.label("request").random_range(0..self.requests.len());
        let request = &mut self.requests[index];
        match operation {
            2 => {
                let size = random.label("reserve").choose(&[1, 1_000, 20_000, WINDOW, 100_000, 0]).copied();
                request.reserved = size.unwrap_or(0);
                self.ctx.note(|| format!("reserves {} for request {index}", request.reserved));
                request.body.reserve_capacity(request.reserved);
            }
            3 => {
                let size = random.label("send").choose(&[1, 500, 16_384, 40_000]).copied().unwrap_or(1);
                let size = size.min(request.body.capacity());
                if size > 0 && !request.ended {
                    request.ended = random.label("ends").random_ratio(1, 6);
                    self.ctx.note(|| format!("sends {size} with request {index}"));
                    // refused when the server has reset the stream
                    request.ended |= request.body.send_data(Bytes::from(vec![1; size]), request.ended).is_err();
                    request.reserved = request.reserved.saturating_sub(size);
                }
            }
            _ => {
                let unused = request.body.capacity() > 0;
                assert_sometimes!(unused, "a request is cancelled that could still send");
                assert_sometimes!(request.reserved > 0 && !unused, "a request is cancelled that waits for room");
                let mut request = self.requests.swap_remove(index);
                self.cancelled += 1;
                if random.label("resets").random_bool(0.5) {
                    self.ctx.note(|| format!("resets request {index}"));
                    request.body.send_reset(Reason::CANCEL);
                } else {
                    self.ctx.note(|| format!("drops request {index}"));
                }
            }
        }
    }

    /// Opens a request, if the server allows for another.
    fn open(&mut self, path: &str) {
        let ready = self.sender.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready();
        assert_sometimes!(!ready, "a request has to wait for others to end");
        if ready && self.requests.len() < REQUESTS {
            let request = Request::post(format!("http://server{path}")).body(()).expect("it is well-formed");
            if let Ok((response, body)) = self.sender.send_request(request, false) {
                self.ctx.note(|| "opens a request".to_owned());
                self.requests.push(Open { body, _response: response, reserved: 0, ended: false });
            }
        }
    }

    fn report(&self) {
        let capacity: usize = self.requests.iter().map(|request| request.body.capacity()).sum();
        let waiting = self.requests.iter().any(|request| request.reserved > request.body.capacity());
        let ended = self.requests.iter().any(|request| request.ended);
        self.ctx.state().guide(
            "requests",
            &[
                self.requests.len().min(3) as i64,
                capacity.div_ceil(WINDOW / 2).min(2) as i64,
                i64::from(waiting),
                i64::from(ended),
                self.cancelled.min(3),
            ],
        );
    }

    /// With no other request, a new one may use what the window has.
    async fn check_window(&mut self) -> SimulationResult<()> {
        // the streams of earlier ones are gone, so it need not wait
        self.open(READ_ALL);
        let Some(request) = self.requests.first_mut() else { return Ok(()) };
        request.body.reserve_capacity(WINDOW);
        self.ctx.time().sleep(PATIENCE).await;
        let capacity = request.body.capacity();
        assert_reachable!("a request is made after all others have ended");
        // the server may keep up to half of it back until it tells the client
        assert_always!(
            capacity >= WINDOW / 2,
            "a request alone on its connection gets half of the window",
            { "capacity" => capacity }
        );
        self.requests.clear();
        Ok(())
    }
}

fn wrong(error: h2::Error) -> SimulationError {
    SimulationError::InvalidState(error.to_string())
}
