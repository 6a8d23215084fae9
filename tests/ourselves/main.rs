//! What we promise, held against drawn and hostile input: the same checks that `fuzz/self` runs
//! for hours, here for a bounded number of inputs from a fixed generator.
//!
//! Owns the inputs. Each check is a file that stands alone, since a fuzz target includes it. What
//! fuzzing found is kept in `crashes/`, a folder for each check.
#![cfg(feature = "sim")]

mod disk;
mod order;
mod planted;
#[cfg(feature = "fuzz")]
mod records;
mod shrinking;
mod tape;
mod tcp;
mod text;

use simfuzz::{Recording, Simulation, Tape};
use std::fs;
use std::path::Path;

/// Words that are the same in every process: a linear congruential generator.
struct Words(u64);

impl Words {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// A few edits of `bytes`: a byte is changed, a stretch is dropped, repeated or moved.
    fn edited(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let (from, to) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match self.below(4) {
                0 if from < bytes.len() => bytes[from] = self.below(256) as u8,
                1 => drop(bytes.drain(from..to)),
                2 => {
                    let stretch = bytes[from..to].to_vec();
                    let at = self.below(bytes.len() + 1);
                    drop(bytes.splice(at..at, stretch));
                }
                _ => bytes.extend(self.bytes(8)),
            }
        }
        bytes
    }
}

/// What fuzzing found once.
fn crashes(check: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ourselves/crashes").join(check);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| fs::read(entry.path()).unwrap()).collect()
}

/// Drawn bytes, and what was found.
fn bytes(name: &str, inputs: u64, most: usize, check: fn(&[u8])) {
    crashes(name).iter().for_each(|bytes| check(bytes));
    check(b"");
    (0..inputs).for_each(|input| check(&Words(input).bytes(most)));
}

/// Edited versions of what is right.
fn edited(inputs: u64, samples: &[&[u8]], check: fn(&[u8])) {
    for sample in samples {
        check(sample);
        (0..inputs).for_each(|input| check(&Words(input).edited(sample)));
    }
}

/// Plain seeds, seeds with swarm, and what was found; each must pass.
fn tapes(name: &str, inputs: u64, simulation: &Simulation) {
    let found = crashes(name).into_iter().map(|bytes| Tape::decode(&bytes));
    let drawn = (0..inputs).map(|seed| if seed % 2 == 0 { Tape::swarm(seed) } else { Tape::seeded(seed) });
    for tape in found.chain([Tape::calm()]).chain(drawn) {
        if let Some(finding) = simulation.run(&tape).finding() {
            panic!("{finding}\n{}", simulation.run_with(&tape, Recording::Story).tell(true));
        }
    }
}

#[test]
fn any_bytes_are_a_tape_that_keeps_its_promises() {
    bytes("tape", 600, 200, tape::check);
    edited(600, &[&tape::sample()], tape::check);
}

#[test]
fn any_text_is_a_regression_or_says_why_not() {
    bytes("text", 400, 200, text::check);
    edited(600, &[text::SAMPLE.as_bytes()], text::check);
}

#[cfg(feature = "fuzz")]
#[test]
fn any_record_of_a_campaign_is_added_up_or_refused() {
    bytes("records", 400, 200, records::check);
    edited(1_000, &[records::SAMPLE.as_bytes()], records::check);
}

#[test]
fn tcp_agrees_with_its_model() {
    tapes("tcp", 300, &tcp::simulation().build());
}

#[test]
fn tcp_agrees_with_its_model_in_a_storm() {
    tapes("tcp_storm", 300, &tcp::storm().build());
}

#[test]
fn disks_agree_with_their_model() {
    tapes("disk", 300, &disk::simulation().build());
}

#[test]
fn the_checker_agrees_with_brute_force() {
    bytes("order", 20_000, 40, order::check);
}

#[test]
fn what_is_minimised_shows_the_same_and_is_never_larger() {
    bytes("shrinking", 120, 60, shrinking::check);
}
