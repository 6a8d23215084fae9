//! The workload: proposes values to nodes, and cuts sessions.

use super::cluster::Cluster;
use super::node::{CLIENT, HANG_UP};
use simfuzz::prelude::*;

/// Operations of a run.
const OPERATIONS: u32 = 40;

/// The longest pause between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// How long the client waits for a connection before it goes on without.
const PATIENCE: Duration = Duration::from_millis(20);

pub(super) struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let nodes = ctx.topology().all_process_ips().len();
        let mut connections: Vec<Option<TcpStream>> = (0..nodes).map(|_| None).collect();
        for operation in 0..OPERATIONS {
            let random = ctx.random().scope("op", operation);
            ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await;
            let node = random.label("node").random_range(0..nodes);
            let request = match random.label("op").weighted(&[8, 1]) {
                0 => u64::from(operation),
                _ => HANG_UP,
            };
            ctx.note(|| match request {
                HANG_UP => format!("asks node-{node} to end its sessions"),
                value => format!("proposes {value} to node-{node}"),
            });
            // a value that is lost on its way is not proposed: that is no failure
            let connection = &mut connections[node];
            if connection.is_none() {
                *connection = connect(ctx, node).await;
            }
            if let Some(stream) = connection
                && stream.write_u64(request).await.is_err()
            {
                *connection = None;
            }
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let together = ctx.state().update("cluster", |cluster: &mut Cluster| cluster.is_level());
        assert_sometimes!(together, "in the end all nodes have decided the same");
        Ok(())
    }
}

async fn connect(ctx: &SimContext, node: usize) -> Option<TcpStream> {
    let ip = ctx.topology().all_process_ips()[node];
    let mut stream = ctx.time().timeout(PATIENCE, ctx.network().connect(ip)).await.ok()?.ok()?;
    stream.write_u8(CLIENT).await.ok()?;
    Some(stream)
}
