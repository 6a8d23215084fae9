//! Bugs that a crash shows: what was not synced is not there, or only a part of it.

use crate::alone::alone;
use crate::{Row, Version};
use simfuzz::OpenOptions;
use simfuzz::prelude::*;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "an answer before the sync",
            fault: FaultKind::LostWrite,
            finding: "what was acknowledged is there after a crash",
            system: acknowledges,
        },
        Row {
            bug: "no sync before a rename",
            fault: FaultKind::LostWrite,
            finding: "the settings are whole",
            system: replaces,
        },
        Row {
            bug: "no sync of the directory",
            fault: FaultKind::LostName,
            finding: "every acknowledged record is in some segment",
            system: rotates,
        },
        Row {
            bug: "a torn record that is not told from a whole one",
            fault: FaultKind::LostWrite,
            finding: "a balance is one that was written",
            system: replays,
        },
    ]
}

/// A counter on disk. It answers each "add" with the sum.
struct Counter(Version);

#[async_trait(?Send)]
impl Process for Counter {
    fn name(&self) -> &str {
        "counter"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let log = ctx.storage().open("log").await?;
        ctx.storage().sync_dir("/").await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            while stream.read_u8().await.is_ok() {
                log.append(b"+").await?;
                if self.0 == Version::Fixed {
                    log.sync_all().await?;
                }
                if stream.write_u64(log.len().await?).await.is_err() {
                    break;
                }
            }
        }
    }
}

struct Adder;

#[async_trait(?Send)]
impl Workload for Adder {
    fn name(&self) -> &str {
        "adder"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut acknowledged = 0;
        for _ in 0..10 {
            let answer: std::io::Result<u64> = async {
                let mut stream = ctx.network().connect("counter").await?;
                stream.write_u8(b'+').await?;
                stream.read_u64().await
            }
            .await;
            if let Ok(sum) = answer {
                assert_always!(sum > acknowledged, "what was acknowledged is there after a crash");
                acknowledged = sum;
            } else {
                ctx.time().sleep(Duration::from_millis(300)).await;
            }
        }
        Ok(())
    }
}

fn acknowledges(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Counter(version)))
        .workload(|| Box::new(Adder))
        .attrition(Attrition::default().within(40))
}

/// Settings that are replaced as a whole: written beside, and renamed.
fn replaces(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let disk = ctx.storage();
        if disk.exists("settings").await? {
            let settings = disk.open("settings").await?.read_all().await?;
            assert_always!(settings.ends_with(b"end\n"), "the settings are whole");
        }
        for number in 0..30 {
            let new = disk.create("settings.new").await?;
            new.write_all_at(0, format!("timeout = {number}\nend\n").as_bytes()).await?;
            if version == Version::Fixed {
                new.sync_all().await?;
            }
            disk.rename("settings.new", "settings").await?;
            disk.sync_dir("/").await?;
        }
        Ok(())
    })
    .attrition(Attrition::default().chance(0.1).within(100))
}

/// A log in segments of four records, each segment a new file.
fn rotates(version: Version) -> SimulationBuilder {
    alone(1, async move |ctx: &SimContext| {
        let disk = ctx.storage();
        let segments = disk.read_dir("/").await?.len();
        let mut records = 0;
        for segment in 0..segments {
            let path = format!("segment-{segment:03}");
            records += if disk.exists(&path).await? { disk.metadata(&path).await?.len() } else { 0 };
        }
        let acknowledged = ctx.state().get::<u64>("acknowledged").unwrap_or(0);
        assert_always!(records >= acknowledged, "every acknowledged record is in some segment");
        for segment in segments..segments + 10 {
            let file = disk.create(&format!("segment-{segment:03}")).await?;
            if version == Version::Fixed {
                disk.sync_dir("/").await?;
            }
            for _ in 0..4 {
                file.write_all_at(file.len().await?, b"x").await?;
                file.sync_all().await?;
                records += 1;
                ctx.state().publish("acknowledged", records);
            }
        }
        Ok(())
    })
    .attrition(Attrition::default().chance(0.1).within(100))
}

/// A log of balances, a line each; the last one counts.
fn replays(version: Version) -> SimulationBuilder {
    const START: u64 = 1_000_000;
    alone(1, async move |ctx: &SimContext| {
        let log = ctx.storage().open_with("log", OpenOptions::new().read(true).append(true).create(true)).await?;
        ctx.storage().sync_dir("/").await?;
        let text = String::from_utf8_lossy(&log.read_all().await?).into_owned();
        let mut balance = START;
        let mut end = 0;
        for line in text.split_inclusive('\n') {
            let mut words = line.split_whitespace().map_while(|word| word.parse::<u64>().ok());
            let (Some(found), check) = (words.next(), words.next()) else { break };
            if version == Version::Fixed && (check != Some(found ^ 0x5555) || !line.ends_with('\n')) {
                break;
            }
            balance = found;
            end += line.len() as u64;
        }
        assert_always!((START..START + 1_000).contains(&balance), "a balance is one that was written");
        log.set_len(end).await?;
        for _ in 0..20 {
            balance += 1;
            log.append(format!("{balance} {}\n", balance ^ 0x5555).as_bytes()).await?;
            log.sync_data().await?;
        }
        Ok(())
    })
    .attrition(Attrition::default().within(60))
}
