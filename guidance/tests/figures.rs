//! The planted problems are what they claim to be: their odds for random seeds.

use guidance::{dungeon, ladder, maze, mistimed, swap};
use simfuzz::assert::{Kind, catalogue};
use simfuzz::choice::{Label, Tape};
use simfuzz::{Outcome, Simulation};
use std::collections::BTreeSet;

fn plain(simulation: &Simulation, seeds: u64) -> impl Iterator<Item = Outcome> {
    (0..seeds).map(|seed| simulation.run(&Tape::seeded(seed)))
}

fn found(simulation: &Simulation, seeds: u64) -> usize {
    plain(simulation, seeds).filter(|outcome| outcome.finding().is_some()).count()
}

/// The tuples that the goal `name` was reached with.
fn buckets<'a>(outcomes: impl Iterator<Item = Outcome> + 'a, name: &str) -> BTreeSet<Vec<i64>> {
    let id = catalogue().iter().find(|entry| entry.name == name && entry.kind == Kind::SometimesEach).unwrap().id;
    outcomes
        .flat_map(|outcome| {
            let all: Vec<_> = outcome
                .record()
                .buckets()
                .filter(|bucket| bucket.id == id)
                .map(|bucket| bucket.keys.to_vec())
                .collect();
            all
        })
        .collect()
}

#[test]
fn random_seeds_reach_ten_gates_of_the_maze_and_no_lock() {
    let simulation = maze::simulation();
    assert_eq!(found(&simulation, 10), 0);
    assert_eq!(buckets(plain(&simulation, 2_000), "gate").len(), 10);
    assert_eq!(buckets(plain(&simulation, 2_000), "lock opens").len(), 0);
}

#[test]
fn random_seeds_stay_on_the_first_level_of_the_dungeon() {
    let simulation = dungeon::simulation();
    let mut steps = 0;
    let mut keys = 0;
    for outcome in plain(&simulation, 500) {
        let trace = outcome.trace().unwrap();
        let action = Label::parse("player/action");
        steps += trace.choices().iter().filter(|choice| trace.label(choice) == action).count();
        let key = catalogue().iter().find(|entry| entry.name == "key found on level 1").unwrap().id;
        keys += usize::from(outcome.record().held(key) > 0);
        assert!(outcome.finding().is_none());
    }
    assert!(buckets(plain(&simulation, 500), "descended").is_empty());
    // 395 and 15 in the original
    assert!((340..450).contains(&(steps / 500)), "{} steps", steps / 500);
    assert!((6..30).contains(&keys), "{keys} keys");
}

#[test]
fn the_ladders_are_as_rare_as_they_say() {
    for (copies, one_in) in [(2, 1e3), (3, 1e5), (4, 1e7)] {
        let rate = 1.0 / ladder::odds(copies);
        assert!((0.8..1.5).contains(&(rate / one_in)), "{copies} copies: one in {rate:.0}");
    }
    let expected = 20_000.0 * ladder::odds(2);
    let found = found(&ladder::two(), 20_000) as f64;
    assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found}, not {expected:.1}");
}

#[test]
fn a_seed_opens_a_lock_of_the_mistimed_maze_now_and_then_and_never_the_seventh() {
    let opened = plain(&mistimed::simulation(), 2_000).filter(|outcome| outcome.guides().len() > 1).count();
    assert!((1..400).contains(&opened), "{opened}");
    assert_eq!(found(&mistimed::simulation(), 2_000), 0);
}

#[test]
fn one_seed_in_seventy_loses_an_element() {
    let found = found(&swap::simulation(), 4_000);
    assert!((30..90).contains(&found), "{found}");
}
