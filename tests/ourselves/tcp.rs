//! TCP streams against a model that fits on a page: bytes come in order, once, and all of them
//! before the end of the stream; an error needs a peer that gave up.
//!
//! In [`simulation`] nothing goes wrong but the programs, and the model is exact. In [`storm`]
//! links, hosts and connections fail, and errors need no reason; what is read must be right still.

use simfuzz::prelude::*;
use simfuzz::time::timeout;
use std::io::{self, ErrorKind};

/// The streams under test: what a read and a write have come to, on its way to the program. A planted bug takes the
/// place of one of them.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) read: fn(&mut [u8], io::Result<usize>) -> io::Result<usize>,
    pub(crate) write: fn(io::Result<usize>) -> io::Result<usize>,
}

pub(crate) const OURS: Subject = Subject { read: |_, result| result, write: |result| result };

/// Programs on both sides of connections that nothing disturbs but partial reads and writes.
pub(crate) fn simulation() -> SimulationBuilder {
    simulation_of(OURS)
}

pub(crate) fn simulation_of(subject: Subject) -> SimulationBuilder {
    programs(subject, false).network_faults(NetworkFaults::none().partial_reads(0.5, 20).partial_writes(0.5, 20))
}

/// The same while the world fails.
pub(crate) fn storm() -> SimulationBuilder {
    storm_of(OURS)
}

pub(crate) fn storm_of(subject: Subject) -> SimulationBuilder {
    programs(subject, true)
        .network_faults(NetworkFaults::default().stream_flips(0.0, 1))
        .partitions(Partitions::default())
        .pauses(Pauses::default())
        .attrition(Attrition::default().kill(1).within(100))
}

fn programs(subject: Subject, fails: bool) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Server { subject, fails }))
        .workloads(WorkloadCount::Random(1..3), move |_| Box::new(Client { subject, fails }))
        .latency(Latency::between(Duration::from_micros(1)..=Duration::from_millis(5)))
        .event_budget(50_000)
}

/// How an end leaves its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Left {
    #[default]
    Not,
    /// It sends nothing more.
    Shut,
    /// It is dropped, and by that reset if something was left unread.
    Dropped,
}

/// What one end has done, as the other one may hold against it.
#[derive(Clone, Debug, Default)]
struct Deeds {
    written: u64,
    /// With writes that it doesn't know of: who dies in one may have written.
    tried: u64,
    left: Left,
}

/// The `at`-th byte that a side sends on a connection.
fn byte(conn: u32, side: u8, at: u64) -> u8 {
    (at.wrapping_mul(31) ^ at >> 8 ^ u64::from(conn).wrapping_mul(7) ^ u64::from(side) << 6) as u8
}

struct End {
    ctx: SimContext,
    subject: Subject,
    stream: TcpStream,
    conn: u32,
    side: u8,
    fails: bool,
    read: u64,
    /// An error was told: what comes then is the end of the stream.
    failed: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        self.deed(|mine| mine.left = Left::Dropped);
    }
}

impl End {
    fn key(&self, side: u8) -> String {
        format!("{}/{side}", self.conn)
    }

    fn deed(&self, change: impl FnOnce(&mut Deeds)) {
        self.ctx.state().update(&self.key(self.side), change);
    }

    fn mine(&self) -> Deeds {
        self.ctx.state().get(&self.key(self.side)).unwrap_or_default()
    }

    fn peers(&self) -> Deeds {
        self.ctx.state().get(&self.key(1 - self.side)).unwrap_or_default()
    }

    fn sent_by_peer(&self) -> u64 {
        let Deeds { written, tried, .. } = self.peers();
        if self.fails { written.max(tried) } else { written }
    }

    fn may_fail(&mut self, kind: ErrorKind) {
        self.failed = true;
        let wanted = matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        let peers = self.peers();
        assert_always!(
            self.fails || wanted && peers.left == Left::Dropped,
            format!("an error has a cause: {kind:?}, {peers:?}")
        );
    }

    fn check(&self, bytes: &[u8]) {
        let right = (self.read..).zip(bytes).all(|(at, got)| *got == byte(self.conn, 1 - self.side, at));
        assert_always!(right, "bytes come in order");
        let (heard, sent) = (self.read + bytes.len() as u64, self.sent_by_peer());
        assert_always!(heard <= sent, format!("what comes was sent: {heard} of {sent}"));
    }

    /// What a read into a buffer that isn't empty has come to. Says whether more may come.
    fn heard(&mut self, buffer: &mut [u8], result: io::Result<usize>) -> bool {
        match (self.subject.read)(buffer, result) {
            Ok(0) => {
                let peers = self.peers();
                // a server that goes down may have closed what it had not begun with
                let unknown = self.fails && peers.left == Left::Not && peers.written == 0;
                let whole =
                    peers.left != Left::Not && (peers.written..=self.sent_by_peer()).contains(&self.read) || unknown;
                assert_always!(
                    whole || self.failed,
                    format!("the end comes after all bytes: {} of {peers:?}", self.read)
                );
                false
            }
            Ok(length) => {
                self.check(&buffer[..length]);
                self.read += length as u64;
                true
            }
            Err(error) => {
                self.may_fail(error.kind());
                false
            }
        }
    }

    fn sent(&mut self, length: usize, result: io::Result<usize>) {
        let mine = self.mine();
        match (self.subject.write)(result) {
            Ok(sent) => {
                assert_always!(mine.left == Left::Not && sent > 0 && sent <= length, "a write takes some of it");
                self.deed(|mine| mine.written += sent as u64);
            }
            Err(error) if mine.left == Left::Shut && error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => self.may_fail(error.kind()),
        }
    }

    fn next(&self, most: usize) -> Vec<u8> {
        let length = self.ctx.random().label("length").random_range(1..=most);
        let begin = self.mine().written;
        self.deed(|mine| mine.tried = mine.tried.max(begin + length as u64));
        (begin..begin + length as u64).map(|at| byte(self.conn, self.side, at)).collect()
    }

    /// Does something; says whether the program goes on.
    async fn step(&mut self, scope: &SimRandomProvider) -> bool {
        let most = [1, 100, 3_000, 100_000][scope.label("size").random_range(0..4usize)];
        let patience = Duration::from_millis(scope.label("patience").random_range(1..50u64));
        let mut buffer = vec![0; most];
        match scope.label("do").weighted(&[5, 6, 1, 1, 1, 1, 2, 1]) {
            0 => {
                let bytes = self.next(most);
                // whoever gives up a write has written nothing
                if let Ok(result) = timeout(patience, self.stream.write(&bytes)).await {
                    self.sent(bytes.len(), result);
                }
            }
            1 => {
                if let Ok(result) = timeout(patience, self.stream.read(&mut buffer)).await {
                    return self.heard(&mut buffer, result);
                }
            }
            2 => {
                if let Ok(Ok(length)) = timeout(patience, self.stream.peek(&mut buffer)).await {
                    self.check(&buffer[..length]);
                    if length > 0 {
                        let again = self.stream.read(&mut buffer).await;
                        assert_always!(matches!(again, Ok(1..)), format!("what was seen can be read: {again:?}"));
                        return self.heard(&mut buffer, again);
                    }
                }
            }
            3 => match self.stream.try_read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return self.heard(&mut buffer, result),
            },
            4 => {
                let bytes = self.next(most);
                match self.stream.try_write(&bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    result => self.sent(bytes.len(), result),
                }
            }
            5 => {
                if self.stream.shutdown().await.is_ok() && self.mine().left == Left::Not {
                    self.deed(|mine| mine.left = Left::Shut);
                }
            }
            6 => self.ctx.time().sleep(patience).await,
            _ => return false,
        }
        !self.failed
    }

    /// Runs a program to its end, and leaves in one of three ways.
    async fn run(mut self) {
        let random = self.ctx.random().clone();
        let ends = ["client", "server"];
        let steps = random.label("steps").random_range(0..20u32);
        for step in 0..steps {
            let scope = random.scope(ends[usize::from(self.side)], self.conn << 8 | step);
            if !self.step(&scope).await {
                break;
            }
        }
        match random.label("leave").random_range(0..3u32) {
            0 => self.read_out().await,
            1 => drop(self.stream.set_zero_linger()),
            _ => {}
        }
    }

    /// Sends nothing more, and reads until nothing more comes.
    async fn read_out(&mut self) {
        if self.stream.shutdown().await.is_ok() && self.mine().left == Left::Not {
            self.deed(|mine| mine.left = Left::Shut);
        }
        let mut buffer = vec![0; 4_096];
        loop {
            match timeout(Duration::from_secs(60), self.stream.read(&mut buffer)).await {
                Ok(result) => {
                    if !self.heard(&mut buffer, result) {
                        assert_reachable!("a stream was read to its end");
                        return;
                    }
                }
                Err(_) => {
                    assert_always!(self.fails, "a stream whose other end is over comes to its end");
                    return;
                }
            }
        }
    }
}

struct Server {
    subject: Subject,
    fails: bool,
}

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let (own, subject, fails) = (ctx.clone(), self.subject, self.fails);
            ctx.task().spawn_local(async move {
                let mut number = [0; 4];
                if stream.read_exact(&mut number).await.is_ok() {
                    let conn = u32::from_le_bytes(number);
                    End { ctx: own, subject, stream, conn, side: 1, fails, read: 0, failed: false }.run().await;
                }
            });
        }
    }
}

struct Client {
    subject: Subject,
    fails: bool,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for number in 0..ctx.random().label("connections").random_range(1..4u32) {
            let mut stream = ctx.network().connect("server").await?;
            let conn = (ctx.client_id() as u32) << 4 | number;
            stream.write_all(&conn.to_le_bytes()).await?;
            let (subject, fails) = (self.subject, self.fails);
            End { ctx: ctx.clone(), subject, stream, conn, side: 0, fails, read: 0, failed: false }.run().await;
        }
        Ok(())
    }
}
