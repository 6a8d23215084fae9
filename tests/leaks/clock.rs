//! The machine's clock is asked how long something took.

use std::time::Instant;

pub(super) fn answer() -> u64 {
    let began = Instant::now();
    let sum: u64 = std::hint::black_box((0..1_000).sum());
    began.elapsed().as_nanos() as u64 + sum
}
