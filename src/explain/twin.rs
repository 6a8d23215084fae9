//! A run that passes, as near to the finding's as could be found, and where the two part.

use super::values::{Others, with};
use super::{ExplainedChoice, Line, Twin, lines};
use crate::choice::Tape;
use crate::run::{Outcome, Recording, Simulation};

/// The smallest change: of the values that pass the nearest one, of the choices the latest.
pub(super) fn nearest(
    simulation: &Simulation,
    tape: &Tape,
    outcome: &Outcome,
    choices: &[ExplainedChoice],
    others: &Others,
) -> Option<Twin> {
    let changes = choices
        .iter()
        .zip(others)
        .flat_map(|(choice, (row, passes))| passes.iter().map(move |&to| (choice, row, to, to.abs_diff(choice.value))));
    let (choice, row, to, _) = changes.min_by_key(|(choice, _, _, far)| (*far, std::cmp::Reverse(choice.at)))?;
    let passing = simulation.run_with(&with(tape, row, to), Recording::Story);
    let (here, there) = parting(outcome, &passing);
    let (label, ordinal) = (choice.label.clone(), choice.ordinal.clone());
    Some(Twin { label, ordinal, from: choice.value, to, here, there })
}

/// The first lines that differ: in what happens, or else in when.
fn parting(one: &Outcome, other: &Outcome) -> (Option<Line>, Option<Line>) {
    let tell = |outcome| lines(outcome).map(|(_, line)| line).collect::<Vec<_>>();
    let (one, other) = (tell(one), tell(other));
    let first = |differ: &dyn Fn(&Line, &Line) -> bool| {
        let common = one.len().min(other.len());
        (0..common).find(|&index| differ(&one[index], &other[index])).unwrap_or(common)
    };
    let mut at = first(&|one, other| (&one.host, &one.text) != (&other.host, &other.text));
    if one.get(at).is_none() && other.get(at).is_none() {
        at = first(&|one, other| one != other);
    }
    (one.get(at).cloned(), other.get(at).cloned())
}
