//! One process on its own, for bugs that need nobody else: it keeps promises in `ctx.state()` and
//! checks them itself.

use simfuzz::prelude::*;

struct Alone<F>(F);

#[async_trait(?Send)]
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + 'static> Process for Alone<F> {
    fn name(&self) -> &str {
        "store"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.0)(ctx).await?;
        std::future::pending().await
    }
}

struct Waits;

#[async_trait(?Send)]
impl Workload for Waits {
    fn name(&self) -> &str {
        "clock"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().sleep(Duration::from_secs(4)).await;
        Ok(())
    }
}

/// So many processes that do `work` at each boot, for four seconds.
pub(crate) fn alone<F>(processes: usize, work: F) -> SimulationBuilder
where
    F: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
{
    SimulationBuilder::new().processes(processes, move || Box::new(Alone(work))).workload(|| Box::new(Waits))
}
