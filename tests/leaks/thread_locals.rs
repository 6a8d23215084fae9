//! A cache that lives as long as the thread.

use std::cell::Cell;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

pub(super) fn answer() -> u64 {
    NEXT.replace(NEXT.get() + 1)
}

pub(super) fn reset() {
    NEXT.set(0);
}
