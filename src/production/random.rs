//! `ctx.random()`: random values of the operating system.
//!
//! Owns a buffer a thread, so that a draw is rarely a system call. There is no generator in between
//! and so no seed: values are as unpredictable as the system's.

use crate::range::{FLOAT_STEPS, SampleRange, Standard, Uniform, unit};
use rand_core::TryRng;
use std::cell::RefCell;
use std::convert::Infallible;

/// Bytes that are fetched at once: what Linux gives in one call that no signal interrupts.
const FETCHED: usize = 256;

/// Bytes that were fetched and not used yet: those from `used` on.
struct Pool {
    bytes: [u8; FETCHED],
    used: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; FETCHED], used: FETCHED }) };
}

fn fetch(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has random bytes");
}

fn word() -> u64 {
    POOL.with_borrow_mut(|pool| {
        if pool.used == FETCHED {
            fetch(&mut pool.bytes);
            pool.used = 0;
        }
        let mut word = [0; 8];
        // taken, so that it is not in memory twice
        word.swap_with_slice(&mut pool.bytes[pool.used..pool.used + 8]);
        pool.used += 8;
        u64::from_le_bytes(word)
    })
}

/// An even value of `0..=max` (Lemire's multiplication; its bias is below `max` of 2^64).
fn index(max: u64) -> u64 {
    match max.checked_add(1) {
        Some(size) => ((u128::from(word()) * u128::from(size)) >> 64) as u64,
        None => word(),
    }
}

/// The start branch of a `select!`.
#[cfg(not(feature = "sim"))]
pub fn select_start(branches: u32) -> u32 {
    index(u64::from(branches.saturating_sub(1))) as u32
}

/// Random values: the methods that the simulated one has, and a generator for `rand` 0.10. It can be
/// used for keys and tokens.
#[derive(Clone, Debug)]
pub struct SimRandomProvider(());

impl SimRandomProvider {
    pub(super) fn new() -> Self {
        Self(())
    }

    /// The same generator: names are for the simulator.
    #[must_use]
    pub fn label(&self, name: &'static str) -> Self {
        let _ = name;
        self.clone()
    }

    /// The same generator: scopes are for the simulator.
    #[must_use]
    pub fn scope(&self, name: &'static str, index: u32) -> Self {
        let _ = (name, index);
        self.clone()
    }

    /// A value of `range`.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    #[track_caller]
    pub fn random_range<T: Uniform, R: SampleRange<T>>(&self, range: R) -> T {
        let (low, high) = range.bounds();
        T::pick(low, high, index)
    }

    /// True with probability `p`.
    ///
    /// # Panics
    ///
    /// When `p` is outside `0.0..=1.0`.
    #[track_caller]
    pub fn random_bool(&self, p: f64) -> bool {
        assert!((0.0..=1.0).contains(&p), "a probability is in 0.0..=1.0, not {p}");
        unit(index(FLOAT_STEPS)) < p
    }

    /// True `numerator` times of `denominator`.
    ///
    /// # Panics
    ///
    /// When `denominator` is 0 or less than `numerator`.
    #[track_caller]
    pub fn random_ratio(&self, numerator: u32, denominator: u32) -> bool {
        assert!(denominator > 0 && numerator <= denominator, "{numerator} of {denominator} is no probability");
        index(u64::from(denominator) - 1) < u64::from(numerator)
    }

    /// Any value of `T`; for floats, of `0.0..1.0`.
    pub fn random<T: Standard>(&self) -> T {
        T::from_draw(index)
    }

    /// One of `items`; `None` when there are none.
    pub fn choose<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        let max = (items.len() as u64).checked_sub(1)?;
        items.get(index(max) as usize)
    }

    /// An index into `weights`, as likely as its weight.
    ///
    /// # Panics
    ///
    /// When all weights are 0.
    #[track_caller]
    pub fn weighted(&self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        assert!(total > 0, "all weights are 0");
        let mut at = index(total - 1);
        for (index, &weight) in weights.iter().enumerate() {
            match at.checked_sub(u64::from(weight)) {
                Some(rest) => at = rest,
                None => return index,
            }
        }
        unreachable!("`at` is below the total")
    }

    /// Puts `items` into any order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for at in 0..items.len().saturating_sub(1) {
            let other = index((items.len() - 1 - at) as u64);
            items.swap(at, at + other as usize);
        }
    }
}

impl TryRng for SimRandomProvider {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((word() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fetch(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_come_and_no_others() {
        let random = SimRandomProvider::new();
        let mut seen = [0; 6];
        for _ in 0..6_000 {
            seen[random.random_range(1..=6) - 1_usize] += 1;
        }
        assert!(seen.iter().all(|&count| (700..1_300).contains(&count)), "{seen:?}");
        let heads = (0..1_000).filter(|_| random.random_bool(0.25)).count();
        assert!((150..350).contains(&heads), "{heads}");
        assert!(!random.random_bool(0.0) && random.random_bool(1.0));
        assert!((0..1_000).all(|_| random.weighted(&[0, 3, 0]) == 1));
        assert_eq!(random.choose::<u8>(&[]), None);
        let mut order = Vec::from_iter(0..50);
        random.shuffle(&mut order);
        order.sort_unstable();
        assert_eq!(order, Vec::from_iter(0..50));
        assert_ne!(random.random::<u64>(), random.random::<u64>());
    }
}
