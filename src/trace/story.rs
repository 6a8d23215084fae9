//! The story: what happened, line by line, for those who listen; and what lasted.
//!
//! Owns the lines, their numbers, and which arrival belongs to which sending. Costs nothing while
//! nobody listens, and decides nothing.

use crate::timeline::Nanos;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The most lines a story keeps; a runaway run is cut here, and says so.
///
/// Four times what a reader's page is built for, and some 100 MB of lines.
const STORY_MAX: usize = 400_000;

/// Bytes of a payload that a story keeps.
const PAYLOAD_MAX: usize = 1_024;

/// One line of the story of a run. Its number is its place in the story, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoryLine {
    /// Virtual nanoseconds since the start of the run.
    pub at: u64,
    /// The host it happened on, empty for the simulation itself.
    pub host: String,
    /// How often the host had been booted before.
    pub boot: u32,
    /// What happened.
    pub text: String,
    /// Is it worth reading at the coarse grain? Faults, operations and messages are; single
    /// choices, arrivals and disk operations are not.
    pub main: bool,
    /// How many choices the run had made. Those since the line before led to this one.
    pub choices: u64,
    /// What sort of line it is.
    pub mark: Mark,
}

/// What sort of line it is, and what belongs to it besides its words.
///
/// Hosts are numbered in the order of the topology, lines in the order of the story.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// Words of the simulation: a phase, a fault that ends.
    #[default]
    Word,
    /// Words of the program: [`SimContext::note`](crate::SimContext::note).
    Note,
    /// An event of the `tracing` crate, at this level.
    Log {
        /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
        level: &'static str,
    },
    /// A process boots.
    Boot,
    /// A process goes down, and it is no fault: it exits, fails, or has left.
    Down,
    /// A fault of this kind, as in its label: `crash`.
    Fault {
        /// The last part of the label under which it is drawn.
        kind: &'static str,
    },
    /// Something is sent.
    Sent {
        /// To this host.
        to: u16,
        /// So many bytes; 0 for what has none, such as the end of a stream.
        bytes: u32,
        /// The payload, where the line shows a part of it only: text or hex, at most 1,024 bytes.
        payload: Option<String>,
    },
    /// What was sent arrives.
    Arrived {
        /// From this host.
        from: u16,
        /// The line that told of the sending, unless the story was cut before.
        sent: Option<u64>,
    },
    /// What was sent will not arrive, or has met a cut link.
    Held {
        /// The line that told of the sending.
        sent: Option<u64>,
    },
    /// An operation of a disk.
    Disk,
    /// A choice of the program.
    Choice,
    /// What was wrong.
    Finding,
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// What it was.
    pub what: Lasting,
    /// Virtual nanoseconds of its start.
    pub from: u64,
    /// And of its end; `None` if the run ended before.
    pub to: Option<u64>,
    /// The line of the story that told of its start.
    pub line: u64,
}

/// What can last. Hosts are numbered in the order of the topology.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lasting {
    /// A process is up.
    Up {
        /// Which host.
        host: u16,
        /// How often it had been booted before.
        boot: u32,
    },
    /// A process stands still.
    Still {
        /// Which host.
        host: u16,
    },
    /// Links are cut.
    Cut {
        /// The number of the partition, from 0.
        number: u32,
        /// Directed links: from, to.
        links: Vec<(u16, u16)>,
    },
    /// Links are late.
    Clog {
        /// Directed links: from, to.
        links: Vec<(u16, u16)>,
    },
    /// Faults are on.
    Storm,
}

/// Names something under way: a connection and direction, and a number there.
pub(crate) type Parcel = (u64, u64);

/// A line about to be told.
pub(crate) struct Moment {
    pub(crate) at: Nanos,
    pub(crate) choices: u64,
}

/// The story of one run, while it is told.
#[derive(Debug, Default)]
pub(crate) struct Story {
    told: bool,
    lines: Vec<StoryLine>,
    spans: Vec<Span>,
    /// Is the run over, so that what is sent now is only what its end drops?
    over: bool,
    /// The lines of what is under way.
    parcels: BTreeMap<Parcel, u64>,
}

/// Where a debugger is to be met, and how.
#[derive(Debug)]
struct Break {
    number: u64,
    meet: fn(&StoryLine),
}

static BREAK: OnceLock<Break> = OnceLock::new();

/// Calls `meet` when line `number` of a story is told, in the midst of what it tells of: once a
/// process, for a debugger.
#[cfg(feature = "fuzz")]
pub(crate) fn break_at(number: u64, meet: fn(&StoryLine)) {
    // the first call counts
    let _ = BREAK.set(Break { number, meet });
}

impl Story {
    pub(super) fn start(&mut self, told: bool) {
        (self.told, self.over) = (told, false);
        self.lines.clear();
        self.spans.clear();
        self.parcels.clear();
    }

    #[inline]
    pub(crate) fn told(&self) -> bool {
        self.told
    }

    /// Adds a line; the caller has seen that somebody listens.
    #[cold]
    pub(crate) fn add(&mut self, moment: Moment, main: bool, (host, boot): (&str, u32), mark: Mark, text: String) {
        if self.lines.len() > STORY_MAX {
            return;
        }
        let Moment { at, choices } = moment;
        let (host, boot, text, main, mark) = match self.lines.len() {
            STORY_MAX => {
                ("", 0, format!("the story is cut here, after {STORY_MAX} lines: the run went on"), true, Mark::Word)
            }
            _ => (host, boot, text, main, mark),
        };
        self.lines.push(StoryLine { at, host: host.to_owned(), boot, text, main, choices, mark });
        if let Some(&Break { number, meet }) = BREAK.get()
            && number + 1 == self.lines.len() as u64
            && let Some(line) = self.lines.last()
        {
            meet(line);
        }
    }

    /// The run is over: connections close as they are dropped, which is nobody's doing.
    pub(crate) fn is_over(&mut self) {
        self.over = true;
    }

    /// Is somebody interested in segments without bytes?
    pub(crate) fn tells_of_control(&self) -> bool {
        self.told && !self.over
    }

    /// How many lines there are.
    pub(super) fn told_so_far(&self) -> u32 {
        self.lines.len() as u32
    }

    /// The number of the last line.
    pub(crate) fn last(&self) -> u64 {
        (self.lines.len() as u64).saturating_sub(1)
    }

    /// The last line told of the sending of `parcel`.
    pub(crate) fn sent(&mut self, parcel: Parcel) {
        self.sent_by(parcel, self.last());
    }

    /// Line number `line` told of the sending of `parcel`.
    pub(crate) fn sent_by(&mut self, parcel: Parcel, line: u64) {
        self.parcels.insert(parcel, line);
    }

    /// `parcel` has arrived, or is lost: the line that told of its sending.
    pub(crate) fn take(&mut self, parcel: Parcel) -> Option<u64> {
        self.parcels.remove(&parcel)
    }

    /// The line that told of the sending of `parcel`, which goes on.
    pub(crate) fn line_of(&self, parcel: Parcel) -> Option<u64> {
        self.parcels.get(&parcel).copied()
    }

    /// Something begins to last, of which the last line told.
    pub(crate) fn begin(&mut self, at: Nanos, what: Lasting, to: Option<Nanos>) {
        let line = self.last();
        self.spans.push(Span { what, from: at, to, line });
    }

    /// What is `which` ends.
    pub(crate) fn end(&mut self, at: Nanos, which: impl Fn(&Lasting) -> bool) {
        let open = self.spans.iter_mut().filter(|span| span.to.is_none_or(|to| to > at) && which(&span.what));
        open.for_each(|span| span.to = Some(at));
    }

    pub(crate) fn take_lines(&mut self) -> Vec<StoryLine> {
        std::mem::take(&mut self.lines)
    }

    pub(crate) fn take_spans(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.spans)
    }
}

/// The payload as the story keeps it, if `shown` bytes of it are not all.
pub(crate) fn payload(bytes: &[u8]) -> Option<String> {
    (bytes.len() > super::SHOWN).then(|| super::readable(bytes, PAYLOAD_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_that_is_cut_says_so_and_grows_no_more() {
        let mut story = Story::default();
        story.start(true);
        for choices in 0..STORY_MAX as u64 + 9 {
            story.add(Moment { at: 7, choices }, false, ("a", 0), Mark::Word, String::new());
        }
        let lines = story.take_lines();
        assert_eq!(lines.len(), STORY_MAX + 1);
        let last = lines.last().unwrap();
        assert!(last.main && last.text.contains("cut here, after 400000 lines"), "{last:?}");
    }

    #[test]
    fn an_arrival_finds_its_sending_once_and_spans_end_once() {
        let mut story = Story::default();
        story.start(true);
        let line =
            |story: &mut Story, at| story.add(Moment { at, choices: 0 }, true, ("a", 0), Mark::Word, String::new());
        line(&mut story, 1);
        line(&mut story, 2);
        story.sent((5, 0));
        assert_eq!((story.line_of((5, 0)), story.take((5, 0)), story.take((5, 0))), (Some(1), Some(1), None));
        story.begin(2, Lasting::Still { host: 3 }, None);
        story.begin(2, Lasting::Clog { links: Vec::new() }, Some(9));
        story.end(4, |what| matches!(what, Lasting::Still { host: 3 }));
        story.end(6, |_| true);
        let ends: Vec<_> = story.take_spans().iter().map(|span| (span.line, span.to)).collect();
        assert_eq!(ends, [(1, Some(4)), (1, Some(6))], "a clog that all is healed from ends before its time");
    }
}
