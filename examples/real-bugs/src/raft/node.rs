//! A node: the server around the library.

use super::{MESSAGE, NODES, PORT, PROPOSAL, TICK};
use protobuf::Message as _;
use raft::eraftpb::{Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use simfuzz::prelude::*;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Ticks until a follower stands for election, at least; and twice that at most.
const ELECTION: usize = 8;

/// Ticks from one heartbeat of a leader to the next.
const HEARTBEAT: usize = 2;

/// Ticks without a message after which a leader calls a node unreachable.
const SILENCE: u32 = 5;

/// What a node stores. It outlives the node: the run keeps it.
#[derive(Clone)]
struct Disk {
    log: MemStorage,
    applied: u64,
}

impl Default for Disk {
    fn default() -> Self {
        let voters: Vec<_> = (0..NODES).map(pid).collect();
        Self { log: MemStorage::new_with_conf_state((voters, Vec::new())), applied: 0 }
    }
}

type Disks = BTreeMap<u64, Disk>;
const DISKS: &str = "disks";

pub(super) struct Node;

#[async_trait(?Send)]
impl Process for Node {
    fn name(&self) -> &str {
        "node"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let socket = ctx.network().bind_udp((ctx.my_ip(), PORT)).await?;
        let mut server = Server::boot(ctx, socket)?;
        // no two machines tick at the same instant
        ctx.time().sleep(ctx.random().label("phase").random_range(Duration::ZERO..TICK)).await;
        let mut ticks = ctx.time().interval(TICK);
        let mut datagram = vec![0; 1 << 12];
        loop {
            select! {
                biased;
                () = ctx.shutdown().cancelled() => return Ok(()),
                received = server.socket.recv_from(&mut datagram) => {
                    let (length, _) = received?;
                    server.receive(&datagram[..length])?;
                }
                _ = ticks.tick() => server.tick()?,
            }
        }
    }
}

/// One boot of a node.
struct Server {
    ctx: SimContext,
    socket: UdpSocket,
    raft: RawNode<MemStorage>,
    disk: Disk,
    /// The election timeout of a term, in ticks. The library would ask the operating system for it.
    timeout: (u64, usize),
    /// Ticks since the last message, by node.
    silent: BTreeMap<u64, u32>,
    peers: Vec<IpAddr>,
    reported: Vec<i64>,
}

impl Server {
    fn boot(ctx: &SimContext, socket: UdpSocket) -> SimulationResult<Self> {
        let id = pid(ctx.client_id());
        let disk = ctx.state().update(DISKS, |disks: &mut Disks| disks.entry(id).or_default().clone());
        let config = Config {
            id,
            election_tick: ELECTION,
            heartbeat_tick: HEARTBEAT,
            applied: disk.applied,
            max_size_per_msg: 1 << 10,
            max_inflight_msgs: 4,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raft = RawNode::new(&config, disk.log.clone(), &logger).map_err(wrong)?;
        let silent = (0..NODES).map(pid).filter(|&peer| peer != id).map(|peer| (peer, 0)).collect();
        let peers = ctx.topology().all_process_ips().to_vec();
        let timeout = (u64::MAX, ELECTION);
        let mut server = Self { ctx: ctx.clone(), socket, raft, disk, timeout, silent, peers, reported: Vec::new() };
        server.settle()?;
        Ok(server)
    }

    fn tick(&mut self) -> SimulationResult<()> {
        for (&peer, silent) in &mut self.silent {
            *silent += 1;
            if silent.is_multiple_of(SILENCE) && self.raft.raft.state == StateRole::Leader {
                self.ctx.note(|| format!("calls node-{} unreachable", peer - 1));
                assert_reachable!("a leader calls a follower unreachable");
                self.raft.report_unreachable(peer);
            }
        }
        self.raft.tick();
        self.settle()
    }

    fn receive(&mut self, datagram: &[u8]) -> SimulationResult<()> {
        match datagram.split_first() {
            Some((&PROPOSAL, value)) if self.raft.raft.state == StateRole::Leader => {
                // refused while a leader is being changed: then the value is lost
                self.raft.propose(Vec::new(), value.to_vec()).ok();
            }
            Some((&MESSAGE, bytes)) => {
                let message = Message::parse_from_bytes(bytes).map_err(wrong)?;
                self.silent.insert(message.from, 0);
                assert_sometimes!(message.reject, "a node says no");
                // refused when it is of a node that is none: all are
                self.raft.step(message).map_err(wrong)?;
            }
            _ => {}
        }
        self.settle()
    }

    /// Writes, sends and applies what the library wants, and looks at what came of it.
    fn settle(&mut self) -> SimulationResult<()> {
        let term = self.raft.raft.term;
        if self.timeout.0 != term {
            let random = self.ctx.random().label("election timeout");
            self.timeout = (term, random.random_range(ELECTION..2 * ELECTION));
        }
        self.raft.raft.set_randomized_election_timeout(self.timeout.1);
        while self.raft.has_ready() {
            let mut ready = self.raft.ready();
            self.send(ready.take_messages())?;
            self.apply(&ready.take_committed_entries());
            self.disk.log.wl().append(ready.entries()).map_err(wrong)?;
            if let Some(state) = ready.hs() {
                self.disk.log.wl().set_hardstate(state.clone());
            }
            self.send(ready.take_persisted_messages())?;
            let mut rest = self.raft.advance(ready);
            if let Some(commit) = rest.commit_index() {
                self.disk.log.wl().mut_hard_state().commit = commit;
            }
            self.send(rest.take_messages())?;
            self.apply(&rest.take_committed_entries());
            self.raft.advance_apply();
        }
        self.look();
        Ok(())
    }

    fn send(&self, messages: Vec<Message>) -> SimulationResult<()> {
        for message in messages {
            let mut datagram = vec![MESSAGE];
            message.write_to_vec(&mut datagram).map_err(wrong)?;
            self.socket.try_send_to(&datagram, (self.peers[message.to as usize - 1], PORT).into())?;
        }
        Ok(())
    }

    fn apply(&mut self, entries: &[Entry]) {
        let Some(last) = entries.last() else { return };
        self.disk.applied = last.index;
        let (id, applied) = (self.raft.raft.id, last.index);
        self.ctx.state().update(DISKS, |disks: &mut Disks| disks.entry(id).or_default().applied = applied);
        assert_reachable!("an entry is applied");
    }

    /// A leader's view of its followers must make sense.
    fn look(&mut self) {
        let raft = &self.raft.raft;
        if raft.state != StateRole::Leader {
            return;
        }
        let last = raft.raft_log.last_index();
        let mut view = vec![raft.raft_log.committed.min(2) as i64];
        for &peer in self.silent.keys() {
            let Some(progress) = raft.prs().get(peer) else { continue };
            assert_always!(
                progress.next_idx > progress.matched,
                "a leader sends a follower only what it hasn't confirmed",
                { "follower" => peer, "next" => progress.next_idx, "confirmed" => progress.matched }
            );
            let lag = last.saturating_sub(progress.matched);
            assert_sometimes_greater_than_or_equal_to!(lag, 4, "a follower lags four entries behind");
            view.extend([progress.state as i64, lag.min(2) as i64]);
        }
        if view != self.reported {
            self.ctx.note(|| format!("leads term {} up to {last}", raft.term));
            assert_sometimes!(raft.term > 2, "the leader changes");
            self.ctx.state().guide("leader", &view);
            self.reported = view;
        }
    }
}

/// Nodes count from 1: 0 is no node.
fn pid(index: usize) -> u64 {
    index as u64 + 1
}

fn wrong(error: impl std::fmt::Display) -> SimulationError {
    SimulationError::InvalidState(error.to_string())
}
