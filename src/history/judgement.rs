//! What a check comes to, and how a counterexample reads.

use super::record::Operation;
use crate::trace::seconds;
use std::fmt;

/// What a check of a history came to.
///
/// [`assert_history!`](crate::assert_history) makes a finding of all but [`Judgement::Holds`]; in
/// plain code there is [`assert_ok`](Judgement::assert_ok).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a judgement that nobody looks at finds nothing"]
pub enum Judgement {
    /// The history keeps the promise.
    Holds,
    /// It does not, and this shows it.
    Violated(Counterexample),
    /// Not decided, and why: no pass.
    Undecided(String),
}

impl Judgement {
    /// Does the history keep the promise? Not if that could not be decided.
    pub fn holds(&self) -> bool {
        *self == Self::Holds
    }

    /// Was it decided, one way or the other?
    pub fn is_decided(&self) -> bool {
        !matches!(self, Self::Undecided(_))
    }

    /// The operations that show a violation, if there is one.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        match self {
            Self::Violated(counterexample) => Some(counterexample),
            Self::Holds | Self::Undecided(_) => None,
        }
    }

    /// Panics with what is wrong, unless the history keeps the promise.
    ///
    /// # Panics
    ///
    /// When it does not, or that was not decided.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.holds(), "{self}");
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => write!(f, "the history is right"),
            Self::Violated(counterexample) => counterexample.fmt(f),
            Self::Undecided(why) => write!(f, "{why}"),
        }
    }
}

/// The few operations of a history that show a violation by themselves.
///
/// As text it is a line each: client, virtual times of invocation and response, what was asked and
/// what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    heading: String,
    lines: Vec<Line>,
    ending: String,
}

/// An operation as it stands in a counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// Its place in the history.
    index: usize,
    client: String,
    from: String,
    to: String,
    text: String,
}

impl Counterexample {
    pub(super) fn new<'a, I: fmt::Debug + 'a, O: fmt::Debug + 'a>(
        heading: String,
        history: &'a [Operation<I, O>],
        operations: impl IntoIterator<Item = usize>,
        ending: String,
    ) -> Self {
        let line = |index: usize| {
            let operation = &history[index];
            Line {
                index,
                client: operation.client().to_owned(),
                from: seconds(operation.invoked.as_nanos() as u64),
                to: operation.returned().map_or_else(|| "?".to_owned(), |at| seconds(at.as_nanos() as u64)),
                text: operation.to_string(),
            }
        };
        Self { heading, lines: operations.into_iter().map(line).collect(), ending }
    }

    /// How many operations it has.
    #[expect(clippy::len_without_is_empty, reason = "a violation has an operation")]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Their places in [`History::operations`](super::History::operations).
    pub fn indexes(&self) -> impl ExactSizeIterator<Item = usize> {
        self.lines.iter().map(|line| line.index)
    }

    /// The operations, each as what was asked and what was answered: `Write(3) -> Done`.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(|line| &*line.text)
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.heading)?;
        let width = |of: fn(&Line) -> &str| self.lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0);
        let (client, from, to) = (width(|line| &line.client), width(|line| &line.from), width(|line| &line.to));
        for line in &self.lines {
            write!(f, "\n  {:client$}  {:>from$} to {:>to$}  {}", line.client, line.from, line.to, line.text)?;
        }
        if !self.ending.is_empty() {
            write!(f, "\n  ({})", self.ending)?;
        }
        Ok(())
    }
}
