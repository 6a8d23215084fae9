//! The checker of histories against trying every order, for small histories of any shape.

use simfuzz::history::{
    History, Judgement, Model, Operation, Queue, QueueOp, QueueReply, Register, RegisterOp, RegisterReply, Response,
};
use std::time::Duration;

/// Operations of a history: all orders of more would take too long.
const OPERATIONS_MAX: usize = 7;

pub(crate) type Registers = History<RegisterOp<u8>, RegisterReply<u8>>;
pub(crate) type Queues = History<QueueOp<u8>, QueueReply<u8>>;

/// What is under test. A planted bug takes the place of one of them.
pub(crate) struct Subject {
    pub(crate) register: fn(&Registers) -> Judgement,
    pub(crate) queue: fn(&Queues) -> Judgement,
}

pub(crate) const OURS: Subject = Subject {
    register: |history| history.linearizable(&Register::new(0u8)),
    queue: |history| history.linearizable(&Queue::new()),
};

pub(crate) fn check(bytes: &[u8]) {
    check_of(&OURS, bytes);
}

/// Three bytes an operation: who and when; what; the answer and when.
pub(crate) fn check_of(subject: &Subject, bytes: &[u8]) {
    let Some((model, bytes)) = bytes.split_first() else { return };
    match model % 2 {
        0 => agree(subject.register, &Register::new(0u8), bytes, register_asked, register_told),
        _ => agree(subject.queue, &Queue::<u8>::new(), bytes, queue_asked, queue_told),
    }
}

fn register_asked(byte: u8) -> RegisterOp<u8> {
    match byte % 3 {
        0 => RegisterOp::Read,
        1 => RegisterOp::Write(byte / 3 % 3),
        _ => RegisterOp::Cas { from: byte / 3 % 3, to: byte / 9 % 3 },
    }
}

fn register_told(byte: u8, asked: &RegisterOp<u8>) -> RegisterReply<u8> {
    match asked {
        RegisterOp::Read => RegisterReply::Value(byte % 3),
        RegisterOp::Write(_) => RegisterReply::Done,
        RegisterOp::Cas { .. } => RegisterReply::Swapped(byte % 2 == 1),
    }
}

fn queue_asked(byte: u8) -> QueueOp<u8> {
    match byte % 2 {
        0 => QueueOp::Enqueue(byte / 2 % 3),
        _ => QueueOp::Dequeue,
    }
}

fn queue_told(byte: u8, asked: &QueueOp<u8>) -> QueueReply<u8> {
    match asked {
        QueueOp::Enqueue(_) => QueueReply::Done,
        QueueOp::Dequeue => QueueReply::Element((byte % 4).checked_sub(1)),
    }
}

fn agree<M: Model>(
    judge: fn(&History<M::Input, M::Output>) -> Judgement,
    model: &M,
    bytes: &[u8],
    asked: fn(u8) -> M::Input,
    told: fn(u8, &M::Input) -> M::Output,
) where
    M::Input: Clone,
    M::Output: Clone,
{
    let history = history(bytes, asked, told);
    let expected = brute_force(model, history.operations());
    let judgement = judge(&history);
    assert!(judgement.is_decided());
    assert_eq!(judgement.holds(), expected, "{:#?}", history.operations());
    if let Some(counterexample) = judgement.counterexample() {
        let shown: Vec<_> = counterexample.indexes().collect();
        assert!(!brute_force(model, &all_but(&history, &shown)), "{counterexample}\n{:#?}", history.operations());
    }
}

fn history<I: Clone, O>(bytes: &[u8], asked: fn(u8) -> I, told: fn(u8, &I) -> O) -> History<I, O> {
    let mut history = History::new();
    let mut begun = Vec::new();
    let mut now = 0;
    for part in bytes.chunks_exact(3).take(OPERATIONS_MAX) {
        now += 1;
        let input = asked(part[1]);
        let id = history.invoke(format!("client-{}", part[0] % 4), Duration::from_nanos(now), input.clone());
        // the answer comes after so many other operations have begun, or never
        begun.push((u64::from(part[2] / 8 % 4), part[2], id, input));
        let due = |(left, ..): &(u64, u8, _, I)| *left == 0;
        while let Some(place) = begun.iter().position(due) {
            let (_, byte, id, input) = begun.remove(place);
            now += 1;
            match byte / 64 {
                0 => {}
                1 if byte % 8 == 0 => history.fail(id, Duration::from_nanos(now)),
                _ => history.ok(id, Duration::from_nanos(now), told(byte, &input)),
            }
        }
        begun.iter_mut().for_each(|(left, ..)| *left -= 1);
    }
    history
}

/// Tries every order of every choice of the unanswered operations: nothing is clever here.
fn brute_force<M: Model>(model: &M, operations: &[Operation<M::Input, M::Output>]) -> bool {
    let failed = |index: &usize| matches!(operations[*index].response(), Response::Fail);
    let left: Vec<_> = (0..operations.len()).filter(|index| !failed(index)).collect();
    from(model, operations, &left, &model.initial())
}

fn from<M: Model>(model: &M, operations: &[Operation<M::Input, M::Output>], left: &[usize], state: &M::State) -> bool {
    let answered = |index: &usize| operations[*index].output().is_some();
    if !left.iter().any(answered) {
        return true;
    }
    left.iter().any(|&next| {
        let invoked = operations[next].invoked();
        let is_late = |&index: &usize| answered(&index) && operations[index].returned().is_some_and(|at| at < invoked);
        if left.iter().any(is_late) {
            return false;
        }
        let rest: Vec<_> = left.iter().copied().filter(|&index| index != next).collect();
        model
            .step(state, operations[next].input(), operations[next].output())
            .is_some_and(|after| from(model, operations, &rest, &after))
    })
}

/// The history in which all operations but those at `known` may have happened, or not, with any
/// answer.
fn all_but<I: Clone, O: Clone>(history: &History<I, O>, known: &[usize]) -> Vec<Operation<I, O>> {
    let forget = |(index, operation): (usize, &Operation<I, O>)| match known.contains(&index)
        || matches!(operation.response(), Response::Fail)
    {
        true => operation.clone(),
        false => Operation::new(operation.client(), operation.invoked(), operation.input().clone()),
    };
    history.operations().iter().enumerate().map(forget).collect()
}
