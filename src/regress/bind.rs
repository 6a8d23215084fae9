//! Binding: finding the places of a saved tape again in a program that has changed.
//!
//! A draw that the user did not name is addressed by its place in the source, and places move.
//! A regression lists all places of its program at the time; here they are laid beside those of
//! the program now, file by file and in order, so that as many as possible meet one of the same
//! method, preferably moved by as many lines as their neighbours.

use crate::choice::{Label, Op, Row, Site, Tape, TextTape};
use crate::run::{Recording, Simulation};
use std::collections::{BTreeMap, BTreeSet};

/// Seeds that are run, besides the tape itself, to learn the places of a program.
const SEEDS: u64 = 8;

/// How often a tape is bound and run again: each time more of its choices are met.
const ROUNDS: usize = 6;

/// More places of a file than this are bound by their rank alone: laying them side by side takes
/// the fourth power.
const PLACES_MAX: usize = 96;

/// A tape bound to the program of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The tape.
    pub tape: Tape,
    /// How many places of its rows have moved.
    pub moved: usize,
}

/// A place in the source: file, line, column, method.
type Place = (String, u32, u32, String);

/// Places, each with the highest value that a choice there could have had.
type Places = BTreeMap<Place, u64>;

fn place(site: &Site<'_>) -> Place {
    (site.file.to_owned(), site.line, site.column, site.method.to_owned())
}

fn spell((file, line, column, method): &Place) -> String {
    format!("{file}:{line}:{column}:{method}")
}

/// The places that runs of `simulation` draw from, as a regression lists them.
pub(super) fn sites(simulation: &Simulation, tape: &Tape) -> Vec<String> {
    let mut places = Places::new();
    seeded(simulation, &mut places);
    run(simulation, tape, &mut places);
    places.iter().map(|(place, max)| format!("{} {max}", spell(place))).collect()
}

/// Reads a line that [`sites`] wrote.
fn parse_site(line: &str) -> Option<(Place, u64)> {
    let (name, max) = line.rsplit_once(' ')?;
    let name = format!("@{name}");
    let (_, site) = Site::split(&name)?;
    Some((place(&site), max.parse().ok()?))
}

fn seeded(simulation: &Simulation, places: &mut Places) {
    for seed in 0..SEEDS {
        run(simulation, &Tape::swarm(seed), places);
    }
}

fn run(simulation: &Simulation, tape: &Tape, places: &mut Places) {
    let outcome = simulation.run_with(tape, Recording::Story);
    let (Some(trace), Some(names)) = (outcome.trace(), outcome.names()) else { return };
    let of_label: Vec<_> =
        trace.labels().map(|label| names.get(label).and_then(Site::split).map(|(_, site)| place(&site))).collect();
    for choice in trace.choices() {
        if let Some(place) = &of_label[trace.label_index(choice)] {
            match places.get_mut(place) {
                Some(max) => *max = choice.max.max(*max),
                None => _ = places.insert(place.clone(), choice.max),
            }
        }
    }
}

/// Binds `text` to the program of `simulation`.
pub fn bind(simulation: &Simulation, text: &TextTape) -> Bound {
    let mut saved: Places = text.noted("site").filter_map(parse_site).collect();
    for name in text.labels.values() {
        if let Some((_, site)) = Site::split(name) {
            saved.entry(place(&site)).or_insert(0);
        }
    }
    let mut bound = Bound { tape: text.tape.clone(), moved: 0 };
    if !text.labels.values().any(|name| Site::split(name).is_some()) {
        return bound;
    }
    let mut now = Places::new();
    seeded(simulation, &mut now);
    for _ in 0..ROUNDS {
        let known = now.len();
        run(simulation, &bound.tape, &mut now);
        let next = rebind(text, &align(&saved, &now));
        if next == bound && now.len() == known {
            break;
        }
        bound = next;
    }
    bound
}

/// Gives every row under a moved place its new label.
fn rebind(text: &TextTape, moves: &BTreeMap<Place, Place>) -> Bound {
    let mut moved = BTreeSet::new();
    let mut labels = BTreeMap::new();
    for (&id, name) in &text.labels {
        let Some((path, site)) = Site::split(name) else { continue };
        let old = place(&site);
        if let Some(new) = moves.get(&old)
            && *new != old
        {
            let label = Label::parse(&format!("{path}/@{}", spell(new)));
            labels.insert(id, label.id());
            moved.insert(old);
        }
    }
    let rows = text.tape.rows().iter().map(|&row| match labels.get(&row.label) {
        Some(&label) if row.op != Op::Reseed => Row { label, ..row },
        _ => row,
    });
    Bound { tape: Tape::from_rows(text.tape.seed(), text.tape.base(), rows.collect()), moved: moved.len() }
}

/// Lays the places of each file side by side.
fn align(saved: &Places, now: &Places) -> BTreeMap<Place, Place> {
    let files: BTreeSet<_> = saved.keys().map(|place| place.0.clone()).collect();
    let mut moves = BTreeMap::new();
    for file in files {
        let of = |places: &Places| {
            let inside = places.iter().filter(|(place, _)| place.0 == file);
            inside.map(|(place, &max)| (place.clone(), max)).collect::<Vec<_>>()
        };
        let (old, new) = (of(saved), of(now));
        if old.iter().map(|(place, _)| place).eq(new.iter().map(|(place, _)| place)) {
            continue;
        }
        if old.len().max(new.len()) > PLACES_MAX {
            let pairs = by_rank(&old, &new);
            moves.extend(pairs.into_iter().map(|(one, other)| (old[one].0.clone(), new[other].0.clone())));
            continue;
        }
        // what is left over may be a block that moved: it is laid beside what is left there
        let (mut old, mut new) = (old, new);
        loop {
            let pairs = in_order(&old, &new);
            if pairs.is_empty() {
                break;
            }
            moves.extend(pairs.iter().map(|&(one, other)| (old[one].0.clone(), new[other].0.clone())));
            for &(one, other) in pairs.iter().rev() {
                old.remove(one);
                new.remove(other);
            }
        }
    }
    moves
}

/// The n-th place of a method becomes the n-th one.
fn by_rank(old: &[(Place, u64)], new: &[(Place, u64)]) -> Vec<(usize, usize)> {
    let rank = |places: &[(Place, u64)], index: usize| {
        places[..index].iter().filter(|(place, _)| place.3 == places[index].0.3).count()
    };
    let mut pairs = Vec::new();
    for one in 0..old.len() {
        let wanted = rank(old, one);
        let other = (0..new.len()).find(|&other| new[other].0.3 == old[one].0.3 && rank(new, other) == wanted);
        pairs.extend(other.map(|other| (one, other)));
    }
    pairs
}

/// The best way to pair places in order: each pair of one method counts 100, 20 more when it has
/// moved by as many lines as the pair before it, 20 more when its choices have as many values
/// (a changed range is no reason to lose it), 5 more when its column is the same.
fn in_order(old: &[(Place, u64)], new: &[(Place, u64)]) -> Vec<(usize, usize)> {
    let shift = |one: usize, other: usize| i64::from(new[other].0.1) - i64::from(old[one].0.1);
    // the score of the best pairing that ends with each pair, and the pair before it
    type Best = Option<(i64, Option<(usize, usize)>)>;
    let mut best: Vec<Vec<Best>> = vec![vec![None; new.len()]; old.len()];
    let mut last: Option<(i64, (usize, usize))> = None;
    for one in 0..old.len() {
        for other in 0..new.len() {
            if old[one].0.3 != new[other].0.3 {
                continue;
            }
            let same = |equal: bool, points: i64| if equal { points } else { 0 };
            let own = 100 + same(old[one].0.2 == new[other].0.2, 5) + same(old[one].1 == new[other].1, 20);
            let mut score = (own + same(shift(one, other) == 0, 20), None);
            for (before, row) in best.iter().enumerate().take(one) {
                for (matched, cell) in row.iter().enumerate().take(other) {
                    if let Some((so_far, _)) = cell {
                        let along = same(shift(before, matched) == shift(one, other), 20);
                        if so_far + own + along > score.0 {
                            score = (so_far + own + along, Some((before, matched)));
                        }
                    }
                }
            }
            best[one][other] = Some(score);
            if last.is_none_or(|(so_far, _)| score.0 > so_far) {
                last = Some((score.0, (one, other)));
            }
        }
    }
    let mut pairs = Vec::new();
    let mut at = last.map(|(_, pair)| pair);
    while let Some((one, other)) = at {
        pairs.push((one, other));
        at = best[one][other].and_then(|(_, before)| before);
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(lines: &[(u32, &str)]) -> Vec<(Place, u64)> {
        lines.iter().map(|&(line, method)| (("src/lib.rs".to_owned(), line, 9, method.to_owned()), 9)).collect()
    }

    #[test]
    fn an_inserted_line_moves_all_that_follow() {
        let old = places(&[(10, "range"), (11, "range"), (12, "bool")]);
        let new = places(&[(11, "range"), (12, "range"), (13, "bool")]);
        assert_eq!(in_order(&old, &new), [(0, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn an_inserted_draw_takes_nobodys_place() {
        let old = places(&[(10, "range"), (20, "range"), (30, "range")]);
        let new = places(&[(10, "range"), (15, "range"), (21, "range"), (31, "range")]);
        assert_eq!(in_order(&old, &new), [(0, 0), (1, 2), (2, 3)]);
    }

    #[test]
    fn a_draw_at_the_start_shifts_the_rest_by_its_lines() {
        let old = places(&[(10, "range"), (11, "range")]);
        let new = places(&[(9, "range"), (12, "range"), (13, "range")]);
        assert_eq!(in_order(&old, &new), [(0, 1), (1, 2)]);
    }

    #[test]
    fn ranks_count_by_method() {
        let old = places(&[(1, "range"), (2, "bool"), (3, "range")]);
        let new = places(&[(5, "range"), (6, "range"), (7, "bool")]);
        assert_eq!(by_rank(&old, &new), [(0, 0), (1, 2), (2, 1)]);
    }
}
