//! Bursts: what is new is dealt anew from at once, many times over.
//!
//! A row of rare steps is climbed fastest by trying the next step where the last one was just
//! made; picked among hundreds of features that is one call in two hundred. So each new feature
//! buys some reseeds at its very moment, the newest first. Moonpool's explorer does the same at
//! each goal, and then abandons the place; here the elites come back to it later.
//!
//! Where new features are everywhere, bursts at them are seven runs of ten for nothing. So their
//! share follows how often they, and all other runs, have lately shown anything new. And a burst that
//! doesn't on average bring another is a fire going out: as in a chain reaction, the share falls as
//! soon as forty reseeds bring less than one new feature. A maze stays above that to its end; a
//! protocol or a storage engine falls below it after a thousand runs or two, and its bursts used to
//! take a third of a search for ever after.

use crate::goal::Elite;

/// Reseeds that a new feature buys. A step with odds of 1 in 20 then succeeds seven times of eight.
const RESEEDS: u64 = 40;

/// Features whose reseeds wait: the first runs of a campaign show a hundred new ones at once.
const PENDING: usize = 8;

/// Calls that serve a burst while one waits, in percent, where bursts bring all that is new.
const SHARE: f64 = 70.0;

/// After so many runs without anything new, and after twice as many, and so on, the newest features
/// buy another burst: of twenty rare steps in a row two or three outlast theirs.
const DROUGHT: u64 = 128;

/// How many features do so.
const AGAIN: usize = 8;

/// Runs over which a tally forgets half of what it knew.
const MEMORY: f64 = 500.0;

/// Runs of one sort that lately showed something new, of so many.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    new: f64,
    runs: f64,
}

impl Tally {
    fn forget(&mut self, keep: f64) {
        self.new *= keep;
        self.runs *= keep;
    }

    /// How often they did, if once in `before` runs is all that was known before.
    fn rate(self, before: f64) -> f64 {
        (self.new + 1.0) / (self.runs + before)
    }
}

/// The reseeds that wait, the newest last, and what bursts and other runs have brought.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    waiting: Vec<(Elite, u64)>,
    own: Tally,
    others: Tally,
    /// Is the last tape one of a burst?
    is_burst: bool,
    /// Runs since anything was new.
    drought: u64,
    /// The newest features, the newest last.
    newest: Vec<u16>,
}

impl Bursts {
    /// The last tape has run, and showed these features first; `elite` is one that has shown a
    /// feature.
    pub(super) fn ran<'a>(&mut self, new: &[u16], elite: impl Fn(u16) -> Option<&'a Elite>) {
        self.count(!new.is_empty());
        self.newest.extend(new);
        self.newest.drain(..self.newest.len().saturating_sub(AGAIN));
        let again = self.drought >= DROUGHT && self.drought.is_power_of_two();
        let due = if again { self.newest.clone() } else { new.to_vec() };
        self.waiting.extend(due.into_iter().filter_map(elite).map(|elite| (elite.clone(), RESEEDS)));
        self.waiting.drain(..self.waiting.len().saturating_sub(PENDING));
    }

    /// Is the last tape one of a burst?
    pub(super) fn made_the_last(&self) -> bool {
        self.is_burst
    }

    fn count(&mut self, new: bool) {
        self.drought = if new { 0 } else { self.drought + 1 };
        let keep = 1.0 - std::f64::consts::LN_2 / MEMORY;
        self.own.forget(keep);
        self.others.forget(keep);
        let tally = if std::mem::take(&mut self.is_burst) { &mut self.own } else { &mut self.others };
        tally.runs += 1.0;
        tally.new += f64::from(u8::from(new));
    }

    /// How many of a hundred calls serve a burst.
    pub(super) fn share(&self) -> f64 {
        if self.waiting.is_empty() {
            return 0.0;
        }
        // a burst is a bet on odds of 1 in 20; others have worse ones, until it is known
        let (own, others) = (self.own.rate(20.0), self.others.rate(40.0));
        let alive = (own * RESEEDS as f64).min(1.0).powi(4);
        SHARE * alive * own * own / (own * own + others * others)
    }

    /// Whose moment is next.
    pub(super) fn next(&mut self) -> Option<Elite> {
        let (elite, left) = self.waiting.last_mut()?;
        *left -= 1;
        self.is_burst = true;
        let elite = elite.clone();
        self.waiting.pop_if(|(_, left)| *left == 0);
        Some(elite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Tape, Trace};
    use crate::goal::{Archive, Claim, Hit, Kept};
    use std::rc::Rc;

    fn elite(seed: u64) -> Elite {
        let kept = Rc::new(Kept::new(&Tape::seeded(seed), &Trace::default()));
        let mut archive = Archive::default();
        archive.learn(&[Hit { slot: 1, quality: 0, at: 0, choice: 0 }], Claim::Any, |_| (kept.clone(), 0.into()), || 1);
        archive.newest(1).cloned().expect("it was just learnt")
    }

    /// Runs of bursts and others in turn; so many of ten of each show something new.
    fn after(own: u64, others: u64) -> f64 {
        let elite = elite(1);
        let mut bursts = Bursts::default();
        for run in 0..2_000 {
            bursts.is_burst = run % 2 == 0;
            let new = run / 2 % 10 < if run % 2 == 0 { own } else { others };
            bursts.ran(if new { &[1] } else { &[] }, |_| Some(&elite));
        }
        bursts.share()
    }

    #[test]
    fn the_newest_comes_first_and_each_ends() {
        let mut bursts = Bursts::default();
        let elites: Vec<_> = (0..20).map(elite).collect();
        (0..20).for_each(|slot| bursts.ran(&[slot], |slot| elites.get(usize::from(slot))));
        let mut seeds = Vec::new();
        while let Some(elite) = bursts.next() {
            seeds.push(elite.run.tape.seed());
        }
        assert_eq!(seeds.len() as u64, PENDING as u64 * RESEEDS);
        seeds.dedup();
        assert_eq!(seeds, (12..20).rev().collect::<Vec<_>>());
        assert!(bursts.share() == 0.0, "none waits");
    }

    #[test]
    fn the_share_follows_who_finds_what_is_new() {
        assert!(after(5, 0) > 65.0, "only bursts do: {}", after(5, 0));
        assert!(after(1, 8) < 5.0, "all runs but bursts do: {}", after(1, 8));
        assert!((25.0..45.0).contains(&after(3, 3)), "both do: {}", after(3, 3));
    }

    #[test]
    fn bursts_that_bring_no_other_die_out() {
        let elite = elite(1);
        let mut bursts = Bursts::default();
        // one run in eighty shows something new, whoever makes it
        let shares: Vec<f64> = (0..4_000)
            .map(|run| {
                bursts.is_burst = run % 2 == 0;
                bursts.ran(if run % 160 < 2 { &[1] } else { &[] }, |_| Some(&elite));
                bursts.share()
            })
            .collect();
        let late = &shares[1_000..];
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        assert!(mean < 10.0, "a share of {mean}");
        // where one run in ten brings something, they live, though all others do the same
        assert!(after(1, 1) > 30.0, "{}", after(1, 1));
    }

    #[test]
    fn after_a_drought_the_newest_features_have_another() {
        let (old, new) = (elite(1), elite(2));
        let of = |slot: u16| Some(if slot == 1 { &old } else { &new });
        let mut bursts = Bursts::default();
        bursts.ran(&[1], of);
        bursts.ran(&[2], of);
        while bursts.next().is_some() {}
        let mut again = Vec::new();
        for run in 1..=600 {
            bursts.ran(&[], of);
            if let Some(elite) = bursts.next() {
                again.push((run, elite.run.tape.seed()));
                while bursts.next().is_some() {}
            }
        }
        assert_eq!(again, [(128, 2), (256, 2), (512, 2)]);
    }
}
