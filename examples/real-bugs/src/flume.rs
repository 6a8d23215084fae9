//! flume 0.10.10: messages overtake each other.
//!
//! A channel has no network and no clock, so there are no processes here: one workload whose
//! two tasks, a sender and a receiver, share a channel. All that the run decides is who does
//! what, how long they pause and which task is held back.
//!
//! The bug: a receive future that is polled again while it waits is in the channel's list of
//! receivers twice. The first message that is sent goes with one of the two, the second with
//! the other and, since somebody waits, to the *front* of the queue.

use ::flume::{Receiver, Sender};
use simfuzz::prelude::*;
use std::pin::pin;

/// Operations of the sender; and of the receiver, before it just takes what is left.
///
/// The bug needs two of each that meet; eight leave it room, and a run takes 10 microseconds.
const OPERATIONS: u32 = 8;

/// The longest pause, and the longest that an impatient receiver waits.
const PAUSE: Duration = Duration::from_millis(3);

/// How often a busy receiver looks after something else.
const BEAT: Duration = Duration::from_millis(2);

/// Where the receiver says how often it has polled the receive that it waits for.
const POLLS: &str = "polls of the waiting receive";

/// A sender and a receiver with a channel between them.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    SimulationBuilder::new().workload(|| Box::new(Channel))
}

struct Channel;

#[async_trait(?Send)]
impl Workload for Channel {
    fn name(&self) -> &str {
        "channel"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let capacity = ctx.random().label("capacity").choose(&[1_000, 4, 2, 1]).copied().unwrap_or(1);
        let (sender, receiver) = ::flume::bounded(capacity);
        let sending = ctx.task().spawn(send(ctx.clone(), sender));
        let received = receive(ctx, &receiver).await;
        let sent = sending.await?;
        assert_always!(received == sent, "every message arrives", { "sent" => sent, "received" => received });
        Ok(())
    }
}

/// Sends 0, 1, 2, ... and gives how many those were.
async fn send(ctx: SimContext, sender: Sender<u64>) -> u64 {
    let mut sent = 0;
    for number in 0..OPERATIONS {
        let random = ctx.random().scope("send", number);
        match random.label("op").weighted(&[6, 1, 6]) {
            0 => {
                ctx.note(|| format!("sends {sent}"));
                assert_sometimes!(sender.is_full(), "the sender has to wait");
                if sender.send_async(sent).await.is_err() {
                    break;
                }
                sent += 1;
            }
            // several at once: nobody else runs between them
            1 => {
                for _ in 0..random.label("burst").random_range(1..=3) {
                    let room = sender.try_send(sent).is_ok();
                    ctx.note(|| format!("sends {sent} in a burst: {}", if room { "done" } else { "full" }));
                    sent += u64::from(room);
                }
            }
            _ => ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await,
        }
        let polls = ctx.state().get::<i64>(POLLS).unwrap_or(0);
        ctx.state().guide("channel", &[sender.len().min(3) as i64, polls.min(3)]);
    }
    sent
}

/// Receives, in every manner that a program may, until the sender is done; gives how many
/// messages came.
async fn receive(ctx: &SimContext, receiver: &Receiver<u64>) -> u64 {
    let mut received = 0;
    let mut take = |message: u64| {
        ctx.note(|| format!("receives {message}"));
        assert_always!(message == received, "messages arrive in order", { "expected" => received, "got" => message });
        received += 1;
    };
    for number in 0..OPERATIONS {
        let random = ctx.random().scope("receive", number);
        match random.label("op").weighted(&[8, 3, 1, 3, 3]) {
            0 => {
                if let Ok(message) = receiver.recv_async().await {
                    take(message);
                }
            }
            // drops the future when its time is over
            1 => {
                let limit = random.label("limit").random_range(Duration::ZERO..=PAUSE);
                match ctx.time().timeout(limit, receiver.recv_async()).await {
                    Ok(Ok(message)) => take(message),
                    Ok(Err(_)) => break,
                    Err(_) => assert_reachable!("a receive is cancelled"),
                }
            }
            2 => {
                if let Some(message) = receive_busily(ctx, receiver).await {
                    take(message);
                }
            }
            3 => {
                if let Ok(message) = receiver.try_recv() {
                    take(message);
                }
            }
            _ => ctx.time().sleep(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await,
        }
    }
    while let Ok(message) = receiver.recv_async().await {
        take(message);
    }
    received
}

/// Receives one message, as a server does that has more to do: between two looks at its
/// heartbeat it polls the same future again.
async fn receive_busily(ctx: &SimContext, receiver: &Receiver<u64>) -> Option<u64> {
    let mut beat = ctx.time().interval(BEAT);
    let mut message = pin!(receiver.recv_async());
    let mut polls = 0i64;
    let message = loop {
        select! {
            message = &mut message => break message.ok(),
            _ = beat.tick() => {
                polls += 1;
                ctx.note(|| format!("polls its receive again, number {polls}"));
                ctx.state().publish(POLLS, polls);
                assert_sometimes!(polls > 2, "a waiting receive is polled again");
            }
        }
    };
    assert_sometimes!(polls > 1 && !receiver.is_empty(), "a second message comes before a busy receiver wakes");
    ctx.state().publish(POLLS, 0i64);
    message
}
