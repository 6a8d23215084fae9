//! Linearizability: each key for itself, and the smallest part of a history that shows a violation.
//!
//! Owns the split by key, and what is left out of a counterexample. What an order is, the search
//! knows.

use super::judgement::{Counterexample, Judgement};
use super::model::Model;
use super::record::{History, Operation, Response};
use super::search::{Found, Task, search};
use crate::choice::mix;
use std::collections::BTreeMap;
use std::fmt;

/// Steps of the model that a check may take for one key.
///
/// A key of a hundred operations by ten clients takes some hundreds. What takes a million holds very
/// many operations that overlap, or whose fate is unknown, and may well take for ever.
pub const STEPS_MAX: u64 = 1_000_000;

/// Steps that may be spent on making one counterexample small; an operation looked at is one.
const SMALLER_STEPS_MAX: u64 = 4_000_000;

/// Steps for one question about a smaller counterexample.
const QUESTION_STEPS_MAX: u64 = 100_000;

/// Operations that are shown where none smaller could be found: the last ones.
const SHOWN_MAX: usize = 24;

/// Orders in which operations are put together until they are a counterexample; the smallest that
/// comes of it is shown.
const ATTEMPTS: u64 = 16;

/// Checks `history`, with at most `bound` steps for each key.
pub(super) fn check<M: Model>(history: &History<M::Input, M::Output>, model: &M, bound: u64) -> Judgement {
    let operations = history.operations();
    let mut parts: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        if !matches!(operation.response, Response::Fail) {
            parts.entry(model.key(&operation.input)).or_default().push(index);
        }
    }
    let (mut worst, mut undecided) = (None, Vec::new());
    for (key, part) in &parts {
        let tasks: Vec<_> = part.iter().map(|&index| task(&operations[index])).collect();
        let mut steps = bound;
        match search(model, &tasks, &mut steps) {
            Found::Order => {}
            Found::Undecided => undecided.push((key, part.len())),
            Found::Nothing { blocked } => {
                if worst.as_ref().is_none_or(|&(_, _, earlier)| blocked < earlier) {
                    worst = Some((key, part, blocked));
                }
            }
        }
    }
    // a violation is a proof, whatever else could not be decided
    if let Some((key, part, blocked)) = worst {
        let tasks: Vec<_> = part.iter().map(|&index| task(&operations[index])).collect();
        let (kept, is_smallest) = smallest(model, &tasks, blocked);
        let rest = part.len() - kept.len();
        let kept = kept.into_iter().map(|place| part[place]);
        let heading = format!("no order of these operations{} explains their answers", of_key(key));
        let rest = match (rest, is_smallest) {
            (0, _) => String::new(),
            (1, true) => "whatever came of the other operation there".to_owned(),
            (rest, true) => format!("whatever came of the other {rest} operations there"),
            (rest, false) => {
                format!("the last before the contradiction; which of the other {rest} count is hard to say")
            }
        };
        return Judgement::Violated(Counterexample::new(heading, operations, kept, rest));
    }
    let Some((key, operations)) = undecided.first() else { return Judgement::Holds };
    let others = match undecided.len() {
        1 => String::new(),
        more => format!(" (nor for {} other keys)", more - 1),
    };
    Judgement::Undecided(format!(
        "{bound} steps did not decide whether {operations} operations{} are linearizable{others}: \
         record fewer, spread them over more keys, or allow more steps",
        of_key(key)
    ))
}

fn task<I, O>(operation: &Operation<I, O>) -> Task<'_, I, O> {
    Task { input: &operation.input, output: operation.output(), start: operation.start, end: operation.end() }
}

/// ` on "x"`; nothing where the model has no keys.
pub(super) fn of_key(key: &impl fmt::Debug) -> String {
    match format!("{key:?}") {
        unit if unit == "()" => String::new(),
        key => format!(" on {key}"),
    }
}

/// Those of the tasks, by index, that no order explains, *whatever became of the others*:
/// each of those is taken for one that may have happened at any time from its invocation on, with
/// any answer, or not at all. To leave an operation out without more ado would not do: without the
/// write, each read of what it wrote looks wrong.
///
/// Says also whether none of them could be done without; else it took too long to find out.
fn smallest<M: Model>(model: &M, all: &[Task<'_, M::Input, M::Output>], blocked: u64) -> (Vec<usize>, bool) {
    let is_impossible = |kept: &[usize], steps: &mut u64| {
        let mut tasks: Vec<_> = all.iter().map(|task| Task { output: None, end: None, ..*task }).collect();
        kept.iter().for_each(|&index| tasks[index] = all[index]);
        let mut question = (*steps).min(QUESTION_STEPS_MAX);
        let before = question;
        let found = search(model, &tasks, &mut question);
        *steps = steps.saturating_sub(before - question + all.len() as u64);
        matches!(found, Found::Nothing { .. })
    };
    // what was asked after the contradiction has no part in it
    let within = all.partition_point(|task| task.start < blocked);
    let answered: Vec<usize> = (0..within).filter(|&index| all[index].end.is_some()).collect();
    let (mut best, mut steps) = (None::<Vec<usize>>, SMALLER_STEPS_MAX);
    for attempt in 0..ATTEMPTS {
        let mut order = answered.clone();
        match attempt {
            0 => order.reverse(),
            _ => order.sort_by_key(|&index| mix(mix(attempt) ^ index as u64)),
        }
        // those without which the ones before them would not do, the last first
        let mut core = Vec::new();
        loop {
            if steps == 0 {
                break;
            }
            if is_impossible(&core, &mut steps) {
                core.sort_unstable();
                if best.as_ref().is_none_or(|best| core.len() < best.len()) {
                    best = Some(core);
                }
                break;
            }
            let (mut low, mut high) = (0, order.len());
            while low + 1 < high {
                let middle = (low + high) / 2;
                match is_impossible(&[&core, &order[..middle]].concat(), &mut steps) {
                    true => high = middle,
                    false => low = middle,
                }
            }
            let Some(needed) = order[..high].last() else { break };
            core.push(*needed);
            order.truncate(high - 1);
        }
    }
    match best {
        Some(core) => (core, true),
        None => (answered[answered.len().saturating_sub(SHOWN_MAX)..].to_vec(), false),
    }
}
