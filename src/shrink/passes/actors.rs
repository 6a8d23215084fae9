//! Actors of a kind change places, so that it is the first of them that acts: `client-0` for
//! `client-2`, and then there need not be three.
//!
//! Knows of names only that a part of a path may end in a number. Who has which address isn't known
//! here, so names and addresses are renamed each alone and each with each.

use crate::choice::Label;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::{BTreeMap, BTreeSet};

/// Of more exceptions than this, who is who is not worth the runs yet.
const ACTORS_UNTIL: usize = 60;

/// Numbers that are tried, from the lowest.
const LOWEST: u32 = 3;

/// Two of a kind: `client-` 2 and 0.
type Swap = (String, u32, u32);

/// Renames the actors of the best tape.
pub(super) fn rename(shrinker: &mut Shrinker<'_>) {
    while shrinker.best().len() <= ACTORS_UNTIL && !shrinker.is_over() {
        let swaps = swaps(shrinker);
        let both = swaps.iter().flat_map(|one| swaps.iter().map(move |other| vec![one, other]));
        let offers: Vec<Vec<&Swap>> =
            swaps.iter().map(|one| vec![one]).chain(both.filter(|both| both[0].0 < both[1].0)).collect();
        let mut names = BTreeMap::new();
        let drafts: Vec<Draft> = offers.iter().map(|swaps| renamed(shrinker, swaps, &mut names)).collect();
        shrinker.learn(names);
        if shrinker.first(drafts.into_iter()).is_none() {
            return;
        }
    }
}

/// Every swap of an actor with one that comes before it.
fn swaps(shrinker: &Shrinker<'_>) -> Vec<Swap> {
    let mut actors = BTreeSet::new();
    for set in shrinker.sets() {
        for part in parts(shrinker.name(set.label)) {
            actors.extend(numbered(part).map(|(stem, number)| (stem.to_owned(), number)));
        }
    }
    let lower = |(stem, number): (String, u32)| {
        // names count from 0, addresses from 1
        let first = u32::from(stem.ends_with('.'));
        (first..number.min(first + LOWEST)).map(move |other| (stem.clone(), number, other))
    };
    actors.into_iter().flat_map(lower).collect()
}

/// The parts of a path; a link's two ends are two. A call site at the end is none.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let path = name.split("/@").next().unwrap_or_default();
    path.split('/')
        .flat_map(|part| match part.split_once('-') {
            Some((one, other)) if one.contains('.') => [Some(one), Some(other)],
            _ => [Some(part), None],
        })
        .flatten()
}

/// `client-2` as `client-` and 2, `10.0.1.3` as `10.0.1.` and 3.
fn numbered(part: &str) -> Option<(&str, u32)> {
    let stem = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = part[stem.len()..].parse().ok()?;
    (stem.len() > 1 && stem.ends_with(['-', '.'])).then_some((stem, number))
}

fn renamed(shrinker: &Shrinker<'_>, swaps: &[&Swap], names: &mut BTreeMap<u32, String>) -> Draft {
    shrinker.best().with(|set| {
        let name = shrinker.name(set.label);
        let new = swaps.iter().fold(name.to_owned(), |name, swap| swapped(&name, swap));
        if new == name {
            return *set;
        }
        let label = Label::parse(&new).id();
        names.insert(label, new);
        Exception { label, ..*set }
    })
}

fn swapped(name: &str, (stem, one, other): &Swap) -> String {
    let (path, site) = name.split_once("/@").map_or((name, None), |(path, site)| (path, Some(site)));
    let swap = |part: &str| match numbered(part) {
        Some((known, number)) if known == stem && number == *one => format!("{stem}{other}"),
        Some((known, number)) if known == stem && number == *other => format!("{stem}{one}"),
        _ => part.to_owned(),
    };
    let parts = path.split('/').map(|part| match part.split_once('-') {
        Some((from, to)) if from.contains('.') => format!("{}-{}", swap(from), swap(to)),
        _ => swap(part),
    });
    let path = parts.collect::<Vec<_>>().join("/");
    site.map_or(path.clone(), |site| format!("{path}/@{site}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_change_places_wherever_they_stand() {
        let client = ("client-".to_owned(), 2, 0);
        let address = ("10.0.1.".to_owned(), 3, 1);
        assert_eq!(swapped("client-2/op/kind", &client), "client-0/op/kind");
        assert_eq!(swapped("client-0/@src/client-2.rs:1:2:range", &client), "client-2/@src/client-2.rs:1:2:range");
        assert_eq!(swapped("link/10.0.1.3-10.0.0.3/latency", &address), "link/10.0.1.1-10.0.0.3/latency");
        assert_eq!(swapped("link/10.0.1.1-10.0.1.3/latency", &address), "link/10.0.1.3-10.0.1.1/latency");
        assert_eq!(swapped("client-20/op", &client), "client-20/op");
        assert_eq!(swapped("topology/workloads/2", &client), "topology/workloads/2");
    }
}
