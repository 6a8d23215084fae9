//! What other values of each choice do.

use super::{Answer, Asked, ExplainedChoice, Meaning};
use crate::choice::{Choice, Op, Row, Tape, mix, scale};
use crate::run::Outcome;

/// All values are tried of choices with so many, beyond its own.
const ALL_UNTIL: u64 = 8;

/// Values at random of those with more, besides the telling ones.
const RANDOM: u64 = 4;

/// For each choice, the values with which the run passes, and its row.
pub(super) type Others = Vec<(Row, Vec<u64>)>;

/// Tries other values for each choice of the tape.
pub(super) fn of(asked: &mut Asked<'_>, tape: &Tape, outcome: &Outcome) -> (Vec<ExplainedChoice>, Others) {
    let (Some(trace), Some(names)) = (outcome.trace(), outcome.names()) else { return Default::default() };
    let mut made: Vec<_> = tape
        .rows()
        .iter()
        .filter(|row| row.op == Op::Set)
        .filter_map(|row| Some((*row, *trace.choice_of(row)?)))
        .collect();
    made.sort_by_key(|(_, choice)| choice.at);
    let mut explained = Vec::new();
    let mut others = Vec::new();
    let tried: Vec<Vec<u64>> = made.iter().map(|(_, choice)| candidates(choice)).collect();
    let tapes = made.iter().zip(&tried);
    let tapes = tapes.flat_map(|((row, _), values)| values.iter().map(|&value| with(tape, row, value)));
    let mut answers = asked.all(&tapes.collect::<Vec<_>>()).into_iter();
    for ((row, choice), values) in made.into_iter().zip(tried) {
        let (mut shows, mut misses, mut passes) = (Vec::new(), Vec::new(), Vec::new());
        for (value, answer) in values.into_iter().zip(answers.by_ref()) {
            match answer {
                Answer::Shows => shows.push(value),
                Answer::Passes => {
                    misses.push(value);
                    passes.push(value);
                }
                Answer::Neither => misses.push(value),
            }
        }
        let meaning = match (shows.is_empty(), misses.iter().all(|&value| value == 0)) {
            (true, _) => Meaning::Essential,
            (false, true) => Meaning::AnyValue,
            (false, false) => Meaning::Some,
        };
        let label = trace.label(&choice);
        let name = names.get(label).map_or_else(|| format!("~{:#010x}", label.id()), str::to_owned);
        let ordinal = match trace.scope(&choice) {
            Some((_, scope)) => format!("{scope}.{}", choice.ordinal & 0xff),
            None => choice.ordinal.to_string(),
        };
        let Choice { value, max, at, .. } = choice;
        explained.push(ExplainedChoice { label: name, ordinal, value, max, at, meaning, shows, misses });
        others.push((row, passes));
    }
    (explained, others)
}

/// The tape with another value there.
pub(super) fn with(tape: &Tape, row: &Row, value: u64) -> Tape {
    let mut changed = tape.clone();
    changed.retain(|other| (other.label, other.ordinal, other.op) != (row.label, row.ordinal, Op::SetHigh));
    changed.put(Row { value: value as u32, ..*row });
    if value >> 32 > 0 {
        changed.put(Row { value: (value >> 32) as u32, op: Op::SetHigh, ..*row });
    }
    changed
}

/// Other values: all of few, the neighbours, the ends and some at random of many.
fn candidates(choice: &Choice) -> Vec<u64> {
    let Choice { value, max, ordinal, .. } = *choice;
    let mut values: Vec<u64> = match max <= ALL_UNTIL {
        true => (0..=max).collect(),
        false => {
            let telling = [0, 1, value / 2, value.saturating_sub(1), value + 1, value.saturating_mul(2), max];
            let random = (0..RANDOM).map(|number| scale(mix(number << 32 | u64::from(ordinal)), max));
            telling.into_iter().chain(random).collect()
        }
    };
    values.retain(|&other| other != value && other <= max);
    values.sort_unstable();
    values.dedup();
    values
}
