//! The control: tasks that swap elements of an array, with a moment between reading and writing.
//!
//! After the experiment of madsim's author with libFuzzer (risingwavelabs/risingwave#5010: "it
//! seems not working at all"): three tasks, ten elements, a pause of up to a millisecond, two
//! random places, and a yield in the middle of the swap. An element is doubled when two tasks wake
//! at one instant, meet in the yield, and share a place. Nothing leads up to that, and every run
//! has the same odds: guidance should gain nothing here, and lose little.
//!
//! The original lasts a second, and almost every seed finds the bug. Here a run ends before most
//! tasks have swapped once, and one seed in 70 finds it, one in 40 of those with swarm.

use simfuzz::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

const TASKS: usize = 3;
const ELEMENTS: usize = 10;

/// Between two swaps of a task, in microseconds, end excluded.
const PAUSE: u64 = 1_000;

/// How long the tasks go on.
const LASTS: Duration = Duration::from_micros(300);

/// Three tasks over one array.
pub fn simulation() -> Simulation {
    SimulationBuilder::new().workload(|| Box::new(Swapper)).build()
}

struct Swapper;

#[async_trait(?Send)]
impl Workload for Swapper {
    fn name(&self) -> &str {
        "swapper"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let array = Rc::new(RefCell::new((0..ELEMENTS).collect::<Vec<_>>()));
        for _ in 0..TASKS {
            let (array, ctx) = (array.clone(), ctx.clone());
            ctx.clone().task().spawn_local(async move {
                loop {
                    let pause = ctx.random().label("pause").random_range(0..PAUSE);
                    ctx.time().sleep(Duration::from_micros(pause)).await;
                    swap(&array, &ctx).await;
                    assert_always!(is_whole(&array.borrow()), "no element is lost");
                }
            });
        }
        ctx.time().sleep(LASTS).await;
        Ok(())
    }
}

async fn swap(array: &RefCell<Vec<usize>>, ctx: &SimContext) {
    let place = || ctx.random().label("place").random_range(0..ELEMENTS);
    let (one, other) = (place(), place());
    let (first, second) = (array.borrow()[one], array.borrow()[other]);
    ctx.task().yield_now().await;
    array.borrow_mut()[one] = second;
    array.borrow_mut()[other] = first;
}

fn is_whole(array: &[usize]) -> bool {
    (0..ELEMENTS).all(|element| array.contains(&element))
}
