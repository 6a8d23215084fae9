//! Ladders: a record of which every copy must be lost at once, two, three or four of them.
//!
//! The classical test of importance splitting, as a storage service: in each step a disk may turn
//! bad, which matters if it is at the sector of the record; then a copy is lost, and repaired a
//! little later. Each copy more makes the loss of all a hundred times rarer.

use simfuzz::prelude::*;

const STEPS: u32 = 200;

/// In one of so many steps a sector turns bad.
const BAD: u32 = 100;

/// Sectors of a disk; the record is on one of them.
const SECTORS: u32 = 20;
const RECORD: u32 = 11;

/// Steps until a lost copy is repaired: all are, and it begins anew with the next loss.
const REPAIR: u32 = 20;

/// Between two steps.
const STEP: Duration = Duration::from_millis(1);

/// A record in two copies: one seed of 1,200 or so loses it.
pub fn two() -> Simulation {
    copies(2)
}

/// Three copies: one of 120,000.
pub fn three() -> Simulation {
    copies(3)
}

/// Four copies: one of 13 million.
pub fn four() -> Simulation {
    copies(4)
}

fn copies(copies: u32) -> Simulation {
    SimulationBuilder::new().workload(move || Box::new(Keeper { copies })).build()
}

/// The odds that a run loses all copies, exactly.
pub fn odds(copies: u32) -> f64 {
    let loss = 1.0 / f64::from(BAD) / f64::from(SECTORS);
    let repair = REPAIR as usize;
    // by copies lost, and steps until they are repaired; nothing lost is in the first place
    let mut at = vec![vec![0.0; repair + 1]; copies as usize];
    at[0][0] = 1.0;
    let mut all = 0.0;
    for _ in 0..STEPS {
        let mut next = vec![vec![0.0; repair + 1]; copies as usize];
        for (lost, left, odds) in at.iter().enumerate().flat_map(|(lost, row)| {
            row.iter().enumerate().map(move |(left, &odds)| (lost, left, odds)).filter(|&(.., odds)| odds > 0.0)
        }) {
            match next.get_mut(lost + 1) {
                Some(row) => row[repair] += odds * loss,
                None => all += odds * loss,
            }
            match left {
                0 | 1 => next[0][0] += odds * (1.0 - loss),
                _ => next[lost][left - 1] += odds * (1.0 - loss),
            }
        }
        at = next;
    }
    all
}

struct Keeper {
    copies: u32,
}

#[async_trait(?Send)]
impl Workload for Keeper {
    fn name(&self) -> &str {
        "keeper"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (bad, sector) = (ctx.random().label("bad"), ctx.random().label("sector"));
        let mut lost = 0;
        let mut left = 0u32;
        for _ in 0..STEPS {
            ctx.time().sleep(STEP).await;
            let sector = sector.random_range(0..SECTORS);
            if bad.random_ratio(1, BAD) && sector == RECORD {
                lost += 1;
                left = REPAIR;
                ctx.state().guide("lost", &[i64::from(lost)]);
                ctx.note(|| format!("copy {lost} of {} is lost", self.copies));
            } else {
                left = left.saturating_sub(1);
                if left == 0 {
                    lost = 0;
                }
            }
            assert_always!(lost < self.copies, "a copy is left");
            if lost == self.copies {
                break;
            }
        }
        Ok(())
    }
}
