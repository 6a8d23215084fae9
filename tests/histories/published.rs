//! Histories whose answer is published.

use super::at;
use QueueOp::{Dequeue, Enqueue};
use QueueReply::Element;
use RegisterOp::{Read, Write};
use RegisterReply::{Done, Value};
use simfuzz::history::{History, Operation, Queue, QueueOp, QueueReply, Register, RegisterOp, RegisterReply};
use std::path::PathBuf;

type Queues = History<QueueOp<char>, QueueReply<char>>;

/// The four queues of Herlihy & Wing, Linearizability (1990), figure 1.
#[test]
fn herlihy_and_wing_queues() {
    let op = |client: &str, start, end, input, output| Operation::new(client, at(start), input).ok(at(end), output);
    let queued = QueueReply::Done;
    // x and y are put in at once: y may come out first
    let h1: Queues = [
        op("a", 0, 2, Enqueue('x'), queued),
        op("b", 1, 3, Enqueue('y'), queued),
        op("b", 4, 6, Dequeue, Element(Some('x'))),
        op("a", 5, 7, Dequeue, Element(Some('y'))),
        op("a", 8, 9, Enqueue('z'), queued),
    ]
    .into_iter()
    .collect();
    h1.linearizable(&Queue::new()).assert_ok();
    // x was in before y was put in, and y comes out first
    let h2: Queues = [
        op("a", 0, 1, Enqueue('x'), queued),
        op("b", 2, 3, Enqueue('y'), queued),
        op("a", 4, 5, Dequeue, Element(Some('y'))),
    ]
    .into_iter()
    .collect();
    let judgement = h2.linearizable(&Queue::new());
    // whenever y was put in, x was there before
    assert_eq!(
        judgement.counterexample().unwrap().operations().collect::<Vec<_>>(),
        ["Enqueue('x') -> Done", "Dequeue -> Element(Some('y'))"]
    );
    // x comes out before its putting in was answered: that has happened, then
    let h3: Queues =
        [Operation::new("a", at(0), Enqueue('x')), op("b", 1, 2, Dequeue, Element(Some('x')))].into_iter().collect();
    h3.linearizable(&Queue::new()).assert_ok();
    // y was put in once and comes out twice
    let h4: Queues = [
        op("a", 0, 4, Enqueue('x'), queued),
        op("b", 1, 2, Enqueue('y'), queued),
        op("a", 5, 7, Dequeue, Element(Some('y'))),
        op("c", 6, 8, Dequeue, Element(Some('y'))),
    ]
    .into_iter()
    .collect();
    let judgement = h4.linearizable(&Queue::new());
    assert!(judgement.counterexample().is_some(), "{judgement}");
}

/// The two registers of Porcupine's README, from MIT's 6.824 of 2017, and its histories with
/// operations that take no time.
#[test]
fn porcupine_registers() {
    let op = |client: u32, start, end, input, output| {
        Operation::new(client.to_string(), at(start), input).ok(at(end), output)
    };
    let right = [op(0, 0, 100, Write(100), Done), op(1, 25, 75, Read, Value(100)), op(2, 30, 60, Read, Value(0))];
    let register = Register::new(0);
    right.into_iter().collect::<History<_, _>>().linearizable(&register).assert_ok();
    let wrong = [op(0, 0, 100, Write(200), Done), op(1, 10, 30, Read, Value(200)), op(2, 40, 90, Read, Value(0))];
    let judgement = wrong.into_iter().collect::<History<_, _>>().linearizable(&register);
    assert_eq!(
        judgement.counterexample().unwrap().operations().collect::<Vec<_>>(),
        ["Read -> Value(200)", "Read -> Value(0)"]
    );
    let right = [
        op(0, 0, 100, Write(100), Done),
        op(1, 25, 75, Read, Value(100)),
        op(2, 30, 30, Read, Value(0)),
        op(3, 30, 30, Read, Value(0)),
    ];
    right.into_iter().collect::<History<_, _>>().linearizable(&register).assert_ok();
    let wrong = [
        op(0, 0, 100, Write(200), Done),
        op(1, 10, 10, Read, Value(200)),
        op(2, 10, 10, Read, Value(200)),
        op(3, 40, 90, Read, Value(0)),
    ];
    assert!(wrong.into_iter().collect::<History<_, _>>().linearizable(&register).counterexample().is_some());
}

/// The logs of 102 of Jepsen's runs of etcd, which Porcupine and others test with. They are not in
/// this repository: todc-utils 0.1.1 has them in `tests/linearizability/etcd`, Porcupine in
/// `test_data/jepsen`.
///
/// `ETCD_LOGS=FOLDER cargo test --release --test histories -- --ignored --nocapture etcd`
#[test]
#[ignore = "needs a folder of logs, named by ETCD_LOGS"]
fn jepsen_etcd_logs() {
    /// Those that are linearizable, as Porcupine's tests have it; there is no log 95.
    const RIGHT: [usize; 23] =
        [2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102];
    let folder = PathBuf::from(std::env::var_os("ETCD_LOGS").expect("ETCD_LOGS names the folder of the logs"));
    let (mut checked, mut longest) = (0, 0);
    for number in (0..=102).filter(|&number| number != 95) {
        let path = folder.join(format!("etcd_{number:03}.log"));
        let log = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let history = parse(&log);
        let judgement = history.linearizable(&Register::new(None));
        assert!(judgement.is_decided(), "{number}: {judgement}");
        assert_eq!(judgement.holds(), RIGHT.contains(&number), "{number}: {judgement}");
        (checked, longest) = (checked + 1, longest.max(history.len()));
        if let Some(counterexample) = judgement.counterexample() {
            println!("{number}: {} of {} operations", counterexample.len(), history.len());
        }
    }
    println!("{checked} logs, of up to {longest} operations");
    assert_eq!(checked, 102);
}

type Etcd = History<RegisterOp<Option<i64>>, RegisterReply<Option<i64>>>;

/// Reads lines such as `INFO  jepsen.util - 3  :ok  :cas  [0 3]`.
fn parse(log: &str) -> Etcd {
    let mut history = Etcd::new();
    let mut open = std::collections::BTreeMap::new();
    for (now, line) in (0..).zip(log.lines()) {
        let Some((_, event)) = line.split_once("jepsen.util - ") else { continue };
        let words: Vec<_> =
            event.split(|c: char| c.is_whitespace() || "[]".contains(c)).filter(|word| !word.is_empty()).collect();
        let [client, what, name, ref arguments @ ..] = words[..] else { continue };
        let number = |index: usize| arguments.get(index).and_then(|word: &&str| word.parse().ok());
        match (what, name) {
            (":invoke", _) => {
                let input = match name {
                    ":read" => Read,
                    ":write" => Write(number(0)),
                    ":cas" => RegisterOp::Cas { from: number(0), to: number(1) },
                    other => panic!("{other} in {line}"),
                };
                open.insert(client, history.invoke(client, at(now), input));
            }
            (":ok", _) | (":fail", ":cas") if arguments.first() != Some(&":timed-out") => {
                let operation = open.remove(client).expect("what is answered was asked");
                let output = match name {
                    ":read" => Value(number(0)),
                    ":write" => Done,
                    _ => RegisterReply::Swapped(what == ":ok"),
                };
                history.ok(operation, at(now), output);
            }
            // `:info :timed-out`, and reads that failed: nobody knows, and a read changes nothing
            _ => _ = open.remove(client),
        }
    }
    history
}
