//! The heartbeat of a campaign, for a program that watches it.
//!
//! libFuzzer's own pulse comes at powers of two: far apart when runs are slow.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real time of the campaign, outside of every run"
)]

use std::cell::RefCell;
use std::time::Instant;

thread_local! {
    static TICKS: RefCell<Option<(u64, Instant)>> =
        RefCell::new(std::env::var_os("SIMFUZZ_TICK").map(|_| (0, Instant::now())));
}

/// Counts a run; tells of it once a second where `SIMFUZZ_TICK` is set.
pub(super) fn tick() {
    TICKS.with_borrow_mut(|ticks| {
        if let Some((runs, last)) = ticks {
            *runs += 1;
            let now = Instant::now();
            if now.duration_since(*last).as_secs() >= 1 {
                *last = now;
                eprintln!("simfuzz: at {runs} runs");
            }
        }
    });
}
