//! The form of a tape that people read, review and edit.
//!
//! ```text
//! tape 1  seed 0x0000000000000000  base calm
//! finding: always: read mismatch for key '{}'
//! client-0/op           #2    = 3    (pick, 0..=4)
//! fault/10.0.1.1/crash  #0    = 28   (gap, 0..=512)
//! at 1200us                   reseed 0x00000007
//! ```
//!
//! Owns the syntax. What the notes mean (`finding:`, `witness:`, ...) is the business of those
//! who write them; which rows a run used is the trace's.

use super::SCOPE_BITS;
use super::label::{Label, Names};
use super::tape::{Base, Moment, ORDINAL_MAX, Op, Row, Tape, TapeError, VERSION};
use super::trace::{Kind, Trace};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A line `key: value` of a tape's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// One word.
    pub key: String,
    /// The rest of the line.
    pub value: String,
}

/// A tape with the names and notes that its bytes don't carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextTape {
    /// The tape.
    pub tape: Tape,
    /// The names of its labels, by [`Label::id`].
    pub labels: BTreeMap<u32, String>,
    /// The notes in order.
    pub notes: Vec<Note>,
}

impl TextTape {
    /// `tape` with the names of its labels, and no notes.
    pub fn new(tape: Tape, trace: &Trace, names: &Names) -> Self {
        let used = trace.labels().map(|label| (label.id(), label));
        let labels: BTreeMap<u32, String> =
            used.filter_map(|(id, label)| Some((id, names.get(label)?.to_owned()))).collect();
        let labels = tape
            .rows()
            .iter()
            .filter(|row| row.op != Op::Reseed)
            .filter_map(|row| Some((row.label, labels.get(&row.label)?.clone())))
            .filter(|(id, name)| is_readable(name, *id))
            .collect();
        Self { tape, labels, notes: Vec::new() }
    }

    /// Adds a note; line breaks in `value` become spaces, other control characters are escaped.
    pub fn note(&mut self, key: &str, value: &str) {
        let value = escaped(&value.split_whitespace().collect::<Vec<_>>().join(" "));
        self.notes.push(Note { key: key.to_owned(), value });
    }

    /// The values of all notes under `key`.
    pub fn noted<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.notes.iter().filter(move |note| note.key == key).map(|note| note.value.as_str())
    }

    /// The text, with what `trace` knows of each row's choice in brackets.
    pub fn print(&self, trace: Option<&Trace>) -> String {
        let base = match self.tape.base() {
            Base::Seeded => "seeded",
            Base::Calm => "calm",
        };
        let mut text = format!("tape {VERSION}  seed {:#018x}  base {base}\n", self.tape.seed());
        for note in &self.notes {
            let _ = writeln!(text, "{}: {}", note.key, note.value);
        }
        let scoped: BTreeMap<u32, bool> = trace
            .map(|trace| trace.labels().map(|label| (label.id(), trace.is_scoped(label))).collect())
            .unwrap_or_default();
        let mut rows = self.tape.rows().to_vec();
        if let Some(trace) = trace {
            // in the order of the story
            rows.sort_by_cached_key(|row| match (row.op, trace.choice_of(row)) {
                (Op::Reseed, _) => trace.index_of(row.moment()),
                (_, Some(choice)) => trace.choices().partition_point(|other| other.at < choice.at),
                (_, None) => usize::MAX,
            });
        }
        let rows: Vec<_> = rows.iter().map(|row| self.line(row, trace, &scoped)).collect();
        let width = rows.iter().map(|(place, ..)| place.chars().count()).max().unwrap_or(0);
        for (place, ordinal, rest) in rows {
            let _ = writeln!(text, "{place:width$}  {ordinal:<6} {rest}");
        }
        text
    }

    fn line(&self, row: &Row, trace: Option<&Trace>, scoped: &BTreeMap<u32, bool>) -> (String, String, String) {
        let name = match self.labels.get(&row.label) {
            Some(name) => name.clone(),
            None => format!("~{:#010x}", row.label),
        };
        let ordinal = match scoped.get(&row.label) {
            Some(true) => format!("#{}.{}", row.ordinal >> SCOPE_BITS, row.ordinal & ((1 << SCOPE_BITS) - 1)),
            _ => format!("#{}", row.ordinal),
        };
        let remark = match trace.map(|trace| trace.choice_of(row)) {
            Some(Some(choice)) => format!("  ({}, 0..={})", kind_name(choice.kind), choice.max),
            Some(None) => "  (unused)".to_owned(),
            None => String::new(),
        };
        match row.op {
            Op::Set => (name, ordinal, format!("= {}{remark}", row.value)),
            Op::SetHigh => (name, ordinal, format!("+ {:#x} << 32", row.value)),
            Op::Calm if row.value == 0 => (name, ordinal, "calm from here on".to_owned()),
            Op::Calm => (name, ordinal, format!("calm for {}", row.value)),
            Op::Reseed => {
                let Moment { micros, choice } = row.moment();
                let nth = if choice > 0 { format!(" choice {choice}") } else { String::new() };
                (format!("at {micros}us{nth}"), String::new(), format!("reseed {:#010x}", row.value))
            }
        }
    }

    /// Reads the text form. Blank lines and lines that begin with `;` are skipped.
    ///
    /// # Errors
    ///
    /// Names the first line that is neither a header, a note nor a row.
    pub fn parse(text: &str) -> Result<Self, TapeError> {
        let mut header = None;
        let mut rows = Vec::new();
        let mut read = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line_of = |reason: &str| TapeError::Line { line: index + 1, reason: reason.to_owned() };
            let line = line.trim();
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if line.chars().any(|c| c.is_control() && c != '\t') {
                return Err(line_of("a control character, which no tape needs"));
            }
            if header.is_none() {
                header = Some(parse_header(line).map_err(|reason| line_of(&reason))?);
                continue;
            }
            if let Some((key, value)) = note(line) {
                read.notes.push(Note { key: key.to_owned(), value: value.to_owned() });
                continue;
            }
            let (row, name) = parse_row(line)
                .ok_or_else(|| line_of("neither a note (`key: value`) nor a row (`label #ordinal = value`)"))?;
            if let Some(name) = name {
                read.labels.insert(row.label, name);
            }
            rows.push(row);
        }
        let Some((seed, base)) = header else {
            return Err(TapeError::Empty);
        };
        read.tape = Tape::from_rows(seed, base, rows);
        Ok(read)
    }
}

/// Is a row under this name read again as one under the same label? Names are the program's, and any
/// text may be one.
fn is_readable(name: &str, id: u32) -> bool {
    let line = format!("{name}  #0     = 0");
    let again = parse_row(&line).is_some_and(|(row, read)| row.label == id && read.as_deref() == Some(name));
    again && note(&line).is_none() && !line.starts_with(';') && !name.chars().any(char::is_control)
}

/// Text as one line that a terminal may show: control characters are escaped.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
        shown
    })
}

/// Text that a terminal may show: control characters are escaped, all but tabs and line breaks.
///
/// What the system under test says, and what stands in files, may hold sequences that a terminal
/// obeys.
///
/// ```
/// assert_eq!(simfuzz::choice::printable("two\nlines, \u{1b}[31mred"), "two\nlines, \\u{1b}[31mred");
/// ```
pub fn printable(text: &str) -> String {
    let stays = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    match text.chars().all(stays) {
        true => text.to_owned(),
        false => text
            .split_inclusive(['\n', '\t'])
            .map(|part| {
                let end = part.len() - usize::from(part.ends_with(['\n', '\t']));
                escaped(&part[..end]) + &part[end..]
            })
            .collect(),
    }
}

fn parse_header(line: &str) -> Result<(u64, Base), String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let ["tape", version, "seed", seed, "base", base] = words[..] else {
        return Err("a tape begins with `tape 1  seed 0x0  base calm`".to_owned());
    };
    if version != VERSION.to_string() {
        return Err(format!(
            "the tape has version {version}, this build reads version {VERSION}: use the simfuzz that wrote it"
        ));
    }
    let seed = number(seed).ok_or_else(|| format!("`{seed}` is no seed"))?;
    match base {
        "calm" => Ok((seed, Base::Calm)),
        "seeded" => Ok((seed, Base::Seeded)),
        _ => Err(format!("the base is `calm` or `seeded`, not `{base}`")),
    }
}

fn note(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    (word && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
}

fn parse_row(line: &str) -> Option<(Row, Option<String>)> {
    if let Some(rest) = line.strip_prefix("at ") {
        let (time, salt) = rest.split_once("reseed")?;
        let (time, choice) = time.split_once(" choice ").unwrap_or((time, "0"));
        let micros = time.trim().strip_suffix("us")?.parse().ok()?;
        let moment = Moment { micros, choice: choice.trim().parse().ok()? };
        return Some((Row::reseed(moment, u32::try_from(number(salt.trim())?).ok()?), None));
    }
    let (name, rest) = line.rsplit_once(" #")?;
    let name = name.trim();
    let (ordinal, rest) = rest.split_once(' ')?;
    let ordinal: u32 = match ordinal.split_once('.') {
        Some((scope, count)) => {
            let (scope, count): (u32, u32) = (scope.parse().ok()?, count.parse().ok()?);
            scope.checked_mul(1 << SCOPE_BITS)?.checked_add(count)?
        }
        None => ordinal.parse().ok()?,
    };
    if ordinal > ORDINAL_MAX {
        return None;
    }
    let rest = rest.trim();
    let (op, value) = if let Some(value) = rest.strip_prefix("= ") {
        (Op::Set, value.split_whitespace().next()?.parse().ok()?)
    } else if let Some(value) = rest.strip_prefix("+ ") {
        (Op::SetHigh, u32::try_from(number(value.strip_suffix("<< 32")?.trim())?).ok()?)
    } else if rest == "calm from here on" {
        (Op::Calm, 0)
    } else {
        (Op::Calm, rest.strip_prefix("calm for ")?.parse().ok()?)
    };
    match name.strip_prefix('~') {
        Some(id) => Some((Row { label: u32::try_from(number(id)?).ok()?, ordinal, op, value }, None)),
        None => Some((Row { label: Label::parse(name).id(), ordinal, op, value }, Some(name.to_owned()))),
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "flag",
        Kind::Pick => "pick",
        Kind::Range => "range",
        Kind::Gap => "gap",
        Kind::Shape => "shape",
        Kind::Knob => "knob",
        Kind::Word => "word",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Choices;
    use super::super::prf::Prf;
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        for case in 0..500u64 {
            let prf = Prf::new(case);
            let rows = (0..prf.word(0, 0) % 12).map(|n| {
                let word = |field: u32| prf.word(u64::from(field) + 1, n as u32);
                match word(0) % 4 {
                    0 => Row::reseed(Moment { micros: word(1) >> 26, choice: (word(3) % 3) as u32 }, word(2) as u32),
                    1 => Row {
                        label: word(1) as u32,
                        ordinal: word(2) as u32 & ORDINAL_MAX,
                        op: Op::Calm,
                        value: word(3) as u32 % 3,
                    },
                    2 => Row {
                        label: word(1) as u32,
                        ordinal: word(2) as u32 & ORDINAL_MAX,
                        op: Op::SetHigh,
                        value: word(3) as u32,
                    },
                    _ => Row {
                        label: Label::parse("client 0/@src/a b.rs:3:4:range").id(),
                        ordinal: word(2) as u32 & 0xff,
                        op: Op::Set,
                        value: word(3) as u32,
                    },
                }
            });
            let base = if case % 2 == 0 { Base::Calm } else { Base::Seeded };
            let mut text = TextTape { tape: Tape::from_rows(case, base, rows.collect()), ..TextTape::default() };
            let name = "client 0/@src/a b.rs:3:4:range";
            if text.tape.rows().iter().any(|row| row.label == Label::parse(name).id() && row.op == Op::Set) {
                text.labels.insert(Label::parse(name).id(), name.to_owned());
            }
            text.note("finding", "always: it's {}\n not #3 = 4");
            let printed = text.print(None);
            assert_eq!(TextTape::parse(&printed).as_ref(), Ok(&text), "{printed}");
        }
    }

    #[test]
    fn a_tape_reads_as_text() {
        let mut tape = Tape::calm();
        let label = Label::new("client-0").child("op");
        tape.set(label, 2, 3).set(Label::new("client-0").child("amount"), 2 << 8, 970);
        let mut choices = Choices::default();
        choices.start(&tape);
        let slot = choices.slot(label, || "client-0/op".into());
        (0..3).for_each(|_| _ = choices.weighted(slot, &[1, 1, 1, 1]));
        let slot = choices.slot(Label::parse("client-0/amount"), || "client-0/amount".into());
        choices.draw_scoped(slot, Label::parse("client-0/op"), 2, Kind::Range, 999, |_| 0);
        let trace = choices.take_trace();
        let text = TextTape::new(tape, &trace, choices.names()).print(Some(&trace));
        let mut lines: Vec<_> = text.lines().collect();
        lines[1..].sort_unstable();
        assert_eq!(
            lines,
            [
                "tape 1  seed 0x0000000000000000  base calm",
                "client-0/amount  #2.0   = 970  (range, 0..=999)",
                "client-0/op      #2     = 3  (pick, 0..=3)",
            ]
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let wrong = |text: &str| TextTape::parse(text).unwrap_err().to_string();
        assert!(wrong("tape 1 seed 0 base calm\nnonsense").starts_with("line 2: neither a note"));
        assert!(wrong("tape 9 seed 0 base calm").contains("version 9"));
        assert!(wrong("hello").starts_with("line 1: a tape begins with"));
        assert!(wrong("").contains("empty"));
    }
}
