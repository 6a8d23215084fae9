//! A node: the server around the library.
//!
//! Two nodes talk over one TCP connection, a *session*; the one with the higher number dials. A
//! session ends when either end crashes, when it is silent for too long, or when a newer one
//! begins, and what was not delivered by then is lost. The library wants to be told at both
//! ends when a new one begins.

use super::api::{self, Index};
use super::cluster::{Cluster, View};
use super::disk::Disk;
use super::paxos::{self, Paxos};
use super::{TICK, Value, name, pid};
use omnipaxos::messages::Message;
use omnipaxos::util::NodeId;
use simfuzz::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::mpsc;

/// The first byte of a connection, if a client makes it; a node sends its own number.
pub(super) const CLIENT: u8 = 0;

/// A client's request, other than a value: end all sessions.
pub(super) const HANG_UP: u64 = u64::MAX;

/// Ticks without a message after which a session is over. Nodes send a heartbeat every two.
const SILENCE: u32 = 5;

/// Each frame begins with its length.
const HEADER: usize = size_of::<u32>();

pub(super) struct Node;

#[async_trait(?Send)]
impl Process for Node {
    fn name(&self) -> &str {
        "node"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let server = Rc::new(RefCell::new(Server::boot(ctx)?));
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        ctx.task().spawn_local(tick(ctx.clone(), server.clone()));
        for peer in 0..ctx.client_id() {
            ctx.task().spawn_local(dial(ctx.clone(), server.clone(), peer));
        }
        loop {
            select! {
                biased;
                () = ctx.shutdown().cancelled() => return Ok(()),
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    ctx.task().spawn_local(serve(server.clone(), stream));
                }
            }
        }
    }
}

/// The library's clock.
async fn tick(ctx: SimContext, server: Rc<RefCell<Server>>) {
    // no two machines tick at the same instant
    let phase = ctx.random().label("phase").random_range(Duration::ZERO..TICK);
    ctx.time().sleep(phase).await;
    let mut ticks = ctx.time().interval(TICK);
    loop {
        ticks.tick().await;
        server.borrow_mut().tick();
    }
}

/// Keeps a session with node `peer`.
async fn dial(ctx: SimContext, server: Rc<RefCell<Server>>, peer: usize) {
    let ip = ctx.topology().all_process_ips()[peer];
    loop {
        if let Ok(mut stream) = ctx.network().connect(ip).await
            && stream.write_u8(pid(ctx.client_id()) as u8).await.is_ok()
        {
            session(&server, pid(peer), stream).await;
        }
        ctx.time().sleep(TICK).await;
    }
}

/// Serves whoever has connected.
async fn serve(server: Rc<RefCell<Server>>, mut stream: TcpStream) {
    match stream.read_u8().await {
        Ok(CLIENT) => {
            while let Ok(request) = stream.read_u64().await {
                match request {
                    HANG_UP => server.borrow_mut().sessions.clear(),
                    value => server.borrow_mut().propose(Value(value)),
                }
            }
        }
        Ok(peer) => session(&server, NodeId::from(peer), stream).await,
        Err(_) => {}
    }
}

/// Exchanges messages with `peer` until the session is over.
async fn session(server: &RefCell<Server>, peer: NodeId, mut stream: TcpStream) {
    let (outbox, mut letters) = mpsc::unbounded_channel();
    let number = server.borrow_mut().begin(peer, outbox);
    let mut received = Vec::new();
    loop {
        select! {
            biased;
            letter = letters.recv() => {
                // nobody holds the other end: the session was given up, or there is a newer one
                let Some(letter) = letter else { return };
                if stream.write_all(&letter).await.is_err() {
                    break;
                }
            }
            read = stream.read_buf(&mut received) => {
                if !matches!(read, Ok(1..)) {
                    break;
                }
                let mut server = server.borrow_mut();
                for message in take_messages(&mut received) {
                    server.receive(peer, message);
                }
            }
        }
    }
    server.borrow_mut().end(peer, number);
}

/// Takes the frames that are complete.
fn take_messages(received: &mut Vec<u8>) -> Vec<Message<Value>> {
    let mut messages = Vec::new();
    let mut rest = received.as_slice();
    while let Some((header, body)) = rest.split_first_chunk::<HEADER>()
        && let Some((frame, after)) = body.split_at_checked(u32::from_be_bytes(*header) as usize)
    {
        messages.push(postcard::from_bytes(frame).expect("a node sends well-formed messages"));
        rest = after;
    }
    let taken = received.len() - rest.len();
    received.drain(..taken);
    messages
}

fn put_message(bytes: &mut Vec<u8>, message: &Message<Value>) {
    let frame = postcard::to_allocvec(message).expect("a message can be written");
    bytes.extend((frame.len() as u32).to_be_bytes());
    bytes.extend(frame);
}

/// One boot of a node.
struct Server {
    ctx: SimContext,
    pid: NodeId,
    paxos: Paxos,
    disk: Disk,
    sessions: BTreeMap<NodeId, Session>,
    /// How many there were.
    begun: u32,
    /// How much of the decided log was checked since this boot.
    checked: Index,
    reported: View,
}

struct Session {
    number: u32,
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    /// Ticks since the last message.
    silent: u32,
}

impl Server {
    fn boot(ctx: &SimContext) -> SimulationResult<Self> {
        let pid = pid(ctx.client_id());
        let disk = Disk::of(ctx, pid);
        let paxos = paxos::boot(pid, ctx.client_count(), &disk)?;
        let reported = View { leader: None, decided: disk.decided(), accepted: disk.length() };
        let server =
            Self { ctx: ctx.clone(), pid, paxos, disk, sessions: BTreeMap::new(), begun: 0, checked: 0, reported };
        server.cluster(|cluster| cluster.boots(pid, reported));
        Ok(server)
    }

    fn cluster<R>(&self, look: impl FnOnce(&mut Cluster) -> R) -> R {
        self.ctx.state().update("cluster", look)
    }

    fn tick(&mut self) {
        for session in self.sessions.values_mut() {
            session.silent += 1;
        }
        self.sessions.retain(|_, session| session.silent < SILENCE);
        self.step(Paxos::tick);
    }

    fn propose(&mut self, value: Value) {
        self.step(|paxos| paxos::propose(paxos, value));
    }

    /// A session with `peer` begins, and with it ends an older one; gives its number.
    fn begin(&mut self, peer: NodeId, outbox: mpsc::UnboundedSender<Vec<u8>>) -> u32 {
        self.begun += 1;
        self.sessions.insert(peer, Session { number: self.begun, outbox, silent: 0 });
        self.cluster(|cluster| cluster.session());
        self.step(|paxos| paxos.reconnected(peer));
        self.begun
    }

    fn end(&mut self, peer: NodeId, number: u32) {
        if self.sessions.get(&peer).is_some_and(|session| session.number == number) {
            self.sessions.remove(&peer);
        }
    }

    fn receive(&mut self, peer: NodeId, message: Message<Value>) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.silent = 0;
        }
        self.step(|paxos| paxos.handle_incoming(message));
    }

    /// Lets the library do something, sends what it wants sent and looks at what came of it.
    fn step(&mut self, act: impl FnOnce(&mut Paxos)) {
        act(&mut self.paxos);
        let mut letters = BTreeMap::<NodeId, Vec<u8>>::new();
        for message in api::outgoing(&mut self.paxos) {
            put_message(letters.entry(message.get_receiver()).or_default(), &message);
        }
        for (peer, letter) in letters {
            // without a session it is lost
            if let Some(session) = self.sessions.get(&peer) {
                session.outbox.send(letter).ok();
            }
        }
        self.look();
    }

    fn look(&mut self) {
        let decided = self.paxos.get_decided_idx();
        if decided > self.checked {
            let values = paxos::decided_from(&self.paxos, self.checked);
            let complete = values.len() as Index == decided - self.checked;
            assert_always!(complete, "what is decided can be read", { "node" => name(self.pid), "decided" => decided });
            self.cluster(|cluster| cluster.decides(self.pid, self.checked as usize, &values));
            self.checked = decided;
        }
        let view =
            View { leader: api::leader(&self.paxos), decided: self.disk.decided(), accepted: self.disk.length() };
        if view != self.reported {
            self.ctx.note(|| view.to_string());
            self.reported = view;
            let guide = self.cluster(|cluster| {
                cluster.reports(self.pid, view);
                cluster.guide()
            });
            self.ctx.state().guide("cluster", &guide);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.pid;
        self.cluster(|cluster| cluster.goes_down(pid));
    }
}
