//! Bugs that it takes a disk to see.

use crate::{Row, Version};
use simfuzz::prelude::*;

pub(crate) fn rows() -> Vec<Row> {
    vec![Row {
        bug: "an answer before the sync",
        fault: FaultKind::LostWrite,
        finding: "what was acknowledged is there after a crash",
        system: acknowledges,
    }]
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
