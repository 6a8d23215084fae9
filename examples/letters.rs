//! A fuzz target in one file: letters that are said to be kept before they are, for those who want to see a
//! report.
//!
//! `LETTERS` is how many letters each writer sends, `LETTER` what they say.
//!
//! `cargo run --release --features fuzz --example letters -- seeds 1000`
#![cfg_attr(fuzzing, no_main)]

use simfuzz::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};

/// What the environment says, or `otherwise`.
fn setting(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// Keeps each letter in a file, and says so before it is sure: there is no sync.
struct Office;

#[async_trait(?Send)]
impl Process for Office {
    fn name(&self) -> &str {
        "office"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let file = ctx.storage().open("letters").await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let (reader, mut writer) = stream.into_split();
            let (mut lines, file) = (BufReader::new(reader).lines(), &file);
            while let Ok(Some(letter)) = lines.next_line().await {
                file.append(format!("{letter}\n").as_bytes()).await?;
                tracing::info!(letter, boot = ctx.boot(), "a letter is kept");
                if writer.write_all(b"kept\n").await.is_err() {
                    break;
                }
            }
        }
    }
}

/// Sends letters, and then looks whether those that were kept are there.
#[derive(Default)]
struct Writer {
    kept: usize,
}

#[async_trait(?Send)]
impl Workload for Writer {
    fn name(&self) -> &str {
        "writer"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (letters, text): (usize, _) = (setting("LETTERS", "6").parse().unwrap_or(6), setting("LETTER", "hello"));
        let office = format!("office-{}", ctx.client_id() % 2);
        let (reader, mut writer) = ctx.network().connect(&office).await?.into_split();
        let mut answers = BufReader::new(reader).lines();
        for number in 0..letters {
            ctx.note(|| format!("letter {number} to {office}: {text}"));
            writer.write_all(format!("{} {number} {text}\n", ctx.name()).as_bytes()).await?;
            if answers.next_line().await?.is_none() {
                break;
            }
            self.kept += 1;
            ctx.time().sleep(Duration::from_millis(ctx.random().label("pause").random_range(0..20))).await;
        }
        assert_sometimes!(self.kept == letters, "all letters were kept");
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let office = format!("office-{}", ctx.client_id() % 2);
        let letters = ctx.storage_of(office.as_str())?.open("letters").await?.read_all().await?;
        let mine = String::from_utf8_lossy(&letters).lines().filter(|line| line.starts_with(ctx.name())).count();
        let (kept, text) = (self.kept, setting("LETTER", "hello"));
        assert_always!(mine >= kept, format!("of {kept} kept letters {mine} are there: {text}"));
        Ok(())
    }
}

fn letters() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(2, || Box::new(Office))
        .workloads(WorkloadCount::Fixed(2), |_| Box::new(Writer::default()))
        .attrition(Attrition::default())
        .partitions(Partitions::default())
}

simfuzz::sim_target!(letters);
