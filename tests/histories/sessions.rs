//! Session guarantees against brute force: every order of the writes of a key is tried.

use super::{Words, at, text};
use simfuzz::history::{History, Judgement, Operation, Register, RegisterOp, RegisterReply, Response};

type Op = RegisterOp<u64>;
type Reply = RegisterReply<u64>;

/// What an operation read and what it wrote.
fn values(operation: &Operation<Op, Reply>) -> (Option<u64>, Option<u64>) {
    match (operation.input(), operation.output()) {
        (RegisterOp::Read, Some(&Reply::Value(value))) => (Some(value), None),
        (&RegisterOp::Write(value), _) => (None, Some(value)),
        (&RegisterOp::Cas { from, to }, Some(Reply::Swapped(true))) => (Some(from), Some(to)),
        (&RegisterOp::Cas { to, .. }, None) => (None, Some(to)),
        _ => (None, None),
    }
}

fn orders(values: &[u64]) -> Vec<Vec<u64>> {
    if values.is_empty() {
        return vec![Vec::new()];
    }
    let with_last = |index: usize| {
        let mut rest = values.to_vec();
        let last = rest.remove(index);
        orders(&rest).into_iter().map(move |order| [order, vec![last]].concat()).collect::<Vec<_>>()
    };
    (0..values.len()).flat_map(with_last).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    All,
}

/// Is there an order of the writes that every client's operations fit?
fn brute_force(operations: &[Operation<Op, Reply>], guarantee: Guarantee) -> bool {
    let happened = || operations.iter().filter(|operation| !matches!(operation.response(), Response::Fail));
    let written: Vec<_> = happened().filter_map(|operation| values(operation).1).collect();
    orders(&written).iter().any(|order| {
        let place = |value: u64| match value {
            0 => Some(0),
            value => order.iter().position(|&written| written == value).map(|place| place + 1),
        };
        happened().all(|later| {
            let (read, wrote) = values(later);
            // what was read was written, by somebody who had asked for it by then
            let is_there = read.is_none_or(|read| {
                read == 0
                    || happened().any(|write| {
                        values(write).1 == Some(read) && later.returned().is_some_and(|end| write.invoked() < end)
                    })
            });
            let swaps = match (read, wrote) {
                (Some(read), Some(wrote)) => place(read) < place(wrote),
                _ => true,
            };
            let before = |earlier: &&Operation<Op, Reply>| {
                earlier.client() == later.client()
                    && earlier.output().is_some()
                    && earlier.returned().unwrap() < later.invoked()
            };
            is_there
                && swaps
                && happened().filter(before).all(|earlier| {
                    let (seen, put) = values(earlier);
                    let fits = |from: Option<u64>, to: Option<u64>| match (from, to) {
                        (Some(from), Some(to)) => place(from) <= place(to),
                        _ => true,
                    };
                    let reads = fits(seen, read);
                    let own = fits(put, read);
                    let writes = fits(put, wrote);
                    let follows = fits(seen, wrote);
                    match guarantee {
                        Guarantee::ReadYourWrites => own && writes,
                        Guarantee::MonotonicReads => reads && writes,
                        Guarantee::All => reads && own && writes && follows,
                    }
                })
        })
    })
}

/// A history of up to three clients, of which one may have two operations open at once; each value
/// is written once.
fn drawn(words: &mut Words) -> History<Op, Reply> {
    let mut history = History::new();
    let mut open = [const { None }; 4];
    let (count, mut written) = (1 + words.below(7), 0);
    for now in 0.. {
        let hand = words.below(4) as usize;
        match open[hand].take() {
            None if (history.len() as u64) < count => {
                let input = match words.below(5) {
                    kind @ 0..=1 if written < 4 => {
                        written += 1;
                        match kind {
                            0 => RegisterOp::Write(written),
                            _ => RegisterOp::Cas { from: words.below(written), to: written },
                        }
                    }
                    _ => RegisterOp::Read,
                };
                open[hand] = Some((history.invoke(format!("client-{}", hand / 2), at(now), input), input));
            }
            None if open.iter().all(Option::is_none) => break,
            None => {}
            Some((operation, input)) => match (words.below(8), input) {
                (0, _) => {}
                (1, _) => history.fail(operation, at(now)),
                (_, RegisterOp::Read) => history.ok(operation, at(now), Reply::Value(words.below(written + 1))),
                (_, RegisterOp::Write(_)) => history.ok(operation, at(now), Reply::Done),
                (luck, RegisterOp::Cas { .. }) => history.ok(operation, at(now), Reply::Swapped(luck > 3)),
            },
        }
    }
    history
}

#[test]
fn session_guarantees_agree_with_brute_force() {
    for guarantee in [Guarantee::ReadYourWrites, Guarantee::MonotonicReads, Guarantee::All] {
        let (mut right, mut wrong) = (0, 0);
        for seed in 0..4_000 {
            let history = drawn(&mut Words(seed));
            let check = |history: &History<Op, Reply>| match guarantee {
                Guarantee::ReadYourWrites => history.read_your_writes(&Register::new(0)),
                Guarantee::MonotonicReads => history.monotonic_reads(&Register::new(0)),
                Guarantee::All => history.session_guarantees(&Register::new(0)),
            };
            let judgement = check(&history);
            let expected = brute_force(history.operations(), guarantee);
            assert_eq!(judgement.holds(), expected, "seed {seed}: {judgement}\n{}", text(&history));
            let Judgement::Violated(counterexample) = judgement else {
                right += 1;
                continue;
            };
            wrong += 1;
            // what is shown is wrong together with the writes that it read
            let shown: Vec<_> = counterexample.indexes().collect();
            let is_write = |operation: &Operation<Op, Reply>| values(operation).1.is_some();
            let part: Vec<_> = history
                .operations()
                .iter()
                .enumerate()
                .filter(|(index, operation)| shown.contains(index) || is_write(operation))
                .map(|(index, operation)| match shown.contains(&index) || operation.output().is_none() {
                    true => operation.clone(),
                    false => Operation::new("someone else", operation.invoked(), *operation.input()),
                })
                .collect();
            assert!(!brute_force(&part, guarantee), "seed {seed}: {counterexample}\n{}", text(&history));
        }
        assert!(right > 500 && wrong > 500, "{right} right, {wrong} wrong: too one-sided to say anything");
    }
}

#[test]
fn a_value_written_twice_leaves_it_undecided() {
    let mut history = History::new();
    for client in ["a", "b"] {
        let write = history.invoke(client, at(1), RegisterOp::Write(7));
        history.ok(write, at(1), Reply::Done);
    }
    assert!(history.monotonic_reads(&Register::new(0)).holds(), "nobody read it");
    let read = history.invoke("a", at(2), RegisterOp::Read);
    history.ok(read, at(3), Reply::Value(7));
    let judgement = history.monotonic_reads(&Register::new(0));
    assert!(!judgement.holds() && !judgement.is_decided());
    assert_eq!(judgement.to_string(), "7 was read and could have come from more than one write: write each value once");
    // but a violation elsewhere is one
    let read = history.invoke("a", at(4), RegisterOp::Read);
    history.ok(read, at(5), Reply::Value(0));
    let judgement = history.read_your_writes(&Register::new(0));
    assert_eq!(judgement.counterexample().map(|counterexample| counterexample.len()), Some(2), "{judgement}");
}

#[test]
fn a_circle_names_the_values_and_shows_the_operations() {
    let mut history = History::new();
    let mut tell = |client: &str, now: u64, input, output| {
        let operation = history.invoke(client, at(now * 1_000_000_000), input);
        history.ok(operation, at(now * 1_000_000_000 + 500_000), output);
    };
    tell("alice", 1, RegisterOp::Write(1), Reply::Done);
    tell("alice", 2, RegisterOp::Write(2), Reply::Done);
    tell("bob", 3, RegisterOp::Read, Reply::Value(2));
    tell("carol", 4, RegisterOp::Read, Reply::Value(1));
    tell("bob", 5, RegisterOp::Read, Reply::Value(1));
    assert!(history.read_your_writes(&Register::new(0)).holds());
    assert_eq!(
        history.monotonic_reads(&Register::new(0)).to_string(),
        "these operations want 1 before 2, and that before 1
  alice  1.000000s to 1.000500s  Write(1) -> Done
  alice  2.000000s to 2.000500s  Write(2) -> Done
  bob    3.000000s to 3.000500s  Read -> Value(2)
  bob    5.000000s to 5.000500s  Read -> Value(1)"
    );
    let mut history = History::new();
    let read = history.invoke("bob", at(1), RegisterOp::Read);
    history.ok(read, at(2), Reply::Value(9));
    let judgement = history.session_guarantees(&Register::new(0)).to_string();
    assert!(judgement.starts_with("this read saw what nobody had written by then\n  bob "), "{judgement}");
}
