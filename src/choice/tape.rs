//! The tape: a seed and a list of exceptions, and its bytes.
//!
//! Owns the 12-byte rows and their canonical order. It doesn't know what a label means or which
//! rows a run used: see `Choices` for the run and `text` for the form people read.

use super::label::Label;
use std::fmt;

/// The version that this build writes, and the only one it reads from files.
///
/// Version 1 is frozen: rows, numbers of labels and what a seed deals stay as they are
/// (`tests/tape_v1.rs`). Whatever changes one of them is version 2, and reads this one.
pub const VERSION: u8 = 1;

/// Bytes of a row, and of the header: a byte-level tool can cut anywhere between.
pub const ROW_BYTES: usize = 12;

/// Rows of a tape that the fuzzer makes: with the header they fill libFuzzer's default of 4 KiB.
pub const ROWS_MAX: usize = 340;

/// Ordinals are 24 bits wide in a row.
pub(crate) const ORDINAL_MAX: u32 = (1 << 24) - 1;

/// Where the values come from that no row overrides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// A pseudo-random function of the seed and the choice's address.
    #[default]
    Seeded,
    /// 0 everywhere, the calmest: no fault, shortest latency, first operation.
    Calm,
}

/// What a row does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// The choice is this index (taken modulo the number of its values).
    Set = 0,
    /// The high half of a set over 2^32.
    SetHigh = 1,
    /// From this ordinal on, the next `value` choices of the label are calm (0: all of them).
    Calm = 2,
    /// From a moment on, all labels are dealt from the seed mixed with `value`.
    Reseed = 3,
}

/// One exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// [`Label::id`]; for a reseed the low bits of its time.
    pub label: u32,
    /// The n-th choice under the label, below 2^24; for a reseed the high bits of its time, and
    /// the choices before it in its microsecond.
    pub ordinal: u32,
    /// What the row does.
    pub op: Op,
    /// The index, the number of choices, or the salt.
    pub value: u32,
}

impl Row {
    /// A reseed at `moment`, which may be given in virtual microseconds alone.
    pub fn reseed(moment: impl Into<Moment>, salt: u32) -> Self {
        let Moment { micros, choice } = moment.into();
        let micros = micros.min(Moment::MICROS_MAX);
        let ordinal = ((micros >> 32) as u32) << Moment::CHOICE_BITS | choice.min(Moment::CHOICE_MAX);
        Self { label: micros as u32, ordinal, op: Op::Reseed, value: salt }
    }

    /// The moment of a reseed.
    pub fn moment(&self) -> Moment {
        let high = u64::from(self.ordinal >> Moment::CHOICE_BITS) << 32;
        Moment { micros: high | u64::from(self.label), choice: self.ordinal & Moment::CHOICE_MAX }
    }

    /// Does this reseed turn the run's knobs (swarm) as well? Those with an odd salt do.
    ///
    /// Knobs are drawn before a run, so that all that descends from one tape by reseeds alone
    /// would share them.
    pub fn turns_knobs(&self) -> bool {
        self.op == Op::Reseed && self.value & 1 == 1
    }

    /// What makes two rows the same place: reseeds last and by moment, others by address.
    fn place(&self) -> (bool, Moment, u64, Op) {
        match self.op {
            Op::Reseed => (true, self.moment(), 0, self.op),
            op => (false, Moment::default(), u64::from(self.label) << 32 | u64::from(self.ordinal), op),
        }
    }
}

/// A moment of a run: a microsecond of virtual time, and how many choices are made in it before.
///
/// Time alone can't part what happens at one instant: a program that draws and never waits does
/// everything at the same one. The same tape makes the same choices up to any moment, so the
/// moment is as well defined as a time, for as long as the program doesn't change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Virtual microseconds since the run began; those past 2^38 (three days) are cut off.
    pub micros: u64,
    /// Choices made in this microsecond before; 2^18 - 1 at most.
    pub choice: u32,
}

impl Moment {
    const CHOICE_BITS: u32 = 18;
    const CHOICE_MAX: u32 = (1 << Self::CHOICE_BITS) - 1;
    const MICROS_MAX: u64 = (1 << 38) - 1;
}

impl From<u64> for Moment {
    /// The beginning of a microsecond.
    fn from(micros: u64) -> Self {
        Self { micros, choice: 0 }
    }
}

/// A seed and a list of exceptions: everything a run depends on.
///
/// ```
/// use simfuzz::choice::{Label, Tape};
///
/// let mut tape = Tape::seeded(7);
/// tape.set(Label::new("client-0").child("op"), 2, 1);
/// assert_eq!(Tape::decode(&tape.encode()), tape);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tape {
    seed: u64,
    base: Base,
    rows: Vec<Row>,
    /// For the naive encoding, which a benchmark compares with: see `choice/naive.rs`.
    #[cfg(any(fuzzing, test))]
    pub(super) naive: Vec<u8>,
}

impl Tape {
    /// A tape without exceptions: the run that `seed` deals.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The run that `seed` deals, with swarm: before it, each family of faults is left natural,
    /// switched off or made many times as frequent.
    pub fn swarm(seed: u64) -> Self {
        let mut tape = Self::seeded(seed);
        tape.set(Label::new("swarm").child("on"), 0, 1);
        tape
    }

    /// The calmest tape: every choice is 0.
    pub fn calm() -> Self {
        Self { base: Base::Calm, ..Self::default() }
    }

    /// A tape of these parts, put into canonical order.
    pub fn from_rows(seed: u64, base: Base, rows: Vec<Row>) -> Self {
        let mut tape = Self::seeded(seed);
        (tape.base, tape.rows) = (base, rows);
        tape.normalise();
        tape
    }

    /// The seed of the base; of no effect where the base is calm and nothing is reseeded.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Where unlisted values come from.
    pub fn base(&self) -> Base {
        self.base
    }

    /// The exceptions: sorted, one for each place.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The same exceptions over another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes choice `ordinal` under `label` be `value` (an index, 0 the calmest).
    ///
    /// # Panics
    ///
    /// When `ordinal` is 2^24 or more.
    pub fn set(&mut self, label: Label, ordinal: u32, value: u64) -> &mut Self {
        assert!(ordinal <= ORDINAL_MAX, "ordinal {ordinal} is over {ORDINAL_MAX}");
        let label = label.id();
        self.put(Row { label, ordinal, op: Op::Set, value: value as u32 });
        let high = (value >> 32) as u32;
        if high > 0 {
            self.put(Row { label, ordinal, op: Op::SetHigh, value: high });
        }
        self
    }

    /// Adds `row`, replacing one at the same place.
    pub fn put(&mut self, row: Row) {
        match self.rows.binary_search_by_key(&row.place(), Row::place) {
            Ok(index) => self.rows[index] = row,
            Err(index) => self.rows.insert(index, row),
        }
    }

    /// Keeps the rows that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&Row) -> bool) {
        self.rows.retain(keep);
    }

    fn normalise(&mut self) {
        // the last of equal places wins, so it must come first into the stable sort
        self.rows.reverse();
        self.rows.sort_by_key(Row::place);
        self.rows.dedup_by_key(|row| row.place());
    }

    /// Reads any bytes at all: a short header is padded with zeros, a partial row is ignored,
    /// the last of equal places wins. Files go through [`Tape::read`], which is strict.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut header = [0; ROW_BYTES];
        let known = bytes.len().min(ROW_BYTES);
        header[..known].copy_from_slice(&bytes[..known]);
        let seed = u64::from_le_bytes([
            header[4], header[5], header[6], header[7], header[8], header[9], header[10], header[11],
        ]);
        let base = if header[1] & 1 == 1 { Base::Calm } else { Base::Seeded };
        let rows = bytes.get(ROW_BYTES..).unwrap_or_default().chunks_exact(ROW_BYTES).map(|row| {
            let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
            let op = match row[7] % 4 {
                0 => Op::Set,
                1 => Op::SetHigh,
                2 => Op::Calm,
                _ => Op::Reseed,
            };
            Row { label: word(0), ordinal: word(4) & ORDINAL_MAX, op, value: word(8) }
        });
        Self::from_rows(seed, base, rows.collect())
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    ///
    /// When the file is empty, torn or of a version this build doesn't know. [`Tape::decode`]
    /// reads such bytes all the same, as the fuzzer does.
    pub fn read(bytes: &[u8]) -> Result<Self, TapeError> {
        if bytes.is_empty() {
            return Err(TapeError::Empty);
        }
        if bytes[0] != VERSION {
            return Err(TapeError::Version { found: bytes[0] });
        }
        if !bytes.len().is_multiple_of(ROW_BYTES) {
            return Err(TapeError::Torn { bytes: bytes.len() });
        }
        Ok(Self::decode(bytes))
    }

    /// The canonical bytes: `decode` gives this tape again.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ROW_BYTES * (self.rows.len() + 1));
        bytes.extend([VERSION, u8::from(self.base == Base::Calm), 0, 0]);
        bytes.extend(self.seed.to_le_bytes());
        for row in &self.rows {
            bytes.extend(row.label.to_le_bytes());
            bytes.extend((row.ordinal | (row.op as u32) << 24).to_le_bytes());
            bytes.extend(row.value.to_le_bytes());
        }
        bytes
    }
}

/// Why a file is no tape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapeError {
    /// There are no bytes.
    Empty,
    /// The first byte names a version that this build doesn't know.
    Version {
        /// The byte that was found.
        found: u8,
    },
    /// The length is no multiple of a row's.
    Torn {
        /// The length that was found.
        bytes: usize,
    },
    /// A line of the text form says nothing we know.
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                write!(f, "the tape is empty: even one without exceptions has a header of {ROW_BYTES} bytes")
            }
            Self::Version { found } => write!(
                f,
                "the tape has version {found}, this build reads version {VERSION}: use the simfuzz that wrote it, or --lenient to read the bytes as the fuzzer does"
            ),
            Self::Torn { bytes } => write!(
                f,
                "the tape is torn: {bytes} bytes are no multiple of {ROW_BYTES}; use --lenient to ignore the partial row, as the fuzzer does"
            ),
            Self::Line { line, reason } => write!(f, "line {line}: {}", super::escaped(reason)),
        }
    }
}

impl std::error::Error for TapeError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of every length and look, from a fixed generator.
    fn byte_strings() -> impl Iterator<Item = Vec<u8>> {
        (0..4_000u64).map(|case| {
            let prf = super::super::prf::Prf::new(case);
            let length = prf.word(0, 0) % 100;
            (0..length as u32).map(|n| prf.word(1, n) as u8 & if case % 2 == 0 { 0xff } else { 0x03 }).collect()
        })
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many runs for an interpreter")]
    fn every_byte_string_decodes_to_a_canonical_tape() {
        for bytes in byte_strings() {
            let tape = Tape::decode(&bytes);
            let canonical = tape.encode();
            assert_eq!(Tape::decode(&canonical), tape, "{bytes:?}");
            assert_eq!(Tape::decode(&canonical).encode(), canonical, "{bytes:?}");
            assert_eq!(Tape::read(&canonical).as_ref(), Ok(&tape));
            assert!(tape.rows.windows(2).all(|pair| pair[0].place() < pair[1].place()));
        }
    }

    #[test]
    fn the_last_of_equal_places_wins() {
        let mut bytes = Tape::seeded(1).encode();
        for value in [5u32, 6] {
            bytes.extend(9u32.to_le_bytes());
            bytes.extend(0u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        assert_eq!(Tape::decode(&bytes).rows, [Row { label: 9, ordinal: 0, op: Op::Set, value: 6 }]);
    }

    #[test]
    fn a_file_that_is_no_tape_says_why() {
        assert_eq!(Tape::read(b""), Err(TapeError::Empty));
        assert_eq!(Tape::read(b"\x09"), Err(TapeError::Version { found: 9 }));
        assert_eq!(Tape::read(&[1; 13]), Err(TapeError::Torn { bytes: 13 }));
    }

    #[test]
    fn a_reseed_keeps_its_moment() {
        let row = Row::reseed(5_000_000_000, 3);
        assert_eq!(row.moment(), Moment::from(5_000_000_000));
        let mut tape = Tape::seeded(0);
        tape.put(row);
        let within = |choice| Moment { micros: 10, choice };
        for moment in [within(7), within(0), within(70_000)] {
            tape.put(Row::reseed(moment, 4));
        }
        let moments: Vec<_> = Tape::decode(&tape.encode()).rows.iter().map(Row::moment).collect();
        assert_eq!(moments, [within(0), within(7), within(70_000), Moment::from(5_000_000_000)]);
    }
}
