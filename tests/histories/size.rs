//! What a check costs, in steps of the model, so that it is the same on every machine; the seconds
//! are printed.
//!
//! `cargo test --release --test histories size -- --nocapture`

use super::{Words, at};
use simfuzz::history::{Counter, CounterOp, CounterReply, History, KeyValue, KeyValueOp, KeyValueReply};

type Store = History<KeyValueOp<u64, u64>, KeyValueReply<u64>>;

/// A history of a right store: each operation takes effect at some instant between its invocation
/// and its response. One in `unknown` is never answered, and half of those never happen.
fn right(seed: u64, operations: usize, clients: usize, keys: u64, unknown: u64) -> Store {
    let words = &mut Words(seed);
    let mut history = Store::new();
    let mut store = vec![None; keys as usize];
    let mut busy = vec![None; clients];
    let mut value = 0;
    for now in 0.. {
        let client = words.below(clients as u64) as usize;
        match busy[client].take() {
            None if history.len() < operations => {
                let key = words.below(keys);
                value += 1;
                let input = match words.below(4) {
                    0 | 1 => KeyValueOp::Get { key },
                    2 => KeyValueOp::Put { key, value },
                    _ => KeyValueOp::Cas { key, from: store[key as usize], to: value },
                };
                let operation = history.invoke(format!("client-{client}"), at(now), input);
                busy[client] = Some((operation, input, None));
            }
            None if busy.iter().all(Option::is_none) => break,
            None => {}
            Some((operation, input, None)) => {
                let is_unknown = words.below(unknown) == 0;
                if is_unknown && words.below(2) == 0 {
                    continue;
                }
                let there = &mut store[*input.key() as usize];
                let output = match input {
                    KeyValueOp::Get { .. } => KeyValueReply::Value(*there),
                    KeyValueOp::Put { value, .. } => {
                        *there = Some(value);
                        KeyValueReply::Done
                    }
                    KeyValueOp::Cas { from, to, .. } => {
                        let swaps = from == *there;
                        *there = if swaps { Some(to) } else { *there };
                        KeyValueReply::Swapped(swaps)
                    }
                    KeyValueOp::Delete { .. } => unreachable!("none is drawn"),
                };
                busy[client] = if is_unknown { None } else { Some((operation, input, Some(output))) };
            }
            Some((operation, _, Some(output))) => history.ok(operation, at(now), output),
        }
    }
    history
}

/// Makes one read of a late operation stale.
fn stale(history: &Store) -> Store {
    let mut operations = history.operations().to_vec();
    let is_read =
        |index: &usize| matches!(operations[*index].output(), Some(KeyValueReply::Value(Some(value))) if *value > 5);
    let index = (0..operations.len()).rev().filter(is_read).nth(operations.len() / 20).expect("there are reads");
    let read = &operations[index];
    let first = history.operations().iter().find_map(|operation| match (operation.input(), operation.output()) {
        (KeyValueOp::Put { key, value }, Some(_)) if key == read.input().key() => Some(*value),
        _ => None,
    });
    let returned = read.returned().expect("it was answered");
    operations[index] = read.clone().ok(returned, KeyValueReply::Value(first));
    operations.into_iter().collect()
}

/// Seconds of this thread's processor; nothing where the system doesn't say.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

fn timed<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let start = processor_seconds();
    let result = run();
    println!("{what}: {:.3}s", processor_seconds() - start);
    result
}

/// The same for what is promised to take less than a second.
fn quick<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let start = processor_seconds();
    let result = timed(what, run);
    let took = processor_seconds() - start;
    assert!(took < 1.0, "{what} took {took:.3} seconds");
    result
}

#[test]
fn ten_thousand_operations_by_ten_clients_on_a_hundred_keys() {
    for seed in 0..3 {
        let history = right(seed, 10_000, 10, 100, 1_000_000_000);
        // no key has more than 200 operations: a few steps each
        quick("right", || history.linearizable_within(&KeyValue::new(), 2_000).assert_ok());
        let wrong = quick("wrong", || stale(&history).linearizable_within(&KeyValue::new(), 2_000));
        assert!(wrong.counterexample().is_some_and(|counterexample| counterexample.len() <= 4), "{wrong}");
        quick("sessions", || history.session_guarantees(&KeyValue::new()).assert_ok());
        // and where nobody knows of one in ten whether it happened
        let history = right(seed, 10_000, 10, 100, 10);
        quick("right, a tenth unknown", || history.linearizable_within(&KeyValue::new(), 20_000).assert_ok());
        let wrong = quick("wrong, a tenth unknown", || stale(&history).linearizable_within(&KeyValue::new(), 20_000));
        assert!(wrong.counterexample().is_some_and(|counterexample| counterexample.len() <= 6), "{wrong}");
    }
}

#[test]
fn ten_thousand_operations_on_one_key() {
    let history = right(1, 10_000, 10, 1, 1_000_000_000);
    timed("right, one key", || history.linearizable(&KeyValue::new()).assert_ok());
    let wrong = timed("wrong, one key", || stale(&history).linearizable(&KeyValue::new()));
    // which operations it takes is too much to ask here, so the last ones are shown
    assert!(wrong.counterexample().is_some_and(|counterexample| counterexample.len() <= 24), "{wrong}");
    timed("sessions, one key", || history.session_guarantees(&KeyValue::new()).assert_ok());
}

/// Sums of subsets: no check is fast here, and this one says so.
#[test]
fn what_takes_too_long_is_undecided() {
    let mut history = History::new();
    for number in 0..60 {
        let _ = history.invoke("alice", at(0), CounterOp::Add((1 << (number % 30)) * 2));
    }
    let read = history.invoke("bob", at(1), CounterOp::Read);
    history.ok(read, at(2), CounterReply::Total(1));
    let judgement = timed("undecided", || history.linearizable_within(&Counter, 100_000));
    assert!(!judgement.is_decided() && !judgement.holds());
    assert_eq!(
        judgement.to_string(),
        "100000 steps did not decide whether 61 operations are linearizable: \
         record fewer, spread them over more keys, or allow more steps"
    );
    let again = history.linearizable_within(&Counter, 100_000);
    assert_eq!(again, judgement, "the bound is no clock");
}
