//! What a user writes: a process.

use super::context::SimContext;
use crate::error::SimulationResult;
use async_trait::async_trait;

/// A server: the code you ship. [`serve`](super::serve) runs it on this machine; a build with the
/// feature `sim` simulates the same source.
#[async_trait(?Send)]
pub trait Process: 'static {
    /// What it is called: its peers are `name-0`, `name-1` and so on.
    fn name(&self) -> &str;

    /// Serves until asked to stop through `ctx.shutdown()`, or for ever.
    ///
    /// # Errors
    ///
    /// What it returns is what [`Server::run`](super::Server::run) gives.
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()>;
}
