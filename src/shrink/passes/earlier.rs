//! The same, earlier: gaps between operations are closed, what stands late moves to the front.

use crate::choice::Kind;
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::BTreeSet;

/// Of more exceptions than this, none is moved together with a fault yet.
const FAULTS_UNTIL: usize = 20;

/// What faults count of one operation.
const EACH: [u64; 3] = [1, 2, 3];

/// What counts its places together: the operations of one client, the choices under one label, or
/// all under one path whose labels count in step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Scoped(u32),
    Label(u32),
    Path(String),
}

impl Lane {
    fn has(&self, shrinker: &Shrinker<'_>, set: &Exception) -> bool {
        match self {
            Self::Scoped(repeated) => set.repeated == Some(*repeated),
            Self::Label(label) => set.repeated.is_none() && set.label == *label,
            Self::Path(path) => set.repeated.is_none() && parent(shrinker.name(set.label)) == Some(path),
        }
    }
}

fn parent(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(parent, _)| parent)
}

/// The lanes of the best tape, those of several labels first; each with its labels.
fn lanes(shrinker: &Shrinker<'_>) -> Vec<BTreeSet<u32>> {
    let mut lanes = BTreeSet::new();
    for set in shrinker.sets() {
        match set.repeated {
            Some(repeated) => _ = lanes.insert(Lane::Scoped(repeated)),
            None => {
                lanes.insert(Lane::Label(set.label));
                lanes.extend(parent(shrinker.name(set.label)).map(|path| Lane::Path(path.to_owned())));
            }
        }
    }
    let labels = |lane: &Lane| -> BTreeSet<u32> {
        shrinker.sets().iter().filter(|set| lane.has(shrinker, set)).map(|set| set.label).collect()
    };
    let mut labels: Vec<_> = lanes.iter().rev().map(labels).collect();
    labels.dedup();
    labels
}

/// The places of a lane that are taken.
fn positions(best: &Draft, lane: &BTreeSet<u32>) -> Vec<u32> {
    let positions: BTreeSet<_> =
        best.sets.iter().filter(|set| lane.contains(&set.label)).map(Exception::position).collect();
    positions.into_iter().collect()
}

/// Drops what stands at one place, and has the places after it follow up: one operation fewer.
pub(super) fn close_up(shrinker: &mut Shrinker<'_>) {
    for lane in lanes(shrinker) {
        let places = positions(shrinker.best(), &lane);
        // from the end, so that those before keep their places
        shrinker.each(places.len(), |best, index| {
            let gone = places[places.len() - 1 - index];
            let mut draft = best.keeping(|set| !lane.contains(&set.label) || set.position() != gone);
            for set in draft.sets.iter_mut().filter(|set| lane.contains(&set.label) && set.position() > gone) {
                *set = set.earlier(1);
            }
            Some(draft)
        });
    }
}

/// Moves what stands at a place, with or without all after it, to the front as far as there is room.
pub(super) fn earlier(shrinker: &mut Shrinker<'_>) {
    for lane in lanes(shrinker) {
        let mut nth = 0;
        while nth < positions(shrinker.best(), &lane).len() && !shrinker.is_over() {
            move_up(shrinker, &lane, nth);
            nth += 1;
        }
    }
}

fn move_up(shrinker: &mut Shrinker<'_>, lane: &BTreeSet<u32>, nth: usize) {
    loop {
        let best = shrinker.best().clone();
        let places = positions(&best, lane);
        let Some(&here) = places.get(nth) else { return };
        let room = here - nth.checked_sub(1).map_or(0, |before| places[before] + 1);
        let steps = || std::iter::successors(Some(room), |&step| (step > 1).then_some(step / 2)).take_while(|&s| s > 0);
        let moved = |by: u32, all: bool| {
            best.with(|set| {
                let goes = if all { set.position() >= here } else { set.position() == here };
                if lane.contains(&set.label) && goes { set.earlier(by) } else { *set }
            })
        };
        // beside what stands just before it, too, where that leaves its address free
        let beside = (here > 0).then_some(1);
        let candidates = steps().chain(beside).flat_map(|by| [moved(by, true), moved(by, false)]);
        let candidates = candidates.filter(is_apart);
        if shrinker.first(candidates).is_none() || shrinker.is_over() {
            return;
        }
    }
}

/// The same, and a fault that counts what goes on before it comes as much sooner: an operation less,
/// two packets less.
pub(super) fn with_faults(shrinker: &mut Shrinker<'_>) {
    if shrinker.best().len() > FAULTS_UNTIL {
        return;
    }
    for lane in lanes(shrinker) {
        let gaps = shrinker.sets().iter().filter(|set| set.kind == Kind::Gap);
        let gaps: Vec<_> = gaps.map(|set| (set.label, set.ordinal)).collect();
        let places = positions(shrinker.best(), &lane).len();
        shrinker.each(places * gaps.len() * EACH.len() * 2, |best, index| {
            let (all, index) = (index % 2 == 0, index / 2);
            let (by, index) = (EACH[index % EACH.len()], index / EACH.len());
            let (gap, nth) = (gaps[index % gaps.len()], index / gaps.len());
            let places = positions(best, &lane);
            let here = *places.get(nth)?;
            // there is room for it
            here.checked_sub(1).filter(|&free| nth == 0 || places[nth - 1] < free)?;
            let moved = best.with(|set| {
                let goes = if all { set.position() >= here } else { set.position() == here };
                let sooner = if (set.label, set.ordinal) == gap && set.value > by { by } else { 0 };
                let set = if lane.contains(&set.label) && goes { set.earlier(1) } else { *set };
                Exception { value: set.value - sooner, ..set }
            });
            Some(moved).filter(is_apart)
        });
    }
}

/// Has each exception an address of its own?
fn is_apart(draft: &Draft) -> bool {
    let addresses: BTreeSet<_> = draft.sets.iter().map(|set| (set.label, set.ordinal)).collect();
    addresses.len() == draft.sets.len()
}
