//! What survives a crash: the term, the vote and the log, in one file that only grows.
//!
//! Owns the file `wal`. A record is in it, synced, before anybody acts on it or hears of it. An entry
//! whose index is taken replaces that one and all after it. At boot the records are read again, up to
//! the first that is not whole: nobody has acted on that one.

use crate::messages::{Entry, Id, Position};
use serde::{Deserialize, Serialize};
use simfuzz::prelude::*;
use simfuzz::{File, SimStorage};
use std::io;

const WAL: &str = "wal";

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// This is the term now, and the vote in it, if there is one.
    Term {
        term: u64,
        vote: Option<Id>,
    },
    Entry {
        index: u64,
        entry: Entry,
    },
}

/// The write-ahead log, and what is in it.
#[derive(Debug)]
pub(crate) struct Wal {
    file: File,
    end: u64,
    durable: Durable,
}

/// What a replica knows for sure.
#[derive(Debug, Default)]
pub(crate) struct Durable {
    pub(crate) term: u64,
    pub(crate) vote: Option<Id>,
    log: Vec<Entry>,
}

impl Wal {
    pub(crate) async fn open(storage: &SimStorage) -> io::Result<Self> {
        let file = storage.open(WAL).await?;
        let bytes = file.read_all().await?;
        let mut durable = Durable::default();
        let mut end = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(record) = unseal(line) else { break };
            end += line.len();
            durable.take(record);
        }
        assert_sometimes!(end < bytes.len(), "a torn record is cut off");
        // what was read may stand in the page cache alone, if the process died and the machine didn't:
        // nobody may be told of it before it is durable, and so is the file's name
        settle(&file, &bytes[..end]).await?;
        storage.sync_dir("/").await?;
        Ok(Self { file, end: end as u64, durable })
    }

    /// Makes `records` durable. After an error nobody knows what is on the disk: only a boot helps.
    pub(crate) async fn append(&mut self, records: Vec<Record>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut lines = String::new();
        for record in &records {
            lines += &seal(record)?;
        }
        self.file.write_all_at(self.end, lines.as_bytes()).await?;
        self.file.sync_all().await?;
        self.end += lines.len() as u64;
        records.into_iter().for_each(|record| self.durable.take(record));
        Ok(())
    }
}

/// Makes durable what was read, and nothing behind it.
#[cfg(feature = "bug")]
async fn settle(file: &File, read: &[u8]) -> io::Result<()> {
    file.set_len(read.len() as u64).await?;
    file.sync_all().await
}

/// Makes durable what was read, and nothing behind it.
#[cfg(not(feature = "bug"))]
async fn settle(file: &File, read: &[u8]) -> io::Result<()> {
    // written again, since a sync may have failed before the boot: then the page cache shows what no
    // later sync writes
    file.write_all_at(0, read).await?;
    file.set_len(read.len() as u64).await?;
    file.sync_all().await
}

impl std::ops::Deref for Wal {
    type Target = Durable;

    fn deref(&self) -> &Durable {
        &self.durable
    }
}

impl Durable {
    fn take(&mut self, record: Record) {
        match record {
            Record::Term { term, vote } => (self.term, self.vote) = (term, vote),
            Record::Entry { index, entry } => {
                self.log.truncate(index as usize - 1);
                self.log.push(entry);
            }
        }
    }

    pub(crate) fn last(&self) -> Position {
        let index = self.log.len() as u64;
        Position { index, term: self.term_at(index).unwrap_or_default() }
    }

    /// The term of an entry; before the first it is 0.
    pub(crate) fn term_at(&self, index: u64) -> Option<u64> {
        match index.checked_sub(1) {
            None => Some(0),
            Some(place) => self.log.get(place as usize).map(|entry| entry.term),
        }
    }

    pub(crate) fn entry(&self, index: u64) -> Option<&Entry> {
        self.log.get(index.checked_sub(1)? as usize)
    }

    /// The entries after `index`.
    pub(crate) fn since(&self, index: u64) -> &[Entry] {
        self.log.get(index as usize..).unwrap_or_default()
    }
}

/// A record as a line, with a checksum that tells a torn one from a whole one.
fn seal(record: &Record) -> io::Result<String> {
    let text = serde_json::to_string(record)?;
    Ok(format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes())))
}

fn unseal(line: &[u8]) -> Option<Record> {
    let (sum, text) = str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    let whole = u32::from_str_radix(sum, 16) == Ok(crc32fast::hash(text.as_bytes()));
    whole.then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_record_is_seen_and_an_entry_takes_the_place_of_others() {
        let line = seal(&Record::Term { term: 3, vote: Some(1) }).unwrap();
        assert_eq!(unseal(line.as_bytes()), Some(Record::Term { term: 3, vote: Some(1) }));
        for end in 0..line.len() {
            assert_eq!(unseal(&line.as_bytes()[..end]), None, "cut at {end}");
        }

        let mut durable = Durable::default();
        for (index, term) in [(1, 1), (2, 1), (3, 1), (2, 4)] {
            durable.take(Record::Entry { index, entry: Entry { term, command: None } });
        }
        assert_eq!(durable.last(), Position { index: 2, term: 4 });
        assert_eq!((durable.since(1).len(), durable.since(9).len()), (1, 0));
    }
}
