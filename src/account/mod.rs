//! The account of a run: what happened, as plain data for those who show it.
//!
//! Owns the form: names, numbers, and what is left out. It judges nothing and knows no page; what
//! the run was is taken from its [`Outcome`]. `docs/report.md` describes the JSON.

use crate::choice::{Choice, Op, SCOPE_BITS, Tape, Trace, kind_name};
use crate::run::{Outcome, Status};
use crate::trace::{Lasting, Mark};
use serde::{Serialize, Serializer};

/// What happened in a run.
///
/// Times are virtual nanoseconds since its start, hosts are indexes into [`hosts`](Account::hosts),
/// events are indexes into [`events`](Account::events).
///
/// ```
/// use simfuzz::account::Account;
/// use simfuzz::prelude::*;
/// # struct Work;
/// # #[async_trait(?Send)]
/// # impl Workload for Work {
/// # fn name(&self) -> &str { "work" }
/// # async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> { Ok(()) }
/// # }
/// # let simulation = SimulationBuilder::new().workload(|| Box::new(Work)).build();
/// let tape = Tape::calm();
/// let outcome = simulation.run_with(&tape, simfuzz::Recording::Story);
/// let account = Account::of(&tape, &outcome);
/// assert_eq!(account.status, "passed");
/// assert_eq!(account.hosts[0].name, "work");
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// `passed`, `found` or `truncated`.
    pub status: &'static str,
    /// What was wrong, if anything.
    pub finding: Option<Found>,
    /// The digest of the run, as 16 hexadecimal digits.
    pub digest: String,
    /// How much virtual time passed.
    pub virtual_time: u64,
    /// How many steps the simulation took: more than there are events.
    pub steps: u64,
    /// How many choices were made.
    pub choices_made: u64,
    /// The tape.
    pub tape: TapeText,
    /// The kinds of fault that came, with how often.
    pub faults: Vec<Count>,
    /// The goals that were reached, in order.
    pub goals: Vec<&'static str>,
    /// Who took part: processes first, then workloads, then injectors.
    pub hosts: Vec<Lane>,
    /// The story.
    pub events: Vec<Event>,
    /// What lasted.
    pub spans: Vec<Span>,
    /// The labels of the choices, by index.
    pub labels: Vec<String>,
    /// The choices, in the order they were made; the first 1,048,576 of them.
    pub choices: Vec<Chosen>,
}

/// What was wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// What tells it from other findings.
    pub identity: String,
    /// What happened.
    pub reason: String,
    /// The name of the host, empty when it concerns all.
    pub host: String,
    /// When.
    pub at: u64,
}

/// The tape, for people.
#[derive(Clone, Debug, Serialize)]
pub struct TapeText {
    /// All of it, in the text form.
    pub text: String,
    /// How many exceptions it has.
    pub rows: usize,
    /// How many choices of the run were not calm.
    pub wild: usize,
}

/// How often something happened.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// What, in the plural.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// A host, or an injector.
#[derive(Clone, Debug, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// `process`, `workload` or `injector`.
    pub kind: &'static str,
    /// Its address; an injector has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Its machine, zone and datacenter, where the simulation has such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// A line of the story.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Event {
    /// When.
    pub at: u64,
    /// Where; none for the simulation itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<u16>,
    /// How often the host had been booted before; left out while that is 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub boot: u32,
    /// `word`, `note`, `log`, `boot`, `down`, `fault`, `sent`, `arrived`, `held`, `disk`, `choice`
    /// or `finding`.
    pub sort: &'static str,
    /// What happened.
    pub text: String,
    /// Is it of the fine grain: left out of the story unless asked for?
    #[serde(skip_serializing_if = "is_false")]
    pub fine: bool,
    /// How many choices had been made. Those since the event before led to this one.
    pub choices: u64,
    /// Of a fault: its kind, as in its label. Of a log: its level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Of what is sent: to whom. Of what arrives: from whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<u16>,
    /// Of what is sent: how many bytes, if any.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: u32,
    /// Of what is sent: more of the payload than the text has, at most 1,024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Of what arrives or is held up: the event of its sending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
}

/// Something that lasted.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// `up`, `still`, `cut`, `clog` or `storm`.
    pub what: &'static str,
    /// When it began.
    pub from: u64,
    /// When it ended; none if the run ended before.
    pub to: Option<u64>,
    /// The event that told of its start.
    pub event: u64,
    /// Of `up` and `still`: the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<u16>,
    /// Of `up`: how often the host had been booted before.
    #[serde(skip_serializing_if = "is_zero")]
    pub boot: u32,
    /// Of `cut` and `clog`: directed links, from and to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<(u16, u16)>,
}

/// A choice that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Chosen {
    /// Its label, as an index.
    pub label: usize,
    /// Its ordinal, as the tape's text has it: `7`, or `2.0` within a scope.
    pub ordinal: String,
    /// What sort of choice it was: `flag`, `pick`, `range`, `gap`, `shape`, `knob` or `word`.
    pub kind: &'static str,
    /// The highest value it could have had; a string where it is past 2^53.
    #[serde(serialize_with = "wide")]
    pub max: u64,
    /// Its value, 0 the calmest; a string where it is past 2^53.
    #[serde(serialize_with = "wide")]
    pub value: u64,
    /// Did the tape say so, rather than its base?
    #[serde(skip_serializing_if = "is_false")]
    pub by_tape: bool,
}

/// The largest integer that every reader of JSON keeps exactly.
const EXACT: u64 = 1 << 53;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's interface")]
fn wide<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if *value <= EXACT { serializer.serialize_u64(*value) } else { serializer.collect_str(value) }
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl Account {
    /// The account of a run of `tape`. Of a run that was not told, events and labels are empty.
    pub fn of(tape: &Tape, outcome: &Outcome) -> Self {
        let empty = Trace::default();
        let trace = outcome.trace().unwrap_or(&empty);
        let hosts = lanes(outcome);
        Self {
            status: match outcome.status() {
                Status::Passed => "passed",
                Status::Found => "found",
                Status::Truncated => "truncated",
            },
            finding: outcome.finding().map(|finding| Found {
                identity: finding.identity.clone(),
                reason: finding.reason.clone(),
                host: finding.host.clone(),
                at: finding.at.as_nanos() as u64,
            }),
            digest: format!("{:016x}", outcome.digest()),
            virtual_time: outcome.virtual_time().as_nanos() as u64,
            steps: outcome.events(),
            choices_made: outcome.choices(),
            tape: TapeText {
                text: outcome.text(tape).map(|text| text.print(outcome.trace())).unwrap_or_default(),
                rows: tape.rows().len(),
                wild: trace.wild(),
            },
            faults: outcome
                .faults()
                .map(|(kind, count)| Count { name: kind.to_string(), count: count.into() })
                .collect(),
            goals: crate::regress::witness(outcome),
            events: events(outcome, &hosts),
            spans: outcome.spans().iter().map(span).collect(),
            labels: labels(outcome, trace),
            choices: choices(tape, trace),
            hosts,
        }
    }

    /// The same without what is long: for a run that stands beside another.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.events.clear();
        self.spans.clear();
        self.labels.clear();
        self.choices.clear();
        self
    }
}

fn lanes(outcome: &Outcome) -> Vec<Lane> {
    let Some(topology) = outcome.topology() else { return Vec::new() };
    let host = |host: &crate::topology::Host| Lane {
        name: host.name.clone(),
        kind: if host.is_process { "process" } else { "workload" },
        ip: Some(host.ip.to_string()),
        tags: host.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
    };
    let injector = |name: &str| Lane { name: format!("fault/{name}"), kind: "injector", ip: None, tags: Vec::new() };
    topology.hosts().iter().map(host).chain(topology.injectors().map(injector)).collect()
}

fn events(outcome: &Outcome, hosts: &[Lane]) -> Vec<Event> {
    let numbers: std::collections::BTreeMap<_, _> =
        (0u16..).zip(hosts).map(|(number, host)| (host.name.as_str(), number)).collect();
    let event = |line: &crate::trace::StoryLine| {
        let event = Event {
            at: line.at,
            host: numbers.get(line.host.as_str()).copied(),
            boot: line.boot,
            text: line.text.clone(),
            fine: !line.main,
            choices: line.choices,
            ..Event::default()
        };
        match line.mark.clone() {
            Mark::Word => Event { sort: "word", ..event },
            Mark::Note => Event { sort: "note", ..event },
            Mark::Log { level } => Event { sort: "log", kind: Some(level), ..event },
            Mark::Boot => Event { sort: "boot", ..event },
            Mark::Down => Event { sort: "down", ..event },
            Mark::Fault { kind } => Event { sort: "fault", kind: Some(kind), ..event },
            Mark::Sent { to, bytes, payload } => Event { sort: "sent", peer: Some(to), bytes, payload, ..event },
            Mark::Arrived { from, sent } => Event { sort: "arrived", peer: Some(from), sent, ..event },
            Mark::Held { sent } => Event { sort: "held", sent, ..event },
            Mark::Disk => Event { sort: "disk", ..event },
            Mark::Choice => Event { sort: "choice", ..event },
            Mark::Finding => Event { sort: "finding", ..event },
        }
    };
    outcome.story().iter().map(event).collect()
}

fn span(span: &crate::trace::Span) -> Span {
    let (what, host, boot, links) = match &span.what {
        Lasting::Up { host, boot } => ("up", Some(*host), *boot, Vec::new()),
        Lasting::Still { host } => ("still", Some(*host), 0, Vec::new()),
        Lasting::Cut { links, .. } => ("cut", None, 0, links.clone()),
        Lasting::Clog { links } => ("clog", None, 0, links.clone()),
        Lasting::Storm => ("storm", None, 0, Vec::new()),
    };
    Span { what, from: span.from, to: span.to, event: span.line, host, boot, links }
}

fn labels(outcome: &Outcome, trace: &Trace) -> Vec<String> {
    let Some(names) = outcome.names() else { return Vec::new() };
    trace.labels().map(|label| names.get(label).unwrap_or("?").to_owned()).collect()
}

fn choices(tape: &Tape, trace: &Trace) -> Vec<Chosen> {
    let labels: Vec<_> = trace.labels().collect();
    let scoped: Vec<_> = labels.iter().map(|&label| trace.is_scoped(label)).collect();
    let by_tape: std::collections::BTreeSet<_> =
        tape.rows().iter().filter(|row| row.op == Op::Set).map(|row| (row.label, row.ordinal)).collect();
    let chosen = |choice: &Choice| {
        let label = trace.label_index(choice);
        let ordinal = match scoped[label] {
            true => format!("{}.{}", choice.ordinal >> SCOPE_BITS, choice.ordinal & ((1 << SCOPE_BITS) - 1)),
            false => choice.ordinal.to_string(),
        };
        let kind = kind_name(choice.kind);
        let by_tape = by_tape.contains(&(labels[label].id(), choice.ordinal));
        Chosen { label, ordinal, kind, max: choice.max, value: choice.value, by_tape }
    };
    trace.choices().iter().map(chosen).collect()
}
