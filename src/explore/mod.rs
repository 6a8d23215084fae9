//! Exploring: a small loop of our own around mutator and archive, guided by goals alone.
//!
//! No libFuzzer, no instrumentation, plain stable Rust. An input is kept when it shows a feature
//! that none before did.

use crate::campaign::Campaign;
use crate::choice::Tape;
use crate::run::{Finding, Simulation};

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Explored {
    /// How many runs there were.
    pub executions: u64,
    /// The first finding and the tape that shows it; the exploration ends there.
    pub finding: Option<(Finding, Tape)>,
    /// Features that were seen.
    pub features: usize,
    /// Tapes that were kept.
    pub corpus: Vec<Tape>,
}

/// Explores `simulation` until a finding, or for `budget` runs. `seed` is the search's own: the
/// same seed searches the same way.
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
pub fn explore(simulation: &Simulation, seed: u64, budget: u64, news: impl FnMut(&str)) -> Explored {
    explore_while(simulation, seed, |executions| executions < budget, news)
}

/// Explores until a finding, or until `go_on`, which is asked before each run with the number of
/// runs so far, says no.
pub(crate) fn explore_while(
    simulation: &Simulation,
    seed: u64,
    mut go_on: impl FnMut(u64) -> bool,
    mut news: impl FnMut(&str),
) -> Explored {
    let mut campaign = Campaign::new(simulation, seed, false);
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    let mut features = 0;
    let mut executions = 0;
    let mut finding = None;
    let mut word = seed;
    while go_on(executions) {
        word = crate::choice::mix(word.wrapping_add(0x9e37_79b9_7f4a_7c15));
        let bytes = match corpus.len() as u64 {
            // a start of plain seeds, as an empty corpus has none
            kept if executions < 16 || kept == 0 => Tape::swarm(word).encode(),
            kept => {
                // half of the time among the newest, which are where the frontier is
                let newest = kept.min(8);
                let index = if word & 1 == 0 { kept - 1 - (word >> 8) % newest } else { (word >> 8) % kept };
                let other = (word >> 1).is_multiple_of(4).then(|| corpus[((word >> 32) % kept) as usize].clone());
                let base = corpus[index as usize].clone();
                campaign.mutate(&base, other.as_deref(), word as u32, MOST)
            }
        };
        executions += 1;
        let executed = campaign.execute(&bytes);
        executed.news.iter().for_each(|line| news(line));
        features += executed.new;
        if let Some(found) = executed.finding {
            finding = Some((found, Tape::decode(&bytes)));
            break;
        }
        if executed.new > 0 {
            corpus.push(bytes);
        }
    }
    let corpus = corpus.iter().map(|bytes| Tape::decode(bytes)).collect();
    Explored { executions, finding, features, corpus }
}

/// Bytes of a tape at most: as libFuzzer's default.
const MOST: usize = 4_096;
