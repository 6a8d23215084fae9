//! Version 1 of the tape is frozen: a file that was kept yesterday means the same tomorrow.
//!
//! What a tape means is its rows, its labels' numbers and what a seed deals at an address. A change
//! of any of these is another version, and must read this one. What a run's digest is may change.
#![cfg(feature = "sim")]

use simfuzz::choice::{Label, Op, Row, Tape, VERSION};
use simfuzz::prelude::*;
use std::sync::{Arc, Mutex};

/// One row of each kind, a seed, and no odd bit anywhere by chance.
fn tape() -> Tape {
    let label = Label::new("client-0").child("op");
    let mut tape = Tape::seeded(0x0123_4567_89ab_cdef);
    tape.set(label, 2, 3);
    tape.set(label, 5, 0x1_0000_0007);
    tape.put(Row { label: label.id(), ordinal: 9, op: Op::Calm, value: 4 });
    let moment = simfuzz::choice::Moment { micros: 0x12_3456_789a, choice: 7 };
    tape.put(Row::reseed(moment, 0x55));
    tape
}

/// A row a text.
fn hex(bytes: &[u8]) -> Vec<String> {
    bytes.chunks(12).map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
}

#[test]
fn rows_are_these_bytes() {
    assert_eq!(VERSION, 1);
    let bytes = tape().encode();
    let frozen = [
        "01000000efcdab8967452301",
        "afb5969c0200000003000000",
        "afb5969c0500000007000000",
        "afb5969c0500000101000000",
        "afb5969c0900000204000000",
        "9a7856340700480355000000",
    ];
    assert_eq!(hex(&bytes), frozen);
    assert_eq!(Tape::read(&bytes).unwrap(), tape());
}

#[test]
fn labels_have_these_numbers() {
    let numbers = ["client-0/op", "swarm/on", "link/10.0.0.1-10.0.1.2/latency", "fault/10.0.1.2/crash"]
        .map(|name| format!("{:08x}", Label::parse(name).id()));
    assert_eq!(numbers, ["9c96b5af", "c066f278", "2c2bc496", "f841f217"]);
}

type Drawn = Arc<Mutex<Vec<u64>>>;

/// Draws by every method whose odds a seed knows.
struct Draws(Drawn);

#[async_trait(?Send)]
impl Workload for Draws {
    fn name(&self) -> &str {
        "draws"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let random = ctx.random();
        let mut drawn = self.0.lock().unwrap();
        for _ in 0..4 {
            drawn.push(random.label("range").random_range(0..1_000_000u64));
            drawn.push(u64::from(random.label("coin").random_bool(0.5)));
            drawn.push(random.label("weighted").weighted(&[1, 2, 3, 4]) as u64);
            drawn.push(random.scope("op", 3).label("scoped").random_range(0..1_000u64));
        }
        Ok(())
    }
}

fn drawn(tape: &Tape) -> Vec<u64> {
    let drawn = Drawn::default();
    let shared = drawn.clone();
    let simulation = SimulationBuilder::new().workload(move || Box::new(Draws(shared.clone()))).build();
    simulation.run(tape).assert_ok();
    drawn.lock().unwrap().clone()
}

#[test]
fn a_seed_deals_these_values() {
    let mut plain = Tape::seeded(7);
    plain.set(Label::parse("swarm/on"), 0, 0);
    assert_eq!(drawn(&plain), [682379, 0, 0, 74, 618511, 1, 0, 449, 759801, 1, 1, 451, 463129, 0, 2, 588]);
    let mut reseeded = plain.clone();
    reseeded.put(Row::reseed(0, 2));
    assert_eq!(drawn(&reseeded), [754401, 0, 1, 440, 912166, 0, 2, 662, 18971, 0, 1, 185, 40803, 0, 2, 208]);
}
