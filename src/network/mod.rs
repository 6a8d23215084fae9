//! The network: links, listeners, TCP connections and UDP sockets as state machines.
//!
//! A device decides nothing: when a segment arrives was settled by the caller, and so was the
//! cutting of a link. Time comes in as an argument, and who must be woken goes out through
//! `woken`, so all of this is tested without a world.

mod conn;
mod datagram;
mod direction;
mod end;
mod link;
mod stalled;

pub(crate) use conn::{ConnId, Conns, Delivered};
use datagram::Sockets;
pub(crate) use datagram::{Arrived, DATAGRAM_MAX, DatagramId, SocketId};
pub(crate) use direction::Payload;
pub(crate) use end::{End, Side};
pub(crate) use link::Links;

use crate::executor::Waiter;
use crate::topology::HostId;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Connections that wait for `accept` on one listener; one more is refused.
///
/// Linux's default for `listen` is 4,096 (`net.core.somaxconn`); 128, tokio's and std's argument,
/// is reached by real servers and leaves a simulated one refusing under a plausible burst.
pub(crate) const BACKLOG: usize = 128;

/// The first port of outgoing connections, as IANA has it.
const EPHEMERAL: u16 = 49_152;

/// Names a listener in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenerId {
    slot: u32,
    generation: u32,
}

#[derive(Debug)]
pub(crate) struct Listener {
    generation: u32,
    pub(crate) host: HostId,
    pub(crate) addr: SocketAddr,
    open: bool,
    pub(crate) waiting: VecDeque<ConnId>,
    /// All who wait in `accept`: several tasks may, and each must hear of a connection, since
    /// the one that is woken may have turned to something else.
    acceptors: Vec<Waiter>,
}

impl Listener {
    /// A connection is to be accepted; those to wake are added to `woken`.
    pub(crate) fn offer(&mut self, conn: ConnId, woken: &mut Vec<Waiter>) {
        self.waiting.push_back(conn);
        woken.append(&mut self.acceptors);
    }

    /// Somebody waits for the next connection.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        waiter.join(&mut self.acceptors);
    }
}

/// All network state of a run.
#[derive(Debug, Default)]
pub(crate) struct Net {
    pub(crate) conns: Conns,
    pub(crate) links: Links,
    pub(crate) sockets: Sockets,
    listeners: Vec<Listener>,
    /// Slots of listeners that are closed: who listens again and again must not fill the table.
    closed: Vec<u32>,
    ports: Vec<u16>,
}

impl Net {
    /// Begins a run with `hosts` hosts.
    pub(crate) fn start(&mut self, hosts: usize) {
        self.conns.clear();
        self.sockets.clear();
        self.links.start(hosts);
        self.listeners.clear();
        self.closed.clear();
        self.ports.clear();
        self.ports.resize(hosts, EPHEMERAL);
    }

    /// A port for an outgoing connection of `host`.
    pub(crate) fn ephemeral_port(&mut self, host: HostId) -> u16 {
        let port = &mut self.ports[host.index()];
        let given = *port;
        *port = given.checked_add(1).unwrap_or(EPHEMERAL);
        given
    }

    /// A port for a socket of `host` that names none.
    pub(crate) fn free_port(&mut self, host: HostId) -> u16 {
        loop {
            let port = self.ephemeral_port(host);
            if self.listener_at(host, port).is_none() && !self.sockets.is_bound(host, port) {
                return port;
            }
        }
    }

    /// Is anything under way?
    pub(crate) fn in_flight(&self) -> bool {
        self.conns.in_flight() || self.sockets.in_flight()
    }

    /// Listens at `addr`; `None` when the address is taken.
    pub(crate) fn listen(&mut self, host: HostId, addr: SocketAddr) -> Option<ListenerId> {
        if self.listener_at(host, addr.port()).is_some() {
            return None;
        }
        let slot = self.closed.pop().unwrap_or(self.listeners.len() as u32);
        let generation = self.listeners.get(slot as usize).map_or(0, |old| old.generation + 1);
        let (waiting, acceptors) = (VecDeque::new(), Vec::new());
        let listener = Listener { generation, host, addr, open: true, waiting, acceptors };
        match self.listeners.get_mut(slot as usize) {
            Some(old) => *old = listener,
            None => self.listeners.push(listener),
        }
        Some(ListenerId { slot, generation })
    }

    pub(crate) fn listener_at(&self, host: HostId, port: u16) -> Option<ListenerId> {
        self.open_at(host).find(|(_, listener)| listener.addr.port() == port).map(|(id, _)| id)
    }

    pub(crate) fn listener(&mut self, id: ListenerId) -> Option<&mut Listener> {
        self.listeners
            .get_mut(id.slot as usize)
            .filter(|listener| listener.open && listener.generation == id.generation)
    }

    /// Stops listening; gives back the connections that nobody accepted.
    pub(crate) fn unlisten(&mut self, id: ListenerId) -> VecDeque<ConnId> {
        let Some(listener) = self.listener(id) else { return VecDeque::new() };
        listener.open = false;
        listener.acceptors.clear();
        let waiting = std::mem::take(&mut listener.waiting);
        self.closed.push(id.slot);
        waiting
    }

    pub(crate) fn listeners_of(&self, host: HostId) -> Vec<ListenerId> {
        self.open_at(host).map(|(id, _)| id).collect()
    }

    fn open_at(&self, host: HostId) -> impl Iterator<Item = (ListenerId, &Listener)> {
        let open = (0u32..).zip(&self.listeners).filter(move |(_, listener)| listener.open && listener.host == host);
        open.map(|(slot, listener)| (ListenerId { slot, generation: listener.generation }, listener))
    }
}
