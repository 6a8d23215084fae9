//! Operations that are drawn whole: their labels, their weights, and what is left of one when a
//! tape is minimised.
#![cfg(feature = "sim")]

use simfuzz::choice::{Label, TextTape};
use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording};

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

#[derive(Arbitrary, Clone, Debug, PartialEq)]
enum Op {
    #[arbitrary(weight = 6)]
    Get {
        #[arbitrary(range = 0..10)]
        key: u8,
    },
    #[arbitrary(weight = 3)]
    Put {
        #[arbitrary(range = 0..10)]
        key: u8,
        value: u32,
        options: Options,
    },
    Scan(Option<u8>, Vec<bool>),
    #[arbitrary(weight = 0)]
    Drop,
}

#[derive(Arbitrary, Clone, Debug, PartialEq)]
struct Options {
    mode: Mode,
    #[arbitrary(with = |random| random.random_range(1..=3) * 100)]
    timeout: u64,
    #[arbitrary(default)]
    tag: String,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Mode {
    Plain,
    Synced,
    Signed([u8; 2], (bool, char)),
}

/// Generic types have what their parts have.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
struct Pair<T>(T, Box<T>);

/// One field alone is drawn under the label itself.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
struct Key(#[arbitrary(range = 3..9)] u8);

/// Runs `steps` draws, each of which may be wrong.
struct Draws<T>(fn(&SimRandomProvider) -> T, fn(&[T]) -> bool, Arc<Mutex<Vec<T>>>);

#[async_trait(?Send)]
impl<T: Debug + Clone + Send + 'static> Workload for Draws<T> {
    fn name(&self) -> &str {
        "w"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut drawn = Vec::new();
        for number in 0..4 {
            ctx.time().sleep(Duration::from_millis(1)).await;
            drawn.push(self.0(&ctx.random().scope("op", number)));
            assert_always!(!(self.1)(&drawn), "the operations are harmless", { "drawn" => format!("{drawn:?}") });
        }
        *self.2.lock().unwrap() = drawn;
        Ok(())
    }
}

fn simulation<T: Debug + Clone + Send + 'static>(
    draw: fn(&SimRandomProvider) -> T,
    bug: fn(&[T]) -> bool,
) -> (Simulation, Arc<Mutex<Vec<T>>>) {
    let drawn = Arc::new(Mutex::new(Vec::new()));
    let told = drawn.clone();
    (SimulationBuilder::new().workload(move || Box::new(Draws(draw, bug, told.clone()))).build(), drawn)
}

fn named(random: &SimRandomProvider) -> Op {
    random.label("kind").arbitrary()
}

fn unnamed(random: &SimRandomProvider) -> Op {
    random.arbitrary()
}

/// A tape as what stands in it: label, number of the operation, value.
fn told(simulation: &Simulation, tape: &Tape) -> Vec<String> {
    let outcome = simulation.run_with(tape, Recording::Story);
    let text = outcome.text(tape).unwrap().print(outcome.trace());
    let rows = text.lines().skip(1).map(|line| line.split("  (").next().unwrap());
    let mut rows: Vec<_> = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    rows.sort();
    rows
}

#[track_caller]
fn golden<T: Debug + Clone + Send + 'static>(
    draw: fn(&SimRandomProvider) -> T,
    bug: fn(&[T]) -> bool,
    expected: &[&str],
) {
    let (simulation, _) = simulation(draw, bug);
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    let starts: Vec<_> = (0..200_000).map(Tape::swarm).filter(shows).take(5).collect();
    assert_eq!(starts.len(), 5);
    for start in &starts {
        let minimized = Minimizer::new(&simulation).minimize(start).unwrap();
        assert_eq!(told(&simulation, &minimized.tape), expected, "from seed {}", start.seed());
    }
}

#[test]
fn a_minimised_operation_is_minimal_field_by_field() {
    golden(
        named,
        |drawn| drawn.iter().any(|op| matches!(op, Op::Put { key: 4.., value: 1_000.., .. })),
        &["w/op/kind #0.0 = 1", "w/op/kind/key #0.0 = 4", "w/op/kind/value #0.0 = 1000"],
    );
    golden(
        named,
        |drawn| {
            drawn
                .iter()
                .any(|op| matches!(op, Op::Put { options: Options { mode: Mode::Synced, timeout: 200.., .. }, .. }))
        },
        &["w/op/kind #0.0 = 1", "w/op/kind/options/mode #0.0 = 1", "w/op/kind/options/timeout #0.0 = 1"],
    );
    golden(
        named,
        |drawn| drawn.iter().any(|op| matches!(op, Op::Scan(Some(9..), flags) if flags.len() > 1 && flags[1])),
        &[
            "w/op/kind #0.0 = 2",
            "w/op/kind/0 #0.0 = 1",
            "w/op/kind/0/some #0.0 = 9",
            "w/op/kind/1 #0.0 = 2",
            "w/op/kind/1/item #0.1 = 1",
        ],
    );
}

#[test]
fn two_operations_on_one_key_are_lowered_together() {
    golden(
        named,
        |drawn| {
            drawn.windows(2).any(|pair| match pair {
                [Op::Put { key: put @ 2.., .. }, Op::Get { key: get }] => put == get,
                _ => false,
            })
        },
        &["w/op/kind #0.0 = 1", "w/op/kind/key #0.0 = 2", "w/op/kind/key #1.0 = 2"],
    );
}

#[test]
fn all_zero_is_the_calmest_value() {
    let (simulation, drawn) = simulation(named, |_| false);
    simulation.run(&Tape::calm()).assert_ok();
    assert_eq!(*drawn.lock().unwrap(), vec![Op::Get { key: 0 }; 4]);

    let (simulation, drawn) =
        self::simulation(|random| random.label("it").arbitrary::<(Pair<Mode>, Key, String, Option<f64>)>(), |_| false);
    simulation.run(&Tape::calm()).assert_ok();
    let calm = (Pair(Mode::Plain, Box::new(Mode::Plain)), Key(3), String::new(), None);
    assert_eq!(*drawn.lock().unwrap(), vec![calm; 4]);
    let mut tape = Tape::calm();
    for (label, value) in [("w/op/it/0/1", 2), ("w/op/it/0/1/1/1", 25), ("w/op/it/1", 5), ("w/op/it/2", 2)] {
        tape.set(Label::parse(label), 2 << 8, value);
    }
    simulation.run(&tape).assert_ok();
    let signed = Mode::Signed([0, 0], (false, 'z'));
    assert_eq!(drawn.lock().unwrap()[2], (Pair(Mode::Plain, Box::new(signed)), Key(8), "aa".to_owned(), None));
}

#[test]
fn a_value_that_was_not_named_has_its_place_in_its_labels() {
    let (simulation, drawn) = simulation(unnamed, |drawn| drawn.iter().any(|op| matches!(op, Op::Put { key: 7, .. })));
    let found = (0..10_000).map(Tape::swarm).find(|tape| simulation.run(tape).finding().is_some()).unwrap();
    let minimized = Minimizer::new(&simulation).minimize(&found).unwrap();
    let rows = told(&simulation, &minimized.tape);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("w/op/@tests/arbitrary.rs:") && rows[0].ends_with(":arbitrary #0.0 = 1"), "{rows:?}");
    assert!(rows[1].ends_with(":arbitrary/key #0.0 = 7"), "{rows:?}");
    // the text reads back as the same tape
    let outcome = simulation.run_with(&minimized.tape, Recording::Story);
    let text = outcome.text(&minimized.tape).unwrap().print(outcome.trace());
    assert_eq!(TextTape::parse(&text).unwrap().tape, minimized.tape);
    drop(drawn);
}

/// How often each variant comes, over many seeds without swarm.
fn counts(draw: fn(&SimRandomProvider) -> Op) -> BTreeMap<&'static str, u32> {
    let (simulation, drawn) = simulation(draw, |_| false);
    let mut counts = BTreeMap::new();
    for seed in 0..2_000 {
        simulation.run_with(&Tape::seeded(seed), Recording::Result).assert_ok();
        for op in drawn.lock().unwrap().iter() {
            let name = match op {
                Op::Get { .. } => "Get",
                Op::Put { .. } => "Put",
                Op::Scan(..) => "Scan",
                Op::Drop => "Drop",
            };
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

#[test]
fn variants_are_as_likely_as_their_weights() {
    // half of the seeds have swarm, which leaves operations out: so it is no more than an order
    let declared = counts(named);
    assert!(declared["Get"] > declared["Put"] && declared["Put"] > declared["Scan"], "{declared:?}");
    assert!(!declared.contains_key("Drop"), "{declared:?}");
    let table = counts(|random| random.label("kind").arbitrary_weighted(&[("Scan", 40), ("Get", 0), ("Drop", 10)]));
    assert!(!table.contains_key("Get"), "{table:?}");
    assert!(table["Scan"] > table["Drop"] && table["Drop"] > table["Put"], "{table:?}");
    let (names, weights) = (<Op as simfuzz::Alphabet>::NAMES, <Op as simfuzz::Alphabet>::WEIGHTS);
    assert_eq!((names, weights), (&["Get", "Put", "Scan", "Drop"][..], &[6, 3, 1, 0][..]));
}

#[test]
fn what_has_no_weight_is_not_drawn_by_any_tape() {
    let (simulation, drawn) = simulation(named, |_| false);
    for wanted in 0..8 {
        let mut tape = Tape::calm();
        (0..4).for_each(|number| _ = tape.set(Label::parse("w/op/kind"), number << 8, wanted));
        simulation.run(&tape).assert_ok();
        assert!(!drawn.lock().unwrap().contains(&Op::Drop), "{wanted}: {drawn:?}");
    }
}

#[test]
fn a_table_that_names_no_variant_says_which_there_are() {
    let (simulation, _) = simulation(|random| random.arbitrary_weighted::<Op>(&[("Write", 3)]), |_| false);
    let outcome = simulation.run(&Tape::calm());
    let finding = outcome.finding().expect("it panics");
    assert!(
        finding.reason.contains("there is no variant `Write` to weigh: there is Get, Put, Scan, Drop"),
        "{finding}"
    );
}

#[test]
fn drawn_operations_repeat() {
    let digests = || {
        let (simulation, _) = simulation(unnamed, |_| false);
        (0..200).map(|seed| simulation.run_with(&Tape::swarm(seed), Recording::Result).digest()).collect::<Vec<_>>()
    };
    let here = digests();
    let there = std::thread::scope(|scope| scope.spawn(digests).join());
    assert_eq!(Some(here), there.ok());
}

/// A saved tape of a value that was not named finds it, and its fields, where it has moved to.
#[test]
fn fields_are_bound_again_when_the_source_has_moved() {
    let bug = |drawn: &[Op]| drawn.iter().any(|op| matches!(op, Op::Put { key: 7, value: 500.., .. }));
    let (before, _) = simulation(unnamed, bug);
    let found = (0..100_000).map(Tape::swarm).find(|tape| before.run(tape).finding().is_some()).unwrap();
    let tape = Minimizer::new(&before).minimize(&found).unwrap().tape;
    let text = before.run_with(&tape, Recording::Story).text(&tape).unwrap();
    let (after, _) = simulation(|random| random.arbitrary(), bug);
    assert!(after.run(&tape).finding().is_none(), "it is drawn elsewhere");
    let bound = simfuzz::regress::bind(&after, &text);
    assert!(after.run(&bound.tape).finding().is_some(), "{bound:?}");
}
