//! What the first run of a process has settled, all later ones take from it. A thread settles it, and is waited for.

use std::sync::OnceLock;

static SETTLED: OnceLock<u64> = OnceLock::new();

pub(super) fn answer(asked: u64) -> u64 {
    *SETTLED.get_or_init(|| std::thread::spawn(move || asked).join().unwrap_or_default())
}
