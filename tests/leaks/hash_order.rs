//! A hash map is gone through.

use std::collections::HashMap;

pub(super) fn answer() -> u64 {
    let map: HashMap<u64, u64> = (0..20).map(|n| (n, n)).collect();
    map.into_keys().fold(0u64, |all, key| all.wrapping_mul(31).wrapping_add(key))
}
