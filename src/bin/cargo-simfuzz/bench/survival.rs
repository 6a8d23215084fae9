//! Trials of which some ended without a find: how many are still searching at each time.
//!
//! Owns the estimate of Kaplan and Meier, its quantiles, and the log-rank test. A trial that was cut
//! off says that it took longer, and no more.

use super::odds;

/// What a trial came to: the time, and whether it ended there by a find.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) at: f64,
    pub(super) found: bool,
}

/// The shares of trials without a find, after each time at which there was one; falling.
pub(super) fn curve(trials: &[Ended]) -> Vec<(f64, f64)> {
    let mut share = 1.0;
    let mut curve = Vec::new();
    for at in times(trials) {
        let (searching, finds) = risk(trials, at);
        share *= 1.0 - finds / searching;
        curve.push((at, share));
    }
    curve
}

/// The time by which the share `q` of the trials has a find; `None` when that was never seen.
pub(super) fn quantile(trials: &[Ended], q: f64) -> Option<f64> {
    // a share of 0.5 may come out a rounding above
    curve(trials).into_iter().find(|&(_, share)| share <= 1.0 - q + 1e-9).map(|(at, _)| at)
}

/// The probability that two searches as good as each other differ by as much (the log-rank test, two
/// sided), and whether the first is the faster one. `None` where nothing can be said.
pub(super) fn log_rank(first: &[Ended], second: &[Ended]) -> Option<(f64, bool)> {
    let all: Vec<_> = first.iter().chain(second).copied().collect();
    let (mut seen, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for at in times(&all) {
        let (searching, finds) = risk(&all, at);
        let (own, own_finds) = risk(first, at);
        let share = own / searching;
        seen += own_finds;
        expected += finds * share;
        if searching > 1.0 {
            variance += finds * share * (1.0 - share) * (searching - finds) / (searching - 1.0);
        }
    }
    let off = seen - expected;
    (variance > 0.0).then(|| (odds::one_degree(off * off / variance), off > 0.0))
}

/// The times of finds, each once.
fn times(trials: &[Ended]) -> Vec<f64> {
    let mut times: Vec<_> = trials.iter().filter(|trial| trial.found).map(|trial| trial.at).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// How many were still searching just before `at`, and how many found then.
fn risk(trials: &[Ended], at: f64) -> (f64, f64) {
    let searching = trials.iter().filter(|trial| trial.at >= at).count();
    let finds = trials.iter().filter(|trial| trial.found && trial.at == at).count();
    (searching as f64, finds as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(finds: &[f64], cut: &[f64]) -> Vec<Ended> {
        let ended = |found| move |&at: &f64| Ended { at, found };
        finds.iter().map(ended(true)).chain(cut.iter().map(ended(false))).collect()
    }

    #[test]
    fn without_cut_trials_the_curve_counts_down() {
        let trials = trials(&[3.0, 1.0, 2.0, 4.0], &[]);
        assert_eq!(curve(&trials), [(1.0, 0.75), (2.0, 0.5), (3.0, 0.25), (4.0, 0.0)]);
        assert_eq!(quantile(&trials, 0.5), Some(2.0));
        assert_eq!(quantile(&trials, 0.75), Some(3.0));
    }

    #[test]
    fn a_cut_trial_leaves_the_count_without_a_step() {
        // 1 of 4, then 1 of the 2 that are left
        let trials = trials(&[1.0, 3.0], &[2.0, 5.0]);
        assert_eq!(curve(&trials), [(1.0, 0.75), (3.0, 0.375)]);
        assert_eq!(quantile(&trials, 0.5), Some(3.0));
        assert_eq!(quantile(&trials, 0.75), None);
    }

    /// Freireich's leukemia trial, 6-mercaptopurine against placebo: chi-squared 16.79 in every
    /// textbook.
    #[test]
    fn the_log_rank_test_is_that_of_the_textbooks() {
        let treated = trials(
            &[6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0],
            &[6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0],
        );
        let placebo = trials(
            &[
                1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 11.0, 11.0, 12.0, 12.0, 15.0, 17.0,
                22.0, 23.0,
            ],
            &[],
        );
        let (p, placebo_ends_earlier) = log_rank(&placebo, &treated).unwrap();
        assert!(placebo_ends_earlier);
        assert!((p / odds::one_degree(16.793) - 1.0).abs() < 0.01, "{p}");
    }

    #[test]
    fn nothing_is_said_of_trials_without_a_find() {
        assert_eq!(log_rank(&trials(&[], &[5.0]), &trials(&[], &[5.0])), None);
    }
}
