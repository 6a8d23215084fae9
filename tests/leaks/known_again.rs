//! A cache with keys: what was asked before is answered in another way. A thread looks, and is waited for.

use std::collections::BTreeSet;
use std::sync::Mutex;

static KNOWN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

pub(super) fn answer(asked: u64) -> u64 {
    let known = move || KNOWN.lock().is_ok_and(|mut known| !known.insert(asked));
    u64::from(std::thread::spawn(known).join().unwrap_or_default())
}
