//! The workload: proposes values, and doesn't care whether one is lost.

use super::{PORT, PROPOSAL};
use simfuzz::prelude::*;

/// Operations of a run.
const OPERATIONS: u32 = 60;

/// The longest pause between two: less than a message's way, so that several are under way.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for operation in 0..OPERATIONS {
            let random = ctx.random().scope("op", operation);
            ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await;
            let burst = random.label("burst").random_range(1..=3);
            ctx.note(|| format!("proposes {burst} values"));
            for _ in 0..burst {
                // whoever leads takes it: the others drop it
                for &node in ctx.topology().all_process_ips() {
                    socket.send_to(&[PROPOSAL, operation as u8], (node, PORT)).await?;
                }
            }
        }
        Ok(())
    }
}
