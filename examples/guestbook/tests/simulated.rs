//! The guestbook in a simulation that crashes it.

use guestbook::Guestbook;
use simfuzz::prelude::*;

/// Writes a few lines, and looks for those that were answered.
#[derive(Default)]
struct Guest {
    answered: Vec<String>,
}

#[async_trait(?Send)]
impl Workload for Guest {
    fn name(&self) -> &str {
        "guest"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut stream = ctx.network().connect("guestbook").await?;
        for number in 0..ctx.random().random_range(1..10) {
            let line = format!("guest {} wrote {number}", ctx.client_id());
            stream.write_all(format!("{line}\n").as_bytes()).await?;
            let mut answer = [0; 64];
            let length = stream.read(&mut answer).await?;
            if length == 0 {
                break;
            }
            self.answered.push(line);
            assert_sometimes!(number > 5, "a guest wrote much");
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let book = ctx.storage_of("guestbook")?.open("book").await?.read_all().await?;
        let book = String::from_utf8_lossy(&book);
        for line in &self.answered {
            assert_always!(book.lines().any(|kept| kept.ends_with(line.as_str())), "what was answered is kept");
        }
        Ok(())
    }
}

#[test]
fn what_was_answered_is_kept() {
    let report = SimulationBuilder::new()
        .processes(1, || Box::new(Guestbook))
        .workloads(WorkloadCount::Random(1..4), |_| Box::new(Guest::default()))
        .attrition(Attrition::default())
        .iterations(200)
        .run();
    report.assert_ok();
}
