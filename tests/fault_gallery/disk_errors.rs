//! Bugs that a failing disk shows: errors, full disks, short operations, stalls, decay.

use crate::alone::alone;
use crate::{Row, Version};
use simfuzz::prelude::*;
use simfuzz::{File, SimStorage};
use std::io;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "a sync tried again until it succeeds",
            fault: FaultKind::SyncError,
            finding: "what was synced at last is there",
            system: syncs_again,
        },
        Row {
            bug: "a failed write that is only logged",
            fault: FaultKind::WriteError,
            finding: "an acknowledged record can be read",
            system: ignores_write,
        },
        Row {
            bug: "a failed read taken for an empty file",
            fault: FaultKind::ReadError,
            finding: "the counter never goes back",
            system: forgets,
        },
        Row {
            bug: "half a record left on a full disk",
            fault: FaultKind::Full,
            finding: "every record has its place",
            system: goes_on,
        },
        Row {
            bug: "a short write taken for a whole one",
            fault: FaultKind::ShortWrite,
            finding: "a record is what was written",
            system: writes_once,
        },
        Row {
            bug: "a short read taken for the end of the file",
            fault: FaultKind::ShortRead,
            finding: "all records are read",
            system: reads_until_short,
        },
        Row {
            bug: "a value served without a look at its checksum",
            fault: FaultKind::Corruption,
            finding: "a value is what was put",
            system: serves,
        },
        Row {
            bug: "a lease that a stalled write outlives",
            fault: FaultKind::Stall,
            finding: "only the holder of the lease acts",
            system: leads,
        },
    ]
}

/// A log of records of eight bytes: record `n` says `n + 1`. Gives how many there are in a row.
async fn count(log: &File) -> io::Result<u64> {
    let bytes = log.read_all().await?;
    let (records, _) = bytes.as_chunks::<8>();
    let numbers = records.iter().map(|record| u64::from_be_bytes(*record));
    Ok((1..).zip(numbers).take_while(|(expected, found)| expected == found).count() as u64)
}

async fn open(disk: &SimStorage) -> io::Result<File> {
    let log = disk.open("log").await?;
    // an error leaves the entries as they were: here it is right to try again
    while disk.sync_dir("/").await.is_err() {}
    Ok(log)
}

/// As databases did until 2018: a sync that succeeds means that all is on the disk.
async fn store(log: &File, at: u64, bytes: &[u8], version: Version) -> io::Result<()> {
    log.write_all_at(at, bytes).await?;
    while log.sync_all().await.is_err() {
        if version == Version::Fixed {
            // what the sync could not write counts as clean now: only a new write makes it dirty
            log.write_all_at(at, bytes).await?;
        }
    }
    Ok(())
}

fn syncs_again(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        let mut length = count(&log).await?;
        let acknowledged = ctx.state().get::<u64>("acknowledged").unwrap_or(0);
        assert_always!(length >= acknowledged, "what was synced at last is there");
        // what an earlier boot left may be in the page cache only
        store(&log, 0, &log.read_all().await?, version).await?;
        for _ in 0..30 {
            store(&log, length * 8, &(length + 1).to_be_bytes(), version).await?;
            length += 1;
            ctx.state().publish("acknowledged", length);
        }
        Ok(())
    })
    .attrition(Attrition::default().within(100))
    .disk_faults(DiskFaults::none().sync_errors(0.05, 50).max_damaged(1))
}

/// A write whose error nobody looks at, and an answer.
fn ignores_write(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        let known = count(&log).await?;
        for number in known..known + 30 {
            let written = log.append(&(number + 1).to_be_bytes()).await;
            if let Err(error) = written {
                ctx.note(|| format!("could not write record {number}: {error}"));
                if version == Version::Fixed {
                    return Err(error.into());
                }
            }
            log.sync_all().await?;
            assert_always!(count(&log).await? > number, "an acknowledged record can be read");
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().write_errors(0.01, 100))
}

/// A counter that begins at zero where there is none.
fn forgets(version: Version) -> SimulationBuilder {
    async fn read(counter: &File) -> io::Result<u64> {
        let mut bytes = [0; 8];
        match counter.read_exact_at(0, &mut bytes).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            result => result.map(|()| u64::from_be_bytes(bytes)),
        }
    }
    alone(1, async move |ctx: &SimContext| {
        let counter = open(ctx.storage()).await?;
        for _ in 0..30 {
            let number = match version {
                Version::Broken => read(&counter).await.unwrap_or_default(),
                Version::Fixed => read(&counter).await?,
            };
            let known = ctx.state().get::<u64>("number").unwrap_or(0);
            assert_always!(number >= known, "the counter never goes back");
            counter.write_all_at(0, &(number + 1).to_be_bytes()).await?;
            counter.sync_all().await?;
            ctx.state().publish("number", number + 1);
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().read_errors(0.01, 100))
}

/// The client is told that there is no room, and asks again later.
fn goes_on(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        let mut records = count(&log).await?;
        log.set_len(records * 8).await?;
        for _ in 0..30 {
            while let Err(error) = log.append(&(records + 1).to_be_bytes()).await {
                if error.kind() != io::ErrorKind::StorageFull {
                    return Err(error.into());
                }
                if version == Version::Fixed {
                    log.set_len(records * 8).await?;
                }
                ctx.time().sleep(Duration::from_millis(200)).await;
            }
            records += 1;
            log.sync_all().await?;
            assert_always!(count(&log).await? == records, "every record has its place");
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().full(0.01, 100))
}

/// `write_at` says how much it took.
fn writes_once(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        for number in 0..30u8 {
            let (at, record) = (u64::from(number) * 100, [number + 1; 100]);
            match version {
                Version::Broken => drop(log.write_at(at, &record).await?),
                Version::Fixed => log.write_all_at(at, &record).await?,
            }
            log.sync_all().await?;
        }
        let bytes = log.read_all().await?;
        let right = (1..).zip(bytes.chunks(100)).all(|(number, record)| record == [number; 100]);
        assert_always!(right && bytes.len() == 3_000, "a record is what was written");
        Ok(())
    })
    .disk_faults(DiskFaults::none().short_writes(0.01, 100))
}

/// A file is read block by block; the last block is not full, they say.
fn reads_until_short(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        log.write_all_at(0, &[7; 1_000]).await?;
        log.sync_all().await?;
        for _ in 0..5 {
            let (mut found, mut block) = (0, [0; 128]);
            loop {
                let read = log.read_at(found, &mut block).await?;
                found += read as u64;
                let ended = match version {
                    Version::Broken => read < block.len(),
                    Version::Fixed => read == 0,
                };
                if ended {
                    break;
                }
            }
            assert_always!(found == 1_000, "all records are read");
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().short_reads(0.01, 200))
}

/// Values with a checksum beside each, which somebody should compare.
fn serves(version: Version) -> SimulationBuilder {
    fn sum(value: &[u8]) -> u8 {
        value.iter().fold(0, |sum: u8, byte| sum.rotate_left(1) ^ byte)
    }
    alone(1, async move |ctx: &SimContext| {
        let values = open(ctx.storage()).await?;
        for key in 0..8 {
            let value = [b'a' + key as u8; 31];
            values.write_all_at(key * 32, &[&value[..], &[sum(&value)]].concat()).await?;
        }
        values.sync_all().await?;
        for get in 0..40 {
            let key = get % 8;
            let mut stored = [0; 32];
            values.read_exact_at(key * 32, &mut stored).await?;
            let (value, check) = stored.split_at(31);
            if version == Version::Fixed && check[0] != sum(value) {
                return Err(SimulationError::InvalidState(format!("the value of {key} is bad")));
            }
            assert_always!(value == [b'a' + key as u8; 31], "a value is what was put");
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().corruption(0.01, 100).max_damaged(1))
}

/// Whoever has the lease writes the order down and then carries it out.
fn leads(version: Version) -> SimulationBuilder {
    const LEASE: Duration = Duration::from_secs(1);
    /// Until when whose it is.
    type Lease = (Duration, usize);
    /// What is left of it when an order is begun: much more than an order takes.
    const ENOUGH: Duration = Duration::from_millis(500);
    let mine = |ctx: &SimContext, left: Duration| {
        let until = ctx.time().now() + left;
        ctx.state().update("lease", |lease: &mut Lease| lease.1 == ctx.client_id() + 1 && until < lease.0)
    };
    let take = |ctx: &SimContext| {
        let now = ctx.time().now();
        let me = ctx.client_id() + 1;
        ctx.state().update("lease", |lease: &mut Lease| {
            if now >= lease.0 {
                *lease = (now + LEASE, me);
            }
        });
    };
    alone(2, async move |ctx: &SimContext| {
        let log = open(ctx.storage()).await?;
        for _ in 0..60 {
            take(ctx);
            if mine(ctx, ENOUGH) {
                log.append(b"order").await?;
                log.sync_all().await?;
                if version == Version::Broken || mine(ctx, Duration::ZERO) {
                    let (_, holder) = ctx.state().get::<Lease>("lease").unwrap_or_default();
                    assert_always!(holder == ctx.client_id() + 1, "only the holder of the lease acts");
                }
            }
            ctx.time().sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    })
    .disk_faults(DiskFaults::none().stalls(0.02, 200))
}
