//! Which trials are left, in which order, and when each is cut off.
//!
//! Owns the rules by which trials are spared. Starts no process.

use super::mode::Mode;
use super::problem::Builds;
use super::record::Records;
use super::survival::{self, Ended};
use super::trial::{self, Job};
use crate::project::shown;
use crate::stop::Stop;
use std::collections::BTreeSet;
use std::path::Path;

/// A trial may take so many times the median of the guided ones: enough to see a factor of 3 in
/// either direction with room for the spread of an exponential.
const CAP_MEDIANS: f64 = 20.0;

/// A cap without `--cap`: under 5 seconds the start of a process would count, over 5 minutes nobody
/// would wait.
const CAP: (f64, f64) = (5.0, 300.0);

/// A mode that has missed so many trials of a problem, and found nothing, makes no more of it.
pub(super) const MISSES: usize = 5;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) trials: u32,
    /// The seed of trial 1.
    pub(super) first: u32,
    pub(super) cap: Option<f64>,
}

#[derive(Debug)]
pub(super) struct Plan {
    /// By trial, problem and mode: an interrupted benchmark is balanced, and what disturbs the
    /// machine for a while disturbs all modes.
    order: Vec<(u32, String, Mode)>,
    /// Those that run.
    running: BTreeSet<(u32, String, Mode)>,
    left_out: BTreeSet<String>,
    wanted: Wanted,
    pub(super) records: Records,
}

impl Plan {
    pub(super) fn new(problems: Vec<String>, modes: Vec<Mode>, wanted: Wanted, records: Records) -> Self {
        let mut order = Vec::new();
        for number in 1..=wanted.trials {
            for problem in &problems {
                order.extend(modes.iter().map(|&mode| (number, problem.clone(), mode)));
            }
        }
        Self { order, running: BTreeSet::new(), left_out: BTreeSet::new(), wanted, records }
    }

    /// Refuses results with which new ones can't be compared.
    pub(super) fn check(&self, out: &Path) -> Result<(), Stop> {
        for trial in &self.records.trials {
            let ours = self.order.iter().any(|(_, problem, mode)| (problem, *mode) == (&trial.problem, trial.mode));
            let (problem, mode, number) = (&trial.problem, trial.mode, trial.number);
            let seed = self.seed(number);
            if ours && trial.seed != seed {
                return Err(Stop::bad(format!(
                    "{} has trial {number} of {problem} {mode} from seed {}, and `--seed` makes it {seed}: choose \
                     another `--out`, or the seed of those results",
                    shown(out),
                    trial.seed
                )));
            }
            if let Some(cap) = self.wanted.cap.filter(|&cap| ours && cap != trial.cap) {
                return Err(Stop::bad(format!(
                    "{} has trials of {problem} {mode} with a cap of {} seconds, and `--cap` says {cap}: choose \
                     another `--out`, or the cap of those results",
                    shown(out),
                    trial.cap
                )));
            }
        }
        Ok(())
    }

    /// Refuses results of other programs, unless they are to be counted together.
    pub(super) fn check_builds(&self, builds: &Builds, out: &Path, any: bool) -> Result<(), Stop> {
        let other = self.records.trials.iter().find(|trial| {
            let hash = builds.hash(&trial.problem, trial.mode);
            !hash.is_empty() && hash != trial.build
        });
        match other.filter(|_| !any) {
            None => Ok(()),
            Some(trial) => Err(Stop::bad(format!(
                "{} has trials of {} that another build made ({}; this is {}): choose another `--out`, or count both \
                 together with `--any-build`",
                shown(out),
                trial.problem,
                trial.version,
                builds.version
            ))),
        }
    }

    fn seed(&self, number: u32) -> u32 {
        self.wanted.first.saturating_add(number - 1)
    }

    /// Those that are neither done nor running nor spared.
    pub(super) fn pending(&self) -> Vec<&(u32, String, Mode)> {
        self.order.iter().filter(|job| !self.running.contains(*job) && self.is_due(job)).collect()
    }

    fn is_due(&self, (number, problem, mode): &(u32, String, Mode)) -> bool {
        !self.left_out.contains(problem)
            && !self.records.has(problem, *mode, *number)
            && !self.is_hopeless(problem, *mode)
    }

    fn is_hopeless(&self, problem: &str, mode: Mode) -> bool {
        self.records.of(problem, mode).count() >= MISSES
            && self.records.of(problem, mode).all(|trial| trial.found.is_none())
    }

    pub(super) fn problems_left(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.pending().into_iter().map(|(_, problem, _)| problem.clone());
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    pub(super) fn modes_left(&self, name: &str) -> Vec<Mode> {
        let modes: BTreeSet<_> =
            self.pending().into_iter().filter(|(_, problem, _)| problem == name).map(|&(_, _, mode)| mode).collect();
        modes.into_iter().collect()
    }

    /// A problem that can't be measured.
    pub(super) fn leave_out(&mut self, problem: &str) {
        self.left_out.insert(problem.to_owned());
    }

    /// The next trial, which runs from now on.
    pub(super) fn next(&mut self, builds: &Builds) -> Option<Job> {
        let key = self.pending().first().copied().cloned()?;
        let (number, problem, mode) = key.clone();
        self.running.insert(key);
        Some(Job {
            mode,
            number,
            seed: self.seed(number),
            cap: self.cap(&problem),
            binary: builds.binary(&problem, mode).to_owned(),
            folder: builds.folder(&problem, mode, number),
            problem,
        })
    }

    fn cap(&self, problem: &str) -> f64 {
        if let Some(cap) = self.wanted.cap {
            return cap;
        }
        let guided: Vec<Ended> = Mode::GUIDED
            .into_iter()
            .flat_map(|mode| self.records.of(problem, mode).map(super::record::Trial::ended))
            .collect();
        let median = survival::quantile(&guided, 0.5);
        median.map_or(CAP.1, |median| (median * CAP_MEDIANS).clamp(CAP.0, CAP.1)).ceil()
    }

    pub(super) fn finished(&mut self, job: &Job, result: trial::Result, builds: &Builds) -> Result<(), Stop> {
        self.put_back(job);
        self.records.add(super::record(job, result, builds))
    }

    /// It doesn't run any more.
    pub(super) fn put_back(&mut self, job: &Job) {
        self.running.remove(&(job.number, job.problem.clone(), job.mode));
    }

    /// How long the pending trials will take, by what finished ones took; `None` before there are
    /// any.
    pub(super) fn seconds_left(&self, jobs: f64) -> Option<f64> {
        let mean = |times: Vec<f64>| (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64);
        let all = mean(self.records.trials.iter().map(|trial| trial.cpu).collect())?;
        let of = |problem: &str, mode| mean(self.records.of(problem, mode).map(|trial| trial.cpu).collect());
        let left = self.pending().into_iter().map(|(_, problem, mode)| of(problem, *mode).unwrap_or(all));
        Some(left.sum::<f64>() / jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{records, trial};
    use super::*;

    fn plan(trials: Vec<super::super::record::Trial>) -> Plan {
        let wanted = Wanted { trials: 6, first: 1, cap: None };
        let modes = Mode::read("libfuzzer,swarm").unwrap();
        Plan::new(vec!["bank".into(), "maze".into()], modes, wanted, records(trials))
    }

    fn named(plan: &Plan) -> Vec<String> {
        plan.pending().iter().map(|(number, problem, mode)| format!("{number} {problem} {mode}")).collect()
    }

    #[test]
    fn every_mode_makes_its_first_trial_before_one_makes_its_second() {
        let first = ["1 bank libfuzzer", "1 bank swarm", "1 maze libfuzzer", "1 maze swarm", "2 bank libfuzzer"];
        assert_eq!(named(&plan(vec![]))[..5], first);
    }

    #[test]
    fn what_is_done_is_not_done_again() {
        let plan = plan(vec![trial("bank", "swarm", 1, 1.0, true), trial("maze", "libfuzzer", 1, 1.0, true)]);
        assert_eq!(named(&plan)[..2], ["1 bank libfuzzer", "1 maze swarm"]);
        assert_eq!(named(&plan).len(), 22);
    }

    #[test]
    fn a_mode_that_misses_five_of_five_stops_there() {
        let missed: Vec<_> = (1..=5).map(|number| trial("bank", "swarm", number, 60.0, false)).collect();
        let mut all_but_one = missed.clone();
        assert!(!named(&plan(missed)).iter().any(|name| name.ends_with("bank swarm")));
        all_but_one[3] = trial("bank", "swarm", 4, 50.0, true);
        assert!(named(&plan(all_but_one)).contains(&"6 bank swarm".to_owned()));
    }

    #[test]
    fn the_cap_is_twenty_guided_medians_within_its_bounds() {
        let with =
            |cpu| plan((1..=3).map(|number| trial("bank", "libfuzzer", number, cpu, true)).collect()).cap("bank");
        assert_eq!(plan(vec![]).cap("bank"), 300.0);
        assert_eq!((with(0.1), with(2.0), with(40.0)), (5.0, 40.0, 300.0));
        // half of the guided trials found nothing: nothing is known of the median
        let missed = plan((1..=3).map(|number| trial("bank", "libfuzzer", number, 9.0, number == 1)).collect());
        assert_eq!(missed.cap("bank"), 300.0);
    }

    #[test]
    fn results_of_another_seed_or_cap_are_refused() {
        let mut plan = plan(vec![trial("bank", "swarm", 2, 1.0, true)]);
        assert!(plan.check(Path::new("out")).is_ok());
        plan.wanted.cap = Some(7.0);
        let sentence = plan.check(Path::new("out")).unwrap_err().to_string();
        assert!(sentence.contains("with a cap of 60 seconds, and `--cap` says 7"), "{sentence}");
        plan.wanted = Wanted { first: 100, cap: None, ..plan.wanted };
        let sentence = plan.check(Path::new("out")).unwrap_err().to_string();
        assert!(sentence.contains("from seed 2, and `--seed` makes it 101"), "{sentence}");
    }
}
