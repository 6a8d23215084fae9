//! Code that reads the machine's clocks by itself: hyper's `Date` header and timers, in an isolated run.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use crate::common::{Breaker, millis, tell, told};
use crate::{connect, get, pair, serve_with, text, transcript};
use axum::Router;
use axum::routing::get as on_get;
use hyper::rt::{Sleep, Timer};
use hyper::server::conn::http1;
use simfuzz::prelude::*;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The machine's clocks, read as a library reads them.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the test is about code that uses them")]
mod machine {
    pub(super) use std::time::Instant;

    pub(super) fn now() -> Instant {
        Instant::now()
    }

    pub(super) fn wall() -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
}

/// Hyper's timers on virtual time: `Instant::now` is the run's own, as the run is isolated.
#[derive(Clone, Copy, Debug)]
struct VirtualTimer(simfuzz::SimTime);

struct VirtualSleep(simfuzz::Sleep);

impl Future for VirtualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl Sleep for VirtualSleep {}

#[allow(clippy::disallowed_types, reason = "hyper's deadlines are of that type")]
impl Timer for VirtualTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(VirtualSleep(self.0.sleep(duration)))
    }

    fn sleep_until(&self, deadline: machine::Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(machine::now()))
    }
}

/// A server with hyper's defaults, so with a date, and with a limit for reading a request's head.
async fn server(ctx: &SimContext) -> SimulationResult<()> {
    let mut http = http1::Builder::new();
    http.timer(VirtualTimer(*ctx.time())).header_read_timeout(millis(5_000));
    serve_with(ctx, Router::new().route("/", on_get(async || "")), http).await
}

/// Asks for the date, now and then.
async fn dates(ctx: &SimContext) -> SimulationResult<()> {
    for wait in [0, 700, 40_000, 86_400_000] {
        ctx.time().sleep(millis(wait)).await;
        let response = connect(ctx).await?.send_request(get("/")).await.unwrap();
        tell(ctx, response.headers()["date"].to_str().unwrap());
    }
    Ok(())
}

fn days() -> SimulationBuilder {
    pair(server, dates).time_budget(Duration::from_secs(100_000)).isolate()
}

/// Hyper keeps the date in a thread-local for a second: one that a run left behind would show in the next.
#[test]
fn the_date_is_virtual_in_every_run() {
    let simulation = days().build();
    let runs: Vec<_> = (0..3).map(|_| told(&simulation, &Tape::calm())).collect();
    let expected = "\
4ms Thu, 01 Jan 2026 00:00:00 GMT
708ms Thu, 01 Jan 2026 00:00:00 GMT
40.712s Thu, 01 Jan 2026 00:00:40 GMT
86440.716s Fri, 02 Jan 2026 00:00:40 GMT
";
    for (outcome, text) in &runs {
        assert_eq!((text.as_str(), outcome.digest()), (expected, runs[0].0.digest()));
    }
}

/// The clock of the host, so a wrong one as well.
#[test]
fn the_date_is_that_of_the_hosts_clock() {
    let told = transcript(
        pair(server, async |ctx| {
            ctx.time().sleep(millis(10)).await;
            dates(ctx).await
        })
        .time_budget(Duration::from_secs(100_000))
        .injector(breaker!(async |faults: &Faults| {
            faults.skew("server", 3_600_000);
            Ok(())
        }))
        .isolate(),
    );
    assert!(told.starts_with("14ms Thu, 01 Jan 2026 01:00:00 GMT\n"), "{told}");
}

#[test]
fn hypers_own_timeouts_run_on_virtual_time() {
    let told = transcript(
        pair(server, async |ctx| {
            let mut stream = ctx.network().connect("server").await?;
            stream.write_all(b"GET / HTTP/1.1\r\nhost: ser").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            tell(ctx, format!("hung up: {answer:?}"));
            Ok(())
        })
        .isolate(),
    );
    assert_eq!(told, "5.002s hung up: \"\"\n");
}

#[test]
fn clocks_are_virtual_inside_of_an_isolated_run_only() {
    let before = machine::wall();
    let clocks = pair(server, async |ctx| {
        let start = machine::now();
        ctx.time().sleep(Duration::from_secs(100)).await;
        assert_eq!(machine::now() - start, Duration::from_secs(100));
        assert_eq!(machine::wall(), ctx.time().wall());
        assert!(machine::now().checked_sub(Duration::from_secs(3_600)).is_some(), "a machine that is up for long");
        Ok(())
    });
    let simulation = clocks.isolate().build();
    simulation.run(&Tape::calm()).assert_ok();
    let lasted = machine::wall().duration_since(before).unwrap();
    assert!(lasted < Duration::from_secs(60), "outside, on this thread and others, time is real: {lasted:?}");

    let real = pair(server, async |ctx| {
        let start = machine::now();
        ctx.time().sleep(Duration::from_secs(100)).await;
        assert!(machine::now() - start < Duration::from_secs(60));
        Ok(())
    });
    real.build().run(&Tape::calm()).assert_ok();
}

/// An example of what `text` is for: a body's end is no matter of clocks.
#[test]
fn an_answer_has_its_date_and_its_body() {
    let told = transcript(
        pair(server, async |ctx| {
            let response = connect(ctx).await?.send_request(get("/")).await.unwrap();
            let named: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
            tell(ctx, format!("{named:?} {:?}", text(response.into_body()).await));
            Ok(())
        })
        .isolate(),
    );
    assert_eq!(told, "4ms [\"content-type\", \"content-length\", \"date\"] \"\"\n");
}
