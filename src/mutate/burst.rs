//! Bursts: what is new is dealt anew from at once, many times over.
//!
//! A row of rare steps is climbed fastest by trying the next step where the last one was just
//! made; picked among hundreds of features that is one call in two hundred. So each new feature
//! buys some reseeds at its very moment, the newest first. Moonpool's explorer does the same at
//! each goal, and then abandons the place; here the elites come back to it later.

use crate::goal::Elite;

/// Reseeds that a new feature buys. A step with odds of 1 in 20 then succeeds seven times of eight.
const RESEEDS: u64 = 40;

/// Features whose reseeds wait: the first runs of a campaign show a hundred new ones at once.
const PENDING: usize = 8;

/// Calls that serve a burst while one waits, in percent.
pub(super) const SHARE: u64 = 70;

/// The reseeds that wait, the newest last.
#[derive(Debug, Default)]
pub(super) struct Bursts(Vec<(Elite, u64)>);

impl Bursts {
    /// A feature is new, and `elite` reached it.
    pub(super) fn add(&mut self, elite: Elite) {
        self.0.push((elite, RESEEDS));
        if self.0.len() > PENDING {
            self.0.remove(0);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose moment is next.
    pub(super) fn next(&mut self) -> Option<Elite> {
        let (elite, left) = self.0.last_mut()?;
        *left -= 1;
        let elite = elite.clone();
        self.0.pop_if(|(_, left)| *left == 0);
        Some(elite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Tape, Trace};
    use crate::goal::{Archive, Hit, Kept};
    use std::rc::Rc;

    fn elite(seed: u64) -> Elite {
        let kept = Rc::new(Kept::new(&Tape::seeded(seed), &Trace::default(), Vec::new()));
        let mut archive = Archive::default();
        archive.learn(&[Hit { slot: 1, at: 0, choice: 0 }], |_| (kept.clone(), 0.into()), || 1);
        archive.newest(1).cloned().expect("it was just learnt")
    }

    #[test]
    fn the_newest_comes_first_and_each_ends() {
        let mut bursts = Bursts::default();
        (0..20).for_each(|seed| bursts.add(elite(seed)));
        let mut seeds = Vec::new();
        while let Some(elite) = bursts.next() {
            seeds.push(elite.run.tape.seed());
        }
        assert_eq!(seeds.len() as u64, PENDING as u64 * RESEEDS);
        seeds.dedup();
        assert_eq!(seeds, (12..20).rev().collect::<Vec<_>>());
        assert!(bursts.is_empty());
    }
}
