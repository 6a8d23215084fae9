//! A record is stamped with the date.

use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn answer() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}
