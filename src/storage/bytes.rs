//! The bytes of one file: what the page cache holds, and what of it is on the disk.
//!
//! Owns how unsynced changes are cut into units, of which a crash or a failed sync keeps some.

use super::Survivors;

/// One change that was not synced yet.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Change {
    /// How many units of at most `unit` bytes it has: what falls between two multiples of it in
    /// the file, as the sectors of a disk do.
    fn units(&self, unit: u64) -> u64 {
        match self {
            Self::Length(_) => 1,
            Self::Write { offset, bytes } => {
                let last = offset + bytes.len() as u64 - 1;
                last / unit - offset / unit + 1
            }
        }
    }
}

/// A file's content.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytes {
    /// What reads see.
    current: Vec<u8>,
    /// What a crash leaves at least.
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// Did a sync not write all, so that the page cache shows what no sync will write?
    dropped: bool,
}

impl Bytes {
    pub(super) fn len(&self) -> u64 {
        self.current.len() as u64
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let from = self.current.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let length = from.len().min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        length
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        put(&mut self.current, offset, bytes);
        self.unsynced.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, length: u64) {
        if length != self.len() {
            self.current.resize(length as usize, 0);
            self.unsynced.push(Change::Length(length));
        }
    }

    /// How many units of `unit` bytes are not synced.
    pub(super) fn unsynced(&self, unit: u64) -> u64 {
        self.unsynced.iter().map(|change| change.units(unit)).sum()
    }

    pub(super) fn is_synced(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// Writes to the disk what `survivors` keep of the units of `unit` bytes; the page cache
    /// takes all for written.
    pub(super) fn sync(&mut self, unit: u64, survivors: &Survivors) {
        self.dropped |= *survivors != Survivors::ALL;
        let mut index = 0;
        for change in self.unsynced.drain(..) {
            let units = change.units(unit);
            match &change {
                Change::Length(length) if survivors.keeps(index) => self.durable.resize(*length as usize, 0),
                Change::Length(_) => {}
                Change::Write { offset, bytes } if *survivors == Survivors::ALL => {
                    put(&mut self.durable, *offset, bytes)
                }
                Change::Write { offset, bytes } => {
                    let end = offset + bytes.len() as u64;
                    for number in (0..units).filter(|number| survivors.keeps(index + number)) {
                        let from = ((offset / unit + number) * unit).max(*offset);
                        let to = ((offset / unit + number + 1) * unit).min(end);
                        put(&mut self.durable, from, &bytes[(from - offset) as usize..(to - offset) as usize]);
                    }
                }
            }
            index += units;
        }
    }

    /// The page cache is gone.
    pub(super) fn forget(&mut self) {
        if self.dropped || !self.unsynced.is_empty() {
            self.unsynced.clear();
            self.current.clone_from(&self.durable);
            self.dropped = false;
        }
    }

    /// Is the byte at `offset` on the disk as a read sees it?
    pub(super) fn is_durable(&self, offset: u64) -> bool {
        let at = offset as usize;
        self.durable.get(at).is_some_and(|byte| self.current.get(at) == Some(byte))
    }

    /// Flips a bit of a byte that is durable.
    pub(super) fn flip(&mut self, offset: u64, bit: u32) {
        let at = offset as usize;
        self.durable[at] ^= 1 << bit;
        self.current[at] = self.durable[at];
    }
}

fn put(to: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = offset as usize;
    if to.len() < start + bytes.len() {
        to.resize(start + bytes.len(), 0);
    }
    to[start..start + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "ab" is synced, "cd" and "ef" behind it are not.
    fn log() -> Bytes {
        let mut log = Bytes::default();
        log.write(0, b"ab");
        log.sync(512, &Survivors::ALL);
        log.write(2, b"cd");
        log.write(4, b"ef");
        log
    }

    fn text(bytes: &Bytes) -> String {
        bytes.current.escape_ascii().to_string()
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_chosen_part_of_the_rest() {
        for (unit, survivors, left) in [
            (512, Survivors::ALL, "abcdef"),
            (512, Survivors::NONE, "ab"),
            (512, Survivors::Only(0..1), "abcd"),
            (512, Survivors::Only(1..2), "ab\\x00\\x00ef"),
            (1, Survivors::Only(0..1), "abc"),
            (1, Survivors::Except(1..2), "abc\\x00ef"),
            (1, Survivors::Masked(0b0101), "ab\\x00d\\x00f"),
        ] {
            let mut log = log();
            assert_eq!((text(&log), log.unsynced(512), log.unsynced(1)), ("abcdef".to_owned(), 2, 4));
            log.sync(unit, &survivors);
            assert_eq!(text(&log), "abcdef", "the page cache shows it as before");
            log.forget();
            assert_eq!(text(&log), left, "{unit} {survivors:?}");
            assert!(log.is_synced());
        }
    }

    #[test]
    fn units_are_cut_where_the_disk_cuts_them() {
        let mut file = Bytes::default();
        file.write(510, &[7; 4]);
        assert_eq!(file.unsynced(512), 2, "it crosses a sector's end");
        file.sync(512, &Survivors::Only(1..2));
        file.forget();
        assert_eq!((file.len(), &file.durable[508..]), (514, &[0, 0, 0, 0, 7, 7][..]));
    }

    #[test]
    fn a_shorter_length_is_a_change_like_any_other() {
        let mut file = log();
        file.set_len(3);
        file.write(3, b"!");
        assert_eq!((text(&file), file.unsynced(512)), ("abc!".to_owned(), 4));
        file.sync(512, &Survivors::Except(2..3));
        file.forget();
        assert_eq!(text(&file), "abc!ef", "the write is there, the cut before it is not");
    }

    #[test]
    fn only_what_comes_from_the_disk_is_corrupted() {
        let mut file = log();
        assert_eq!([0, 2, 9].map(|at| file.is_durable(at)), [true, false, false]);
        file.flip(0, 1);
        assert_eq!(text(&file), "cbcdef");
        file.forget();
        assert_eq!(text(&file), "cb");
    }
}
