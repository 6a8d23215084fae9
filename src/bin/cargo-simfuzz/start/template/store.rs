//! A process: the server you ship. This one adds numbers up, and keeps them in a log on its disk.
//!
//! It has a bug. `cargo simfuzz run sim_target` finds it within seconds; see `compact`.

use simfuzz::SimStorage;
use simfuzz::prelude::*;

/// A log of so many numbers is replaced by one that holds their sum.
const COMPACT_AT: usize = 32;

/// A number, and all its bits turned over: what a crash has torn is seen to be torn.
const RECORD: usize = 16;

pub(super) struct Store;

#[async_trait(?Send)]
impl Process for Store {
    fn name(&self) -> &str {
        "store"
    }

    // runs from each boot on, until the host crashes: memory is lost, the disk stays
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let disk = ctx.storage();
        let mut numbers = open(disk).await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            // a client that goes away is no failure of the store
            let Ok(number) = stream.read_u64().await else { continue };
            numbers.push(number);
            if numbers.len() < COMPACT_AT {
                let log = disk.open("log").await?;
                log.append(&record(number)).await?;
                log.sync_data().await?;
            } else {
                numbers = vec![numbers.iter().sum()];
                compact(disk, numbers[0]).await?;
                assert_reachable!("the log is compacted");
            }
            let _ = stream.write_u64(numbers.iter().sum()).await;
        }
    }
}

/// Replaces the log by one that holds a single number.
async fn compact(disk: &SimStorage, total: u64) -> SimulationResult<()> {
    let log = disk.create("log.new").await?;
    log.append(&record(total)).await?;
    // The bug: a name may reach the disk before the bytes of its file do, and a crash between the
    // two leaves an empty log. What is missing is this line:
    // log.sync_all().await?;
    disk.rename("log.new", "log").await?;
    disk.sync_dir("").await?;
    Ok(())
}

/// The numbers of the log, which ends at the first torn one: that was never acknowledged.
async fn open(disk: &SimStorage) -> SimulationResult<Vec<u64>> {
    if !disk.exists("log").await? {
        disk.create("log").await?;
        disk.sync_dir("").await?;
    }
    let log = disk.open("log").await?;
    let bytes = log.read_all().await?;
    let whole = |chunk: &[u8]| {
        let number = u64::from_be_bytes(chunk[..8].try_into().expect("eight bytes"));
        (chunk == record(number)).then_some(number)
    };
    let numbers: Vec<_> = bytes.chunks_exact(RECORD).map_while(whole).collect();
    log.set_len((numbers.len() * RECORD) as u64).await?;
    log.sync_all().await?;
    Ok(numbers)
}

fn record(number: u64) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(&(!number).to_be_bytes());
    bytes
}
