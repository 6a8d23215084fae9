//! A fuzz target in one file: a ladder that is climbed by luck, with two things to find.
//!
//! `cargo run --release --features fuzz --example ladder -- explore --runs 100000`
#![cfg_attr(fuzzing, no_main)]

use simfuzz::prelude::*;

/// A server that does nothing, so that faults have something to hit.
struct Idle;

#[async_trait(?Send)]
impl Process for Idle {
    fn name(&self) -> &str {
        "idle"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        loop {
            ctx.time().sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Steps up a ladder of four, one chance in 30 each.
struct Climber;

#[async_trait(?Send)]
impl Workload for Climber {
    fn name(&self) -> &str {
        "climber"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut height = 0;
        for step in 0..16 {
            ctx.time().sleep(Duration::from_millis(ctx.random().random_range(1..9))).await;
            if ctx.random().scope("step", step).label("up").random_range(0..30) == 13 {
                height += 1;
                ctx.state().guide("height", &[height]);
            }
            assert_sometimes!(height == 1, "one step up");
            assert_sometimes!(height == 2, "two steps up");
            assert_sometimes!(height == 3, "three steps up");
            assert_sometimes!(height > 16, "beyond the top");
            assert_always!(height < 3 || step > 5, "nobody climbs that fast");
            assert_always!(height < 4, "the top is out of reach");
        }
        Ok(())
    }
}

fn ladder() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(2, || Box::new(Idle))
        .workload(|| Box::new(Climber))
        .attrition(Attrition::default())
}

simfuzz::sim_target!(ladder);
