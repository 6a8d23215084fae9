//! Linearizability against brute force: the same answer for small histories of drawn answers, and
//! counterexamples that are wrong by themselves and smallest.

use super::{Words, at, text};
use simfuzz::history::{
    Counter, CounterOp, CounterReply, History, Judgement, KeyValue, KeyValueOp, KeyValueReply, Model, Operation, Queue,
    QueueOp, QueueReply, Register, RegisterOp, RegisterReply, Response, Set, SetOp, SetReply,
};

fn is_failed<I, O>(operation: &Operation<I, O>) -> bool {
    matches!(operation.response(), Response::Fail)
}

/// Tries every order of every choice of the unanswered operations: nothing is clever here.
fn brute_force<M: Model>(model: &M, operations: &[Operation<M::Input, M::Output>]) -> bool {
    let left: Vec<_> = (0..operations.len()).filter(|&index| !is_failed(&operations[index])).collect();
    from(model, operations, &left, &model.initial())
}

fn from<M: Model>(model: &M, operations: &[Operation<M::Input, M::Output>], left: &[usize], state: &M::State) -> bool {
    let answered = |index: &usize| operations[*index].output().is_some();
    if !left.iter().any(answered) {
        return true;
    }
    left.iter().any(|&next| {
        let invoked = operations[next].invoked();
        let is_late = |&index: &usize| answered(&index) && operations[index].returned().unwrap() < invoked;
        if left.iter().any(is_late) {
            return false;
        }
        let rest: Vec<_> = left.iter().copied().filter(|&index| index != next).collect();
        model
            .step(state, operations[next].input(), operations[next].output())
            .is_some_and(|after| from(model, operations, &rest, &after))
    })
}

/// A history of some operations by three clients, whose answers are drawn and so mostly wrong.
fn drawn<I: Clone, O>(
    words: &mut Words,
    most: u64,
    input: fn(&mut Words) -> I,
    output: fn(&mut Words, &I) -> O,
) -> History<I, O> {
    let mut history = History::new();
    let mut open = [const { None }; 3];
    let count = 1 + words.below(most);
    for now in 0.. {
        let client = words.below(3) as usize;
        match open[client].take() {
            None if (history.len() as u64) < count => {
                let asked = input(words);
                open[client] = Some((history.invoke(format!("client-{client}"), at(now), asked.clone()), asked));
            }
            None if open.iter().all(Option::is_none) => break,
            None => {}
            Some((operation, asked)) => match words.below(8) {
                0 => {}
                1 => history.fail(operation, at(now)),
                _ => history.ok(operation, at(now), output(words, &asked)),
            },
        }
    }
    history
}

/// The history in which all operations but those at `known` may have happened, or not, with any
/// answer.
fn all_but<I: Clone, O: Clone>(history: &History<I, O>, known: &[usize]) -> Vec<Operation<I, O>> {
    let forget = |(index, operation): (usize, &Operation<I, O>)| match known.contains(&index) {
        true => operation.clone(),
        false if is_failed(operation) => operation.clone(),
        false => Operation::new(operation.client(), operation.invoked(), operation.input().clone()),
    };
    history.operations().iter().enumerate().map(forget).collect()
}

/// The checker agrees with brute force, and what it shows is wrong by itself, and smallest.
fn agrees<M: Model>(
    model: &M,
    whole: &impl Model<Input = M::Input, Output = M::Output>,
    seeds: std::ops::Range<u64>,
    input: fn(&mut Words) -> M::Input,
    output: fn(&mut Words, &M::Input) -> M::Output,
) where
    M::Input: Clone,
    M::Output: Clone,
{
    let (mut right, mut wrong) = (0, 0);
    for seed in seeds {
        let history = drawn(&mut Words(seed), 7, input, output);
        let expected = brute_force(whole, history.operations());
        let judgement = history.linearizable(model);
        assert!(judgement.is_decided());
        assert_eq!(judgement.holds(), expected, "seed {seed}:\n{}", text(&history));
        match judgement {
            Judgement::Violated(counterexample) => {
                wrong += 1;
                let shown: Vec<_> = counterexample.indexes().collect();
                assert!(
                    !brute_force(whole, &all_but(&history, &shown)),
                    "seed {seed}: {counterexample}\n{}",
                    text(&history)
                );
                for &without in &shown {
                    let fewer: Vec<_> = shown.iter().copied().filter(|&index| index != without).collect();
                    assert!(
                        brute_force(whole, &all_but(&history, &fewer)),
                        "seed {seed}: {counterexample}\n{}",
                        text(&history)
                    );
                }
            }
            _ => right += 1,
        }
    }
    assert!(right > 100 && wrong > 100, "{right} right, {wrong} wrong: too one-sided to say anything");
}

#[test]
fn registers_agree_with_brute_force() {
    let input = |words: &mut Words| match words.below(3) {
        0 => RegisterOp::Read,
        1 => RegisterOp::Write(words.below(3)),
        _ => RegisterOp::Cas { from: words.below(3), to: words.below(3) },
    };
    let output = |words: &mut Words, input: &RegisterOp<u64>| match input {
        RegisterOp::Read => RegisterReply::Value(words.below(3)),
        RegisterOp::Write(_) => RegisterReply::Done,
        RegisterOp::Cas { .. } => RegisterReply::Swapped(words.below(2) == 1),
    };
    agrees(&Register::new(0), &Register::new(0), 0..4_000, input, output);
}

/// A store as one thing, without keys to split it by.
struct Whole;

impl Model for Whole {
    type Input = KeyValueOp<u64, u64>;
    type Output = KeyValueReply<u64>;
    type State = std::collections::BTreeMap<u64, u64>;

    fn initial(&self) -> Self::State {
        Self::State::new()
    }

    fn step(&self, state: &Self::State, input: &Self::Input, output: Option<&Self::Output>) -> Option<Self::State> {
        let (mut after, found) = (state.clone(), state.get(input.key()).copied());
        let answer = match *input {
            KeyValueOp::Get { .. } => KeyValueReply::Value(found),
            KeyValueOp::Put { key, value } => {
                after.insert(key, value);
                KeyValueReply::Done
            }
            KeyValueOp::Delete { key } => {
                after.remove(&key);
                KeyValueReply::Done
            }
            KeyValueOp::Cas { key, from, to } => {
                if from == found {
                    after.insert(key, to);
                }
                KeyValueReply::Swapped(from == found)
            }
        };
        output.is_none_or(|output| *output == answer).then_some(after)
    }
}

#[test]
fn stores_agree_with_brute_force() {
    let input = |words: &mut Words| {
        let key = words.below(2);
        match words.below(4) {
            0 => KeyValueOp::Put { key, value: words.below(2) },
            1 => KeyValueOp::Delete { key },
            2 => KeyValueOp::Cas { key, from: Some(words.below(2)), to: words.below(2) },
            _ => KeyValueOp::Get { key },
        }
    };
    let output = |words: &mut Words, input: &KeyValueOp<u64, u64>| match input {
        KeyValueOp::Get { .. } => KeyValueReply::Value(words.below(3).checked_sub(1)),
        KeyValueOp::Cas { .. } => KeyValueReply::Swapped(words.below(2) == 1),
        _ => KeyValueReply::Done,
    };
    // brute force knows no keys, so this says too that keys may be checked each for itself
    agrees(&KeyValue::new(), &Whole, 0..4_000, input, output);
}

#[test]
fn queues_counters_and_sets_agree_with_brute_force() {
    let input = |words: &mut Words| match words.below(2) {
        0 => QueueOp::Dequeue,
        _ => QueueOp::Enqueue(words.below(3)),
    };
    let output = |words: &mut Words, input: &QueueOp<u64>| match input {
        QueueOp::Enqueue(_) => QueueReply::Done,
        QueueOp::Dequeue => QueueReply::Element(words.below(4).checked_sub(1)),
    };
    agrees(&Queue::new(), &Queue::new(), 0..3_000, input, output);

    let input = |words: &mut Words| match words.below(2) {
        0 => CounterOp::Read,
        _ => CounterOp::Add(words.below(4) as i64 - 1),
    };
    let output = |words: &mut Words, input: &CounterOp| match input {
        CounterOp::Add(_) => CounterReply::Done,
        CounterOp::Read => CounterReply::Total(words.below(4) as i64 - 1),
    };
    agrees(&Counter, &Counter, 0..3_000, input, output);

    let input = |words: &mut Words| match words.below(4) {
        0 => SetOp::List,
        1 => SetOp::Contains(words.below(2)),
        2 => SetOp::Remove(words.below(2)),
        _ => SetOp::Insert(words.below(2)),
    };
    let output = |words: &mut Words, input: &SetOp<u64>| match input {
        SetOp::List => SetReply::Elements((0..words.below(3)).collect()),
        SetOp::Contains(_) => SetReply::Is(words.below(2) == 1),
        _ => SetReply::Done,
    };
    agrees(&Set::new(), &Set::new(), 0..3_000, input, output);
}
