//! What survives a crash: a write-ahead log, and a snapshot so that the log stays short.
//!
//! Owns the files `log` and `snapshot`. A record is in the log, synced, before anybody acts on
//! it. A snapshot is whole and synced under another name before it takes its place, and only when
//! its new name is synced as well is the log cut; a crash in between leaves records that the snapshot has already, which
//! are skipped when the log is read again.

use crate::ledger::{Ledger, Record};
use crate::wire::{garbled, seal, unseal};
use simfuzz::prelude::*;
use simfuzz::{File, OpenOptions, SimStorage};
use std::collections::VecDeque;
use std::io;

/// Records that stay in memory for backups that are behind; one that lacks more gets the whole
/// ledger.
const RECENT: usize = 12;

const LOG: &str = "log";
const SNAPSHOT: &str = "snapshot";
/// A snapshot that is not known to be whole.
const UNFINISHED: &str = "snapshot.new";

/// The log of one replica, open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    storage: SimStorage,
    log: File,
    /// Where the next record goes.
    end: u64,
    /// Records in the log since the snapshot.
    pub(crate) length: usize,
    /// The last records, the newest at the end.
    recent: VecDeque<Record>,
}

impl Journal {
    /// Opens the journal of this host, and gives the ledger that is written there.
    pub(crate) async fn open(storage: SimStorage) -> io::Result<(Self, Ledger)> {
        let files = storage.read_dir("/").await?;
        let has = |name: &str| files.iter().any(|file| file == name);
        assert_sometimes!(has(UNFINISHED), "a crash left an unfinished snapshot");
        let mut ledger = if has(SNAPSHOT) { read_snapshot(&storage).await? } else { Ledger::default() };

        let log = storage.open(LOG).await?;
        let bytes = if has(LOG) { log.read_all().await? } else { Vec::new() };
        let (mut end, mut known) = (0, 0);
        let mut recent = VecDeque::new();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(record) = unseal(line).and_then(Record::parse) else { break };
            end += line.len();
            if record.index <= ledger.applied {
                known += 1;
                continue;
            }
            ledger.apply(&record);
            recent.push_back(record);
        }
        assert_sometimes!(known > 0, "a crash came after a snapshot and before the log was cut");
        assert_sometimes!(has(SNAPSHOT) && !recent.is_empty(), "a ledger was put together from snapshot and log");
        if end < bytes.len() {
            assert_reachable!("a torn record was cut off the log");
            log.set_len(end as u64).await?;
        }
        // what was read may stand in the page cache alone, if the process died and the machine
        // didn't: nobody may be told of it before it is durable, and so are the files' names
        log.sync_all().await?;
        storage.sync_dir("/").await?;
        Ok((Self { storage, log, end: end as u64, length: recent.len(), recent }, ledger))
    }

    /// Makes `records` durable.
    pub(crate) async fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let lines: String = records.iter().map(|record| seal(&record.to_string())).collect();
        self.log.write_all_at(self.end, lines.as_bytes()).await?;
        self.log.sync_all().await?;
        self.end += lines.len() as u64;
        self.length += records.len();
        self.recent.extend(records);
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        Ok(())
    }

    /// Makes `ledger` durable as a whole, in place of the log.
    pub(crate) async fn snapshot(&mut self, ledger: &Ledger) -> io::Result<()> {
        let file = self.storage.create(UNFINISHED).await?;
        file.write_all_at(0, seal(&ledger.to_string()).as_bytes()).await?;
        file.sync_all().await?;
        self.storage.rename(UNFINISHED, SNAPSHOT).await?;
        self.storage.sync_dir("/").await?;
        // synced with the next record: until then the old ones are skipped
        self.log.set_len(0).await?;
        (self.end, self.length) = (0, 0);
        Ok(())
    }

    /// The records from `index` on, if they are still at hand.
    pub(crate) fn since(&self, index: u64) -> Option<impl Iterator<Item = &Record>> {
        let first = self.recent.iter().position(|record| record.index == index)?;
        Some(self.recent.range(first..))
    }
}

async fn read_snapshot(storage: &SimStorage) -> io::Result<Ledger> {
    let bytes = storage.open_with(SNAPSHOT, OpenOptions::new().read(true)).await?.read_all().await?;
    unseal(&bytes).and_then(Ledger::parse).ok_or_else(|| garbled(&String::from_utf8_lossy(&bytes)))
}
