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
