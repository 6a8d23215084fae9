//! Labels that were renamed: a tape's rows under an old name go to the new one.
//!
//! Owns what a label's new name is. Which names are old is said by the simulation's builder, since
//! the program was renamed and not each tape.

use crate::choice::{Label, Op, Row, Site, Tape, TextTape};
use std::collections::{BTreeMap, BTreeSet};

/// The tape with its labels' new names; `drawn` are the labels under which the program of now
/// draws.
pub(super) fn renamed(
    text: &TextTape,
    aliases: &[(String, String)],
    drawn: impl FnOnce() -> BTreeSet<u32>,
) -> Option<TextTape> {
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for (&id, name) in &text.labels {
        names.extend(new_name(name, aliases).map(|name| (id, name)));
    }
    if names.is_empty() {
        return None;
    }
    let drawn = drawn();
    names.retain(|id, _| !drawn.contains(id));
    let rename = |row: &Row| match names.get(&row.label) {
        Some(name) if row.op != Op::Reseed => Row { label: Label::parse(name).id(), ..*row },
        _ => *row,
    };
    let rows = text.tape.rows().iter().map(rename).collect();
    let labels = text.labels.iter().map(|(&id, name)| match names.get(&id) {
        Some(new) => (Label::parse(new).id(), new.clone()),
        None => (id, name.clone()),
    });
    Some(TextTape {
        tape: Tape::from_rows(text.tape.seed(), text.tape.base(), rows),
        labels: labels.collect(),
        notes: text.notes.clone(),
    })
}

/// What a label is called now, if it has another name. Parts are compared whole, and so is an old
/// name of several (`op/amount`); the place of an unnamed draw is no part.
fn new_name(name: &str, aliases: &[(String, String)]) -> Option<String> {
    let (path, site) = match Site::split(name) {
        Some((path, site)) => (path, Some(site)),
        None => (name, None),
    };
    let mut parts: Vec<&str> = path.split('/').collect();
    for (old, new) in aliases {
        let (old, new): (Vec<_>, Vec<_>) = (old.split('/').collect(), new.split('/').collect());
        let mut at = 0;
        while at + old.len() <= parts.len() {
            if parts[at..at + old.len()] == old {
                parts.splice(at..at + old.len(), new.iter().copied());
                at += new.len();
            } else {
                at += 1;
            }
        }
    }
    let renamed = parts.join("/");
    (renamed != path).then(|| match site {
        Some(site) => format!("{renamed}/{site}"),
        None => renamed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_are_renamed() {
        let aliases = [("op".to_owned(), "operation".to_owned()), ("a/b".to_owned(), "c".to_owned())];
        let new = |name: &str| new_name(name, &aliases);
        assert_eq!(new("client-0/op").as_deref(), Some("client-0/operation"));
        assert_eq!(new("client-0/op/a/b").as_deref(), Some("client-0/operation/c"));
        assert_eq!(new("x/op/@op/lib.rs:3:4:range").as_deref(), Some("x/operation/@op/lib.rs:3:4:range"));
        assert_eq!(new("client-0/ops/a"), None);
    }

    #[test]
    fn a_name_that_is_still_drawn_stays() {
        let (op, pace) = (Label::parse("w/op"), Label::parse("w/pace"));
        let mut text = TextTape { tape: Tape::calm(), ..TextTape::default() };
        text.tape.set(op, 0, 3).set(pace, 1, 4);
        text.labels.extend([(op.id(), "w/op".to_owned()), (pace.id(), "w/pace".to_owned())]);
        let aliases = [("op".to_owned(), "operation".to_owned()), ("pace".to_owned(), "speed".to_owned())];
        let new = renamed(&text, &aliases, || [op.id()].into()).unwrap();
        let mut wanted = Tape::calm();
        wanted.set(op, 0, 3).set(Label::parse("w/speed"), 1, 4);
        assert_eq!(new.tape, wanted);
        assert_eq!(renamed(&text, &[], BTreeSet::new), None);
    }
}
