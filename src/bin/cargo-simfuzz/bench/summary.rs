//! What the trials of one problem in one mode come to, and how modes compare.
//!
//! Owns the numbers. Their form is the table's and the plot's business.

use super::mode::Mode;
use super::odds::{self, Mean};
use super::problem::Problem;
use super::record::{Records, Trial};
use super::survival::{self, Ended};

/// A rival that needs fewer executions than this leaves guidance nothing to win.
const HARD: f64 = 10_000.0;

/// A ratio that is better or worse than this counts as this: one problem must not decide alone.
const RATIO_MOST: f64 = 100.0;

/// The trials of a problem in a mode.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) mode: Mode,
    pub(super) trials: usize,
    pub(super) finds: u32,
    /// Processor seconds, and executions, of all trials.
    pub(super) cpu: f64,
    pub(super) executions: f64,
    /// Of a find.
    pub(super) mean: Mean,
    pub(super) ended: Vec<Ended>,
    /// The same in executions.
    pub(super) ended_executions: Vec<Ended>,
    /// The largest cap.
    pub(super) cap: f64,
}

impl Summary {
    /// `None` without a trial.
    pub(super) fn of(records: &Records, problem: &str, mode: Mode) -> Option<Self> {
        let trials: Vec<&Trial> = records.of(problem, mode).collect();
        if trials.is_empty() {
            return None;
        }
        let finds = trials.iter().filter(|trial| trial.found.is_some()).count() as u32;
        let cpu = trials.iter().map(|trial| trial.cpu).sum();
        let counted = |trial: &&Trial| Ended { at: trial.executions as f64, found: trial.found.is_some() };
        Some(Self {
            mode,
            trials: trials.len(),
            finds,
            cpu,
            executions: trials.iter().map(|trial| trial.executions as f64).sum(),
            mean: odds::mean(cpu, finds, (finds as usize) < trials.len()),
            ended: trials.iter().map(|trial| trial.ended()).collect(),
            ended_executions: trials.iter().map(counted).collect(),
            cap: trials.iter().map(|trial| trial.cap).fold(0.0, f64::max),
        })
    }

    /// Executions a find; without one those that were made, which it needs at least.
    pub(super) fn executions_a_find(&self) -> f64 {
        self.executions / f64::from(self.finds.max(1))
    }

    /// Processor seconds a find; without one those that were spent, which it needs at least.
    fn cpu_a_find(&self) -> f64 {
        self.cpu / f64::from(self.finds.max(1))
    }

    pub(super) fn is_hard(&self) -> bool {
        self.executions_a_find() > HARD
    }
}

/// The processor time of a find against another mode's: below 1 is faster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) ratio: f64,
    /// With finds on both sides.
    pub(super) interval: Option<(f64, f64)>,
    /// How `ratio` stands to the true one, where one side has no find.
    pub(super) bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Both have finds.
    None,
    /// The other one has none: it is this or less.
    AtMost,
    /// This one has none: it is this or more.
    AtLeast,
}

impl Ratio {
    /// `None` when neither has a find.
    pub(super) fn of(mode: &Summary, rival: &Summary) -> Option<Self> {
        let ratio = mode.cpu_a_find() / rival.cpu_a_find();
        let bound = match (mode.finds, rival.finds) {
            (0, 0) => return None,
            (0, _) => Bound::AtLeast,
            (_, 0) => Bound::AtMost,
            _ => Bound::None,
        };
        let interval = (bound == Bound::None).then(|| odds::ratio_interval(ratio, mode.finds, rival.finds));
        Some(Self { ratio, interval, bound })
    }
}

/// The geometric mean of `mode`'s ratios to swarm over the problems where swarm has it hard, and the
/// number of these. Ratios count as 100 or 1/100 at most.
pub(super) fn overall(problems: &[&Problem], records: &Records, mode: Mode) -> Option<(f64, usize)> {
    geometric(problems.iter().filter_map(|problem| {
        let swarm = Summary::of(records, &problem.name, Mode::SWARM).filter(Summary::is_hard)?;
        let own = Summary::of(records, &problem.name, mode)?;
        Some(Ratio::of(&own, &swarm)?.ratio)
    }))
}

/// The same, of the better guided mode of each problem.
pub(super) fn overall_best(problems: &[&Problem], records: &Records) -> Option<(f64, usize)> {
    geometric(problems.iter().filter_map(|problem| {
        let swarm = Summary::of(records, &problem.name, Mode::SWARM).filter(Summary::is_hard)?;
        let guided = Mode::GUIDED.into_iter().filter_map(|mode| Summary::of(records, &problem.name, mode));
        guided.filter_map(|own| Ratio::of(&own, &swarm)).map(|ratio| ratio.ratio).min_by(f64::total_cmp)
    }))
}

fn geometric(ratios: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    let logs: Vec<_> = ratios.map(|ratio| ratio.clamp(1.0 / RATIO_MOST, RATIO_MOST).ln()).collect();
    (!logs.is_empty()).then(|| ((logs.iter().sum::<f64>() / logs.len() as f64).exp(), logs.len()))
}

/// How sure it is that a guided mode and the naive encoding differ, and which is the faster.
pub(super) fn against_bytes(own: &Summary, bytes: &Summary) -> Option<(f64, bool)> {
    survival::log_rank(&own.ended, &bytes.ended)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{records, trial};
    use super::*;

    fn problem(name: &str) -> Problem {
        Problem { name: name.into(), group: "real".into(), about: String::new() }
    }

    #[test]
    fn what_cut_trials_spent_counts_for_the_mean() {
        let records = records(vec![trial("a", "swarm", 1, 30.0, true), trial("a", "swarm", 2, 60.0, false)]);
        let swarm = Summary::of(&records, "a", Mode::SWARM).unwrap();
        assert_eq!((swarm.trials, swarm.finds, swarm.mean.mean), (2, 1, Some(90.0)));
        assert_eq!(swarm.executions_a_find(), 90_000.0);
        assert!(Summary::of(&records, "b", Mode::SWARM).is_none());
    }

    #[test]
    fn a_ratio_without_finds_on_one_side_is_a_bound() {
        let records = records(vec![
            trial("a", "swarm", 1, 60.0, false),
            trial("a", "explore", 1, 3.0, true),
            trial("a", "bytes", 1, 60.0, false),
        ]);
        let of = |mode: &str| Summary::of(&records, "a", Mode::read(mode).unwrap()[0]).unwrap();
        let ratio = Ratio::of(&of("explore"), &of("swarm")).unwrap();
        assert_eq!((ratio.ratio, ratio.bound), (0.05, Bound::AtMost));
        assert_eq!(Ratio::of(&of("swarm"), &of("explore")).unwrap().bound, Bound::AtLeast);
        assert_eq!(Ratio::of(&of("bytes"), &of("swarm")), None);
    }

    #[test]
    fn the_overall_ratio_is_of_hard_problems_and_capped() {
        let records = records(vec![
            // 1/4
            trial("a", "swarm", 1, 40.0, true),
            trial("a", "explore", 1, 10.0, true),
            // 1/1000, which counts as 1/100
            trial("b", "swarm", 1, 1_000.0, true),
            trial("b", "explore", 1, 1.0, true),
            // easy: 2,000 executions
            trial("c", "swarm", 1, 2.0, true),
            trial("c", "explore", 1, 9.0, true),
        ]);
        let problems = ["a", "b", "c"].map(problem);
        let (ratio, of) = overall(&problems.iter().collect::<Vec<_>>(), &records, Mode::GUIDED[1]).unwrap();
        assert_eq!(of, 2);
        assert!((ratio - 0.05).abs() < 1e-9, "{ratio}");
        assert_eq!(overall(&problems.iter().collect::<Vec<_>>(), &records, Mode::GUIDED[0]), None);
    }
}
