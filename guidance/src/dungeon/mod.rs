//! The dungeon: eight levels, each with a key that is rarely found and stairs that need it.
//!
//! The second headline problem of moonpool 0.8 (`sim-dungeon-explore`), with its draws, odds,
//! limits and signals: seven times walk to the key, stand there for some 33 steps, walk to the
//! stairs and descend, then find the treasure, with five hit points and by random steps. The
//! program never waits. Of 500 seeds none leaves the first level.
//!
//! - `level`: rooms, corridors and what lies in them, as drawn
//! - `game`: one step after another, and what it does to the player

mod game;
mod level;

use game::{Game, Step};
use simfuzz::prelude::*;

/// Steps of a run at most.
const STEPS: u32 = 10_000;

/// The level of the treasure.
const LAST: i64 = 8;

/// Hit points at the start, and at most.
const HEALTH: i64 = 5;

/// The dungeon, which tells how far the player has come.
pub fn simulation() -> Simulation {
    SimulationBuilder::new().workload(|| Box::new(Player)).build()
}

struct Player;

#[async_trait(?Send)]
impl Workload for Player {
    fn name(&self) -> &str {
        "player"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut game = Game::new(ctx.random());
        for _ in 0..STEPS {
            let step = game.step();
            signal(&game, step);
            assert_always!(step != Step::Won, "the treasure stays where it is");
            if matches!(step, Step::Won | Step::Died) {
                break;
            }
        }
        Ok(())
    }
}

/// What the search is told, and was in the original.
fn signal(game: &Game, step: Step) {
    if step == Step::Died {
        return;
    }
    let (floor, health) = (game.floor(), class(game.health()));
    let (has_key, on_stairs) = (game.has_key(), game.on_stairs());
    if game.on_key_tile() {
        assert_sometimes_each!("on the tile of the key", [("floor", floor)], [("health", health)]);
    }
    if on_stairs && has_key {
        assert_sometimes_each!("on the stairs with the key", [("floor", floor)], [("health", health)]);
    }
    assert_sometimes!(on_stairs && !has_key, "on the stairs without the key");
    if step == Step::Descended {
        assert_sometimes_each!("descended", [("floor", floor)], [("health", health)]);
    }
    if let Some(room) = game.room() {
        assert_sometimes_each!(
            "room explored",
            [("floor", floor), ("room", room)],
            [("key", has_key), ("health", health)]
        );
    }
    if game.in_goal_room() {
        assert_sometimes_each!("in the goal's room", [("floor", floor)], [("key", has_key), ("health", health)]);
        assert_sometimes!(floor == LAST, "near the treasure");
    }
    if game.found_key() {
        key_found(floor);
    }
    assert_sometimes!(game.was_hit(), "survived a hit");
    assert_sometimes!(step == Step::Won, "treasure found");
    assert_sometimes_greater_than_or_equal_to!(floor, LAST, "the lowest level");
    assert_sometimes_greater_than_or_equal_to!(game.health(), HEALTH, "in full health");
}

/// A goal for each level's key.
fn key_found(floor: i64) {
    assert_sometimes!(floor == 1, "key found on level 1");
    assert_sometimes!(floor == 2, "key found on level 2");
    assert_sometimes!(floor == 3, "key found on level 3");
    assert_sometimes!(floor == 4, "key found on level 4");
    assert_sometimes!(floor == 5, "key found on level 5");
    assert_sometimes!(floor == 6, "key found on level 6");
    assert_sometimes!(floor == 7, "key found on level 7");
}

/// Hit points, coarsely.
fn class(health: i64) -> i64 {
    match health {
        ..=1 => 0,
        2 => 1,
        3 | 4 => 2,
        _ => 3,
    }
}
