//! What came of one run.

use crate::assert::{BUCKETS_MAX, Record};
use crate::choice::{Names, Tape, TextTape, Trace, escaped, printable};
use crate::fault::{FaultKind, Injected};
use crate::goal::Guide;
use crate::sim::{Counts, Deeds, Found};
use crate::topology::Topology;
use crate::trace::{Event, Mark, Span, StoryLine, seconds};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that is wrong with the system under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What tells it from other findings: kind and name, with digits masked. Never a line number
    /// or an address, so that it is the same in the fuzzer, the shrinker and the report.
    pub identity: String,
    /// What happened, in a sentence.
    pub reason: String,
    /// The host it happened on; empty when it concerns all.
    pub host: String,
    /// When, in virtual time.
    pub at: Duration,
}

impl Finding {
    pub(crate) fn new(found: Found, at: u64) -> Self {
        // further lines show this case: the two sides of an `assert_eq!`, for instance
        let name = escaped(found.name.lines().next().unwrap_or_default());
        let identity = format!("{}: {}", found.kind, mask(&name));
        // both are printed, kept in files and read from them
        Self { identity, reason: printable(&found.reason), host: found.host, at: Duration::from_nanos(at) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.identity, seconds(self.at.as_nanos() as u64))?;
        if !self.host.is_empty() {
            write!(f, " on {}", escaped(&self.host))?;
        }
        write!(f, "\n  {}", self.reason.replace('\n', "\n  "))
    }
}

/// What a full table of an `assert_sometimes_each!` means.
pub(super) fn overflow(dropped: u64) -> String {
    format!(
        "{dropped} tuples of keys of an assert_sometimes_each! were not kept: more than {BUCKETS_MAX} in a run are a counter or an address"
    )
}

/// Each run of digits becomes one `#`: addresses, indexes and counts are no identity.
fn mask(name: &str) -> String {
    let mut masked = String::with_capacity(name.len());
    for c in name.chars() {
        if !c.is_ascii_digit() {
            masked.push(c);
        } else if !masked.ends_with('#') {
            masked.push('#');
        }
    }
    masked
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All phases are done and nothing was wrong.
    Passed,
    /// There is a finding; the run ended there.
    Found,
    /// The bound on events was reached: neither a pass nor a finding.
    Truncated,
}

/// What came of one run of a tape.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub(crate) status: Status,
    pub(crate) finding: Option<Finding>,
    pub(crate) digest: u64,
    pub(crate) virtual_time: Duration,
    pub(crate) events: u64,
    pub(crate) choices: u64,
    pub(crate) counts: Counts,
    pub(crate) injected: Injected,
    pub(crate) buggified: Vec<(String, u32)>,
    /// The injectors by name, and what each has done.
    pub(crate) deeds: Vec<(String, Deeds)>,
    pub(crate) at_rest: bool,
    pub(crate) record: Record,
    pub(crate) guides: Vec<Guide>,
    pub(crate) contexts: Vec<Guide>,
    pub(crate) collisions: Vec<String>,
    pub(crate) trace: Option<Trace>,
    pub(crate) names: Option<Names>,
    pub(crate) story: Vec<StoryLine>,
    /// What went into the digest; known when the run was told.
    pub(crate) kept: Vec<Event>,
    pub(crate) spans: Vec<Span>,
    /// Who took part; known when the run was told.
    pub(crate) topology: Option<Arc<Topology>>,
}

impl Outcome {
    /// How the run ended.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What was wrong, if anything.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// A digest over all choices and events: the same tape gives the same digest, in any
    /// process, thread and build of the same code.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// How much virtual time passed.
    pub fn virtual_time(&self) -> Duration {
        self.virtual_time
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many choices were made.
    pub fn choices(&self) -> u64 {
        self.choices
    }

    /// How often a fault of `kind` was injected.
    ///
    /// ```
    /// # use simfuzz::prelude::*;
    /// # struct Work;
    /// # #[async_trait(?Send)]
    /// # impl Workload for Work {
    /// # fn name(&self) -> &str { "work" }
    /// # async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> { Ok(()) }
    /// # }
    /// # let simulation = SimulationBuilder::new().workload(|| Box::new(Work)).build();
    /// let outcome = simulation.run(&Tape::calm());
    /// assert_eq!(outcome.injected(FaultKind::Crash), 0, "a calm tape has no faults");
    /// ```
    pub fn injected(&self, kind: FaultKind) -> u32 {
        self.injected.of(kind)
    }

    /// The kinds of fault that were injected, and how often each was.
    pub fn faults(&self) -> impl Iterator<Item = (FaultKind, u32)> + '_ {
        let counted = FaultKind::ALL.iter().map(|&kind| (kind, self.injected.of(kind)));
        counted.filter(|&(_, count)| count > 0)
    }

    /// The places marked by [`buggify!`](crate::buggify!) that the storm came by, and how often
    /// each fired.
    pub fn buggified(&self) -> &[(String, u32)] {
        &self.buggified
    }

    /// How often a process crashed by a fault.
    pub fn crashes(&self) -> u32 {
        self.injected(FaultKind::Crash)
    }

    /// How often a process was asked to stop.
    pub fn stops(&self) -> u32 {
        self.injected(FaultKind::Stop)
    }

    /// How often a process booted again.
    pub fn restarts(&self) -> u32 {
        self.counts.restarts
    }

    /// How often a process's `run` returned `Ok`.
    pub fn exits(&self) -> u32 {
        self.counts.exits
    }

    /// How often a process's error or panic counted as a crash.
    pub fn fail_stops(&self) -> u32 {
        self.counts.fail_stops
    }

    /// How many workloads gave up in bad weather.
    pub fn gave_up(&self) -> u32 {
        self.counts.gave_up
    }

    /// How many partitions there were.
    pub fn partitions(&self) -> u32 {
        self.injected(FaultKind::Partition)
    }

    /// How often a task was held back.
    pub fn holds(&self) -> u32 {
        self.injected(FaultKind::Hold)
    }

    /// Did the system come to rest before `check`, rather than run into the limit of the drain?
    pub fn came_to_rest(&self) -> bool {
        self.at_rest
    }

    /// What the assertions recorded.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The guiding states that were reached; see [`SharedState::guide`](crate::SharedState::guide).
    pub fn guides(&self) -> &[Guide] {
        &self.guides
    }

    /// In which contexts faults came: the kind, what the host did last, and whether it was its first
    /// boot, its second or a later one.
    pub(crate) fn contexts(&self) -> &[Guide] {
        &self.contexts
    }

    /// Labels that tapes can't reach, because their 32 bits are those of another label: rename
    /// one of the two.
    pub fn collisions(&self) -> &[String] {
        &self.collisions
    }

    /// All choices; present unless the run was made without.
    pub fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// Takes the choices out.
    pub(crate) fn take_trace(&mut self) -> Option<Trace> {
        self.trace.take()
    }

    /// What the assertions recorded, to be recycled.
    pub(crate) fn into_record(self) -> Record {
        self.record
    }

    /// The names of the labels; present when the run was told.
    pub(crate) fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// The story, line by line; empty unless the run was told.
    pub fn story(&self) -> &[StoryLine] {
        &self.story
    }

    /// What lasted: boots, partitions, pauses; empty unless the run was told.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Who took part; `None` unless the run was told.
    pub fn topology(&self) -> Option<&Topology> {
        self.topology.as_deref()
    }

    /// `tape`, which this is the outcome of, as text with the names of its labels; `None` unless
    /// the run was told.
    pub fn text(&self, tape: &Tape) -> Option<TextTape> {
        Some(TextTape::new(tape.clone(), self.trace.as_ref()?, self.names.as_ref()?))
    }

    /// Panics with the finding, unless the run passed.
    ///
    /// # Panics
    ///
    /// When there is a finding, or the run was truncated.
    #[track_caller]
    pub fn assert_ok(&self) {
        match (&self.finding, self.status) {
            (Some(finding), _) => panic!("{finding}"),
            (None, Status::Passed) => {}
            (None, status) => panic!("the run ended early: {status:?} after {} events", self.events),
        }
    }

    /// Writes the story as text: virtual time, host, what happened. Without `all`, only faults,
    /// operations, messages and the finding.
    pub fn tell(&self, all: bool) -> String {
        let lines: Vec<_> = self.story.iter().filter(|line| all || line.main).collect();
        let host = lines.iter().map(|line| line.host.chars().count()).max().unwrap_or(0);
        let time = lines.iter().map(|line| seconds(line.at).len()).max().unwrap_or(0);
        let line = |line: &StoryLine| {
            let text = shown_line(line, time + host + 4);
            let text = format!("{:>time$}  {:host$}  {text}", seconds(line.at), escaped(&line.host));
            text.trim_end().to_owned() + "\n"
        };
        lines.into_iter().map(line).collect()
    }
}

/// The words of a line of the story. A finding may show its case on lines of its own, which begin
/// after `indent` spaces.
pub(crate) fn shown_line(line: &StoryLine, indent: usize) -> String {
    match line.mark {
        Mark::Finding => line.text.split('\n').map(escaped).collect::<Vec<_>>().join(&format!("\n{:indent$}", "")),
        _ => escaped(&line.text),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.finding, self.status) {
            (Some(finding), _) => write!(f, "{finding}")?,
            (None, Status::Truncated) => write!(f, "truncated: neither a pass nor a finding")?,
            (None, _) => write!(f, "passed")?,
        }
        write!(
            f,
            "\n{} events, {} choices, {} virtual, digest {:016x}",
            self.events,
            self.choices,
            seconds(self.virtual_time.as_nanos() as u64),
            self.digest
        )?;
        for (kind, count) in self.faults() {
            write!(f, ", {count} {kind}")?;
        }
        let counts = &self.counts;
        for (count, what) in [
            (counts.restarts, "restarts"),
            (counts.exits, "exits"),
            (counts.fail_stops, "fail-stops"),
            (counts.gave_up, "workloads gave up"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if self.status == Status::Passed && !self.at_rest {
            write!(f, "\nwarning: the system did not come to rest before check")?;
        }
        if self.record.buckets_dropped > 0 {
            write!(f, "\nwarning: {}", overflow(self.record.buckets_dropped))?;
        }
        for label in &self.collisions {
            write!(f, "\nwarning: no tape can reach the label `{label}`: rename it")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_no_identity() {
        assert_eq!(mask("10.0.1.22:4500 lost 7 of 9"), "#.#.#.#:# lost # of #");
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(escaped("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
    }
}
