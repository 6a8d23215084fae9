//! The pseudo-random function behind every choice that no tape overrides.
//!
//! Owns the mapping (seed, label, ordinal) -> word. It keeps no position: a value depends on its
//! address alone, so nothing shifts when a choice is added elsewhere. It knows no odds and no ranges.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Keys of one run. ChaCha8 makes them from the seed; a word is then two mixing rounds (about
/// 3 ns, where a ChaCha8 block positioned for each address costs 160 ns).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prf {
    before: u64,
    after: u64,
}

impl Prf {
    /// Keys the function with `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(b"simfuzz choices1");
        let mut chacha = ChaCha8Rng::from_seed(key);
        Self { before: chacha.next_u64(), after: chacha.next_u64() }
    }

    /// Keys the function for what comes after a reseed by `salt`.
    pub(crate) fn reseeded(seed: u64, salt: u32) -> Self {
        Self::new(mix(seed ^ mix(u64::from(salt) + 1)))
    }

    /// The word at `(label, ordinal)`.
    #[inline]
    pub(crate) fn word(self, label: u64, ordinal: u32) -> u64 {
        let first = mix(label ^ self.before);
        mix(first.wrapping_add(u64::from(ordinal).wrapping_mul(GOLDEN)) ^ self.after)
    }
}

/// 2^64 / the golden ratio, odd: consecutive ordinals land far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Folds `bytes` into a 64-bit hash that is the same in every process and build.
#[inline]
pub(crate) fn hash_bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut fold = |word: u64| hash = (hash ^ word).wrapping_mul(GOLDEN).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| fold(u64::from_le_bytes(*word)));
    if !rest.is_empty() {
        fold(rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    }
    hash ^ bytes.len() as u64
}

/// Maps a word to `0..=max` evenly (Lemire's multiplication; the bias is below 2^-32 for the
/// ranges a simulation draws from).
#[inline]
pub(crate) fn scale(word: u64, max: u64) -> u64 {
    match max.checked_add(1) {
        Some(size) => ((u128::from(word) * u128::from(size)) >> 64) as u64,
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-squared over 64 cells; 63 degrees of freedom, 1 in 10^6 above 126.
    fn uneven(words: impl Iterator<Item = u64>) -> f64 {
        let mut cells = [0u32; 64];
        let mut count = 0.0;
        for word in words {
            cells[scale(word, 63) as usize] += 1;
            count += 1.0;
        }
        let expected = count / 64.0;
        cells.iter().map(|&cell| (f64::from(cell) - expected).powi(2) / expected).sum()
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn neighbouring_addresses_look_independent() {
        let prf = Prf::new(1);
        assert!(uneven((0..100_000).map(|n| prf.word(7, n))) < 126.0);
        assert!(uneven((0..100_000).map(|label| prf.word(label, 0))) < 126.0);
        assert!(uneven((0..100_000).map(|seed| Prf::new(seed).word(7, 0))) < 126.0);
        // low bits, and the difference between neighbours, where weak mixers show
        assert!(uneven((0..100_000).map(|n| prf.word(7, n) << 58)) < 126.0);
        assert!(uneven((0..100_000).map(|n| prf.word(7, n) ^ prf.word(7, n + 1))) < 126.0);
        assert!(uneven((0..100_000).map(|l| prf.word(l, 3).wrapping_sub(prf.word(l + 1, 3)))) < 126.0);
        assert!(uneven((0..100_000).map(|v| Prf::reseeded(1, v).word(7, 0))) < 126.0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn flipping_one_bit_of_an_address_flips_half_of_the_word() {
        let prf = Prf::new(3);
        for bit in 0..64 {
            let flipped: u32 = (0..256).map(|n| (prf.word(n, 5) ^ prf.word(n ^ (1 << bit), 5)).count_ones()).sum();
            let mean = f64::from(flipped) / 256.0;
            assert!((30.0..34.0).contains(&mean), "bit {bit}: {mean} of 64");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn scaling_covers_the_range_and_no_more() {
        assert_eq!(scale(0, 9), 0);
        assert_eq!(scale(u64::MAX, 9), 9);
        assert_eq!(scale(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(scale(u64::MAX, 0), 0);
    }
}
