//! Two runs of one tape that ought to be the same: where they part, and the stories around it.
//!
//! Owns the comparison of what was told. Why they part is `check`'s to find out, and what is run how
//! often the caller's.

use super::outcome::Outcome;
use crate::choice::escaped as shown;
use crate::trace::{Event, What, seconds};
use std::fmt;

#[cfg(feature = "fuzz")]
use serde::{Deserialize, Serialize};

/// Lines of a story that are shown before the first that differs, and after it.
const AROUND: usize = 4;

/// A told run as it is compared, and handed from process to process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
pub(crate) struct Told {
    digest: u64,
    events: Vec<Happened>,
    choices: Vec<Chosen>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
struct Happened {
    at: u64,
    what: String,
    host: String,
    values: [u64; 3],
    lines: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
struct Chosen {
    at: u64,
    host: String,
    /// `client-0/op #2`.
    address: String,
    value: u64,
    max: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize, Deserialize))]
struct Line {
    at: u64,
    host: String,
    text: String,
}

impl Told {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let hosts = outcome.topology().map(|topology| topology.hosts()).unwrap_or_default();
        let line =
            |line: &crate::trace::StoryLine| Line { at: line.at, host: line.host.clone(), text: line.text.clone() };
        let lines: Vec<_> = outcome.story().iter().map(line).collect();
        let event = |event: &Event| {
            let host = match event.what.has_host() {
                true => hosts.get(event.first as usize).map(|host| host.name.clone()),
                // told before or after it, by whoever is at work
                false => {
                    let near = lines.get((event.lines as usize).saturating_sub(1));
                    near.filter(|line| line.at == event.at).map(|line| line.host.clone())
                }
            };
            Happened {
                at: event.at,
                what: name(event.what).to_owned(),
                host: host.unwrap_or_default(),
                values: [event.first, event.second, event.bytes],
                lines: event.lines,
            }
        };
        let events = outcome.kept.iter().map(event).collect();
        let choices = outcome.trace().map(|trace| {
            let chosen = |choice: &crate::choice::Choice| {
                let name = outcome.names().and_then(|names| names.get(trace.label(choice))).unwrap_or("?");
                let address = format!("{name} #{}", choice.ordinal);
                Chosen { at: choice.at, host: chooser(hosts, name), address, value: choice.value, max: choice.max }
            };
            trace.choices().iter().map(chosen).collect()
        });
        Self { digest: outcome.digest(), events, choices: choices.unwrap_or_default(), lines }
    }
}

/// The host that a label is of: `client-0/op`, `fault/10.0.1.2/crash`, `link/10.0.1.1-10.0.0.1/latency`.
fn chooser(hosts: &[crate::topology::Host], label: &str) -> String {
    let mut parts = label.split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let ip = second.split('-').next().unwrap_or_default();
    let host = hosts.iter().find(|host| host.name == first || host.ip.to_string() == ip);
    host.map(|host| host.name.clone()).unwrap_or_default()
}

fn name(what: What) -> &'static str {
    match what {
        What::Phase => "a phase begins",
        What::Boot => "a boot",
        What::Exit => "an end",
        What::Send => "a sending",
        What::Deliver => "an arrival",
        What::Connect => "a connect",
        What::Accept => "an accept",
        What::Close => "a close",
        What::Reset => "a reset",
        What::Stall => "a stall",
        What::Heal => "a heal",
        What::Disk => "an operation of a disk",
        What::Hold => "a task held back",
        What::Note => "a note",
        What::Publish => "a published state",
        What::Chose => "a word for a generator",
        What::Finding => "a finding",
        What::Fault => "a fault",
        What::History => "an operation of a history",
    }
}

/// Where two runs of one tape part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize))]
pub(crate) struct Difference {
    /// The digests of both.
    pub(crate) digests: [String; 2],
    /// The first event that differs; `None` if all are the same.
    pub(crate) event: Option<Parting>,
    /// The first choice that differs.
    pub(crate) choice: Option<Parting>,
    /// Lines of both stories around the place.
    pub(crate) stories: [Vec<String>; 2],
}

/// Something that is one thing in one run and another in the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(Serialize))]
pub(crate) struct Parting {
    /// Its number in the run, from 0.
    pub(crate) number: usize,
    /// The host it happened on, if it is known.
    pub(crate) host: String,
    /// Virtual nanoseconds.
    pub(crate) at: u64,
    /// What it was in both.
    pub(crate) was: [String; 2],
}

impl Difference {
    /// Where `one` and `other` part; `None` if they don't.
    pub(crate) fn between(one: &Told, other: &Told) -> Option<Self> {
        if one == other {
            return None;
        }
        let digests = [one, other].map(|told| format!("{:016x}", told.digest));
        let same = |a: &Happened, b: &Happened| (a.at, &a.what, a.values) == (b.at, &b.what, b.values);
        let number = parting(&one.events, &other.events, same);
        let event = number.map(|number| {
            let both = [one.events.get(number), other.events.get(number)];
            let first = both[0].or(both[1]).cloned().unwrap_or_default();
            let was = both.map(|event| match event {
                None => "nothing: the run is over".to_owned(),
                Some(event) => {
                    let on = if event.host == first.host { String::new() } else { format!(" on {}", event.host) };
                    let at = if event.at == first.at { String::new() } else { format!(" at {}", seconds(event.at)) };
                    format!("{}{on}{at}", event.what)
                }
            });
            Parting { number, host: first.host, at: first.at, was }
        });
        let number = parting(&one.choices, &other.choices, |a, b| a == b);
        let choice = number.map(|number| {
            let both = [one.choices.get(number), other.choices.get(number)];
            let first = both[0].or(both[1]).cloned().unwrap_or_default();
            let was = both.map(|choice| match choice {
                None => "none: the run is over".to_owned(),
                Some(choice) => {
                    let at = if choice.at == first.at { String::new() } else { format!(" at {}", seconds(choice.at)) };
                    format!("{} = {} of 0..={}{at}", choice.address, choice.value, choice.max)
                }
            });
            Parting { number, host: first.host, at: first.at, was }
        });
        let line = parting(&one.lines, &other.lines, |a, b| a == b);
        let by_event = || {
            let number = event.as_ref()?.number;
            one.events.get(number).or(other.events.get(number)).map(|event| event.lines as usize)
        };
        let line = line.or_else(by_event).unwrap_or(0);
        let stories = [one, other].map(|told| around(&told.lines, line));
        Some(Self { digests, event, choice, stories })
    }

    /// In one line: the first thing that differs.
    pub(crate) fn briefly(&self) -> String {
        let part = |what: &str, parting: &Parting| {
            let on = if parting.host.is_empty() { String::new() } else { format!(" on {}", parting.host) };
            let [one, other] = &parting.was;
            let was = if one == other { format!("{one}, with other contents") } else { format!("{one}, then {other}") };
            format!("the first {what} that differs is #{}{on} at {}: {was}", parting.number, seconds(parting.at))
        };
        let parts: Vec<_> = [("event", &self.event), ("choice", &self.choice)]
            .into_iter()
            .filter_map(|(what, parting)| Some(part(what, parting.as_ref()?)))
            .collect();
        if parts.is_empty() { "the words of the story alone differ".to_owned() } else { parts.join("; ") }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.briefly().replace("; the first choice", "\nthe first choice"))?;
        for (name, lines) in ["one run", "the other"].iter().zip(&self.stories) {
            writeln!(f, "{name}:")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        Ok(())
    }
}

/// The first number at which two lists differ.
fn parting<T>(one: &[T], other: &[T], same: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let parts = one.iter().zip(other).position(|(one, other)| !same(one, other));
    parts.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))
}

/// The lines around number `line`, which is marked.
fn around(lines: &[Line], line: usize) -> Vec<String> {
    let from = line.saturating_sub(AROUND).min(lines.len());
    let to = (line + AROUND + 1).min(lines.len());
    let mut all: Vec<_> = lines[from..to]
        .iter()
        .enumerate()
        .map(|(index, told)| {
            let mark = if from + index == line { '>' } else { ' ' };
            format!("{mark} {}  {}  {}", seconds(told.at), told.host, shown(&told.text))
        })
        .collect();
    if line >= lines.len() {
        all.push("> the story is over".to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[u64]) -> Told {
        let event = |&value: &u64| Happened {
            at: 5,
            what: "a sending".into(),
            host: "a".into(),
            values: [0, value, 0],
            lines: 0,
        };
        let line = |&value: &u64| Line { at: 5, host: "a".into(), text: format!("says {value}") };
        Told {
            digest: 7,
            events: values.iter().map(event).collect(),
            choices: vec![],
            lines: values.iter().map(line).collect(),
        }
    }

    #[test]
    fn the_first_that_differs_is_named_with_both_stories() {
        assert_eq!(Difference::between(&told(&[1, 2]), &told(&[1, 2])), None);
        let found = Difference::between(&told(&[1, 2, 3]), &told(&[1, 9, 3])).unwrap();
        assert_eq!(
            found.briefly(),
            "the first event that differs is #1 on a at 0.000000s: a sending, with other contents"
        );
        assert!(found.stories[0].contains(&"> 0.000000s  a  says 2".to_owned()), "{found}");
        assert!(found.stories[1].contains(&"> 0.000000s  a  says 9".to_owned()), "{found}");
        let short = Difference::between(&told(&[1, 2]), &told(&[1])).unwrap();
        assert_eq!(short.event.as_ref().unwrap().was[1], "nothing: the run is over");
        assert_eq!(short.stories[1].last().unwrap(), "> the story is over");
    }
}
