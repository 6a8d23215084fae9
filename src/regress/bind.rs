//! Binding: finding the places of a saved tape again in a program that has changed.
//!
//! A draw that the user did not name is addressed by its place in the source, and places move.
//! A regression lists all places of its program at the time; here they are laid beside those of
//! the program now, file by file and in order, so that as many as possible meet one of the same
//! method, preferably moved by as many lines as their neighbours. What a file has lost is then
//! looked for among what others have gained.

use super::alias::renamed;
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

/// The labels that seeded runs of `simulation`, and that of `tape`, draw under.
fn drawn(simulation: &Simulation, tape: &Tape) -> BTreeSet<u32> {
    let tapes = (0..SEEDS).map(Tape::swarm).chain([tape.clone()]);
    let mut labels = BTreeSet::new();
    for tape in tapes {
        let outcome = simulation.run_with(&tape, Recording::Choices);
        labels.extend(outcome.trace().into_iter().flat_map(|trace| trace.labels()).map(Label::id));
    }
    labels
}

/// Binds `text` to the program of `simulation`: labels that were
/// [renamed](crate::SimulationBuilder::alias), and places that have moved.
pub fn bind(simulation: &Simulation, text: &TextTape) -> Bound {
    let renamed = renamed(text, &simulation.aliases, || drawn(simulation, &text.tape));
    let text = renamed.as_ref().unwrap_or(text);
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

/// Lays the places of each file side by side, and then those that are left over beside those that are
/// left over in other files: code that has moved there.
fn align(saved: &Places, now: &Places) -> BTreeMap<Place, Place> {
    let mut old = by_file(saved);
    let mut new = by_file(now);
    let mut moves = BTreeMap::new();
    for (file, old) in &mut old {
        let Some(new) = new.get_mut(file) else { continue };
        // what is left over may be a block that moved: it is laid beside what is left there
        while pair(old, new, false, &mut moves) {}
    }
    let files = |places: &BTreeMap<String, Ranked>| places.keys().cloned().collect::<Vec<_>>();
    let mut beside: Vec<(usize, String, String)> = Vec::new();
    for from in files(&old) {
        for to in files(&new).into_iter().filter(|to| *to != from) {
            let pairs = pairs(&old[&from], &new[&to], true).len();
            beside.extend((pairs > 0).then(|| (pairs, from.clone(), to)));
        }
    }
    // the file that takes most of what is missing comes first
    beside.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| (&one.1, &one.2).cmp(&(&other.1, &other.2))));
    for (_, from, to) in beside {
        if let (Some(old), Some(new)) = (old.get_mut(&from), new.get_mut(&to)) {
            while pair(old, new, true, &mut moves) {}
        }
    }
    moves
}

/// Places of one file in order.
type Ranked = Vec<(Place, u64)>;

fn by_file(places: &Places) -> BTreeMap<String, Ranked> {
    let mut files: BTreeMap<String, Ranked> = BTreeMap::new();
    for (place, &max) in places {
        files.entry(place.0.clone()).or_default().push((place.clone(), max));
    }
    files
}

/// Takes the best pairs out of both, as moves; false when there is none.
fn pair(old: &mut Ranked, new: &mut Ranked, elsewhere: bool, moves: &mut BTreeMap<Place, Place>) -> bool {
    let pairs = pairs(old, new, elsewhere);
    moves.extend(pairs.iter().map(|&(one, other)| (old[one].0.clone(), new[other].0.clone())));
    *old = rest(old, |index| pairs.iter().any(|pair| pair.0 == index));
    *new = rest(new, |index| pairs.iter().any(|pair| pair.1 == index));
    !pairs.is_empty()
}

fn rest(places: &[(Place, u64)], is_taken: impl Fn(usize) -> bool) -> Ranked {
    (0..places.len()).filter(|&index| !is_taken(index)).map(|index| places[index].clone()).collect()
}

/// The best pairs. In another file one alone, with other values, is no code that has moved there:
/// it is a draw that is gone, and one that is new.
fn pairs(old: &[(Place, u64)], new: &[(Place, u64)], elsewhere: bool) -> Vec<(usize, usize)> {
    if !elsewhere && old.iter().map(|(place, _)| place).eq(new.iter().map(|(place, _)| place)) {
        return (0..old.len()).map(|index| (index, index)).collect();
    }
    let pairs = match old.len().max(new.len()) > PLACES_MAX {
        true => by_rank(old, new),
        false => in_order(old, new),
    };
    let shift = |&(one, other): &(usize, usize)| i64::from(new[other].0.1) - i64::from(old[one].0.1);
    let together = |pair: &(usize, usize)| pairs.iter().filter(|other| shift(other) == shift(pair)).count() > 1;
    let is_sure = |pair: &&(usize, usize)| !elsewhere || old[pair.0].1 == new[pair.1].1 || together(pair);
    pairs.iter().filter(is_sure).copied().collect()
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
    fn code_that_went_to_another_file_is_found_there() {
        let of = |file: &str, lines: &[(u32, &str, u64)]| -> Places {
            lines.iter().map(|&(line, method, max)| ((file.to_owned(), line, 9, method.to_owned()), max)).collect()
        };
        let saved = of("src/one.rs", &[(10, "range", 9), (20, "range", 99), (21, "bool", 1), (50, "spawn", 64)]);
        let mut now = of("src/one.rs", &[(10, "range", 9), (30, "spawn", 64)]);
        now.extend(of("src/two.rs", &[(3, "range", 127), (4, "bool", 1)]));
        now.extend(of("src/new.rs", &[(7, "range", 5)]));
        let moves: Vec<_> = align(&saved, &now).into_iter().map(|(old, new)| (old.1, new.0, new.1)).collect();
        let wanted = [(10, "src/one.rs", 10), (20, "src/two.rs", 3), (21, "src/two.rs", 4), (50, "src/one.rs", 30)];
        assert_eq!(moves, wanted.map(|(old, file, line)| (old, file.to_owned(), line)));
        // a draw that is gone is not the one that came to another file
        let gone = align(&of("src/one.rs", &[(10, "range", 9)]), &of("src/new.rs", &[(7, "range", 5)]));
        assert_eq!(gone, BTreeMap::new());
    }

    #[test]
    fn ranks_count_by_method() {
        let old = places(&[(1, "range"), (2, "bool"), (3, "range")]);
        let new = places(&[(5, "range"), (6, "range"), (7, "bool")]);
        assert_eq!(by_rank(&old, &new), [(0, 0), (1, 2), (2, 1)]);
    }
}
