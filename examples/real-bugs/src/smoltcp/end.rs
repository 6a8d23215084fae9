//! The workload: a program at one end of a connection, which sends, receives and at last closes.

use super::stack::{Options, Stack};
use super::{Ending, STORM};
use simfuzz::prelude::*;
use smoltcp::socket::tcp::State;
use std::net::{IpAddr, SocketAddr};

/// Operations of a program while packets get lost.
const OPERATIONS: u32 = 40;

/// The longest pause after one: all of them fit into the storm.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes that an operation sends or receives at most.
const BYTES: usize = 60;

/// A program that has not closed by the end of the storm does so within this time.
const HESITATION: Duration = Duration::from_secs(3);

/// How long the stacks then have. They ask again every ten seconds at the latest, so an end that
/// waits longer waits for ever.
const TAIL: Duration = Duration::from_secs(300);

/// The port that is the cable.
const CABLE: u16 = 4;

/// What is known of one end.
#[derive(Clone, Copy, Debug)]
struct View {
    state: State,
    sent: usize,
    received: usize,
    /// Is something sent and not acknowledged?
    waits: bool,
}

/// Both ends, by number.
type Views = [Option<View>; 2];
const VIEWS: &str = "ends";

pub(super) struct End {
    pub(super) ending: Ending,
}

#[async_trait(?Send)]
impl Workload for End {
    fn name(&self) -> &str {
        "end"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut program = Program::start(ctx).await?;
        for number in 0..OPERATIONS {
            let random = ctx.random().scope("op", number);
            let bytes = || random.label("bytes").random_range(1..=BYTES);
            match random.label("op").weighted(&[12, 12, 1]) {
                0 => program.send(bytes()),
                1 => program.receive(bytes()),
                _ => program.close(),
            }
            program.serve(random.label("pause").random_range(Duration::ZERO..=PAUSE)).await?;
        }
        program.serve(STORM.saturating_sub(ctx.time().now())).await?;
        program.reads_all = true;
        program.serve(ctx.random().label("hesitation").random_range(Duration::ZERO..=HESITATION)).await?;
        program.close();
        program.serve(TAIL).await
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        if ctx.client_id() == 0
            && let Some([Some(one), Some(other)]) = ctx.state().get::<Views>(VIEWS)
        {
            let delivered = one.received == other.sent && other.received == one.sent;
            assert_sometimes!(delivered && one.sent > 0, "all data arrives");
            match self.ending.states() {
                Some(states) => assert_always!(
                    !(delivered && (one.state, other.state) == states),
                    "a connection ends when all is delivered and both ends have closed",
                    { "one" => one.state, "other" => other.state }
                ),
                None => promised(one, other),
            }
        }
        Ok(())
    }
}

/// What TCP promises on a network that is whole again.
fn promised(one: View, other: View) {
    let is_done = |state| matches!(state, State::Closed | State::TimeWait);
    for (sender, receiver) in [(one, other), (other, one)] {
        assert_always!(
            receiver.received == sender.sent,
            "what was sent arrives",
            { "sent" => sender.sent, "received" => receiver.received, "sender" => sender.state }
        );
    }
    assert_always!(
        is_done(one.state) && is_done(other.state),
        "both ends come to their end",
        { "one" => one.state, "other" => other.state }
    );
}

/// A program with its stack.
struct Program<'a> {
    ctx: &'a SimContext,
    stack: Stack,
    cable: UdpSocket,
    peer: SocketAddr,
    sent: usize,
    received: usize,
    closed: bool,
    /// Does it receive whatever is there?
    reads_all: bool,
}

impl<'a> Program<'a> {
    async fn start(ctx: &'a SimContext) -> SimulationResult<Self> {
        let number = ctx.client_id();
        let random = ctx.random();
        let mut stack = Stack::new(&Options {
            address: address(number),
            seed: random.label("sequence").random(),
            receive_buffer: random.label("buffer").choose(&[256, 64, 32]).copied().unwrap_or(256),
        });
        let peer = 1 - number;
        match number {
            0 => stack.connect(address(peer)),
            _ => stack.listen(),
        }
        let ends: &[IpAddr] = ctx.peers("end");
        let peer = SocketAddr::new(ends[peer], CABLE);
        let cable = ctx.network().bind_udp((ctx.my_ip(), CABLE)).await?;
        Ok(Self { ctx, stack, cable, peer, sent: 0, received: 0, closed: false, reads_all: false })
    }

    fn send(&mut self, bytes: usize) {
        if !self.stack.socket().can_send() {
            assert_sometimes!(!self.closed && self.sent > 0, "a program can't send: the buffer is full");
            return;
        }
        let data: Vec<_> = (self.sent..self.sent + bytes).map(byte).collect();
        let sent = self.stack.socket().send_slice(&data).unwrap_or(0);
        self.ctx.note(|| format!("sends {sent} bytes"));
        self.sent += sent;
    }

    fn receive(&mut self, bytes: usize) {
        let mut data = vec![0; bytes];
        let received = self.stack.socket().recv_slice(&mut data).unwrap_or(0);
        if received > 0 {
            self.ctx.note(|| format!("receives {received} bytes"));
        }
        for &got in &data[..received] {
            assert_always!(got == byte(self.received), "what is received is what was sent", { "at" => self.received });
            self.received += 1;
        }
    }

    fn close(&mut self) {
        if !self.closed {
            self.ctx.note(|| "closes".to_owned());
            self.closed = true;
            self.stack.socket().close();
        }
    }

    /// Lets the stack work for a while.
    async fn serve(&mut self, time: Duration) -> SimulationResult<()> {
        let clock = self.ctx.time();
        let end = clock.now() + time;
        let mut packet = [0; 128];
        loop {
            let now = clock.now();
            self.stack.poll(now);
            if self.reads_all {
                self.receive(usize::from(u16::MAX));
                self.stack.poll(now);
            }
            while let Some(packet) = self.stack.cable.outgoing.pop_front() {
                self.cable.try_send_to(&packet, self.peer)?;
            }
            self.report();
            if now >= end {
                return Ok(());
            }
            // what is due at once was done: the clock must move
            let soon = now + Duration::from_millis(1);
            let due = self.stack.due(now).map_or(end, |due| due.max(soon).min(end));
            select! {
                biased;
                received = self.cable.recv_from(&mut packet) => {
                    let (length, _) = received?;
                    self.stack.cable.incoming.push_back(packet[..length].to_vec());
                }
                () = clock.sleep_until(due) => {}
            }
        }
    }

    fn report(&mut self) {
        let state = self.stack.state();
        let waits = self.stack.socket().send_queue() > 0;
        let number = self.ctx.client_id();
        let view = View { state, sent: self.sent, received: self.received, waits };
        let (before, [one, other]) =
            self.ctx.state().update(VIEWS, |views: &mut Views| (views[number].replace(view), *views));
        if before.is_some_and(|before| (before.state, before.waits) == (state, waits)) {
            return;
        }
        self.ctx.note(|| format!("is in {state}"));
        let (Some(one), Some(other)) = (one, other) else { return };
        let states = (one.state, other.state);
        assert_sometimes!(states == (State::Established, State::Established), "the ends are connected");
        assert_sometimes!(self.closed && waits, "an end closes before all that it has sent is acknowledged");
        assert_sometimes!(states == (State::FinWait1, State::FinWait1), "both ends close at the same time");
        assert_sometimes!(state == State::CloseWait && waits, "an end still sends when the other has closed");
        self.ctx
            .state()
            .guide("ends", &[one.state as i64, other.state as i64, i64::from(one.waits), i64::from(other.waits)]);
    }
}

/// The address of an end.
fn address(number: usize) -> u8 {
    number as u8 + 1
}

/// What is at a position of the stream.
fn byte(position: usize) -> u8 {
    (position * 7 + position / 251) as u8
}
