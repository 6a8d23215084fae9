//! Bugs on ways that the code itself, or the order of its tasks, rarely takes.

use crate::actors::workload;
use crate::{Row, Version};
use simfuzz::prelude::*;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "a page border that no test has",
            fault: FaultKind::Buggify,
            finding: "a listing shows every item",
            system: lists,
        },
        Row {
            bug: "a task taken for done once it could run",
            fault: FaultKind::Hold,
            finding: "what was handed over is stored",
            system: hands_over,
        },
    ]
}

/// A shelf of a few items, listed page by page. A page holds far more than any test has.
struct Shelf(Version);

const ITEMS: u8 = 5;

#[async_trait(?Send)]
impl Process for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            // asked for a page from an item on, it answers with the items and where to go on
            while let Ok(from) = stream.read_u8().await {
                let size: u8 = buggify_or!("page size", 100, 1..=3);
                let page: Vec<u8> = (from..ITEMS).take(size.into()).collect();
                let next = from + page.len() as u8;
                // the client goes on after the item that it is told
                let cursor = if self.0 == Version::Broken { next } else { next.wrapping_sub(1) };
                let mut answer = vec![page.len() as u8];
                answer.extend(page);
                answer.push(cursor);
                if stream.write_all(&answer).await.is_err() {
                    break;
                }
            }
        }
    }
}

struct Reader;

#[async_trait(?Send)]
impl Workload for Reader {
    fn name(&self) -> &str {
        "reader"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut stream = ctx.network().connect("shelf").await?;
        let (mut seen, mut from) = (Vec::new(), 0);
        while from < ITEMS {
            stream.write_u8(from).await?;
            let mut page = vec![0; stream.read_u8().await?.into()];
            stream.read_exact(&mut page).await?;
            seen.append(&mut page);
            from = stream.read_u8().await?.wrapping_add(1);
        }
        assert_always!(seen == Vec::from_iter(0..ITEMS), "a listing shows every item");
        Ok(())
    }
}

fn lists(version: Version) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Shelf(version)))
        .workload(|| Box::new(Reader))
        .buggify(Buggify::default())
}

/// Hands items to a task that stores them. The broken one gives way once and takes it for granted
/// that the task has run; the fixed one waits for its word.
fn hands_over(version: Version) -> SimulationBuilder {
    SimulationBuilder::new().workload(workload("writer", async move |ctx: &SimContext| {
        let (items, mut handed) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>(1);
        let state = *ctx.state();
        ctx.task().spawn_local(async move {
            while let Some(done) = handed.recv().await {
                state.update("stored", |stored: &mut u32| *stored += 1);
                let _ = done.send(());
            }
        });
        ctx.time().sleep(Duration::from_millis(1)).await;
        for item in 1..=10 {
            let (done, stored) = tokio::sync::oneshot::channel();
            items.send(done).await.ok();
            match version {
                Version::Broken => ctx.task().yield_now().await,
                Version::Fixed => stored.await.unwrap_or_default(),
            }
            let stored = ctx.state().get::<u32>("stored").unwrap_or_default();
            assert_always!(stored >= item, "what was handed over is stored");
        }
        Ok(())
    }))
}
