//! A campaign in numbers and names, to be shown, written to a file, and added to others.
//!
//! Plain data: what one process of a campaign tells, and what all of them came to. Knows neither
//! runs nor clocks.

use crate::choice::Tape;
use std::collections::BTreeMap;

#[cfg(feature = "fuzz")]
use serde::{Deserialize, Serialize};

/// What a campaign, or one process of it, came to.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct Summary {
    /// How many runs there were.
    pub executions: u64,
    /// How long it took, in seconds of real time; 0 where nobody measured it.
    pub seconds: f64,
    /// Runs that were truncated: neither a pass nor a finding.
    pub truncated: u64,
    /// Tapes that were kept.
    pub corpus: u64,
    /// Features that were seen.
    pub features: u64,
    /// Edges of the program that were covered, where it is instrumented.
    pub edges: Option<u64>,
    /// How the runs were split among the ways to make a tape, in percent.
    pub split: BTreeMap<String, f64>,
    /// The goals of the modules that runs entered.
    pub goals: Vec<Goal>,
    /// How many goals there are in other modules.
    pub outside: u64,
    /// The kinds of fault that were on.
    pub faults: Vec<Fault>,
    /// The findings, one for each identity.
    pub findings: Vec<Found>,
}

/// The first time of something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct First {
    /// At which execution, from 1.
    pub execution: u64,
    /// After how many seconds of real time.
    pub seconds: f64,
}

/// A tape that shows something, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct SavedTape {
    /// Its length.
    pub bytes: u64,
    /// Its bytes, as hexadecimal digits.
    pub hex: String,
    /// The file that holds it, if one does.
    pub file: Option<String>,
}

impl SavedTape {
    pub(crate) fn of(tape: &Tape) -> Self {
        use std::fmt::Write;
        let bytes = tape.encode();
        let mut hex = String::with_capacity(bytes.len() * 2);
        // writing to a string can't fail
        bytes.iter().for_each(|byte| _ = write!(hex, "{byte:02x}"));
        Self { bytes: bytes.len() as u64, hex, file: None }
    }

    /// The bytes of the tape; `None` if the digits are none.
    pub fn tape(&self) -> Option<Vec<u8>> {
        let digit = |at: usize| self.hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        (0..self.hex.len()).step_by(2).map(digit).collect()
    }
}

/// A goal of the program.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct Goal {
    /// Its message.
    pub name: String,
    /// Its kind, such as `sometimes`.
    pub kind: String,
    /// Where it stands.
    pub place: String,
    /// In how many runs it was evaluated.
    pub evaluated: u64,
    /// In how many runs it was reached.
    pub runs: u64,
    /// When it was reached first.
    pub first: Option<First>,
    /// The smallest tape that reaches it.
    pub smallest: Option<SavedTape>,
}

/// A kind of fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct Fault {
    /// Its name, in the plural.
    pub name: String,
    /// How often it was injected.
    pub injected: u64,
    /// In how many runs.
    pub runs: u64,
}

/// All findings of one identity.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub struct Found {
    /// What tells them from others.
    pub identity: String,
    /// What happened the first time.
    pub reason: String,
    /// In how many runs.
    pub runs: u64,
    /// When it was found first.
    pub first: First,
    /// The smallest tape that shows it.
    pub smallest: SavedTape,
}

impl Summary {
    /// Goals that were reached, and all of them.
    pub fn reached(&self) -> (usize, usize) {
        (self.goals.iter().filter(|goal| goal.runs > 0).count(), self.goals.len())
    }

    /// The goal that was reached last.
    pub fn newest(&self) -> Option<(&Goal, First)> {
        let reached = self.goals.iter().filter_map(|goal| Some((goal, goal.first?)));
        reached.max_by(|(_, one), (_, other)| {
            one.seconds.total_cmp(&other.seconds).then(one.execution.cmp(&other.execution))
        })
    }

    /// The faults that were on and never came.
    pub fn silent_faults(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().filter(|fault| fault.injected == 0).map(|fault| fault.name.as_str())
    }

    /// Adds what another process of the same campaign came to. Executions and counts are summed,
    /// the earliest first time and the smallest tape stay. Corpus, features and edges, of which
    /// the processes share most, are the largest of both. A file may say anything, so sums stop at their
    /// largest number.
    pub fn add(&mut self, other: &Self) {
        for (name, percent) in &other.split {
            let (ours, theirs) = (self.executions as f64, other.executions as f64);
            let mine = self.split.entry(name.clone()).or_insert(*percent);
            *mine = (*mine * ours + percent * theirs) / (ours + theirs).max(1.0);
        }
        self.executions = self.executions.saturating_add(other.executions);
        self.seconds = self.seconds.max(other.seconds);
        self.truncated = self.truncated.saturating_add(other.truncated);
        self.corpus = self.corpus.max(other.corpus);
        self.features = self.features.max(other.features);
        self.edges = self.edges.max(other.edges);
        let before = self.goals.len();
        for theirs in &other.goals {
            match self.goals.iter_mut().find(|goal| goal.name == theirs.name && goal.kind == theirs.kind) {
                Some(ours) => ours.add(theirs),
                None => self.goals.push(theirs.clone()),
            }
        }
        // a process that entered more modules has fewer goals outside
        self.outside = match before {
            0 => other.outside,
            _ => self.outside.saturating_sub((self.goals.len() - before) as u64),
        };
        for theirs in &other.faults {
            match self.faults.iter_mut().find(|fault| fault.name == theirs.name) {
                Some(ours) => {
                    ours.injected = ours.injected.saturating_add(theirs.injected);
                    ours.runs = ours.runs.saturating_add(theirs.runs);
                }
                None => self.faults.push(theirs.clone()),
            }
        }
        for theirs in &other.findings {
            match self.findings.iter_mut().find(|found| found.identity == theirs.identity) {
                Some(ours) => ours.add(theirs),
                None => self.findings.push(theirs.clone()),
            }
        }
    }
}

impl Goal {
    fn add(&mut self, other: &Self) {
        self.evaluated = self.evaluated.saturating_add(other.evaluated);
        self.runs = self.runs.saturating_add(other.runs);
        self.first = earlier(self.first, other.first);
        let theirs = other.smallest.as_ref().filter(|theirs| is_smaller(theirs, self.smallest.as_ref()));
        self.smallest = theirs.or(self.smallest.as_ref()).cloned();
    }
}

impl Found {
    fn add(&mut self, other: &Self) {
        self.runs = self.runs.saturating_add(other.runs);
        if earlier(Some(self.first), Some(other.first)) != Some(self.first) {
            (self.first, self.reason) = (other.first, other.reason.clone());
        }
        if is_smaller(&other.smallest, Some(&self.smallest)) {
            self.smallest = other.smallest.clone();
        }
    }
}

fn is_smaller(one: &SavedTape, other: Option<&SavedTape>) -> bool {
    other.is_none_or(|other| one.bytes < other.bytes)
}

fn earlier(one: Option<First>, other: Option<First>) -> Option<First> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let order = one.seconds.total_cmp(&other.seconds).then(one.execution.cmp(&other.execution));
            Some(if order.is_le() { one } else { other })
        }
        (one, other) => one.or(other),
    }
}
