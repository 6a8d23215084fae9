//! The process: HTTP on one side, the node on the other, and one queue between them.

use crate::messages::Id;
use crate::node::Node;
use crate::{api, http};
use simfuzz::prelude::*;
use tokio::sync::mpsc;

/// The name of a replica's host.
pub(crate) fn host(replica: Id) -> String {
    format!("replica-{replica}")
}

pub(crate) struct Replica;

#[async_trait(?Send)]
impl Process for Replica {
    fn name(&self) -> &str {
        "replica"
    }

    /// Any error is one of its disk, after which only a boot can tell what is on it.
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let (inbox, mut messages) = mpsc::unbounded_channel();
        let mut node = Node::boot(ctx, inbox.clone()).await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        ctx.task().spawn(http::serve(ctx.clone(), listener, api::router(inbox)));
        loop {
            select! {
                biased;
                () = ctx.shutdown().cancelled() => return Ok(()),
                Some(message) = messages.recv() => node.handle(message).await?,
                () = ctx.time().sleep_until(node.alarm) => node.wake().await?,
            }
        }
    }
}
