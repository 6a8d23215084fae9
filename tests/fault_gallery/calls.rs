//! Asking and answering, one number each way: what most of these systems talk in.

use simfuzz::ToPeer;
use simfuzz::prelude::*;
use std::io;
use std::rc::Rc;

/// Sends `request` on a connection of its own and gives the answer, within a second.
pub(crate) async fn call(ctx: &SimContext, peer: impl ToPeer, request: u64) -> io::Result<u64> {
    let answer = async {
        let mut stream = ctx.network().connect(peer).await?;
        stream.write_u64(request).await?;
        stream.read_u64().await
    };
    ctx.time().timeout(Duration::from_secs(1), answer).await?
}

/// Answers requests, each connection by a task of its own.
pub(crate) async fn serve(ctx: &SimContext, answer: impl Fn(u64) -> u64 + 'static) -> SimulationResult<()> {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    let answer = Rc::new(answer);
    loop {
        let (mut stream, _) = listener.accept().await?;
        let answer = answer.clone();
        ctx.task().spawn_local(async move {
            while let Ok(request) = stream.read_u64().await {
                if stream.write_u64(answer(request)).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A workload that lets the processes work for so many virtual seconds.
pub(crate) struct Watch(pub(crate) u64);

#[async_trait(?Send)]
impl Workload for Watch {
    fn name(&self) -> &str {
        "watch"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().sleep(Duration::from_secs(self.0)).await;
        Ok(())
    }
}

/// A workload that adds to what `name` counts: what was acknowledged must still be in later sums.
pub(crate) struct Adder {
    pub(crate) name: &'static str,
    pub(crate) times: u32,
}

pub(crate) const COUNTED: &str = "what was acknowledged is counted for ever";

#[async_trait(?Send)]
impl Workload for Adder {
    fn name(&self) -> &str {
        "adder"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut acknowledged = 0;
        for _ in 0..self.times {
            match call(ctx, self.name, 1).await {
                Ok(sum) => {
                    assert_always!(sum > acknowledged, "what was acknowledged is counted for ever");
                    acknowledged = sum;
                }
                Err(_) => ctx.time().sleep(Duration::from_millis(300)).await,
            }
        }
        Ok(())
    }
}
