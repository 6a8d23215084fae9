//! The naive encoding: every choice reads the next bytes of the input, in order.
//!
//! The opponent of the tape in the benchmark, and there only: it exists in fuzz builds alone, and
//! nothing but the benchmark asks for it. It is what one gets by using a fuzzer's bytes as the
//! generator of a simulation: there is a cursor, so one choice more shifts all that follow.
//!
//! It is given what is fair. A choice takes as few bytes as its values need; the bytes are the high
//! part of the word that the odds are applied to, and what they leave open comes from the choice's
//! address, so that the odds stay those that were declared. After the input's end words come from
//! the address alone: a run goes on as a random one, instead of a calm one.

use super::prf::hash_bytes;
use super::tape::Tape;

/// Bytes of a choice among fewer than 2^16 values, and of one among more.
const NARROW: usize = 2;
const WIDE: usize = 4;

impl Tape {
    /// Choices read from `bytes`. The seed of what comes after them is in the first eight, so that
    /// another byte elsewhere doesn't change the run's end for that reason alone.
    pub(crate) fn naive(bytes: &[u8]) -> Self {
        let (seed, choices) = bytes.split_at(bytes.len().min(8));
        let mut tape = Self::seeded(hash_bytes(0, seed));
        tape.naive = choices.to_vec();
        tape
    }
}

/// The word of a choice in `0..=max`: the next bytes over `word`, which is the address's own.
#[inline]
pub(super) fn over(tape: &Tape, read: &mut usize, word: u64, max: u64) -> u64 {
    let wanted = if max < 1 << 16 { NARROW } else { WIDE };
    let Some(bytes) = tape.naive.get(*read..*read + wanted) else { return word };
    *read += wanted;
    bytes.iter().rev().fold(word, |word, &byte| word >> 8 | u64::from(byte) << 56)
}

#[cfg(test)]
mod tests {
    use super::super::{Choices, Label, fires};
    use super::*;

    /// The values of `draws` among so many each, from `bytes` behind the eight of the seed.
    fn drawn(bytes: &[u8], draws: &[u64]) -> Vec<u64> {
        let mut choices = Choices::default();
        choices.start(&Tape::naive(&[&[0; 8], bytes].concat()));
        let slot = choices.slot(Label::new("a"), || "a".into());
        draws.iter().map(|&values| choices.uniform(slot, values - 1)).collect()
    }

    #[test]
    fn bytes_are_read_in_order_as_many_as_a_choice_needs() {
        let bytes = [0, 0, 0xff, 0xff, 0x80, 0, 0, 0, 0x80, 0];
        assert_eq!(drawn(&bytes, &[100, 100, 1 << 20, 2]), [0, 99, 1 << 19, 1]);
        // one choice more in front shifts all the others
        assert_eq!(drawn(&bytes, &[2, 100, 100, 1 << 20])[1..3], [99, 50]);
    }

    #[test]
    fn after_the_last_byte_a_run_goes_on_at_random() {
        let values = drawn(&[0, 0], &[1_000; 50]);
        assert_eq!(values[0], 0);
        let mut rest = values[1..].to_vec();
        rest.sort_unstable();
        rest.dedup();
        assert!(rest.len() > 40, "{values:?}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn the_odds_are_those_that_were_declared() {
        let mut choices = Choices::default();
        let word = |n: u64| super::super::mix(n).to_le_bytes();
        let bytes: Vec<u8> = (0..100_000).flat_map(word).collect();
        choices.start(&Tape::naive(&bytes));
        let slot = choices.slot(Label::new("a"), || "a".into());
        // rarer than two bytes can say
        let mut draw = || choices.draw(slot, super::super::Kind::Gap, 9, |word| u64::from(fires(word, 1e-4)));
        let fired: u64 = (0..300_000).map(|_| draw()).sum();
        assert!((15..50).contains(&fired), "{fired} of 300,000");
    }
}
