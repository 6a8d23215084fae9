//! A counter that lives as long as the process.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

static NEXT: AtomicU64 = AtomicU64::new(0);

pub(super) fn answer() -> u64 {
    NEXT.fetch_add(1, SeqCst)
}

pub(super) fn reset() {
    NEXT.store(0, SeqCst);
}
