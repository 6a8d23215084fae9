//! How a campaign spends its runs: fresh seeds, reseeds, typed edits.
//!
//! Fresh seeds come first, since an easy bug wants nothing else and what is rare isn't known yet. They are
//! nine runs of ten for as long as they show what is new, which is the best estimate of what the next one
//! will show (Good and Turing's), and six of ten once they show nothing more: a maze whose first lock random
//! steps don't open, a connection that has closed in all the ways it knows. After ten thousand runs random seeds have had
//! their chance, and most are guided. Fresh ones never end, since a search can be wrong about all it has kept. Of
//! the rest most are reseeds.
//!
//! What does not tell is how much news each way brings, one beside the other. A split that followed it gave seeds
//! and edits a fifth each for ever, and took four times as long where a bug lies at the end of a long way. On a
//! storage engine guided runs bring new features for tens of thousands of runs and no bug; on smoltcp's CLOSING
//! hardly any, and the bug five times as fast.

/// Where a tape comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A fresh seed, most of them with swarm.
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

/// Fresh seeds in percent: while they show what is new, if it were certain that they no longer do, at last.
const FRESH: [f64; 3] = [90.0, 50.0, 15.0];

/// After so many runs their share is half way to the last, and how sharp the fall is. An easy bug is one that random seeds
/// find by then.
const EASY: f64 = 10_000.0;
const SHARPNESS: i32 = 6;

/// Fresh seeds show what is new while one of so many does.
const NEWS: f64 = 200.0;

/// Fresh seeds over which that is watched: after so many a seed counts half.
const MEMORY: f64 = 500.0;

/// What is believed of seeds that nobody has seen: so many, of which so many showed something new.
const BELIEF: [f64; 2] = [50.0, 2.0];

/// Edits, of a hundred tapes that aren't fresh.
const EDITS: f64 = 15.0;

/// The split, and the runs so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Split {
    runs: [u64; 3],
    /// Fresh seeds, and those of them that showed something new; older ones count less.
    fresh: f64,
    new: f64,
}

impl Split {
    /// A tape from `source` has run, and did or did not show something new.
    pub(super) fn ran(&mut self, source: Source, new: bool) {
        self.runs[source as usize] += 1;
        if source == Source::Fresh {
            let keep = 1.0 - std::f64::consts::LN_2 / MEMORY;
            self.fresh = self.fresh * keep + 1.0;
            self.new = self.new * keep + f64::from(u8::from(new));
        }
    }

    /// How many of a hundred tapes are fresh now.
    fn fresh(&self) -> f64 {
        let [seeds, news] = BELIEF;
        let alive = ((self.new + news) / (self.fresh + seeds) * NEWS).min(1.0).powi(2);
        let [alive_share, exhausted, last] = FRESH;
        let first = exhausted + (alive_share - exhausted) * alive;
        let runs = self.runs.iter().sum::<u64>() as f64;
        last + (first - last) / (1.0 + (runs / EASY).powi(SHARPNESS))
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

    /// Of 10,000 picks, in percent: fresh seeds, reseeds, edits.
    fn picks(split: &Split) -> [u64; 3] {
        let mut counts = [0; 3];
        for n in 0..10_000 {
            counts[split.pick(f64::from(n % 100) + 0.5, f64::from(n / 100) + 0.5) as usize] += 1;
        }
        counts.map(|count| count / 100)
    }

    /// The same after so many runs, all of them fresh, of which one in `news` shows something new.
    fn after(runs: u64, news: u64) -> [u64; 3] {
        let mut split = Split::default();
        (1..=runs).for_each(|run| split.ran(Source::Fresh, run % news == 0));
        picks(&split)
    }

    #[test]
    fn fresh_seeds_come_first_and_never_end() {
        assert_eq!(after(0, 1), [90, 8, 1]);
        assert_eq!(after(5_000, 50), [89, 9, 1]);
        assert_eq!(after(10_000, 50), [52, 40, 7]);
        assert_eq!(after(16_000, 50), [19, 68, 12]);
        assert_eq!(after(1_000_000, 50), [15, 72, 12]);
    }

    #[test]
    fn seeds_that_show_nothing_new_give_way_earlier() {
        assert_eq!(after(1_000, 2_000), [68, 27, 4]);
        assert_eq!(after(5_000, 10_000), [60, 34, 6]);
    }

    #[test]
    fn what_guided_runs_show_says_nothing_of_fresh_ones() {
        let mut split = Split::default();
        (0..2_000).for_each(|run| split.ran(Source::Fresh, run < 10));
        let before = split.fresh();
        (0..1_000).for_each(|_| split.ran(Source::Reseed, true));
        assert!(split.fresh() <= before, "{before} {}", split.fresh());
    }

    #[test]
    fn runs_are_counted_by_the_way_they_came() {
        let mut split = Split::default();
        [Source::Edit, Source::Reseed, Source::Edit].into_iter().for_each(|source| split.ran(source, false));
        assert_eq!(split.runs(), [("fresh seeds", 0), ("reseeds", 1), ("edits", 2)]);
    }
}
