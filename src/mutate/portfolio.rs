//! How a campaign spends its runs: fresh seeds, reseeds, typed edits.
//!
//! There is no free lunch. Where the way to a bug is a row of rare steps, reseeds win by orders of
//! magnitude; where choices are independent, edits do; and where the rare step is one lottery
//! inside one draw, a tape that has drawn a losing ticket is dealt on for ever, and fresh seeds
//! with swarm win. So the split follows what each way has lately brought, and none is dropped.
//!
//! What a run brings is what it shows that its parent did not, each feature weighed by how rare it
//! is: so there is something to compare long after the last new feature was seen.

/// Where a tape comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A fresh seed, half of them with swarm.
    Fresh,
    /// A run kept up to a moment, and dealt anew after it.
    Reseed,
    /// A few changes to single choices.
    Edit,
}

impl Source {
    pub(crate) const ALL: [Self; 3] = [Self::Fresh, Self::Reseed, Self::Edit];

    fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh seeds",
            Self::Reseed => "reseeds",
            Self::Edit => "edits",
        }
    }
}

/// Runs over which a tally forgets half of what it knew.
const MEMORY: f64 = 2_000.0;

/// No way falls under its share, in percent: what brings nothing now may do so later, and it
/// takes runs to see it.
const LEAST: [f64; 3] = [20.0, 20.0, 20.0];

/// The split of a campaign that doesn't adapt, in percent.
const FIXED: [f64; 3] = [10.0, 45.0, 45.0];

/// The split before anything is known.
const START: [f64; 3] = [30.0, 35.0, 35.0];

/// What one way has lately brought and cost.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    gain: f64,
    cost: f64,
}

/// The split.
#[derive(Clone, Debug)]
pub(crate) struct Portfolio {
    tallies: [Tally; 3],
    shares: [f64; 3],
    adapts: bool,
    /// Runs since the shares were worked out.
    since: u32,
    runs: [u64; 3],
}

impl Portfolio {
    pub(crate) fn new(adapts: bool) -> Self {
        let shares = if adapts { START } else { FIXED };
        Self { tallies: [Tally::default(); 3], shares, adapts, since: 0, runs: [0; 3] }
    }

    /// A run from `source` brought so much, and cost so many events and choices.
    pub(crate) fn learn(&mut self, source: Source, gain: f64, cost: u64) {
        let keep = 1.0 - std::f64::consts::LN_2 / MEMORY;
        for tally in &mut self.tallies {
            tally.gain *= keep;
            tally.cost *= keep;
        }
        let tally = &mut self.tallies[source as usize];
        tally.gain += gain;
        tally.cost += cost.max(1) as f64;
        self.runs[source as usize] += 1;
        self.since += 1;
        if self.adapts && self.since >= 64 {
            self.since = 0;
            self.work_out();
        }
    }

    fn work_out(&mut self) {
        let (gain, cost) =
            self.tallies.iter().fold((0.0, 0.0), |(gain, cost), tally| (gain + tally.gain, cost + tally.cost));
        if gain <= 0.0 {
            return;
        }
        // a hundredth of all that is known is given to each way at the average rate: one find by
        // a way that was hardly tried says little
        let rate = |tally: &Tally| (tally.gain + gain * 0.01) / (tally.cost + cost * 0.01);
        let rates = [0, 1, 2].map(|index| rate(&self.tallies[index]));
        let total: f64 = rates.iter().sum();
        let spare = 100.0 - LEAST.iter().sum::<f64>();
        self.shares = [0, 1, 2].map(|index| LEAST[index] + spare * rates[index] / total);
    }

    /// Which way is next, by a word of the dice.
    pub(crate) fn pick(&self, percent: f64) -> Source {
        let mut left = percent;
        for source in Source::ALL {
            left -= self.shares[source as usize];
            if left < 0.0 {
                return source;
            }
        }
        Source::Edit
    }

    /// How many runs each way had, with its name.
    pub(crate) fn runs(&self) -> [(&'static str, u64); 3] {
        Source::ALL.map(|source| (source.name(), self.runs[source as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The split after so many runs of each way, each bringing something once in so many runs.
    fn after(runs: u32, every: [u32; 3]) -> [u32; 3] {
        let mut portfolio = Portfolio::new(true);
        for run in 0..runs {
            for source in Source::ALL {
                let every = every[source as usize];
                let brings = every > 0 && run.is_multiple_of(every);
                portfolio.learn(source, f64::from(u8::from(brings)), 1_000);
            }
        }
        portfolio.shares.map(|share| share.round() as u32)
    }

    #[test]
    fn the_split_follows_what_pays_and_drops_nobody() {
        assert_eq!(after(0, [0; 3]), [30, 35, 35]);
        let [fresh, reseeds, edits] = after(3_000, [0, 10, 0]);
        assert!((20..25).contains(&fresh) && reseeds > 55 && (20..25).contains(&edits), "{fresh} {reseeds} {edits}");
        let [fresh, reseeds, edits] = after(3_000, [10, 0, 0]);
        assert!(fresh > 55 && reseeds < 25 && edits < 25, "{fresh} {reseeds} {edits}");
        assert_eq!(after(3_000, [10, 10, 10]), [33, 33, 33]);
    }

    #[test]
    fn what_costs_more_must_bring_more() {
        let mut portfolio = Portfolio::new(true);
        for _ in 0..2_000 {
            portfolio.learn(Source::Fresh, 1.0, 100);
            portfolio.learn(Source::Reseed, 2.0, 800);
        }
        let [fresh, reseeds, _] = portfolio.shares;
        assert!(fresh > 1.5 * reseeds, "{fresh} {reseeds}");
    }

    #[test]
    fn each_way_gets_its_share_of_the_picks() {
        let portfolio = Portfolio::new(false);
        let count = |source| (0..100).filter(|&n| portfolio.pick(f64::from(n) + 0.5) == source).count();
        assert_eq!(Source::ALL.map(count), [10, 45, 45]);
    }

    #[test]
    fn without_any_news_the_split_stays() {
        assert_eq!(after(1_000, [0; 3]), [30, 35, 35]);
    }
}
