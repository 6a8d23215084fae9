//! A workload: drives the processes, and knows what must be true of them.

use simfuzz::prelude::*;
use std::io;

/// How long the client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Client {
    /// What was acknowledged: it may not be lost.
    acknowledged: u64,
    /// What was asked for: a request without an answer may have been done, or not.
    asked: u64,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    // the store crashes meanwhile
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for operation in 0..50 {
            // each operation's choices have addresses of their own: the fuzzer changes one and
            // keeps the others
            let random = ctx.random().scope("op", operation);
            let number = random.label("number").random_range(1..100);
            ctx.note(|| format!("adds {number}"));
            self.asked += number;
            match ctx.time().timeout(PATIENCE, add(ctx, number)).await {
                Ok(Ok(total)) => {
                    self.acknowledged += number;
                    self.judge(total);
                }
                // a goal: something that should happen in some run, or the test tests little
                _ => assert_sometimes!(true, "a request fails"),
            }
            ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=Duration::from_secs(1))).await;
        }
        Ok(())
    }

    // all is healed and up again
    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let total = add(ctx, 0).await?;
        self.judge(total);
        Ok(())
    }
}

impl Client {
    fn judge(&self, total: u64) {
        assert_always!(
            (self.acknowledged..=self.asked).contains(&total),
            "what was acknowledged is there, and nothing else",
            { "acknowledged" => self.acknowledged, "asked" => self.asked, "total" => total }
        );
    }
}

/// Has the store add `number`; gives the total.
async fn add(ctx: &SimContext, number: u64) -> io::Result<u64> {
    let mut stream = ctx.network().connect("store").await?;
    stream.write_u64(number).await?;
    stream.read_u64().await
}
