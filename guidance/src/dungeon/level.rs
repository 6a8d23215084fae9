//! A level as it is drawn: rooms, the corridors between them, and what lies where.
//!
//! The order of the draws is that of the original.

use super::LAST;
use simfuzz::prelude::*;

pub(super) const WIDTH: i64 = 35;
pub(super) const HEIGHT: i64 = 20;

/// How often a place is looked for that is free.
const TRIES: u32 = 100;

pub(super) type Place = (i64, i64);

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tile {
    Wall,
    Floor,
    Stairs,
    Treasure,
    Potion,
    Trap,
}

#[derive(Clone, Copy, Debug)]
struct Room {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

impl Room {
    fn center(&self) -> Place {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    fn contains(&self, (x, y): Place) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// One level of the dungeon.
#[derive(Debug)]
pub(super) struct Level {
    tiles: Vec<Tile>,
    rooms: Vec<Room>,
    /// Where the key is; the last level has none.
    pub(super) key: Option<Place>,
    pub(super) enemies: Vec<Place>,
}

impl Level {
    pub(super) fn draw(random: &SimRandomProvider, floor: i64) -> Self {
        let random = random.label("level");
        let mut level = Self {
            tiles: vec![Tile::Wall; (WIDTH * HEIGHT) as usize],
            rooms: Vec::new(),
            key: None,
            enemies: Vec::new(),
        };
        for _ in 0..random.random_range(4..=6) {
            let (width, height) = (random.random_range(3..=6), random.random_range(3..=5));
            let x = random.random_range(1..WIDTH - (width + 1));
            let y = random.random_range(1..HEIGHT - (height + 1));
            let room = Room { x, y, width, height };
            (y..y + height).for_each(|y| (x..x + width).for_each(|x| level.set((x, y), Tile::Floor)));
            level.rooms.push(room);
        }
        level.rooms.sort_by_key(|room| room.center().0);
        level.dig();
        let goal = if floor == LAST { Tile::Treasure } else { Tile::Stairs };
        level.set(level.goal(), goal);
        if floor < LAST {
            let interior = 1..level.rooms.len() - 1;
            let key = level.rooms[random.random_range(interior.clone())].center();
            let potion = level.rooms[random.random_range(interior)].center();
            level.key = Some(key);
            if potion != key {
                level.set(potion, Tile::Potion);
            }
        }
        for _ in 0..random.random_range(2..=3) {
            if let Some(place) = level.free(&random) {
                level.set(place, Tile::Trap);
            }
        }
        for _ in 0..random.random_range(2 + floor / 2..=5 + floor / 2) {
            let place = level.free(&random);
            level.enemies.extend(place);
        }
        level
    }

    /// Corridors from each room to the next one.
    fn dig(&mut self) {
        for pair in 1..self.rooms.len() {
            let (from, to) = (self.rooms[pair - 1].center(), self.rooms[pair].center());
            (from.0.min(to.0)..=from.0.max(to.0)).for_each(|x| self.set((x, from.1), Tile::Floor));
            (from.1.min(to.1)..=from.1.max(to.1)).for_each(|y| self.set((to.0, y), Tile::Floor));
        }
    }

    /// A place with nothing on it, and not where the player begins.
    fn free(&self, random: &SimRandomProvider) -> Option<Place> {
        (0..TRIES)
            .map(|_| (random.random_range(0..WIDTH), random.random_range(0..HEIGHT)))
            .find(|&place| self.at(place) == Tile::Floor && place != self.start())
    }

    pub(super) fn start(&self) -> Place {
        self.rooms[0].center()
    }

    /// Where the stairs are, or the treasure.
    fn goal(&self) -> Place {
        self.rooms[self.rooms.len() - 1].center()
    }

    /// The number of the room at `place`; the last one where rooms overlap.
    pub(super) fn room(&self, place: Place) -> Option<usize> {
        self.rooms.iter().rposition(|room| room.contains(place))
    }

    pub(super) fn is_goal_room(&self, room: usize) -> bool {
        room + 1 == self.rooms.len()
    }

    pub(super) fn at(&self, (x, y): Place) -> Tile {
        self.tiles[(y * WIDTH + x) as usize]
    }

    pub(super) fn set(&mut self, (x, y): Place, tile: Tile) {
        self.tiles[(y * WIDTH + x) as usize] = tile;
    }

    /// Where a step from `place` leads; `None` if it is blocked.
    pub(super) fn walk(&self, place: Place, direction: Place) -> Option<Place> {
        let to = (place.0 + direction.0, place.1 + direction.1);
        let inside = (0..WIDTH).contains(&to.0) && (0..HEIGHT).contains(&to.1);
        (inside && self.at(to) != Tile::Wall).then_some(to)
    }
}
