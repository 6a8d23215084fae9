//! The Markdown page of a benchmark: a table a group, and what it says in all.
//!
//! Owns the words and the form of numbers.

use super::mode::Mode;
use super::plan::MISSES;
use super::problem::Problem;
use super::record::Records;
use super::summary::{self, Bound, Ratio, Summary};
use super::survival;
use crate::screen::count;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How to read it; it stands under the tables of each run, since these are what is passed on.
const READING: &str = "\
A trial is one search, until its first finding or until its cap. `CPU s`: median of the trials, with
quartiles, in processor seconds (user and system, of the whole process); `>` stands for trials that were cut
off there. `mean CPU s a find`: all that was spent, cut trials included, over the finds, with the 95 % interval
of an exponential. `to swarm`: that mean over swarm's, with the interval of a ratio of exponentials; below 1 is
faster. `to bytes`: log-rank test against the naive encoding, and who is faster when p is below 0.01.

Intervals that overlap show nothing, and factors below 2 to 3 are within the noise of ten trials.
";

/// The page.
pub(super) fn page(problems: &[Problem], records: &Records) -> String {
    let mut page = String::from("# Which search finds the bug first\n\n");
    page += &made(records);
    let mut groups: BTreeMap<(usize, &str), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        // real bugs are what counts
        let rank = ["real", "planted", "control"].iter().position(|&known| known == problem.group).unwrap_or(3);
        groups.entry((rank, &problem.group)).or_default().push(problem);
    }
    for ((_, name), problems) in groups {
        let _ = write!(page, "\n## {}\n\n", if name.is_empty() { "problems" } else { name });
        for problem in problems.iter().filter(|problem| !problem.about.is_empty()) {
            let _ = writeln!(page, "- **{}**: {}", problem.name, problem.about);
        }
        page += "\n| problem | mode | found | CPU s | executions | mean CPU s a find | executions a CPU s | to swarm | to \
                 bytes |\n|---|---|---|---|---|---|---|---|---|\n";
        for problem in &problems {
            rows(problem, records, &mut page);
        }
        page += &verdict(&problems, records);
    }
    let _ = write!(page, "\n![share of trials without a find](survival.svg)\n\n{READING}");
    page += &identities(problems, records);
    page
}

/// What was measured with.
fn made(records: &Records) -> String {
    let versions: BTreeSet<&str> = records.trials.iter().map(|trial| trial.version.as_str()).collect();
    let seeds = records.trials.iter().map(|trial| trial.seed);
    let (low, high) = (seeds.clone().min().unwrap_or(0), seeds.max().unwrap_or(0));
    let versions: Vec<_> = versions.into_iter().collect();
    format!("{}, seeds {low} to {high}; {}.\n", count(records.trials.len(), "trial"), versions.join("; "))
}

fn rows(problem: &Problem, records: &Records, page: &mut String) {
    let of = |mode| Summary::of(records, &problem.name, mode);
    let (swarm, bytes) = (of(Mode::SWARM), of(Mode::BYTES));
    let mut name = problem.name.as_str();
    for own in Mode::all().into_iter().filter_map(of) {
        let stopped = own.finds == 0 && own.trials == MISSES;
        let to_swarm = match &swarm {
            Some(_) if own.mode == Mode::SWARM => "1".into(),
            Some(swarm) => Ratio::of(&own, swarm).map_or("".into(), ratio),
            None => String::new(),
        };
        let to_bytes = bytes.as_ref().filter(|_| !own.mode.is_bytes() && !own.mode.is_ablation());
        let to_bytes = to_bytes.and_then(|bytes| summary::against_bytes(&own, bytes)).map_or(String::new(), p);
        let _ = writeln!(
            page,
            "| {name} | {} | {}/{}{} | {} | {} | {} | {} | {to_swarm} | {to_bytes} |",
            own.mode,
            own.finds,
            own.trials,
            if stopped { ", stopped" } else { "" },
            spread(&own.ended, own.cap, seconds),
            spread(&own.ended_executions, most(&own.ended_executions), executions),
            mean(&own),
            executions(own.executions / own.cpu.max(1e-9)),
        );
        name = "";
    }
}

/// What the group says of the guided modes.
fn verdict(problems: &[&Problem], records: &Records) -> String {
    let mut text = String::new();
    let told = |what: &str, (ratio, of): (f64, usize)| {
        format!(
            "- {what}: {} of swarm's processor time a find, the geometric mean over {} where swarm needs more than \
             10,000 executions\n",
            number(ratio),
            count(of, "problem")
        )
    };
    for mode in Mode::all().into_iter().filter(|mode| *mode != Mode::SWARM) {
        text += &summary::overall(problems, records, mode).map_or(String::new(), |all| told(&mode.to_string(), all));
    }
    text += &summary::overall_best(problems, records)
        .map_or(String::new(), |all| told("the better guided one of each problem", all));
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// All that was found, since anything counts as found.
fn identities(problems: &[Problem], records: &Records) -> String {
    let mut text = String::from("\n## What was found\n\n");
    for problem in problems {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in records.trials.iter().filter(|trial| trial.problem == problem.name) {
            if let Some(identity) = &trial.found {
                *found.entry(identity).or_default() += 1;
            }
        }
        for (identity, times) in found {
            let _ = writeln!(text, "- {}: `{identity}`, {}", problem.name, count(times, "time"));
        }
    }
    if records.trials.iter().all(|trial| trial.found.is_none()) {
        text += "Nothing.\n";
    }
    text
}

fn most(trials: &[survival::Ended]) -> f64 {
    trials.iter().map(|trial| trial.at).fold(0.0, f64::max)
}

/// "2.8 (1.4..6.6)"; what was never seen is more than `cap`.
fn spread(trials: &[survival::Ended], cap: f64, form: impl Fn(f64) -> String) -> String {
    let of = |q| survival::quantile(trials, q).map_or_else(|| format!(">{}", form(cap)), &form);
    format!("{} ({}..{})", of(0.5), of(0.25), of(0.75))
}

/// "2.8 [1.4..6.6]".
fn mean(own: &Summary) -> String {
    match own.mean.mean {
        Some(mean) => format!("{} [{}..{}]", seconds(mean), seconds(own.mean.low), seconds(own.mean.high)),
        None => format!(">{}", seconds(own.mean.low)),
    }
}

fn ratio(ratio: Ratio) -> String {
    let sign = match ratio.bound {
        Bound::None => "",
        Bound::AtMost => "<",
        Bound::AtLeast => ">",
    };
    let interval = ratio.interval.map_or(String::new(), |(low, high)| format!(" [{}..{}]", number(low), number(high)));
    format!("{sign}{}{interval}", number(ratio.ratio))
}

fn p((p, faster): (f64, bool)) -> String {
    let p_text = if p < 0.001 { "p<0.001".to_owned() } else { format!("p={p:.3}") };
    match p < 0.01 {
        true => format!("{p_text}, {}", if faster { "faster" } else { "**slower**" }),
        false => p_text,
    }
}

/// Seconds with as many digits as mean something.
fn seconds(seconds: f64) -> String {
    number(seconds)
}

/// Two digits, and all before the point.
fn number(number: f64) -> String {
    match number {
        _ if number >= 9.95 => format!("{number:.0}"),
        _ if number >= 0.995 => format!("{number:.1}"),
        _ if number >= 0.0995 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// "950", "12k", "1.3M".
fn executions(number: f64) -> String {
    match number {
        _ if number < 999.5 => format!("{number:.0}"),
        _ if number < 9_950.0 => format!("{:.1}k", number / 1e3),
        _ if number < 999_500.0 => format!("{:.0}k", number / 1e3),
        _ => format!("{:.1}M", number / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{records, trial};
    use super::*;

    fn problem(name: &str, group: &str) -> Problem {
        Problem { name: name.into(), group: group.into(), about: format!("about {name}") }
    }

    /// The rows of a page's tables.
    fn table(page: &str) -> Vec<&str> {
        page.lines().filter(|line| line.starts_with("| ")).collect()
    }

    #[test]
    fn numbers_have_two_digits() {
        assert_eq!([0.0123, 0.123, 1.23, 12.3, 123.4].map(number), ["0.012", "0.12", "1.2", "12", "123"]);
        assert_eq!([950.0, 9_900.0, 12_345.0, 1.3e6].map(executions), ["950", "9.9k", "12k", "1.3M"]);
    }

    #[test]
    fn a_row_has_the_spread_the_mean_and_the_ratio() {
        let mut trials: Vec<_> =
            (1..=4).map(|number| trial("lock", "swarm", number, f64::from(number), true)).collect();
        trials.extend((1..=4).map(|number| trial("lock", "explore", number, 0.1 * f64::from(number), true)));
        let page = page(&[problem("lock", "real")], &records(trials));
        let rows = table(&page);
        assert_eq!(
            rows[1..],
            [
                "| lock | explore | 4/4 | 0.20 (0.10..0.30) | 200 (100..300) | 0.25 [0.11..0.92] | 1.0k | 0.10 \
                 [0.023..0.44] |  |",
                "|  | swarm | 4/4 | 2.0 (1.0..3.0) | 2.0k (1.0k..3.0k) | 2.5 [1.1..9.2] | 1.0k | 1 |  |",
            ]
        );
    }

    #[test]
    fn cut_trials_are_told_as_more_than_the_cap() {
        let mut trials: Vec<_> = (1..=5).map(|number| trial("lock", "bytes", number, 60.0, false)).collect();
        trials.push(trial("lock", "explore", 1, 6.0, true));
        trials.push(trial("lock", "explore", 2, 60.0, false));
        let page = page(&[problem("lock", "real")], &records(trials));
        let rows = table(&page);
        assert!(rows[1].contains("| 1/2 | 6.0 (6.0..>60) |"), "{}", rows[1]);
        assert!(rows[2].contains("| 0/5, stopped | >60 (>60..>60) |"), "{}", rows[2]);
        assert!(rows[2].contains("| >81 |"), "{}", rows[2]);
    }

    #[test]
    fn planted_problems_stand_apart_from_real_ones() {
        let trials = vec![trial("maze", "swarm", 1, 60.0, true), trial("lock", "swarm", 1, 60.0, true)];
        let page = page(&[problem("maze", "planted"), problem("lock", "real")], &records(trials));
        let (real, planted) = (page.find("## real").unwrap(), page.find("## planted").unwrap());
        assert!(real < page.find("| lock |").unwrap() && page.find("| lock |").unwrap() < planted);
        assert!(planted < page.find("| maze |").unwrap());
        assert!(page.contains("- maze: `always: kept`, 1 time"));
    }

    #[test]
    fn a_naive_encoding_that_is_better_is_not_hidden() {
        let mut trials: Vec<_> = (1..=10).map(|number| trial("lock", "explore", number, 50.0, false)).collect();
        trials.extend((1..=10).map(|number| trial("lock", "bytes", number, f64::from(number), true)));
        let page = page(&[problem("lock", "real")], &records(trials));
        assert!(page.contains("| p<0.001, **slower** |"), "{page}");
    }
}
