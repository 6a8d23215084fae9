//! What a user writes to break things in a way of their own.

use crate::error::SimulationResult;
use crate::sim::Faults;
use async_trait::async_trait;

/// A source of faults of your own: a rolling restart, a partition just when a leader is elected.
///
/// Made anew for each run, by the factory given to
/// [`injector`](super::SimulationBuilder::injector). It runs during the storm, beside the
/// workloads, and is dropped when the storm ends.
///
/// ```
/// use simfuzz::prelude::*;
///
/// /// Stops one server after the other, as a deployment does.
/// struct RollingRestart;
///
/// #[async_trait(?Send)]
/// impl FaultInjector for RollingRestart {
///     fn name(&self) -> &str {
///         "rolling-restart"
///     }
///     async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
///         for &server in faults.topology().all_process_ips() {
///             let wait = faults.random().label("wait").random_range(Duration::ZERO..Duration::from_secs(2));
///             faults.time().sleep(wait).await;
///             faults.stop(server, Duration::from_millis(500));
///         }
///         Ok(())
///     }
/// }
///
/// # struct Server;
/// # #[async_trait(?Send)]
/// # impl Process for Server {
/// #     fn name(&self) -> &str { "server" }
/// #     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
/// #         ctx.shutdown().cancelled().await;
/// #         Ok(())
/// #     }
/// # }
/// # struct Work;
/// # #[async_trait(?Send)]
/// # impl Workload for Work {
/// #     fn name(&self) -> &str { "work" }
/// #     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
/// #         ctx.time().sleep(Duration::from_secs(10)).await;
/// #         Ok(())
/// #     }
/// # }
/// let report = SimulationBuilder::new()
///     .processes(3, || Box::new(Server))
///     .workload(|| Box::new(Work))
///     .injector(|| Box::new(RollingRestart))
///     .iterations(10)
///     .run();
/// report.assert_ok();
/// assert_eq!(report.injected(FaultKind::Stop), 30);
/// ```
#[async_trait(?Send)]
pub trait FaultInjector: 'static {
    /// What reports and labels call it.
    fn name(&self) -> &str;

    /// Breaks things until the storm ends, or as long as it likes.
    ///
    /// # Errors
    ///
    /// An error is a finding, and so is a panic: a fault that could not be injected must not look
    /// like a pass.
    async fn inject(&mut self, faults: &Faults) -> SimulationResult<()>;
}
