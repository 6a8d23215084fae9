//! The guestbook on a machine that crashes, and guests who come back.
//!
//! A module of the tests and of the fuzz target `guestbook`: what is shipped has nothing of it.

use guestbook::Guestbook;
use simfuzz::io::{self, AsyncBufReadExt, BufReader};
use simfuzz::prelude::*;

/// What a guest does when the book is closed.
const PAUSE: Duration = Duration::from_millis(200);

/// One server that crashes and is cut off, and one to three guests.
pub fn simulation() -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, || Box::new(Guestbook))
        .workloads(WorkloadCount::Random(1..4), |_| Box::new(Guest::default()))
        .attrition(Attrition::default())
        .partitions(Partitions::default())
}

/// Writes a few lines in a few visits, and looks for those that were answered, each in its place.
#[derive(Default)]
struct Guest {
    answered: Vec<(usize, String)>,
    asked: usize,
}

#[async_trait(?Send)]
impl Workload for Guest {
    fn name(&self) -> &str {
        "guest"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for visit in 0..ctx.random().label("visits").random_range(1..5) {
            let lines = ctx.random().scope("visit", visit).label("lines").random_range(1..6);
            if let Err(error) = self.visit(ctx, lines).await {
                ctx.note(|| format!("is shown out: {error}"));
                ctx.time().sleep(PAUSE).await;
            }
        }
        assert_sometimes!(self.answered.len() > 10, "a guest wrote much");
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let book = ctx.storage_of("guestbook")?.open("book").await?.read_all().await?;
        let book = String::from_utf8_lossy(&book);
        for (number, line) in &self.answered {
            // a crash may have left the start of another line before it
            let kept = book.split('\n').nth(number - 1).is_some_and(|kept| kept.ends_with(line.as_str()));
            assert_always!(kept, "what was answered is kept, in its place");
        }
        Ok(())
    }
}

impl Guest {
    async fn visit(&mut self, ctx: &SimContext, lines: usize) -> io::Result<()> {
        let mut stream = BufReader::new(ctx.network().connect("guestbook").await?);
        for _ in 0..lines {
            self.asked += 1;
            let line = format!("guest {} wrote {}", ctx.client_id(), self.asked);
            stream.write_all(format!("{line}\n").as_bytes()).await?;
            let mut answer = String::new();
            if stream.read_line(&mut answer).await? == 0 || !answer.ends_with('\n') {
                assert_sometimes!(true, "the book was closed before an answer");
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let number = answer.split(' ').next().and_then(|number| number.parse().ok());
            assert_always!(number.is_some(), "an answer begins with a number");
            self.answered.extend(number.map(|number| (number, line)));
        }
        Ok(())
    }
}
