//! How a campaign spends its runs: fresh seeds, reseeds, typed edits.
//!
//! Fresh seeds come first, since an easy bug wants nothing else and what is rare isn't known yet. They
//! stay half of all runs for some tens of thousands, so that a bug that random seeds find by then is not
//! found much later where guidance has nothing to hold on to (a storage engine whose bug is one lucky
//! draw, and omnipaxos within 400 steps, where 60, 40 and 15 percent from 3,000 and 20,000 runs on took 2.8
//! times as long as swarm). For long this share was only on paper: bursts, which come before this split, took
//! a third of all runs (see there). After that random seeds have had their chance. They never end, since a
//! search can be wrong about all it has kept. Of the rest most are reseeds.
//!
//! A split that followed what each way had lately brought was tried: it could not tell progress
//! from noise, gave seeds and edits a fifth each for ever, and took four times as long where a
//! bug lies at the end of a long way (smoltcp's CLOSING, the dungeon). Nor does news tell whether
//! guidance pays: on that storage engine it brings new features for tens of thousands of runs and no
//! bug, on smoltcp's CLOSING hardly any, and the bug five times as fast.

/// Where a tape comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A fresh seed, half of them with swarm.
    Fresh,
    /// A run kept up to a moment, and dealt anew after it.
    Reseed,
    /// A few changes to single choices.
    Edit,
}

impl Source {
    const ALL: [Self; 3] = [Self::Fresh, Self::Reseed, Self::Edit];

    fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh seeds",
            Self::Reseed => "reseeds",
            Self::Edit => "edits",
        }
    }
}

/// Fresh seeds in percent: at first, then, at last.
const FRESH: [f64; 3] = [85.0, 50.0, 15.0];

/// After so many runs their share is half way to the next.
const FADES: [f64; 2] = [8_000.0, 40_000.0];

/// Edits, of a hundred tapes that aren't fresh.
const EDITS: f64 = 15.0;

/// The split, and the runs so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Split {
    runs: [u64; 3],
}

impl Split {
    /// A tape from `source` has run.
    pub(super) fn ran(&mut self, source: Source) {
        self.runs[source as usize] += 1;
    }

    /// How many of a hundred tapes are fresh now.
    fn fresh(&self) -> f64 {
        let runs = self.runs.iter().sum::<u64>() as f64;
        let [first, then, last] = FRESH;
        let [soon, late] = FADES.map(|fades| runs / fades);
        last + (then - last) / (1.0 + late.powi(3)) + (first - then) / (1.0 + soon.powi(2))
    }

    /// Which way is next, by two rolls from 0 to 100.
    pub(super) fn pick(&self, fresh: f64, edit: f64) -> Source {
        match () {
            () if fresh < self.fresh() => Source::Fresh,
            () if edit < EDITS => Source::Edit,
            () => Source::Reseed,
        }
    }

    /// How many runs each way had, with its name.
    pub(super) fn runs(&self) -> [(&'static str, u64); 3] {
        Source::ALL.map(|source| (source.name(), self.runs[source as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 10,000 picks after so many runs, in percent: fresh seeds, reseeds, edits.
    fn after(runs: u64) -> [u64; 3] {
        let split = Split { runs: [0, runs, 0] };
        let mut counts = [0; 3];
        for n in 0..10_000 {
            counts[split.pick(f64::from(n % 100) + 0.5, f64::from(n / 100) + 0.5) as usize] += 1;
        }
        counts.map(|count| count / 100)
    }

    #[test]
    fn fresh_seeds_come_first_and_never_end() {
        assert_eq!(after(0), [85, 12, 2]);
        assert_eq!(after(8_000), [67, 28, 4]);
        assert_eq!(after(40_000), [34, 56, 9]);
        assert_eq!(after(1_000_000), [15, 72, 12]);
    }

    #[test]
    fn runs_are_counted_by_the_way_they_came() {
        let mut split = Split::default();
        [Source::Edit, Source::Reseed, Source::Edit].into_iter().for_each(|source| split.ran(source));
        assert_eq!(split.runs(), [("fresh seeds", 0), ("reseeds", 1), ("edits", 2)]);
    }
}
