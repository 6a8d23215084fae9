//! The operations moved below the workload.
use super::system::*;
use simfuzz::prelude::*;

/// Moved here from elsewhere.
pub const LIMIT: usize = 40;

pub struct Work {
    pub number: usize,
    pub client: Client,
}

#[async_trait(?Send)]
impl Workload for Work {
    fn name(&self) -> &str {
        "client"
    }

    async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        self.client.connect(ctx).await
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let accounts: Vec<String> = ["a", "b", "c"].map(|name| format!("{name}{}", self.number)).into();
        for _ in 0..ctx.random().random_range(10..40) {
            if ctx.shutdown().is_cancelled() {
                break;
            }
            let op = random_op(ctx.random(), &accounts);
            self.client.perform(ctx, op).await?;
        }
        Ok(())
    }
}

pub fn random_op(random: &SimRandomProvider, accounts: &[String]) -> Op {
    let account = |random: &SimRandomProvider| random.choose(accounts).unwrap().clone();
    let roll = random.random_range(0..100);
    match roll {
        0..30 => Op::Deposit { account: account(random), amount: random.random_range(1..1000) },
        30..50 => Op::Withdraw { account: account(random), amount: random.random_range(1..1000) },
        50..70 => Op::Read { account: account(random) },
        70..90 => Op::Transfer { from: account(random), to: account(random), amount: random.random_range(1..1000) },
        _ => Op::SmallDelay,
    }
}
