//! The maze: four locks, each a streak of five lucky draws, two of them behind others.
//!
//! The headline problem of moonpool 0.8 (`sim-maze-explore`), with its draws, thresholds and
//! limits, and with its signals where the search is to have them. There are no branches to
//! choose, only rare events, and the program never waits: all of it happens at one instant.
//! One seed in about 6,000 opens a lock, less than one in 10^15 all four.

use simfuzz::prelude::*;

/// Tries of a run.
const STEPS: u32 = 500;

/// Lucky draws in a row that open a lock.
const DEPTH: i64 = 5;

/// A draw below is lucky.
const LUCK: f64 = 0.05;

const LOCKS: usize = 4;

/// The maze, which tells how far it has come.
pub fn simulation() -> Simulation {
    build(true)
}

/// The maze in silence: no search has anything to go by.
pub fn blind() -> Simulation {
    build(false)
}

fn build(signals: bool) -> Simulation {
    SimulationBuilder::new().workload(move || Box::new(Thief { signals })).build()
}

struct Thief {
    signals: bool,
}

#[async_trait(?Send)]
impl Workload for Thief {
    fn name(&self) -> &str {
        "thief"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut maze = Maze { open: [false; LOCKS], pick: ctx.random().label("pick"), signals: self.signals };
        let look = ctx.random().label("look");
        for _ in 0..STEPS {
            // a draw that means nothing, as there is in the original
            let _: u64 = look.random();
            maze.step();
            if maze.signals {
                assert_sometimes!(maze.is_open(), "all locks are open");
            }
            assert_always!(!maze.is_open(), "one of the locks holds");
            if maze.is_open() {
                break;
            }
        }
        Ok(())
    }
}

struct Maze {
    open: [bool; LOCKS],
    pick: SimRandomProvider,
    signals: bool,
}

impl Maze {
    fn is_open(&self) -> bool {
        self.open.iter().all(|&open| open)
    }

    fn step(&mut self) {
        if !self.open[0] {
            self.attempt(0);
        }
        if self.open[0] && !self.open[1] {
            self.attempt(1);
        }
        if !self.open[2] {
            self.attempt(2);
        }
        if self.open[0] && self.open[2] && !self.open[3] {
            self.attempt(3);
        }
    }

    /// Tries lock number `lock`: the first draw without luck is the end of it.
    fn attempt(&mut self, lock: usize) {
        let opened = self.open.iter().filter(|&&open| open).count();
        for depth in 1..=DEPTH {
            if self.signals {
                assert_sometimes_each!("gate", [("lock", lock), ("depth", depth), ("opened", opened)]);
            }
            if self.pick.random::<f64>() >= LUCK {
                return;
            }
        }
        self.open[lock] = true;
        if self.signals {
            assert_sometimes_each!("lock opens", [("lock", lock), ("opened", opened)]);
        }
    }
}
