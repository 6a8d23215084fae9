//! Goals as plain numbers: which features a run shows, and which tapes reached each first.
//!
//! A feature is a slot of a fixed table, and a pure function of the run: what an engine keeps
//! today it would keep again tomorrow. Owns the table's layout and the elites. Knows no fuzzer:
//! libFuzzer sees the slots as counters, our own loop as numbers.
//!
//! Never a time stamp, a hash of a schedule or of a whole model: each would make every run new.

mod elites;

pub(crate) use elites::{Archive, Claim, Elite, Kept};

use crate::assert::{Record, catalogue};
use crate::choice::mix;

/// Slots of the table: bytes of libFuzzer's extra counters, which it clears and scans for each
/// run (about 2 microseconds for 16 KiB, 7 for 64).
pub(crate) const SLOTS: usize = 16 * 1024;

/// Assertions by their dense id: reached.
const GOALS: std::ops::Range<u64> = 0..4_096;
/// Steps towards a goal: how many conditions at once, how near a number is, hashed.
const STEPS: std::ops::Range<u64> = 4_096..8_192;
/// The tuples of `assert_sometimes_each!`, hashed.
const EACH: std::ops::Range<u64> = 8_192..12_288;
/// Published states, hashed. The lab had 256; wider, so that a few dozen rarely collide.
const STATES: std::ops::Range<u64> = 12_288..13_312;
/// Faults by kind and context, hashed.
const CONTEXTS: std::ops::Range<u64> = 13_312..16_384;

/// A feature of a run, and when it was first there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Its slot in the table.
    pub(crate) slot: u16,
    /// The best quality in which it was there; 0 where there is none.
    pub(crate) quality: u64,
    /// The virtual nanosecond of its first time, in that quality.
    pub(crate) at: u64,
    /// How many choices the run had made by then.
    pub(crate) choice: u64,
}

impl Hit {
    /// The counters of libFuzzer that the hit raises: its slot, and one for the quality.
    #[cfg_attr(not(all(fuzzing, feature = "fuzz")), expect(dead_code, reason = "only libFuzzer has counters"))]
    pub(crate) fn counters(&self) -> impl Iterator<Item = u16> {
        let quality = (self.quality > 0).then(|| hashed(EACH, u64::from(self.slot) ^ mix(self.quality)));
        std::iter::once(self.slot).chain(quality)
    }
}

/// A state that a run published, and when it was first in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guide {
    /// A hash of name and numbers.
    pub state: u64,
    /// The virtual nanosecond of the first time.
    pub at: u64,
    /// How many choices the run had made by then.
    pub choice: u64,
}

fn hashed(range: std::ops::Range<u64>, key: u64) -> u16 {
    (range.start + mix(key) % (range.end - range.start)) as u16
}

/// The features of a run: from what its assertions recorded, the states it published and
/// the contexts in which faults came. Sorted by slot, each once: in its best quality, at the first
/// time of that.
pub(crate) fn features(record: &Record, states: &[Guide], contexts: &[Guide], into: &mut Vec<Hit>) {
    into.clear();
    for reach in &record.reached {
        let entry = catalogue().entry(reach.id);
        let id = u64::from(reach.id);
        let slot = if entry.kind == crate::assert::Kind::SometimesEach {
            hashed(EACH, mix(id) ^ reach.level)
        } else if entry.is_end(reach.level) && entry.kind.is_goal() && id < GOALS.end {
            id as u16
        } else {
            hashed(STEPS, mix(id) ^ reach.level)
        };
        into.push(Hit { slot, quality: reach.quality, at: reach.at, choice: reach.choice });
    }
    let hit = |range: std::ops::Range<u64>, &Guide { state, at, choice }: &Guide| Hit {
        slot: hashed(range, state),
        quality: 0,
        at,
        choice,
    };
    into.extend(states.iter().map(|state| hit(STATES, state)));
    into.extend(contexts.iter().map(|context| hit(CONTEXTS, context)));
    into.sort_unstable_by_key(|hit| (hit.slot, std::cmp::Reverse(hit.quality), hit.at, hit.choice));
    into.dedup_by_key(|hit| hit.slot);
}

/// The name of the goal behind `slot`, where it is one that people know.
#[cfg(test)]
pub(crate) fn goal_name(slot: u16) -> Option<&'static str> {
    let id = u32::from(slot);
    (u64::from(slot) < GOALS.end && (id as usize) < catalogue().len()).then(|| catalogue().entry(id).name)
}

#[cfg(test)]
#[expect(
    unsafe_code,
    reason = "the macros expand to a static with a link section; in other crates the lint looks away"
)]
mod tests {
    use super::*;
    use crate::assert;

    fn hits(run: impl FnOnce(), states: &[Guide]) -> Vec<Hit> {
        assert::begin();
        run();
        let record = assert::end();
        let mut hits = Vec::new();
        features(&record, states, &[], &mut hits);
        hits
    }

    fn guide(state: u64, at: u64) -> Guide {
        Guide { state, at, choice: at }
    }

    #[test]
    fn a_goal_has_its_own_slot_and_the_time_it_was_first_reached() {
        let run = || {
            assert::set_now(5);
            for _ in 0..3 {
                crate::assert_sometimes!(true, "goal room: reached");
                assert::set_now(9);
            }
            crate::assert_sometimes!(false, "goal room: not reached");
        };
        let found = hits(run, &[]);
        assert_eq!(found.len(), 1);
        assert_eq!((goal_name(found[0].slot), found[0].at), (Some("goal room: reached"), 5));
    }

    #[test]
    fn numbers_states_and_tuples_have_slots_of_their_own_regions() {
        let run = || {
            crate::assert_sometimes_greater_than!(3u64, 1_000u64, "goal room: depth");
            crate::assert_sometimes_each!("goal room: each", [("a", 1), ("b", 2)]);
        };
        let slots: Vec<_> = hits(run, &[guide(77, 4)]).iter().map(|hit| u64::from(hit.slot)).collect();
        assert_eq!(slots.len(), 3);
        assert!(STEPS.contains(&slots[0]) && EACH.contains(&slots[1]) && STATES.contains(&slots[2]), "{slots:?}");
    }

    #[test]
    fn the_same_run_shows_the_same_features() {
        let run = || crate::assert_sometimes_each!("goal room: again", [("a", 7)]);
        assert_eq!(hits(run, &[guide(1, 1), guide(2, 2)]), hits(run, &[guide(1, 1), guide(2, 2)]));
    }
}
