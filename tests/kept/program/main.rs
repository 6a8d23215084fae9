//! Promotes findings of the first version, and says what becomes of each in all versions: a line
//! `version system number build rows verdict`, with the bug and without it.

//+versions

use simfuzz::prelude::*;
use simfuzz::regress::{self, Expectation, Verdict};
use simfuzz::choice::TextTape;

type Make = fn(bool) -> Simulation;

/// Findings to promote, of each system.
const EACH: usize = 7;

/// Seeds to look for them.
const SEEDS: u64 = 3000;

fn promoted(system: &str, make: Make) -> Vec<TextTape> {
    let simulation = make(true);
    let mut kept: Vec<TextTape> = Vec::new();
    for seed in 0..SEEDS {
        if kept.len() == EACH {
            break;
        }
        let tape = Tape::swarm(seed);
        if simulation.run(&tape).finding().is_none() {
            continue;
        }
        let promoted = regress::promote(&simulation, &tape, system, Expectation::Fixed);
        // as it is read from its file; two seeds may come to the same story
        let text = TextTape::parse(&promoted.text.print(Some(&promoted.trace))).unwrap();
        if kept.iter().all(|other| other.tape != text.tape) {
            println!("kept {system} {}", text.tape.rows().len());
            kept.push(text);
        }
    }
    kept
}

fn main() {
    for (system, versions) in SYSTEMS {
        let kept = promoted(system, versions[0]);
        for (version, make) in versions.iter().enumerate() {
            for bug in [true, false] {
                let simulation = make(bug);
                for (number, text) in kept.iter().enumerate() {
                    let checked = regress::check(&simulation, system, text).unwrap();
                    let word = match checked.verdict {
                        Verdict::Reproduced => "reproduced",
                        Verdict::Fixed => "fixed",
                        Verdict::Drifted { .. } => "drifted",
                        Verdict::Stale { .. } => "stale",
                        _ => "wrong",
                    };
                    println!("verdict {version} {system} {number} {bug} {word} {}", checked.line());
                }
            }
        }
    }
}
