//! The numbers of batches that belong together, since 0.4.0: as a process of its own would count them.
//!
//! raft-engine counts them over the whole process and writes them into its files, so what a run writes would depend on the
//! runs before, and on those beside it. On their way to the simulated disk they are replaced by numbers that begin anew
//! at each boot, as they do where a boot is a new process. The number is written in as many bytes as it needs: all that
//! are used, and all that replace them, have three. So the lengths are as raft-engine believes.

use super::image::{Change, Image};
use raft_engine::Engine;
use std::collections::BTreeMap;

/// Groups of a store of no run that a purge splits, each of which takes a number.
const SPLIT: u64 = 64;

/// What a batch's footer has for a number, but for the number itself, which comes before it: a pair with the internal
/// key, and a value of one byte.
const AFTER_NUMBER: [u8; 7] = [3, 1, 3, b'_', b'_', 1, 1];

/// The length and the compression, and where the footer begins.
const HEADER: usize = 16;

const CHECKSUM: usize = 4;

/// The numbers of one boot.
#[derive(Default)]
pub(super) struct Numbers {
    /// Which of them each number of the process is.
    own: BTreeMap<[u8; 3], usize>,
}

impl Numbers {
    /// Replaces the number in what is written, if it is a batch that has one.
    pub(super) fn renumber(&mut self, written: &mut [u8]) {
        let Some(begin) = written.get(HEADER / 2..HEADER) else { return };
        let begin = u64::from_be_bytes(begin.try_into().expect("eight bytes")) as usize;
        let Some(end) = written.len().checked_sub(CHECKSUM).filter(|&end| begin < end) else { return };
        let (footer, checksum) = written[begin..].split_at_mut(end - begin);
        let Some(at) = footer.windows(AFTER_NUMBER.len()).position(|bytes| bytes == AFTER_NUMBER) else { return };
        let before = crc32fast::hash(footer);
        let number: &mut [u8; 3] = (&mut footer[at - 3..at]).try_into().expect("three bytes");
        assert!(number[0] > 127 && number[1] > 127 && number[2] < 128, "{number:?} is no number of three bytes");
        let next = self.own.len();
        let own = *self.own.entry(*number).or_insert(next);
        assert!(own < 1 << 14, "a boot has more numbers of three bytes than are counted here");
        *number = [own as u8 | 128, (own >> 7) as u8 | 128, 1];
        // the file's own part of the checksum stays as it is
        let change = before ^ crc32fast::hash(footer);
        let changed = u32::from_le_bytes((&*checksum).try_into().expect("four bytes")) ^ change;
        checksum.copy_from_slice(&changed.to_le_bytes());
    }
}

/// Uses up those that are shorter. A purge that moves what was moved before splits a group that has more than 128 KiB, and
/// does that again and again until such batches are two bytes longer than at first.
pub(super) fn use_up_short_ones(engine: &Engine<Image>, image: &Image, append: impl Fn(u64, &[usize])) {
    for group in 2..2 + SPLIT {
        append(group, &[128 * 1_024, 1]);
    }
    // what is old is moved, and these are new
    for group in 1_000..1_200 {
        append(group, &[2_000]);
    }
    // how long the last batch of each group is, which has little else than its number
    let shortest = || {
        engine.purge_expired_files().expect("memory takes it");
        let written = image.take_changes().into_iter().filter_map(|change| match change {
            Change::Write { bytes, .. } => Some(bytes.len()),
            _ => None,
        });
        written.min().expect("a purge moves something")
    };
    // out of the log
    shortest();
    let first = shortest();
    while shortest() < first + 2 {}
}
