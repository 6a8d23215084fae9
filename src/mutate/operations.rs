//! Edits of whole operations: what a workload drew for number `k` of a repeated thing, under
//! `scope("op", k)`, is moved, repeated or taken from another run as one.
//!
//! A single choice of an operation says little in the place of another; all of them are the same
//! request at another time.

use super::edit::put;
use super::{Entry, Mutator};
use crate::choice::{Choice, Label, SCOPE_BITS, Tape};
use std::collections::BTreeMap;

/// Operations behind the edited one that move up or down with it: with all of them a tape would be
/// full at once.
const WINDOW: u32 = 6;

/// The choices of one operation: its labels with the number of the draw within, and the values.
type Operation<'a> = Vec<&'a Choice>;

impl Mutator {
    /// Deletes, repeats, swaps or splices operations of `base`. Says whether there were any.
    pub(super) fn edit_operations(&mut self, tape: &mut Tape, base: &Entry, partner: Option<&Entry>) -> bool {
        let repeated = base.repeated();
        if repeated.is_empty() {
            return false;
        }
        let thing = repeated[self.dice.index(repeated.len())];
        let own = operations(base, thing);
        let Some((&first, &last)) = own.first_key_value().zip(own.last_key_value()).map(|((a, _), (b, _))| (a, b))
        else {
            return false;
        };
        let at = first + self.dice.below(u64::from(last - first) + 1) as u32;
        let mut place = |number: u32, operation: Option<&Operation<'_>>, entry: &Entry| {
            let Some(operation) = operation else { return };
            for choice in operation {
                let ordinal = number << SCOPE_BITS | choice.ordinal & ((1 << SCOPE_BITS) - 1);
                put(tape, entry.trace.label(choice).id(), ordinal, choice.value);
            }
        };
        match self.dice.below(4) {
            // it is left out: the next ones come earlier
            0 => (at..at + WINDOW).for_each(|number| place(number, own.get(&(number + 1)), base)),
            // it comes twice: the next ones come later
            1 => (at..at + WINDOW).for_each(|number| place(number + 1, own.get(&number), base)),
            2 => {
                let other = first + self.dice.below(u64::from(last - first) + 1) as u32;
                place(at, own.get(&other), base);
                place(other, own.get(&at), base);
            }
            _ => {
                let Some(partner) = partner else {
                    let other = first + self.dice.below(u64::from(last - first) + 1) as u32;
                    place(at, own.get(&other), base);
                    return true;
                };
                let theirs = operations(partner, thing);
                (at..at + 1 + self.dice.below(u64::from(WINDOW)) as u32)
                    .for_each(|number| place(number, theirs.get(&number), partner));
            }
        }
        true
    }
}

/// The operations of `thing` in the run of `entry`, by number.
fn operations(entry: &Entry, thing: Label) -> BTreeMap<u32, Operation<'_>> {
    let mut found: BTreeMap<u32, Operation<'_>> = BTreeMap::new();
    for choice in entry.trace.choices() {
        if let Some((repeated, number)) = entry.trace.scope(choice)
            && repeated == thing
        {
            found.entry(number).or_default().push(choice);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Kind, Slot, Trace};

    /// Ten operations with a key and a value each: number `k` draws `k` and `100 + k`, more or less.
    fn run(more: u64) -> Entry {
        let thing = Label::parse("client/op");
        let labels = vec![(thing.child("key"), Some(thing)), (thing.child("value"), Some(thing))];
        let choice = |k: u32, slot: u32| Choice {
            slot: Slot::from_raw(slot),
            ordinal: k << SCOPE_BITS,
            kind: Kind::Range,
            max: 999,
            value: u64::from(k) + 100 * u64::from(slot) + more,
            at: u64::from(k) * 1_000,
        };
        let choices = (0..10).flat_map(|k| [choice(k, 0), choice(k, 1)]).collect();
        Entry::new(&Tape::seeded(more), Trace::new(labels, choices))
    }

    /// What stands at each place after an edit, as the number of the operation it came from; the
    /// partner's count from 500.
    fn edited(seed: u64, partner: Option<&Entry>) -> Vec<u64> {
        let base = run(0);
        let mut tape = Tape::seeded(0);
        assert!(Mutator::new(seed).edit_operations(&mut tape, &base, partner));
        let thing = Label::parse("client/op");
        let wanted = |name: &'static str, k: u64| {
            let (label, ordinal) = (thing.child(name).id(), (k as u32) << SCOPE_BITS);
            tape.rows().iter().find(|row| row.label == label && row.ordinal == ordinal).map(|row| u64::from(row.value))
        };
        let came_from = |k| match (wanted("key", k), wanted("value", k)) {
            (None, None) => k,
            (Some(key), Some(value)) => {
                assert_eq!(value, key + 100, "an operation moves as a whole");
                key
            }
            torn => panic!("half an operation: {torn:?}"),
        };
        (0..10).map(came_from).collect()
    }

    #[test]
    fn operations_move_as_a_whole() {
        let results: Vec<_> = (0..200).map(|seed| edited(seed, None)).collect();
        let has = |wanted: &[u64]| results.iter().any(|result| result == wanted);
        assert!(has(&[0, 2, 3, 4, 5, 6, 7, 7, 8, 9]), "left out: {results:?}");
        assert!(has(&[0, 1, 2, 2, 3, 4, 5, 6, 7, 9]), "repeated");
        let is_swap = |result: &Vec<u64>| {
            let moved: Vec<_> = (0..10).filter(|&k| result[k] != k as u64).collect();
            matches!(moved[..], [one, other] if result[one] == other as u64 && result[other] == one as u64)
        };
        assert!(results.iter().any(is_swap), "swapped: {results:?}");
    }

    #[test]
    fn operations_come_from_another_run() {
        let partner = run(500);
        let mut results = (0..50).map(|seed| edited(seed, Some(&partner)));
        assert!(results.any(|result| result.iter().any(|&from| from >= 500)));
    }
}
