//! Do saved tapes survive changes of the program? Measured on the chapter's own workload, whose
//! draws have no names: each is addressed by its place in the source.
//!
//! Twenty tapes that show the bug are saved in two ways: as the fuzzer has them (a seed), and
//! promoted (a shrunk tape on a calm base, as text). Then the program changes in seven ways, and
//! we count how many still show it. (The changed programs are files of their own here, so to a
//! seed every unnamed draw is a new one: its column is a lower bound.) `cargo test --test robustness -- --nocapture` prints the
//! table.

#![allow(unreachable_pub, dead_code, reason = "the programs stand for a user's own, of which each uses a part")]
#![cfg(feature = "sim")]

#[path = "robustness/added_kind.rs"]
mod added_kind;
#[path = "robustness/base.rs"]
mod base;
#[path = "robustness/changed_range.rs"]
mod changed_range;
#[path = "robustness/draw_at_start.rs"]
mod draw_at_start;
#[path = "robustness/draw_in_every_op.rs"]
mod draw_in_every_op;
#[path = "robustness/draw_in_one_op.rs"]
mod draw_in_one_op;
#[path = "robustness/moved_code.rs"]
mod moved_code;
#[path = "robustness/system.rs"]
mod system;

use simfuzz::choice::TextTape;
use simfuzz::prelude::*;
use simfuzz::regress::{self, Expectation};
use system::{Bank, Client, Noise};

const TAPES: usize = 20;

macro_rules! program {
    ($module:ident) => {
        SimulationBuilder::new()
            .processes(1, || Box::new(Bank))
            .workloads(WorkloadCount::Fixed(2), |number| Box::new($module::Work { number, client: Client::default() }))
    };
}

#[test]
fn saved_tapes_survive_changes_of_the_program() {
    let base = program!(base).build();
    let found: Vec<Tape> =
        (0..).map(Tape::swarm).filter(|tape| base.run(tape).finding().is_some()).take(TAPES).collect();
    let saved: Vec<String> =
        found.iter().map(|tape| regress::promote(&base, tape, "bank", Expectation::Open).text.print(None)).collect();

    let changes: [(&str, &str, Simulation); 8] = [
        ("nothing", "base", program!(base).build()),
        ("a draw at the start", "draw_at_start", program!(draw_at_start).build()),
        ("a draw in one operation", "draw_in_one_op", program!(draw_in_one_op).build()),
        ("a draw in every operation", "draw_in_every_op", program!(draw_in_every_op).build()),
        ("a changed range", "changed_range", program!(changed_range).build()),
        ("an added kind of operation", "added_kind", program!(added_kind).build()),
        ("an unrelated actor", "base", program!(base).workload(|| Box::new(Noise)).build()),
        ("code moved in its file", "moved_code", program!(moved_code).build()),
    ];
    println!("| the program changed by | seed | promoted |\n|---|---|---|");
    let mut whole = 0;
    for (change, module, changed) in &changes {
        let shows = |tape: &Tape| changed.run(tape).finding().is_some();
        let raw = found.iter().filter(|tape| shows(tape)).count();
        let kept = saved
            .iter()
            // the variants are files of their own; to the tape it is the same file, edited
            .map(|text| {
                TextTape::parse(&text.replace("robustness/base.rs", &format!("robustness/{module}.rs"))).unwrap()
            })
            .filter(|text| shows(&regress::bind(changed, text).tape))
            .count();
        println!("| {change} | {} % | {} % |", raw * 100 / TAPES, kept * 100 / TAPES);
        whole += usize::from(kept == TAPES);
    }
    assert!(whole >= 7, "six of seven rows, and the one without a change, are to be whole");
}
