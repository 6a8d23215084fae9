//! What a user writes: processes and workloads.

use super::context::SimContext;
use crate::error::SimulationResult;
use async_trait::async_trait;

/// A test driver: it exercises the system under test and checks what it answers.
///
/// Workloads survive everything: when a process is killed or cut off, they go on, reconnect and
/// remember what happened. Three phases, in this order for all workloads: `setup` one after the
/// other, `run` all at once, and `check` one after the other once the system came to rest.
///
/// ```
/// use simfuzz::prelude::*;
///
/// struct Greeter;
///
/// #[async_trait(?Send)]
/// impl Process for Greeter {
///     fn name(&self) -> &str {
///         "greeter"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let listener = ctx.network().bind(ctx.my_ip()).await?;
///         loop {
///             let (mut stream, _) = listener.accept().await?;
///             ctx.task().spawn(async move { stream.write_all(b"hello").await });
///         }
///     }
/// }
///
/// struct Guest;
///
/// #[async_trait(?Send)]
/// impl Workload for Guest {
///     fn name(&self) -> &str {
///         "guest"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let mut stream = ctx.network().connect("greeter").await?;
///         let mut word = [0; 5];
///         stream.read_exact(&mut word).await?;
///         assert_always!(&word == b"hello", "greeting");
///         Ok(())
///     }
/// }
///
/// let report = SimulationBuilder::new()
///     .processes(1, || Box::new(Greeter))
///     .workload(|| Box::new(Guest))
///     .iterations(20)
///     .run();
/// report.assert_ok();
/// ```
#[async_trait(?Send)]
pub trait Workload: 'static {
    /// What reports and labels call it.
    fn name(&self) -> &str;

    /// Prepares the ground. No faults yet, and no other workload at the same time.
    ///
    /// # Errors
    ///
    /// Any error is a finding.
    async fn setup(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
        Ok(())
    }

    /// Drives the system, together with all other workloads and the faults.
    ///
    /// # Errors
    ///
    /// While faults are on, a network, I/O or timeout error means that the workload gave up,
    /// which is counted; any other error is a finding.
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()>;

    /// Validates the outcome. The faults are over and the system came to rest; its processes are
    /// alive and can be asked.
    ///
    /// # Errors
    ///
    /// Any error is a finding.
    async fn check(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
        Ok(())
    }
}

/// A server of the system under test: the code you ship.
///
/// Its factory makes it anew at each boot, so that only what it synced to `ctx.storage()`
/// outlives a crash. See [`Workload`] for an example.
#[async_trait(?Send)]
pub trait Process: 'static {
    /// What reports and labels call it; several processes of a kind are numbered.
    fn name(&self) -> &str;

    /// Serves until asked to stop through `ctx.shutdown()`, or for ever.
    ///
    /// # Errors
    ///
    /// An error is a finding, unless the builder said
    /// [`panics_are_crashes`](super::SimulationBuilder::panics_are_crashes). `Ok` is an exit:
    /// the process is restarted.
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()>;
}
