//! Choices: every decision of a run is one value in `0..=max` at an address.
//!
//! An address is a label (a path like `client-0/op`) and an ordinal (the n-th choice under it).
//! A [`Tape`] is a seed and a list of exceptions, so
//!
//! ```text
//! value(label, n) = the tape's override at (label, n), else PRF(seed, label, n)
//! ```
//!
//! There is no cursor: nothing shifts when a choice is added, and nothing runs out. 0 is the
//! calmest value everywhere, and an override is an index that knows no odds: one edit reaches a
//! one-in-a-thousand event.
//!
//! The idea of a test case as a sequence of bounded choices is Hypothesis's and minithesis's
//! (MacIver); that each has an address instead of a position is ours. This room knows no
//! simulation: no host, no packet, no task.

mod draws;
mod index;
mod label;
#[cfg(any(fuzzing, test))]
mod naive;
mod prf;
mod reseeds;
mod tape;
mod text;
mod trace;

pub use draws::Gap;
pub(crate) use draws::{by_weight, fires};
pub use label::{Label, Names};
pub use tape::{Base, Moment, Op, ROW_BYTES, ROWS_MAX, Row, Tape, TapeError, VERSION};
pub(crate) use text::escaped;
#[cfg(feature = "fuzz")]
pub(crate) use text::kind_name;
pub use text::{Note, TextTape, printable};
pub(crate) use trace::Ran;
pub use trace::{Choice, Kind, Trace};

pub(crate) use label::{Site, short_file, site_name};
pub(crate) use prf::{hash_bytes, mix, scale};
pub(crate) use reseeds::Dealt;
pub(crate) use tape::ORDINAL_MAX;

use index::Index;
use prf::Prf;
use reseeds::Reseeds;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Choices of one run that the trace keeps.
///
/// The longest honest run of the examples makes some 20,000; a runaway loop that draws must not
/// eat the memory of a campaign. Later choices are made and digested all the same.
const TRACE_MAX: usize = 1 << 20;

/// What a gap that doesn't end counts down from.
///
/// It counts all the same: when a reseed draws it anew, somebody may want to know how long it ran.
pub(crate) const NEVER: u64 = u64::MAX;

/// A label in use by the current run: an index that spares the hashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

impl Slot {
    pub(crate) fn raw(self) -> u32 {
        self.0
    }

    pub(crate) fn from_raw(raw: u32) -> Self {
        Self(raw)
    }
}

/// The number of a choice inside a scope stands in the low bits of its ordinal.
pub(crate) const SCOPE_BITS: u32 = 8;

#[derive(Debug)]
struct InUse {
    label: Label,
    /// The next ordinal, where no scope gives one.
    next: u32,
    /// The tape's rows under this label.
    rows: std::ops::Range<u32>,
    /// What its choices are counted within, if they are: the label of the repeated thing.
    scope: Option<Label>,
}

/// The choices of one run. Reused from run to run, so that a run allocates nothing here.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    tape: Tape,
    prf: Prf,
    reseeds: Reseeds,
    slots: Vec<InUse>,
    index: Index,
    /// How many choices each (slot, scope) has made.
    scopes: BTreeMap<(Slot, u32), u32>,
    names: Names,
    trace: Vec<Choice>,
    redrawn: Vec<(u32, Ran)>,
    /// Labels that share their 32 bits with another of this run.
    collisions: Vec<Label>,
    made: u64,
    digest: u64,
    now: u64,
    /// Bytes of the tape's naive encoding that were read.
    #[cfg(any(fuzzing, test))]
    read: usize,
}

thread_local! {
    /// [`Choices::made`] of the run on this thread, for those who can't see its world.
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// The buffer of a trace that nobody needs any more.
    static SPARE: Cell<Vec<Choice>> = const { Cell::new(Vec::new()) };
}

/// How many choices the run on this thread has made.
pub(crate) fn made() -> u64 {
    MADE.get()
}

/// Gives back a trace that is not needed any more: the next run on this thread records into it.
pub(crate) fn recycle(trace: Trace) {
    SPARE.set(trace.into_choices());
}

impl Choices {
    /// Begins a run of `tape`.
    pub(crate) fn start(&mut self, tape: &Tape) {
        self.tape.clone_from(tape);
        self.prf = Prf::new(tape.seed());
        self.reseeds.start(tape);
        self.slots.clear();
        self.index.clear();
        self.scopes.clear();
        self.trace.clear();
        self.redrawn.clear();
        self.collisions.clear();
        self.made = 0;
        MADE.set(0);
        self.digest = 0;
        self.now = 0;
        #[cfg(any(fuzzing, test))]
        {
            self.read = 0;
        }
    }

    /// Sets the virtual time, and says what reseeds have dealt anew since somebody last asked.
    #[inline]
    pub(crate) fn advance(&mut self, nanos: u64) -> Dealt {
        self.now = nanos;
        if self.reseeds.are_left(&self.tape) {
            let row = self.reseeds.advance(&self.tape, nanos / 1_000, self.made);
            self.deal_from(row);
        }
        self.dealt()
    }

    /// What reseeds have dealt anew since somebody last asked.
    #[inline]
    pub(crate) fn dealt(&mut self) -> Dealt {
        self.reseeds.dealt()
    }

    fn deal_from(&mut self, reseed: Option<Row>) {
        if let Some(row) = reseed {
            self.prf = Prf::reseeded(self.tape.seed(), row.value);
        }
    }

    /// The slot of `label` in this run; `name` is asked for once a thread.
    #[inline]
    pub(crate) fn slot(&mut self, label: Label, name: impl FnOnce() -> String) -> Slot {
        match self.index.get(label.id()) {
            Some(slot) if self.slots[slot as usize].label == label => Slot(slot),
            found => self.new_slot(label, found, name),
        }
    }

    fn new_slot(&mut self, label: Label, found: Option<u32>, name: impl FnOnce() -> String) -> Slot {
        if found.is_some() {
            // two labels with the same 32 bits: the second can't be overridden
            if let Some(slot) = self.slots.iter().position(|slot| slot.label == label) {
                return Slot(slot as u32);
            }
            self.collisions.push(label);
        }
        self.names.learn(label, name);
        let rows = if found.is_some() { 0..0 } else { self.rows_of(label.id()) };
        let slot = Slot(self.slots.len() as u32);
        self.slots.push(InUse { label, next: 0, rows, scope: None });
        if found.is_none() {
            self.index.insert(label.id(), slot.0);
        }
        slot
    }

    fn rows_of(&self, id: u32) -> std::ops::Range<u32> {
        let end = self.tape.rows().partition_point(|row| row.op != Op::Reseed);
        let rows = &self.tape.rows()[..end];
        let start = rows.partition_point(|row| row.label < id) as u32;
        let end = rows.partition_point(|row| row.label <= id) as u32;
        start..end
    }

    /// Makes the next choice under `slot`: a value in `0..=max`, 0 the calmest. `base` maps a
    /// word of the base to the value, by whatever odds the caller has.
    ///
    /// The one primitive: override, base value and recording are each written once, here.
    #[inline]
    pub(crate) fn draw(&mut self, slot: Slot, kind: Kind, max: u64, base: impl FnOnce(u64) -> u64) -> u64 {
        if max == 0 {
            return 0;
        }
        let in_use = &mut self.slots[slot.0 as usize];
        let ordinal = in_use.next;
        in_use.next += 1;
        self.make(slot, ordinal, kind, max, base)
    }

    /// Makes a choice inside number `scope` of `repeated`, whose ordinals are its own.
    pub(crate) fn draw_scoped(
        &mut self,
        slot: Slot,
        repeated: Label,
        scope: u32,
        kind: Kind,
        max: u64,
        base: impl FnOnce(u64) -> u64,
    ) -> u64 {
        if max == 0 {
            return 0;
        }
        self.slots[slot.0 as usize].scope = Some(repeated);
        let count = self.scopes.entry((slot, scope)).or_default();
        // past 255 choices in one scope the ordinals run into the next one's: still addresses
        let ordinal = (scope << SCOPE_BITS).wrapping_add(*count);
        *count += 1;
        self.make(slot, ordinal, kind, max, base)
    }

    #[inline]
    fn make(&mut self, slot: Slot, ordinal: u32, kind: Kind, max: u64, base: impl FnOnce(u64) -> u64) -> u64 {
        if self.reseeds.is_due(self.made) {
            let row = self.reseeds.catch_up(&self.tape, self.made);
            self.deal_from(row);
        }
        let in_use = &self.slots[slot.0 as usize];
        let wanted = if in_use.rows.is_empty() { None } else { self.wanted(in_use, ordinal, max) };
        let value = match wanted {
            Some(wanted) => match max.checked_add(1) {
                Some(size) => wanted % size,
                None => wanted,
            },
            None if self.tape.base() == Base::Calm => 0,
            None => {
                let word = self.prf.word(in_use.label.hash(), ordinal);
                #[cfg(any(fuzzing, test))]
                let word = naive::over(&self.tape, &mut self.read, word, max);
                base(word).min(max)
            }
        };
        self.made += 1;
        MADE.set(self.made);
        let address = in_use.label.hash() ^ u64::from(ordinal).rotate_left(40);
        self.digest = (self.digest ^ address ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
        if self.trace.len() < TRACE_MAX {
            self.trace.push(Choice { slot, ordinal, kind, max, value, at: self.now });
        }
        value
    }

    /// What the tape says about this address, if anything. High halves count where the choice is wide.
    #[cold]
    fn wanted(&self, in_use: &InUse, ordinal: u32, max: u64) -> Option<u64> {
        let rows = &self.tape.rows()[in_use.rows.start as usize..in_use.rows.end as usize];
        let after = rows.partition_point(|row| row.ordinal <= ordinal);
        let mut value = None;
        for row in rows[..after].iter().rev().take_while(|row| row.ordinal == ordinal) {
            match row.op {
                Op::Set => *value.get_or_insert(0) |= u64::from(row.value),
                Op::SetHigh if max > u64::from(u32::MAX) => *value.get_or_insert(0) |= u64::from(row.value) << 32,
                Op::SetHigh | Op::Calm | Op::Reseed => {}
            }
        }
        let calm = || {
            let mut calm = rows[..after].iter().filter(|row| row.op == Op::Calm);
            calm.any(|row| row.value == 0 || ordinal - row.ordinal < row.value).then_some(0)
        };
        value.or_else(calm)
    }

    /// The tape of this run.
    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The label of a slot of this run.
    #[inline]
    pub(crate) fn label(&self, slot: Slot) -> Label {
        self.slots[slot.0 as usize].label
    }

    /// How many choices the run has made.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// A digest over every choice's address and value.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// Labels of this run that share their 32 bits with an earlier one; tapes can't reach them.
    pub(crate) fn collisions(&self) -> Vec<String> {
        let name = |label: &Label| self.names.get(*label).unwrap_or("?").to_owned();
        self.collisions.iter().map(name).collect()
    }

    /// What the run chose; the record is given away.
    pub(crate) fn take_trace(&mut self) -> Trace {
        let labels = self.slots.iter().map(|slot| (slot.label, slot.scope)).collect();
        let mut next = SPARE.take();
        if next.capacity() == 0 {
            next.reserve(self.trace.len());
        }
        let choices = std::mem::replace(&mut self.trace, next);
        Trace::new(labels, choices).with_redrawn(self.redrawn.clone())
    }

    /// The last choice, if there were `before` before it, took the place of a running gap.
    pub(crate) fn note_redrawn(&mut self, before: u64, ran: Ran) {
        if self.made > before && self.made <= TRACE_MAX as u64 {
            self.redrawn.push((before as u32, ran));
        }
    }

    /// The names of all labels that this thread has used.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tape: &Tape, draws: impl FnOnce(&mut Choices)) -> Trace {
        let mut choices = Choices::default();
        choices.start(tape);
        draws(&mut choices);
        choices.take_trace()
    }

    fn values(tape: &Tape, count: usize, max: u64) -> Vec<u64> {
        let trace = run(tape, |choices| {
            let slot = choices.slot(Label::new("a"), || "a".into());
            for _ in 0..count {
                choices.uniform(slot, max);
            }
        });
        trace.choices().iter().map(|choice| choice.value).collect()
    }

    #[test]
    fn an_override_is_an_index_taken_modulo_the_size() {
        let mut tape = Tape::calm();
        tape.set(Label::new("a"), 1, 7).set(Label::new("a"), 3, 12);
        assert_eq!(values(&tape, 5, 9), [0, 7, 0, 2, 0]);
    }

    #[test]
    fn a_wide_override_has_two_rows() {
        let mut tape = Tape::calm();
        tape.set(Label::new("a"), 0, u64::MAX - 1);
        assert_eq!(tape.rows().len(), 2);
        assert_eq!(values(&tape, 1, u64::MAX), [u64::MAX - 1]);
    }

    /// Else a row that is dropped as being of no use would change the remainder.
    #[test]
    fn a_high_half_is_nothing_to_a_narrow_choice() {
        let label = Label::new("a");
        let mut tape = Tape::calm();
        tape.set(label, 0, 2).put(Row { label: label.id(), ordinal: 0, op: Op::SetHigh, value: 1 });
        tape.put(Row { label: label.id(), ordinal: 1, op: Op::SetHigh, value: 1 });
        assert_eq!(values(&tape, 2, 2), [2, 0]);
    }

    #[test]
    fn calm_rows_silence_a_stretch() {
        let mut tape = Tape::seeded(3);
        let label = Label::new("a").id();
        tape.put(Row { label, ordinal: 2, op: Op::Calm, value: 2 });
        tape.put(Row { label, ordinal: 6, op: Op::Calm, value: 0 });
        let calm: Vec<_> = values(&tape, 9, u64::MAX).iter().map(|&value| value == 0).collect();
        assert_eq!(calm, [false, false, true, true, false, false, true, true, true]);
    }

    #[test]
    fn an_extra_draw_elsewhere_moves_nothing() {
        let tape = Tape::seeded(5);
        let drawn = |extra: bool| {
            let trace = run(&tape, |choices| {
                if extra {
                    let slot = choices.slot(Label::new("b"), || "b".into());
                    choices.uniform(slot, 9);
                }
                let slot = choices.slot(Label::new("a"), || "a".into());
                choices.uniform(slot, 1_000_000);
            });
            trace.choices().last().unwrap().value
        };
        assert_eq!(drawn(false), drawn(true));
    }

    #[test]
    fn scopes_count_for_themselves() {
        let mut tape = Tape::calm();
        let label = Label::new("a");
        tape.set(label, 2 << SCOPE_BITS, 5);
        let trace = run(&tape, |choices| {
            let slot = choices.slot(label, || "a".into());
            for scope in [0, 0, 2, 1, 2] {
                choices.draw_scoped(slot, label, scope, Kind::Range, 9, |_| 0);
            }
        });
        let values: Vec<_> = trace.choices().iter().map(|choice| choice.value).collect();
        assert_eq!(values, [0, 0, 5, 0, 0]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn many_labels_keep_their_slots() {
        run(&Tape::calm(), |choices| {
            let label = |n: u32| Label::new("x").child(&n.to_string());
            let slots: Vec<_> = (0..2_000).map(|n| choices.slot(label(n), || n.to_string())).collect();
            for (n, slot) in slots.iter().enumerate() {
                assert_eq!(choices.slot(label(n as u32), || unreachable!()), *slot);
            }
        });
    }
}
