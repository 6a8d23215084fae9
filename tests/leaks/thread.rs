//! Two threads race.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

pub(super) fn answer() -> u64 {
    let seen = AtomicU64::new(0);
    let racing = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..20_000 {
                racing.fetch_add(1, SeqCst);
            }
        });
        // looked at in the midst of it
        while racing.load(SeqCst) == 0 {
            std::hint::spin_loop();
        }
        seen.store(racing.load(SeqCst), SeqCst);
    });
    seen.into_inner()
}
