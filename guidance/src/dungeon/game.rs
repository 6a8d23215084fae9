//! The rules: what an action does to the player, and what the enemies do then.

use super::HEALTH;
use super::level::{Level, Place, Tile};
use simfuzz::prelude::*;

/// The odds that the last action is repeated.
const REPEAT: f64 = 0.70;

/// The odds of a step on the tile of the key to find it.
const FIND: f64 = 0.03;

/// The eight moves, clockwise from north.
const MOVES: [Place; 8] = [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1)];

/// Moves, descend, search.
const ACTIONS: u64 = 10;
const DESCEND: u64 = 8;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Went,
    Descended,
    Died,
    Won,
}

pub(super) struct Game {
    random: SimRandomProvider,
    action: SimRandomProvider,
    repeat: SimRandomProvider,
    enemy: SimRandomProvider,
    key: SimRandomProvider,
    level: Level,
    floor: i64,
    at: Place,
    health: i64,
    has_key: bool,
    last: Option<u64>,
    found_key: bool,
    was_hit: bool,
}

impl Game {
    pub(super) fn new(random: &SimRandomProvider) -> Self {
        let level = Level::draw(random, 1);
        Self {
            random: random.clone(),
            action: random.label("action"),
            repeat: random.label("repeat"),
            enemy: random.label("enemy"),
            key: random.label("key"),
            at: level.start(),
            level,
            floor: 1,
            health: HEALTH,
            has_key: false,
            last: None,
            found_key: false,
            was_hit: false,
        }
    }

    pub(super) fn floor(&self) -> i64 {
        self.floor
    }

    pub(super) fn health(&self) -> i64 {
        self.health
    }

    pub(super) fn has_key(&self) -> bool {
        self.has_key
    }

    pub(super) fn on_stairs(&self) -> bool {
        self.level.at(self.at) == Tile::Stairs
    }

    pub(super) fn on_key_tile(&self) -> bool {
        self.level.key == Some(self.at)
    }

    pub(super) fn room(&self) -> Option<usize> {
        self.level.room(self.at)
    }

    pub(super) fn in_goal_room(&self) -> bool {
        self.room().is_some_and(|room| self.level.is_goal_room(room))
    }

    /// Was the key found in the last step?
    pub(super) fn found_key(&self) -> bool {
        self.found_key
    }

    /// Did an enemy hit in the last step?
    pub(super) fn was_hit(&self) -> bool {
        self.was_hit
    }

    pub(super) fn step(&mut self) -> Step {
        (self.found_key, self.was_hit) = (false, false);
        let fresh = self.action.random::<u64>() % ACTIONS;
        let again = self.repeat.random::<f64>() < REPEAT;
        let action = self.last.filter(|_| again).unwrap_or(fresh);
        self.last = Some(action);
        let step = self.act(action);
        if step != Step::Died && self.on_key_tile() && !self.has_key {
            self.has_key = self.key.random::<f64>() < FIND;
            self.found_key = self.has_key;
        }
        step
    }

    fn act(&mut self, action: u64) -> Step {
        let tile = self.level.at(self.at);
        match action {
            DESCEND if tile == Tile::Stairs => {
                if !self.has_key {
                    return Step::Went;
                }
                self.floor += 1;
                self.has_key = false;
                self.level = Level::draw(&self.random, self.floor);
                self.at = self.level.start();
                return Step::Descended;
            }
            DESCEND => {}
            _ if action > DESCEND => {
                if tile == Tile::Treasure {
                    return Step::Won;
                }
            }
            _ => {
                if !self.walk(MOVES[action as usize]) {
                    return Step::Died;
                }
            }
        }
        self.enemies()
    }

    /// Goes a step, if there is a way; says whether the player lives.
    fn walk(&mut self, direction: Place) -> bool {
        let Some(to) = self.level.walk(self.at, direction) else { return true };
        self.at = to;
        match self.level.at(to) {
            Tile::Potion => self.health = (self.health + 2).min(HEALTH),
            Tile::Trap => self.health -= 1,
            _ => return true,
        }
        self.level.set(to, Tile::Floor);
        self.health > 0
    }

    fn enemies(&mut self) -> Step {
        for index in 0..self.level.enemies.len() {
            // the last of them is to stay
            let direction = MOVES.get(self.enemy.random_range(0..=MOVES.len()));
            let at = self.level.enemies[index];
            if let Some(to) = direction.and_then(|&direction| self.level.walk(at, direction)) {
                self.level.enemies[index] = to;
            }
        }
        if self.level.enemies.contains(&self.at) {
            self.health -= self.enemy.random_range(1..=2);
            self.was_hit = self.health > 0;
        }
        if self.health > 0 { Step::Went } else { Step::Died }
    }
}
