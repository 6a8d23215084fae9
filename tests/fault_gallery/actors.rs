//! Processes and workloads from a name and a closure.

use simfuzz::prelude::*;

struct Actor<F>(&'static str, F);

#[async_trait(?Send)]
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + 'static> Process for Actor<F> {
    fn name(&self) -> &str {
        self.0
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.1)(ctx).await
    }
}

#[async_trait(?Send)]
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + 'static> Workload for Actor<F> {
    fn name(&self) -> &str {
        self.0
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.1)(ctx).await
    }
}

/// A factory of a process.
pub(crate) fn process<F>(name: &'static str, run: F) -> impl Fn() -> Box<dyn Process> + Send + Sync + 'static
where
    F: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
{
    move || Box::new(Actor(name, run))
}

/// A factory of a workload.
pub(crate) fn workload<F>(name: &'static str, run: F) -> impl Fn() -> Box<dyn Workload> + Send + Sync + 'static
where
    F: AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
{
    move || Box::new(Actor(name, run))
}
