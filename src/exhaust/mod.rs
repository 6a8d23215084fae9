//! Exhausting: every run of a world that is small enough.
//!
//! Owns the walk over all combinations of choices, depth first: raise the last choice that has
//! room, forget those after it. It keeps one path and no table, so memory doesn't grow with the
//! number of runs. A choice that has other bounds than the same choices led to before is seen,
//! and named: the simulation isn't deterministic.
//!
//! The walk is exhaustigen's (Sullivan) and dscheck's; here its alphabet is the tape's.

use crate::choice::{Base, Choice, Kind, Label, Op, Row, Tape};
use crate::run::{Finding, Recording, Simulation};

/// Values of one choice before a world counts as too wide to be exhausted.
///
/// A latency drawn to the nanosecond has millions: a walk over them would never end, and say so
/// only by never ending.
const WIDEST: u64 = 256;

/// What an exhaustion came to.
#[derive(Clone, Debug)]
pub struct Exhausted {
    /// How many runs there were: each with another combination of choices.
    pub runs: u64,
    /// The first finding and the tape that shows it; the walk ends there.
    pub finding: Option<(Finding, Tape)>,
    /// Was every combination run? Not after a finding, nor when the limit came first.
    pub complete: bool,
    /// The most choices that a run made.
    pub deepest: usize,
}

/// One choice of the path: where it is, how high it can be, what it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    label: Label,
    ordinal: u32,
    max: u64,
    value: u64,
}

/// Runs every combination of choices of `simulation`, until a finding or for `limit` runs.
///
/// For worlds of a few choices: give every [`Latency`](crate::Latency) one value or a few, every
/// fault a short distance, and let
/// [`SimulationBuilder::any_order`](crate::SimulationBuilder::any_order) make the order of ready
/// tasks a choice. Swarm stays off: it turns odds, and here there are none.
///
/// ```
/// use simfuzz::prelude::*;
///
/// struct Dice;
///
/// #[async_trait(?Send)]
/// impl Workload for Dice {
///     fn name(&self) -> &str {
///         "dice"
///     }
///     async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///         let first: u32 = ctx.random().random_range(0..6);
///         // the second one is thrown after an even one only
///         let second = if first % 2 == 0 { ctx.random().random_range(0..6) } else { 0 };
///         assert_always!(first + second < 10, "never ten or more");
///         Ok(())
///     }
/// }
///
/// let simulation = SimulationBuilder::new().workload(|| Box::new(Dice)).without(FaultKind::Hold).build();
/// let exhausted = simfuzz::exhaust(&simulation, 1_000);
/// assert!(exhausted.complete);
/// assert_eq!(exhausted.runs, 3 * 6 + 3);
/// ```
///
/// # Panics
///
/// When a choice has more than 256 values, or a run with the same choices as before
/// meets other ones.
pub fn exhaust(simulation: &Simulation, limit: u64) -> Exhausted {
    let mut exhausted = Exhausted { runs: 0, finding: None, complete: false, deepest: 0 };
    let mut path: Vec<Step> = Vec::new();
    while exhausted.runs < limit {
        let tape = tape_of(&path);
        let outcome = simulation.run_with(&tape, Recording::Choices);
        exhausted.runs += 1;
        if let Some(finding) = outcome.finding() {
            exhausted.finding = Some((finding.clone(), tape));
            return exhausted;
        }
        let trace = outcome.trace().expect("the choices were recorded");
        let dealt = trace.choices().iter().filter(|choice| choice.kind != Kind::Knob);
        let steps = dealt.map(|choice| step(trace.label(choice), choice)).collect::<Vec<_>>();
        check(simulation, &tape, &path, &steps);
        exhausted.deepest = exhausted.deepest.max(steps.len());
        path = steps;
        if !raise(&mut path) {
            exhausted.complete = true;
            return exhausted;
        }
    }
    exhausted
}

fn step(label: Label, choice: &Choice) -> Step {
    Step { label, ordinal: choice.ordinal, max: choice.max, value: choice.value }
}

fn tape_of(path: &[Step]) -> Tape {
    let rows = path.iter().filter(|step| step.value != 0).map(|step| Row {
        label: step.label.id(),
        ordinal: step.ordinal,
        op: Op::Set,
        value: step.value as u32,
    });
    Tape::from_rows(0, Base::Calm, rows.collect())
}

/// Raises the last choice that has room and forgets those after it; false when none has.
fn raise(path: &mut Vec<Step>) -> bool {
    while let Some(last) = path.last_mut() {
        if last.value < last.max {
            last.value += 1;
            return true;
        }
        path.pop();
    }
    false
}

fn check(simulation: &Simulation, tape: &Tape, path: &[Step], steps: &[Step]) {
    if let Some(at) = (0..path.len()).find(|&at| steps.get(at) != Some(&path[at])) {
        panic!(
            "not deterministic: after the same {at} choices as before, choice {at} is {}, and it was {}",
            steps.get(at).map_or("not there".to_owned(), |step| shown(simulation, tape, step)),
            shown(simulation, tape, &path[at]),
        );
    }
    if let Some(wide) = steps.iter().find(|step| step.max >= WIDEST) {
        panic!("too wide to be exhausted: {}; give it a few values, or turn it off", shown(simulation, tape, wide));
    }
}

/// A choice as people read it; its name takes one more run.
fn shown(simulation: &Simulation, tape: &Tape, step: &Step) -> String {
    let told = simulation.run_with(tape, Recording::Story);
    let name = told.names().and_then(|names| names.get(step.label)).unwrap_or("?");
    format!("`{name}` #{} with {} values", step.ordinal, step.max.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(max: u64, value: u64) -> Step {
        Step { label: Label::new("a"), ordinal: 0, max, value }
    }

    #[test]
    fn the_last_choice_with_room_is_raised_and_those_after_it_forgotten() {
        let mut path = vec![step(2, 0), step(1, 0), step(3, 3)];
        assert!(raise(&mut path));
        assert_eq!(path, [step(2, 0), step(1, 1)]);
        assert!(raise(&mut path));
        assert_eq!(path, [step(2, 1)]);
        let mut last = vec![step(1, 1), step(2, 2)];
        assert!(!raise(&mut last) && last.is_empty());
    }
}
