//! The generator that everybody uses.

use rand::RngExt;

pub(super) fn answer() -> u64 {
    rand::rng().random()
}
