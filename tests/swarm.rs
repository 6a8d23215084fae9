//! Swarm: runs that lack some faults and some operations, and are full of others.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, tape};
use simfuzz::prelude::*;
use std::sync::{Arc, Mutex};

type Drawn = Arc<Mutex<Vec<Vec<usize>>>>;

/// Two clients that draw a hundred operations each under a name; what each drew comes out.
fn clients(drawn: &Drawn, weights: &'static [u32]) -> Simulation {
    let drawn = drawn.clone();
    SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(2), move |_| {
            let drawn = drawn.clone();
            Box::new(Client(async move |ctx: &SimContext| {
                let random = ctx.random().label("op");
                let operations = (0..100).map(|_| random.weighted(weights)).collect();
                drawn.lock().unwrap().push(operations);
                Ok(())
            }))
        })
        .build()
}

fn seen(operations: &[usize]) -> Vec<usize> {
    let mut seen = operations.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn run(weights: &'static [u32], tape: &Tape) -> Vec<Vec<usize>> {
    let drawn = Drawn::default();
    clients(&drawn, weights).run(tape).assert_ok();
    let drawn = drawn.lock().unwrap();
    drawn.iter().map(|operations| seen(operations)).collect()
}

/// A seeded tape with swarm, on which `off` are the operations that are off.
fn without(off: &[usize]) -> Tape {
    let mut tape = Tape::swarm(1);
    for index in 0..4 {
        tape.set(Label::parse(&format!("swarm/op/{index}")), 0, off.contains(&index).into());
    }
    tape
}

#[test]
fn an_operation_that_is_off_is_drawn_by_nobody() {
    const EVEN: &[u32] = &[1, 1, 1, 1];
    assert_eq!(run(EVEN, &without(&[])), [[0, 1, 2, 3], [0, 1, 2, 3]]);
    assert_eq!(run(EVEN, &without(&[1, 3])), [[0, 2], [0, 2]]);
    assert_eq!(run(EVEN, &without(&[0, 1, 2, 3])), [[0, 1, 2, 3], [0, 1, 2, 3]], "all off means all on");
    let mut calm = without(&[1, 3]);
    calm.set(Label::parse("swarm/on"), 0, 0);
    assert_eq!(run(EVEN, &calm), [[0, 1, 2, 3], [0, 1, 2, 3]], "a run without swarm lacks nothing");
}

/// An override names an index, whatever is off.
#[test]
fn an_override_means_the_same_operation() {
    let mut tape = without(&[2]);
    tape.set(Label::parse("client-1/op"), 7, 2);
    let drawn = Drawn::default();
    clients(&drawn, &[1, 1, 1, 1]).run(&tape).assert_ok();
    let drawn = drawn.lock().unwrap();
    assert!(!drawn[0].contains(&2));
    assert_eq!(drawn[1].iter().position(|&operation| operation == 2), Some(7));
}

/// In runs of `run()` always, in plain seeds half of the time; a calm tape has none.
#[test]
fn seeds_have_it() {
    const FOUR: &[u32] = &[5, 1, 1, 1];
    let lacking = |tape: &dyn Fn(u64) -> Tape| {
        (0..200).filter(|&seed| run(FOUR, &tape(seed)).iter().all(|seen| seen.len() < 4)).count()
    };
    // all but those with nothing or everything off: 14 of 16
    let (swarm, plain) = (lacking(&Tape::swarm), lacking(&Tape::seeded));
    assert!((160..190).contains(&swarm), "{swarm}");
    assert!((70..105).contains(&plain), "{plain}");
    assert_eq!(run(FOUR, &Tape::calm()), [[0], [0]]);
}

/// Draws without a name share what is off by where they stand.
#[test]
fn alphabets_are_told_apart_by_place() {
    let simulation = SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(2), |_| {
            Box::new(Client(async |ctx: &SimContext| {
                let one: Vec<_> = (0..50).map(|_| ctx.random().weighted(&[1, 1])).collect();
                let other: Vec<_> = (0..50).map(|_| ctx.random().scope("round", 3).weighted(&[1, 1])).collect();
                let places = [seen(&one), seen(&other)];
                ctx.state().update("all", |all: &mut Vec<_>| all.push(places));
                let all = ctx.state().get::<Vec<[Vec<usize>; 2]>>("all").unwrap();
                assert_always!(all.iter().all(|places| *places == all[0]), "both clients lack the same");
                assert_sometimes!(all[0][0] != all[0][1], "the two places lack different ones");
                Ok(())
            }))
        })
        .iterations(100);
    let report = simulation.run();
    report.assert_ok();
    assert!(!report.unreached_goals().contains(&"the two places lack different ones"), "{report}");
}

/// The calm tape with one row is still calm: no knob is drawn for it.
#[test]
fn a_tape_without_swarm_draws_no_knobs() {
    let drawn = Drawn::default();
    let simulation = clients(&drawn, &[1, 1, 1, 1]);
    let knobs = |tape: &Tape| {
        let outcome = simulation.run(tape);
        let trace = outcome.trace().unwrap();
        trace.choices().iter().filter(|choice| choice.kind == simfuzz::choice::Kind::Knob).count()
    };
    assert_eq!(knobs(&tape(&[])), 1, "swarm/on alone");
    assert_eq!(knobs(&Tape::swarm(3)), 1 + 1 + 4, "the family of holds, and four operations");
}

/// Knobs are drawn before a run: without this, whatever descends from a tape by reseeds alone would
/// share them.
#[test]
fn a_reseed_with_an_odd_salt_turns_swarm_as_well() {
    const EVEN: &[u32] = &[1, 1, 1, 1];
    let drawn = |salt: Option<u32>| {
        let drawn = Drawn::default();
        let mut tape = without(&[1, 3]);
        // the clients never wait: both draw at one instant, and the first is in the middle
        let moment = simfuzz::choice::Moment { micros: 0, choice: 60 };
        salt.into_iter().for_each(|salt| tape.put(simfuzz::choice::Row::reseed(moment, salt)));
        clients(&drawn, EVEN).run(&tape).assert_ok();
        let drawn = drawn.lock().unwrap();
        drawn.clone()
    };
    let plain = drawn(None);
    let kept = |other: &[Vec<usize>]| plain[0].iter().zip(&other[0]).take_while(|(one, other)| one == other).count();
    for salt in (0..40).step_by(2) {
        let even = drawn(Some(salt));
        assert!((20..70).contains(&kept(&even)), "the beginning stays, the rest is dealt anew");
        assert_eq!(seen(&even[1]), [0, 2], "salt {salt}: what is off stays off");
    }
    let turned: Vec<_> = (1..40).step_by(2).map(|salt| seen(&drawn(Some(salt))[1])).collect();
    assert!(turned.iter().any(|seen| *seen != [0, 2]), "{turned:?}");
    assert!(turned.iter().any(|seen| seen.len() == 1 || *seen == [1, 3]), "{turned:?}");
    let odd = drawn(Some(1));
    assert!((20..70).contains(&kept(&odd)));
}
