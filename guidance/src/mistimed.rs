//! The mistimed maze: seven locks, each opened by a fault at the right moment, and thrown shut,
//! all of them, by a fault at a wrong one.
//!
//! So that more faults are no way out: a run in which everything fails stays where it began. How
//! many locks are open is data; no branch of the program tells one from another, and a search
//! that goes by coverage sees nothing. The state is published.

use simfuzz::prelude::*;

const STEPS: u32 = 200;

/// Locks in a row.
const LOCKS: u32 = 7;

/// Steps for the next lock, or all fall shut again.
const PATIENCE: u32 = 60;

/// What can be done in a step.
const ACTIONS: u32 = 8;

/// In one of so many steps something fails.
const FAULT: u32 = 1_000;

/// Between two steps.
const STEP: Duration = Duration::from_millis(1);

/// Seven locks.
pub fn simulation() -> Simulation {
    SimulationBuilder::new().workload(|| Box::new(Thief)).build()
}

struct Thief;

#[async_trait(?Send)]
impl Workload for Thief {
    fn name(&self) -> &str {
        "thief"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (action, fault) = (ctx.random().label("action"), ctx.random().label("fault"));
        let mut open = 0;
        let mut left = 0u32;
        for _ in 0..STEPS {
            ctx.time().sleep(STEP).await;
            let action = action.random_range(0..ACTIONS);
            if fault.random_ratio(1, FAULT) {
                let fits = action == (open * 3 + 1) % ACTIONS;
                open = u32::from(fits) * (open + 1);
                left = PATIENCE;
                ctx.state().guide("open", &[i64::from(open)]);
            }
            assert_always!(open < LOCKS, "one of the locks holds");
            if open == LOCKS {
                break;
            }
            left = left.saturating_sub(1);
            open *= u32::from(left > 0);
        }
        Ok(())
    }
}
