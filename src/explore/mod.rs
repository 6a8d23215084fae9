//! Exploring: a small loop of our own around mutator and archive, guided by goals alone.
//!
//! No libFuzzer, no instrumentation, plain stable Rust. An input is kept when it shows a feature
//! that none before did. Owns the loop and its threads; files and clocks are the caller's.

mod explored;
mod explorer;
mod team;

pub use explored::Explored;
pub(crate) use team::{Ear, Plan, search};

use crate::run::{Finding, Simulation, SimulationBuilder};
use std::sync::Mutex;
use std::time::Duration;

/// Explores `simulation` until a finding, or for `budget` runs. `seed` is the search's own: the
/// same seed searches the same way. `news` is told of each goal when it is first reached.
///
/// See [`SimulationBuilder::explore`] for the same in a test.
///
/// ```
/// use simfuzz::prelude::*;
///
/// struct Lock;
///
/// #[async_trait(?Send)]
/// impl Workload for Lock {
///     fn name(&self) -> &str {
///         "lock"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let opened = (0..5).take_while(|_| ctx.random().label("digit").random_range(0..20) == 7).count();
///         ctx.state().guide("opened", &[opened as i64]);
///         assert_always!(opened < 5, "the lock holds");
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Lock)).build();
/// // one seed in 3,200,000 opens it
/// let explored = simfuzz::explore(&simulation, 1, 50_000, |_| ());
/// assert!(explored.finding.is_some());
/// ```
pub fn explore(simulation: &Simulation, seed: u64, budget: u64, news: impl FnMut(&str) + Send) -> Explored {
    explore_while(simulation, seed, |executions| executions < budget, news)
}

/// As [`explore`], for as long as `go_on` says so; it is asked before each run, with the number of
/// those that were made.
pub(crate) fn explore_while(
    simulation: &Simulation,
    seed: u64,
    go_on: impl FnMut(u64) -> bool + Send,
    news: impl FnMut(&str) + Send,
) -> Explored {
    let ear = Closures { go_on: Mutex::new(go_on), news: Mutex::new(news) };
    search(simulation, &Plan { seed, ..Plan::default() }, &ear)
}

impl SimulationBuilder {
    /// Explores for `runs` runs, or until the first finding: tapes that reach a goal or a
    /// published state for the first time are kept, changed, and built upon. It finds what needs a
    /// row of rare events and what [`run`](SimulationBuilder::run) would need millions of seeds for.
    ///
    /// The first of the [`seeds`](SimulationBuilder::seeds) is the search's own. The budget is a
    /// number and no time, so that a test does the same on every machine: with one job, what comes
    /// out is a function of seed and budget. Several [`jobs`](SimulationBuilder::jobs) search side
    /// by side and exchange what they keep.
    ///
    /// ```
    /// use simfuzz::prelude::*;
    ///
    /// struct Lock;
    ///
    /// #[async_trait(?Send)]
    /// impl Workload for Lock {
    ///     fn name(&self) -> &str {
    ///         "lock"
    ///     }
    ///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
    ///         let opened = (0..3).take_while(|_| ctx.random().label("digit").random_range(0..20) == 7).count();
    ///         ctx.state().guide("opened", &[opened as i64]);
    ///         assert_sometimes!(opened == 3, "the lock opens");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let explored = SimulationBuilder::new().workload(|| Box::new(Lock)).explore(5_000);
    /// explored.assert_ok();
    /// // one seed in 8,000 reaches it
    /// explored.assert_goals();
    /// println!("{explored}");
    /// ```
    ///
    /// # Panics
    ///
    /// As [`build`](SimulationBuilder::build).
    #[must_use = "a finding is in what it returns: `.assert_ok()`"]
    pub fn explore(self, runs: u64) -> Explored {
        let (seed, jobs) = self.search();
        let ear = Closures { go_on: Mutex::new(|executions| executions < runs), news: Mutex::new(|_: &str| ()) };
        search(&self.build(), &Plan { seed, jobs, ..Plan::default() }, &ear)
    }
}

/// An ear made of two closures.
struct Closures<G, N> {
    go_on: Mutex<G>,
    news: Mutex<N>,
}

impl<G: FnMut(u64) -> bool + Send, N: FnMut(&str) + Send> Ear for Closures<G, N> {
    fn go_on(&self, executions: u64) -> bool {
        self.go_on.lock().expect("it doesn't panic")(executions)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn news(&self, line: &str) {
        self.news.lock().expect("it doesn't panic")(line);
    }

    fn kept(&self, _bytes: &[u8]) {}

    fn found(&self, _finding: &Finding, _bytes: &[u8]) {}
}
