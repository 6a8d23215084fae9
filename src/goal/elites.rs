//! Elites: for each feature the tapes that reached it earliest.
//!
//! A tape that reaches a rare goal early, kept up to that moment and dealt anew after it, is a
//! run that starts from there: importance splitting without snapshots. "Earliest" carries it: in
//! the lab, elites that any later hit could replace were no better than random seeds.

use super::{Hit, SLOTS};
use crate::choice::{Row, Tape};

/// Tapes kept for each feature.
const ELITES: usize = 8;

/// A later hit than the elite's is still taken when it is so much later, in virtual time: one
/// 200th of the run. Without drift the archive freezes on its first find.
const DRIFT: u64 = 200;

/// What more than one in so many runs reach is no place to start from.
const COMMON: u64 = 10;

/// A tape that reached a feature.
#[derive(Clone, Debug)]
pub(crate) struct Elite {
    pub(crate) tape: Tape,
    /// When each of its rows was used, virtual nanoseconds.
    pub(crate) times: Vec<u64>,
    /// When it reached the feature.
    pub(crate) at: u64,
    /// When its run ended.
    pub(crate) end: u64,
}

impl Elite {
    /// The tape as it is before `nanos`: rows used later are dropped.
    pub(crate) fn until(&self, nanos: u64) -> Tape {
        let rows: Vec<Row> =
            self.tape.rows().iter().zip(&self.times).filter(|&(_, &at)| at < nanos).map(|(&row, _)| row).collect();
        Tape::from_rows(self.tape.seed(), self.tape.base(), rows)
    }
}

/// How often each feature was seen, and its elites.
#[derive(Debug)]
pub(crate) struct Archive {
    counts: Vec<u64>,
    elites: Vec<Vec<Elite>>,
    known: Vec<u16>,
    runs: u64,
}

impl Default for Archive {
    fn default() -> Self {
        Self { counts: vec![0; SLOTS], elites: vec![Vec::new(); SLOTS], known: Vec::new(), runs: 0 }
    }
}

impl Archive {
    /// A run showed `hits`; `elite` makes an entry of it, asked for once at most. `dice` is a
    /// source of random words. Gives the features that are new.
    pub(crate) fn learn(
        &mut self,
        hits: &[Hit],
        mut elite: impl FnMut() -> Elite,
        mut dice: impl FnMut() -> u64,
    ) -> Vec<u16> {
        self.runs += 1;
        let mut new = Vec::new();
        let mut made: Option<Elite> = None;
        for hit in hits {
            let slot = usize::from(hit.slot);
            if self.counts[slot] == 0 {
                self.known.push(hit.slot);
                new.push(hit.slot);
            }
            self.counts[slot] += 1;
            let kept = &mut self.elites[slot];
            let place = if kept.len() < ELITES {
                kept.len()
            } else if self.counts[slot] * COMMON > self.runs {
                continue;
            } else if dice().is_multiple_of(4) {
                (dice() % ELITES as u64) as usize
            } else {
                continue;
            };
            if let Some(old) = kept.get(place)
                && hit.at > old.at + old.end / DRIFT
            {
                continue;
            }
            let entry = Elite { at: hit.at, ..made.get_or_insert_with(&mut elite).clone() };
            match kept.get_mut(place) {
                Some(old) => *old = entry,
                None => kept.push(entry),
            }
        }
        new
    }

    /// An elite of the rarest of three features that are rare enough; `None` when none is.
    pub(crate) fn pick(&self, mut dice: impl FnMut() -> u64) -> Option<&Elite> {
        let mut below = |n: usize| (dice() % n as u64) as usize;
        let mut best: Option<u16> = None;
        for _ in 0..12 {
            if self.known.is_empty() {
                return None;
            }
            let slot = self.known[below(self.known.len())];
            if self.counts[usize::from(slot)] * COMMON > self.runs {
                continue;
            }
            match best {
                Some(other) if self.counts[usize::from(other)] <= self.counts[usize::from(slot)] => {}
                _ => best = Some(slot),
            }
            if below(3) == 0 {
                break;
            }
        }
        let kept = &self.elites[usize::from(best?)];
        kept.get(below(kept.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elite(seed: u64) -> Elite {
        Elite { tape: Tape::seeded(seed), times: Vec::new(), at: 0, end: 1_000 }
    }

    fn dice() -> impl FnMut() -> u64 {
        let mut state = 1u64;
        move || {
            state = crate::choice::mix(state.wrapping_add(1));
            state
        }
    }

    #[test]
    fn the_earliest_tapes_stay() {
        let mut archive = Archive::default();
        let mut dice = dice();
        for seed in 0..2_000 {
            let at = 1_000 - seed.min(900);
            archive.learn(&[Hit { slot: 3, at }], || elite(seed), &mut dice);
            (0..20).for_each(|_| _ = archive.learn(&[], || elite(seed), &mut dice));
        }
        let latest = archive.elites[3].iter().map(|elite| elite.at).max().unwrap();
        assert_eq!(archive.elites[3].len(), ELITES);
        assert!(latest <= 110, "{latest}");
    }

    #[test]
    fn a_new_feature_is_told_once() {
        let mut archive = Archive::default();
        let hits = [Hit { slot: 1, at: 0 }, Hit { slot: 9, at: 0 }];
        assert_eq!(archive.learn(&hits, || elite(0), dice()), [1, 9]);
        assert!(archive.learn(&hits, || elite(0), dice()).is_empty());
    }

    #[test]
    fn rare_features_are_picked_before_common_ones() {
        let mut archive = Archive::default();
        for seed in 0..1_000 {
            let mut hits = vec![Hit { slot: 1, at: 0 }];
            hits.extend((seed % 100 == 0).then_some(Hit { slot: 2, at: 7 }));
            archive.learn(&hits, || elite(seed), dice());
        }
        let mut dice = dice();
        for _ in 0..50 {
            assert_eq!(archive.pick(&mut dice).map(|elite| elite.at), Some(7));
        }
    }
}
