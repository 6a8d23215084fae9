//! Programs that are no function of their tape, one leak each, for `tests/cli/check.rs`: the
//! variable `LEAK` names the file. `none` has none.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the leaks are what it is about")]

mod address;
mod clock;
mod entropy;
mod first_run;
mod futures_select;
mod hash_order;
mod known_again;
mod statics;
mod thread;
mod thread_locals;
mod tokio_select;
mod wall;

use simfuzz::prelude::*;

/// What a server answers with, to a number that the tape draws; where it comes from is the leak.
type Answer = fn(u64) -> u64;

struct Server(Answer);

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let answer = (self.0)(ctx.random().label("asked").random_range(0..1_000_000));
            ctx.note(|| format!("answers {answer}"));
            // a leak that decides something: how long it takes
            ctx.time().sleep(Duration::from_micros(answer % 50)).await;
            stream.write_all(&answer.to_be_bytes()).await?;
        }
    }
}

struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for _ in 0..8 {
            let mut stream = ctx.network().connect("server").await?;
            let mut answer = [0; 8];
            stream.read_exact(&mut answer).await?;
            ctx.time().sleep(Duration::from_millis(ctx.random().label("pause").random_range(1..9))).await;
        }
        Ok(())
    }
}

fn serving(answer: Answer) -> SimulationBuilder {
    SimulationBuilder::new().processes(1, move || Box::new(Server(answer))).workload(|| Box::new(Client))
}

fn simulation() -> Simulation {
    let leak = std::env::var("LEAK").unwrap_or_default();
    let (leak, isolated) = leak.strip_suffix(" isolated").map_or((leak.as_str(), false), |leak| (leak, true));
    let builder = match leak {
        "address" => serving(|_| address::answer()),
        "clock" => serving(|_| clock::answer()),
        "entropy" => serving(|_| entropy::answer()),
        "first_run" => serving(first_run::answer),
        "futures_select" => serving(|_| futures_select::answer()),
        "hash_order" => serving(|_| hash_order::answer()),
        "known_again" => serving(known_again::answer),
        "none" => serving(|_| 7),
        "statics" => serving(|_| statics::answer()),
        "statics reset" => serving(|_| statics::answer()).reset(statics::reset),
        "thread" => serving(|_| thread::answer()),
        "thread_locals" => serving(|_| thread_locals::answer()),
        "thread_locals reset" => serving(|_| thread_locals::answer()).reset(thread_locals::reset),
        "tokio_select" => serving(|_| tokio_select::answer()),
        "wall" => serving(|_| wall::answer()),
        other => panic!("LEAK names no leak: {other:?}"),
    };
    if isolated { builder.isolate().build() } else { builder.build() }
}

simfuzz::sim_target!(simulation);

/// Polls a future that is ready.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("the future is ready"),
    }
}
