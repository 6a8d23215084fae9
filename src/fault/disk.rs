//! What a crash leaves of what was not synced, and how a fault of a disk turns out.
//!
//! A part of a large set is drawn as a shape and then its ends. A coin for each sector would make
//! the rare combinations unreachable, and their shrinking hopeless.

use super::slot;
use crate::choice::{Choices, Kind, scale};
use crate::storage::Survivors;
use crate::timeline::Nanos;
use std::net::IpAddr;

/// In which units a disk writes, by the value of the choice: sectors, pages, cache lines, bytes.
const UNITS: [u64; 4] = [512, 4096, 64, 1];

/// The unit in which writes are torn.
pub(crate) fn unit(choices: &mut Choices, ip: IpAddr) -> u64 {
    let slot = slot(choices, ip, "tear");
    UNITS[choices.weighted(slot, &[1; UNITS.len()])]
}

/// What is left of `count` units of a file, in the order they were written.
pub(crate) fn survivors(choices: &mut Choices, ip: IpAddr, count: u64) -> Survivors {
    shape(choices, ip, ["survivors", "survivors-end", "survivors-length"], count)
}

/// What is left of `count` changes of directories, in the order they were made.
pub(crate) fn names(choices: &mut Choices, ip: IpAddr, count: u64) -> Survivors {
    shape(choices, ip, ["names", "names-end", "names-length"], count)
}

/// In which units a sync that fails has written, and what is written of them.
pub(crate) fn failed_sync(choices: &mut Choices, ip: IpAddr, count: impl FnOnce(u64) -> u64) -> (u64, Survivors) {
    let tear = slot(choices, ip, "sync-error-tear");
    let unit = UNITS[choices.weighted(tear, &[1; UNITS.len()])];
    let sites = ["sync-error-written", "sync-error-end", "sync-error-length"];
    (unit, shape(choices, ip, sites, count(unit)))
}

/// How long a stall and a full disk last: some are noticed by nobody, others outlast every
/// timeout.
const LENGTHS: (Nanos, Nanos) = (100_000_000, 10_000_000_000);

fn length(choices: &mut Choices, ip: IpAddr, site: &str) -> Nanos {
    let slot = slot(choices, ip, site);
    LENGTHS.0 + choices.uniform(slot, LENGTHS.1 - LENGTHS.0)
}

/// How much longer an operation takes.
pub(crate) fn stall(choices: &mut Choices, ip: IpAddr) -> Nanos {
    length(choices, ip, "stall-length")
}

/// How long a disk is full, and how many of the next `growth` bytes still fit, fewer than all.
pub(crate) fn full(choices: &mut Choices, ip: IpAddr, growth: u64) -> (Nanos, u64) {
    let fits = slot(choices, ip, "full-fits");
    (length(choices, ip, "full-length"), choices.uniform(fits, growth - 1))
}

/// How many of `count` bytes an operation takes that is cut short: at least one, fewer than all.
pub(crate) fn short(choices: &mut Choices, ip: IpAddr, site: &str, count: usize) -> usize {
    let slot = slot(choices, ip, site);
    count - 1 - choices.uniform(slot, count as u64 - 2) as usize
}

/// Which of `count` bits flips.
pub(crate) fn bit(choices: &mut Choices, ip: IpAddr, count: u64) -> u64 {
    let slot = slot(choices, ip, "corruption-bit");
    choices.uniform(slot, count - 1)
}

/// The shape, and then its ends, under three labels. 0 loses nothing, and the lower an end the
/// less is lost, as far as the shape allows.
fn shape(choices: &mut Choices, ip: IpAddr, [site, end, length]: [&str; 3], count: u64) -> Survivors {
    if count == 0 {
        return Survivors::ALL;
    }
    let site = slot(choices, ip, site);
    let shape = choices.draw(site, Kind::Shape, 7, |word| scale(word, 7));
    let mut place = |max| {
        let slot = slot(choices, ip, end);
        choices.uniform(slot, max)
    };
    match shape {
        0 => Survivors::ALL,
        1 => Survivors::NONE,
        2 => Survivors::Only(0..count - 1 - place(count - 1)),
        3 => Survivors::Only(1 + place(count - 1)..count),
        4 => {
            let one = place(count - 1);
            Survivors::Only(one..one + 1)
        }
        5 | 6 => {
            let start = place(count - 1);
            let length = slot(choices, ip, length);
            let range = start..start + 1 + choices.uniform(length, count - 1 - start);
            if shape == 5 { Survivors::Only(range) } else { Survivors::Except(range) }
        }
        _ => Survivors::Masked(place(u64::MAX >> (64 - count.min(64)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Label, Tape};
    use std::collections::BTreeSet;

    /// All subsets of three, by exhausting the values of the three choices.
    #[test]
    fn every_subset_is_reached_and_zero_is_the_calmest() {
        let ip = IpAddr::from([10, 0, 1, 1]);
        let mut seen = BTreeSet::new();
        for shape in 0..8 {
            for end in 0..8 {
                for length in 0..3 {
                    let mut tape = Tape::calm();
                    for (site, value) in [("survivors", shape), ("survivors-end", end), ("survivors-length", length)] {
                        tape.set(Label::parse(&format!("fault/10.0.1.1/{site}")), 0, value);
                    }
                    let mut choices = Choices::default();
                    choices.start(&tape);
                    let survivors = survivors(&mut choices, ip, 3);
                    assert!(shape != 0 || survivors == Survivors::ALL);
                    seen.insert((0..3).filter(|&n| survivors.keeps(n)).collect::<Vec<_>>());
                }
            }
        }
        assert_eq!(seen.len(), 8, "{seen:?}");
    }
}
