//! AFL++ in place of libFuzzer: the same target, behind AFL's driver for libFuzzer targets.
//!
//! AFL++ sees edges of the program and nothing else, so that each feature has a function of its own,
//! whose entry is an edge. Inputs are kept by AFL++, and mutated in its own process (`afl_mutator.rs`): what a
//! campaign of ours learns from run to run would look to it like a target that isn't stable.

use super::bare::Engine;
use crate::choice::Tape;
use crate::goal::Hit;

/// Functions that stand for features; features of equal remainder share one.
const EDGES: usize = 4_096;

/// Are we run by AFL++? It hands its map to every target.
pub(super) fn is_asked() -> bool {
    std::env::var_os("__AFL_SHM_ID").is_some()
}

pub(super) fn engine() -> Engine {
    Engine { tape: Tape::decode, show: Some(show) }
}

fn show(hits: &[Hit]) {
    for slot in hits.iter().flat_map(Hit::counters) {
        TABLE[usize::from(slot) % EDGES]();
    }
}

/// One function for each number, which no compiler takes for another.
#[inline(never)]
fn edge<const NUMBER: usize>() {
    std::hint::black_box(NUMBER);
}

static TABLE: [fn(); EDGES] = {
    /// Hands on eight numbers for one.
    macro_rules! eight {
        ($then:ident, $number:expr) => {{
            $then!($number * 8);
            $then!($number * 8 + 1);
            $then!($number * 8 + 2);
            $then!($number * 8 + 3);
            $then!($number * 8 + 4);
            $then!($number * 8 + 5);
            $then!($number * 8 + 6);
            $then!($number * 8 + 7);
        }};
    }
    let mut table: [fn(); EDGES] = [edge::<0>; EDGES];
    macro_rules! ones {
        ($number:expr) => {
            table[$number] = edge::<{ $number }>
        };
    }
    macro_rules! eights {
        ($number:expr) => {
            eight!(ones, ($number))
        };
    }
    macro_rules! sixty_fours {
        ($number:expr) => {
            eight!(eights, ($number))
        };
    }
    macro_rules! five_hundreds {
        ($number:expr) => {
            eight!(sixty_fours, ($number))
        };
    }
    eight!(five_hundreds, 0);
    table
};
