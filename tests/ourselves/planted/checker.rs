//! Bugs of the checker of histories and of the minimiser.

use super::{Words, caught};
use simfuzz::history::{
    History, Judgement, Model, Operation, Queue, QueueOp, QueueReply, Register, RegisterOp, RegisterReply, Response,
};
use simfuzz::prelude::*;
use simfuzz::{Recording, Tape};
use std::time::Duration;

/// A checker that sees another history than there was.
fn another<I: Clone, O: Clone>(
    history: &History<I, O>,
    change: impl Fn(usize, &Operation<I, O>) -> Option<Operation<I, O>>,
) -> History<I, O> {
    let mut events = Vec::new();
    for (index, operation) in history.operations().iter().enumerate() {
        let Some(operation) = change(index, operation) else { continue };
        events.push(operation);
    }
    let mut seen = History::new();
    // in the order of time, as a history is written
    let mut moments: Vec<(Duration, bool, usize)> = Vec::new();
    for (index, operation) in events.iter().enumerate() {
        moments.push((operation.invoked(), false, index));
        moments.extend(operation.returned().map(|at| (at, true, index)));
    }
    moments.sort();
    let mut ids = vec![None; events.len()];
    for (at, is_answer, index) in moments {
        let operation = &events[index];
        match (is_answer, ids[index], operation.response()) {
            (false, ..) => ids[index] = Some(seen.invoke(operation.client(), at, operation.input().clone())),
            (true, Some(id), Response::Ok(output)) => seen.ok(id, at, output.clone()),
            (true, Some(id), _) => seen.fail(id, at),
            (true, None, _) => unreachable!("an answer comes after the question"),
        }
    }
    seen
}

/// A register that isn't one: each part is right, or planted.
struct Odd {
    swaps_always: bool,
    writes_only_read: bool,
    kinds_apart: bool,
}

impl Model for Odd {
    type Input = RegisterOp<u8>;
    type Output = RegisterReply<u8>;
    type State = u8;

    fn initial(&self) -> u8 {
        0
    }
    fn step(&self, state: &u8, input: &Self::Input, output: Option<&Self::Output>) -> Option<u8> {
        match input {
            RegisterOp::Cas { to, .. } if self.swaps_always => Some(*to),
            _ => Register::new(0u8).step(state, input, output),
        }
    }
    fn only_reads(&self, input: &Self::Input, _: Option<&Self::Output>) -> bool {
        matches!(input, RegisterOp::Read) || self.writes_only_read && matches!(input, RegisterOp::Write(_))
    }
    fn key(&self, input: &Self::Input) -> impl Ord + std::fmt::Debug {
        self.kinds_apart && matches!(input, RegisterOp::Read)
    }
}

/// A queue that gives its elements in another order, or again.
struct Stack {
    keeps: bool,
}

impl Model for Stack {
    type Input = QueueOp<u8>;
    type Output = QueueReply<u8>;
    type State = Vec<u8>;

    fn initial(&self) -> Vec<u8> {
        Vec::new()
    }
    fn step(&self, state: &Vec<u8>, input: &Self::Input, output: Option<&Self::Output>) -> Option<Vec<u8>> {
        let mut after = state.clone();
        let element = match input {
            QueueOp::Enqueue(element) => {
                after.push(*element);
                return Some(after);
            }
            QueueOp::Dequeue if self.keeps => state.first().copied(),
            QueueOp::Dequeue => after.pop(),
        };
        output.is_none_or(|output| *output == QueueReply::Element(element)).then_some(after)
    }
}

#[test]
fn of_the_checker() {
    use crate::order::{OURS, Queues, Registers, Subject, check_of};

    const ODD: Odd = Odd { swaps_always: false, writes_only_read: false, kinds_apart: false };
    let odd = |bug, register: fn(&Registers) -> Judgement| (bug, Subject { register, ..OURS });
    let stack = |bug, queue: fn(&Queues) -> Judgement| (bug, Subject { queue, ..OURS });
    let bugs = [
        odd("a swap from another value goes through", |history| {
            history.linearizable(&Odd { swaps_always: true, ..ODD })
        }),
        odd("writes are said to only read", |history| history.linearizable(&Odd { writes_only_read: true, ..ODD })),
        odd("parts that share a state are looked at apart", |history| {
            history.linearizable(&Odd { kinds_apart: true, ..ODD })
        }),
        odd("an operation without an answer is taken for one that never happened", |history| {
            let answered = |_, operation: &Operation<_, _>| operation.returned().map(|_| operation.clone());
            another(history, answered).linearizable(&ODD)
        }),
        odd("the last operation is not looked at", |history| {
            let last = history.operations().len().wrapping_sub(1);
            another(history, |index, operation| (index != last).then(|| operation.clone())).linearizable(&ODD)
        }),
        odd("an operation that failed is taken for one that may have happened", |history| {
            let unknown = |_, operation: &Operation<RegisterOp<u8>, _>| match operation.response() {
                Response::Fail => Some(Operation::new(operation.client(), operation.invoked(), *operation.input())),
                _ => Some(operation.clone()),
            };
            another(history, unknown).linearizable(&ODD)
        }),
        stack("a queue is a stack", |history| history.linearizable(&Stack { keeps: false })),
        stack("what was taken stays", |history| history.linearizable(&Stack { keeps: true })),
        stack("a checker believes everything", |_| {
            History::<QueueOp<u8>, QueueReply<u8>>::new().linearizable(&Queue::new())
        }),
    ];
    for (bug, subject) in bugs {
        caught(bug, (0..20_000).map(|input| Words(input).bytes(40)), |bytes| check_of(&subject, &bytes));
    }
}

#[test]
fn of_the_minimiser() {
    use crate::shrinking::{RUNS, Smaller, Subject, check_of, ours};

    /// A run's tape with one choice more that isn't calm, if it shows the same.
    fn larger(simulation: &Simulation, tape: &Tape, _: usize) -> Smaller {
        let original = simulation.run_with(tape, Recording::Choices);
        let trace = original.trace().expect("choices were recorded");
        let written = trace.materialise(tape);
        let labels: Vec<_> = trace.labels().collect();
        for label in labels {
            for ordinal in (0..8u32).flat_map(|scope| [scope, scope << 8]) {
                let mut more = written.clone();
                more.set(label, ordinal, 1);
                let outcome = simulation.run_with(&more, Recording::Choices);
                let choices = outcome.trace().expect("choices were recorded").wild();
                let same = outcome.finding().map(|finding| &finding.identity)
                    == original.finding().map(|finding| &finding.identity);
                if same && choices > trace.wild() {
                    return Smaller { tape: more, choices, runs: 1, outcome };
                }
            }
        }
        ours(simulation, tape, 1)
    }

    let bugs: [(&str, Subject); 5] = [
        ("a tape gets larger", larger),
        ("another finding will do, or none", |simulation, _, _| {
            let tape = Tape::calm();
            Smaller { outcome: simulation.run(&tape), tape, choices: 0, runs: 1 }
        }),
        ("its tape has more choices than it says", |simulation, tape, jobs| {
            let made = ours(simulation, tape, jobs);
            Smaller { choices: made.choices.saturating_sub(1), ..made }
        }),
        ("two threads find another one", |simulation, tape, jobs| match jobs {
            1 => ours(simulation, tape, 1),
            _ => larger(simulation, tape, jobs),
        }),
        ("more candidates are run than it may", |simulation, tape, jobs| {
            let made = ours(simulation, tape, jobs);
            Smaller { runs: made.runs + RUNS, ..made }
        }),
    ];
    for (bug, subject) in bugs {
        caught(bug, (0..120).map(|input| Words(input).bytes(60)), |bytes| check_of(subject, &bytes));
    }
}
