//! Reseeds are written out, so that nothing hangs on their moments any more.
//!
//! On a calm base a reseed deals nothing, but it cuts running gaps short and draws them anew. A tape
//! that needs this can't lose a latency: the moment is a time, and all before it must take as long.
//! A gap that was cut short and the one that took its place are one longer gap, and then the
//! reseed can go.

use crate::choice::{Base, Kind, NEVER, Op, Ran};
use crate::shrink::draft::{Draft, Exception};
use crate::shrink::shrinker::Shrinker;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of knobs that a reseed has drawn anew.
#[derive(Clone, Copy)]
enum Knobs {
    /// Those before it count.
    Former,
    /// Those after it count.
    Latter,
    /// None is turned.
    Calm,
}

/// The choices, by number, that one reseed had made.
struct Reseeded {
    knobs: Vec<usize>,
    /// With how long the gap before had run; those of tasks, of which many share a label, without.
    gaps: Vec<(usize, Option<Ran>)>,
    /// When, in microseconds.
    micros: u64,
}

/// Takes reseeds out, all or one.
pub(super) fn unfold(shrinker: &mut Shrinker<'_>) {
    let is_reseed = |draft: &Draft| draft.base() == Base::Calm && draft.others.iter().any(|row| row.op == Op::Reseed);
    while is_reseed(shrinker.best()) && !shrinker.is_over() {
        let best = shrinker.best().clone();
        let reseeded = reseeded(&best);
        let all = 0..reseeded.len();
        let each = all.clone().map(|number| number..number + 1);
        let ways = [Knobs::Former, Knobs::Latter, Knobs::Calm];
        let offers = std::iter::once(all).chain(each).flat_map(|which| ways.map(|knobs| (which.clone(), knobs)));
        let drafts = offers.map(|(which, knobs)| {
            let from = which.start.checked_sub(1).map_or(0, |before| reseeded[before].micros + 1);
            let until = if which.end == reseeded.len() { u64::MAX } else { reseeded[which.end - 1].micros };
            let mut draft = without(&best, &reseeded[which], knobs);
            draft.others.retain(|row| row.op != Op::Reseed || !(from..=until).contains(&row.moment().micros));
            draft
        });
        if shrinker.first(drafts).is_none() {
            return;
        }
    }
}

/// What each reseed of the run has drawn.
fn reseeded(best: &Draft) -> Vec<Reseeded> {
    let mut all: Vec<(BTreeSet<u32>, Reseeded)> = Vec::new();
    let mut begun = BTreeSet::new();
    let mut at = 0;
    for &(index, ran) in best.redrawn.iter() {
        let index = index as usize;
        begun.extend(best.made[at..index].iter().map(|choice| choice.label));
        at = index;
        let choice = &best.made[index];
        // at the start of the storm there is none before it
        if !begun.contains(&choice.label) {
            continue;
        }
        let micros = choice.at / 1_000;
        match all.last_mut().filter(|(labels, last)| last.micros == micros && !labels.contains(&choice.label)) {
            Some((labels, last)) => {
                labels.insert(choice.label);
                last.gaps.push((index, Some(ran)));
            }
            None => {
                let knobs = (0..index).rev().take_while(|&before| best.made[before].kind == Kind::Knob);
                let knobs = knobs.filter(|&knob| best.made[knob].ordinal > 0).collect();
                all.push((BTreeSet::from([choice.label]), Reseeded { knobs, gaps: vec![(index, Some(ran))], micros }));
            }
        }
    }
    for (labels, reseeded) in &mut all {
        let last = reseeded.gaps.last().map_or(0, |(index, _)| *index);
        let of_tasks = best.made.iter().enumerate().skip(last + 1).take_while(|(_, choice)| {
            choice.kind == Kind::Gap && choice.at / 1_000 == reseeded.micros && !labels.contains(&choice.label)
        });
        reseeded.gaps.extend(of_tasks.map(|(index, _)| (index, None)));
    }
    all.into_iter().map(|(_, reseeded)| reseeded).collect()
}

/// `best` as if these had not been drawn: what was running runs on, to the same end.
fn without(best: &Draft, gone: &[Reseeded], knobs: Knobs) -> Draft {
    let gaps: BTreeMap<usize, Option<Ran>> = gone.iter().flat_map(|reseeded| reseeded.gaps.iter().copied()).collect();
    let turned: BTreeSet<usize> = gone.iter().flat_map(|reseeded| reseeded.knobs.iter().copied()).collect();
    let mut sets: Vec<Exception> = Vec::new();
    let mut labels: BTreeMap<u32, Lane> = BTreeMap::new();
    for (index, choice) in best.made.iter().enumerate() {
        let lane = labels.entry(choice.label).or_default();
        if let Some(ran) = gaps.get(&index) {
            lane.gone += 1;
            if let (Some(ran), Some(last)) = (ran, lane.last) {
                lane.ran = lane.ran.saturating_add(match ran {
                    Ran::ByTime => (choice.at - lane.drawn_at) / 1_000,
                    Ran::Left(left) => (if lane.value > 0 { lane.value } else { NEVER }).saturating_sub(*left),
                });
                let longer = choice.value.checked_add(lane.ran).filter(|&value| value <= choice.max);
                sets[last].value = if choice.value > 0 { longer.unwrap_or(0) } else { 0 };
                (lane.value, lane.drawn_at) = (choice.value, choice.at);
            }
        } else if turned.contains(&index) {
            lane.gone += 1;
            if let (Knobs::Latter, Some(last)) = (knobs, lane.last) {
                sets[last].value = choice.value;
            }
        } else {
            *lane = Lane { gone: lane.gone, last: Some(sets.len()), ran: 0, value: choice.value, drawn_at: choice.at };
            let calm = matches!(knobs, Knobs::Calm) && choice.kind == Kind::Knob && !turned.is_empty();
            let value = if calm { 0 } else { choice.value };
            sets.push(Exception { ordinal: choice.ordinal - lane.gone, value, ..*choice });
        }
    }
    let mut draft = best.clone();
    draft.sets = sets;
    draft.with(|set| *set)
}

/// One label, as far as the run has come.
#[derive(Default)]
struct Lane {
    /// Choices that are no more.
    gone: u32,
    /// Its last choice that is left.
    last: Option<usize>,
    /// How long that had run when it was last drawn anew.
    ran: u64,
    /// What was drawn then, and when.
    value: u64,
    drawn_at: u64,
}
