//! What survives a crash: a write-ahead log, and a snapshot so that the log stays short.
//!
//! Owns the files `log` and `snapshot`. A record is in the log, synced, before anybody acts on
//! it. A snapshot is whole and synced under another name before it takes its place, and only when
//! its new name is synced as well is the log cut, synced again; a crash in between leaves records that the snapshot has
//! already, which are skipped when the log is read again.

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
        // synced before the next record takes the place of an old one: a crash that kept the old
        // length and the second of two new records would leave a gap
        self.log.set_len(0).await?;
        self.log.sync_all().await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Command, HOUSE};

    /// A ledger that grows by as many records at a time as it likes, and is put away at any
    /// length: a backup's life, faster.
    struct Keeper;

    #[async_trait(?Send)]
    impl Process for Keeper {
        fn name(&self) -> &str {
            "keeper"
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            let (mut journal, mut ledger) = Journal::open(*ctx.storage()).await?;
            loop {
                let first = ledger.applied + 1;
                let command = Command::Deposit { to: HOUSE, amount: 1 };
                let records: Vec<_> = (first..=first + ctx.random().random_range(0..3))
                    .map(|index| Record { index, client: 0, number: index, command })
                    .collect();
                journal.append(&records).await?;
                records.iter().for_each(|record| ledger.apply(record));
                if journal.length >= 4 && ctx.random().random_bool(0.5) {
                    journal.snapshot(&ledger).await?;
                }
                ctx.time().sleep(Duration::from_millis(1)).await;
            }
        }
    }

    #[test]
    fn a_journal_has_no_gap_whatever_a_crash_takes() {
        let report = SimulationBuilder::new()
            .processes(1, || Box::new(Keeper))
            .workload(|| Box::new(Idle))
            .attrition(Attrition::default().chance(1.0).within(300))
            .restart_after(Duration::from_millis(1)..=Duration::from_millis(5))
            .iterations(10_000)
            .run();
        report.assert_ok();
    }

    /// Lets time pass.
    struct Idle;

    #[async_trait(?Send)]
    impl Workload for Idle {
        fn name(&self) -> &str {
            "idle"
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            ctx.time().sleep(Duration::from_millis(300)).await;
            Ok(())
        }
    }
}
