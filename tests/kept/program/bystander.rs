//! What runs beside the systems: tasks of every process, and a process that has to do with none of it.
use simfuzz::prelude::*;

/// Wakes up now and then.
pub async fn scrub(ctx: SimContext) {
    loop {
        let pause = ctx.random().random_range(Duration::from_millis(50)..Duration::from_millis(500));
        ctx.time().sleep(pause).await;
    }
}

/// Wakes up now and then, for something else.
pub async fn count(ctx: SimContext) {
    loop {
        let pause = ctx.random().random_range(Duration::from_millis(100)..Duration::from_millis(900));
        ctx.time().sleep(pause).await;
        if ctx.random().random_bool(0.1) {
            ctx.time().sleep(Duration::from_millis(3)).await;
        }
    }
}

pub struct Bystander;

#[async_trait(?Send)]
impl Process for Bystander {
    fn name(&self) -> &str {
        "bystander"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        loop {
            let pause = ctx.random().random_range(Duration::from_millis(1)..Duration::from_millis(300));
            ctx.time().sleep(pause).await;
        }
    }
}
