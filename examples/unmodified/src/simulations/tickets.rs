//! Visitors take tickets: `axum::serve` and a pool of connections.

use super::{PORT, weather};
use crate::web;
use simfuzz::prelude::*;

/// More tickets than a server gives away before it crashes.
const MANY: u64 = 1_000_000;

struct Web;

#[async_trait(?Send)]
impl Process for Web {
    fn name(&self) -> &str {
        "web"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        // `tokio::net::TcpListener` is simfuzz's here
        let listener = tokio::net::TcpListener::bind(("0.0.0.0", PORT)).await?;
        let stop = ctx.shutdown().clone().cancelled_owned();
        Ok(web::serve(listener, u64::from(ctx.boot()) * MANY, stop).await?)
    }
}

struct Visitor;

#[async_trait(?Send)]
impl Workload for Visitor {
    fn name(&self) -> &str {
        "visitor"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let pool = web::pool();
        let server = format!("{}:{PORT}", ctx.peer("web").expect("there is a server"));
        let (mut last, mut failed) = (0, false);
        for visit in 0..20 {
            let random = ctx.random().scope("visit", visit);
            match web::take(&pool, &server).await {
                Ok(ticket) => {
                    assert_always!(ticket >= last, "a later ticket has a higher number");
                    let twice = ctx.state().update("taken", |taken: &mut Vec<u64>| {
                        let twice = taken.contains(&ticket);
                        taken.push(ticket);
                        twice
                    });
                    assert_always!(!twice, "no ticket is given away twice");
                    assert_sometimes!(failed && ticket >= MANY, "a ticket after a crash");
                    last = ticket + 1;
                }
                Err(error) => {
                    ctx.note(|| format!("no ticket: {error}"));
                    assert_reachable!("a request fails");
                    failed = true;
                }
            }
            let pause = random.label("pause").weighted(&[4, 1]);
            ctx.time().sleep([Duration::from_millis(5), Duration::from_secs(2)][pause]).await;
        }
        Ok(())
    }
}

/// Tickets through `axum::serve`.
pub fn tickets() -> SimulationBuilder {
    weather(
        SimulationBuilder::new()
            .processes(1, || Box::new(Web))
            .workloads(WorkloadCount::Random(1..4), |_| Box::new(Visitor)),
    )
}
