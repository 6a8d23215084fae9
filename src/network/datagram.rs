//! UDP: sockets with their receive queues, and datagrams in flight.
//!
//! Owns who is bound where and what waits to be received. Whether a datagram arrives, when, and
//! how often was settled by the caller.

use crate::executor::Waiter;
use crate::topology::HostId;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// The longest payload of a datagram over IPv4: 65,535 bytes less the headers of IP and UDP.
pub(crate) const DATAGRAM_MAX: usize = 65_507;

/// What a socket's receive queue holds, in bytes with their overhead; what comes on top is
/// dropped. Linux's default (`net.core.rmem_default`).
const QUEUE_BYTES: usize = 212_992;

/// What a datagram takes of the queue besides its bytes, as on Linux: a burst of small ones fills
/// it as well.
const OVERHEAD: usize = 768;

/// Names a socket in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketId {
    slot: u32,
    generation: u32,
}

/// Names a datagram in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DatagramId(u32);

impl DatagramId {
    pub(crate) fn number(self) -> u64 {
        u64::from(self.0)
    }
}

/// A datagram: from where to where, and its bytes.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl Datagram {
    fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

#[derive(Debug)]
pub(crate) struct Socket {
    generation: u32,
    open: bool,
    pub(crate) host: HostId,
    pub(crate) addr: SocketAddr,
    /// Whom it sends to and hears alone, if it was connected.
    pub(crate) peer: Option<SocketAddr>,
    queue: VecDeque<Datagram>,
    queued: usize,
    waiters: Vec<Waiter>,
}

impl Socket {
    /// The next datagram, left in the queue.
    pub(crate) fn first(&self) -> Option<&Datagram> {
        self.queue.front()
    }

    /// Takes the next datagram.
    pub(crate) fn take(&mut self) -> Option<Datagram> {
        let datagram = self.queue.pop_front()?;
        self.queued -= datagram.cost();
        Some(datagram)
    }

    /// Somebody waits for a datagram.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        waiter.join(&mut self.waiters);
    }
}

/// What the arrival of a datagram came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// It can be received.
    Queued,
    /// Nobody is bound there, or hears another peer alone.
    Nobody,
    /// The receive queue is full.
    Full,
}

/// All sockets of a run, and what is in flight between them.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    sockets: Vec<Socket>,
    free: Vec<u32>,
    bound: BTreeMap<(HostId, u16), u32>,
    flying: Vec<Option<Datagram>>,
    landed: Vec<u32>,
    /// Buffers of datagrams that are over.
    spare: Vec<Vec<u8>>,
}

impl Sockets {
    pub(super) fn clear(&mut self) {
        self.sockets.clear();
        self.free.clear();
        self.bound.clear();
        self.flying.clear();
        self.landed.clear();
    }

    pub(super) fn is_bound(&self, host: HostId, port: u16) -> bool {
        self.bound.contains_key(&(host, port))
    }

    /// Binds a socket to `addr`; `None` when the address is taken.
    pub(crate) fn bind(&mut self, host: HostId, addr: SocketAddr) -> Option<SocketId> {
        if self.is_bound(host, addr.port()) {
            return None;
        }
        let slot = self.free.pop().unwrap_or(self.sockets.len() as u32);
        let generation = self.sockets.get(slot as usize).map_or(0, |old| old.generation + 1);
        let (queue, waiters) = (VecDeque::new(), Vec::new());
        let socket = Socket { generation, open: true, host, addr, peer: None, queue, queued: 0, waiters };
        match self.sockets.get_mut(slot as usize) {
            Some(old) => *old = socket,
            None => self.sockets.push(socket),
        }
        self.bound.insert((host, addr.port()), slot);
        Some(SocketId { slot, generation })
    }

    pub(crate) fn get(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.slot as usize).filter(|socket| socket.open && socket.generation == id.generation)
    }

    /// Nobody holds the socket any more.
    pub(crate) fn close(&mut self, id: SocketId) {
        let Some(socket) = self.get(id) else { return };
        socket.open = false;
        socket.queue.clear();
        socket.waiters.clear();
        let bound = (socket.host, socket.addr.port());
        self.bound.remove(&bound);
        self.free.push(id.slot);
    }

    /// Closes all sockets of `host`.
    pub(crate) fn close_all(&mut self, host: HostId) {
        let all = (0u32..).zip(&self.sockets).filter(|(_, socket)| socket.open && socket.host == host);
        let all: Vec<_> = all.map(|(slot, socket)| SocketId { slot, generation: socket.generation }).collect();
        all.into_iter().for_each(|id| self.close(id));
    }

    /// Sends a datagram on its way.
    pub(crate) fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> DatagramId {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.extend_from_slice(bytes);
        let datagram = Datagram { from, to, bytes: buffer };
        match self.landed.pop() {
            Some(slot) => {
                self.flying[slot as usize] = Some(datagram);
                DatagramId(slot)
            }
            None => {
                self.flying.push(Some(datagram));
                DatagramId(self.flying.len() as u32 - 1)
            }
        }
    }

    /// Flips a bit of a datagram in flight.
    pub(crate) fn flip(&mut self, id: DatagramId, bit: usize) {
        if let Some(datagram) = &mut self.flying[id.0 as usize] {
            datagram.bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// Takes a datagram out of the air: it has come to its host, or is lost on the way.
    pub(crate) fn land(&mut self, id: DatagramId) -> Option<Datagram> {
        let datagram = self.flying.get_mut(id.0 as usize)?.take()?;
        self.landed.push(id.0);
        Some(datagram)
    }

    /// A datagram comes to `host`; those to wake are added to `woken`.
    pub(crate) fn arrive(&mut self, host: HostId, datagram: Datagram, woken: &mut Vec<Waiter>) -> Arrived {
        let slot = self.bound.get(&(host, datagram.to.port())).copied();
        let Some(socket) = slot.map(|slot| &mut self.sockets[slot as usize]) else {
            self.done_with(datagram);
            return Arrived::Nobody;
        };
        let arrived = match socket.peer {
            Some(peer) if peer != datagram.from => Arrived::Nobody,
            _ if socket.queued + datagram.cost() > QUEUE_BYTES => Arrived::Full,
            _ => Arrived::Queued,
        };
        if arrived == Arrived::Queued {
            socket.queued += datagram.cost();
            socket.queue.push_back(datagram);
            woken.append(&mut socket.waiters);
        } else {
            self.done_with(datagram);
        }
        arrived
    }

    /// The buffer of a datagram serves the next one.
    pub(crate) fn done_with(&mut self, datagram: Datagram) {
        let mut buffer = datagram.bytes;
        buffer.clear();
        self.spare.push(buffer);
    }

    /// Is any datagram under way?
    pub(super) fn in_flight(&self) -> bool {
        self.landed.len() < self.flying.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: HostId = HostId(0);

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    fn arrive(sockets: &mut Sockets, from: u16, to: u16, bytes: &[u8]) -> Arrived {
        let id = sockets.send(addr(from), addr(to), bytes);
        assert!(sockets.in_flight());
        let datagram = sockets.land(id).unwrap();
        sockets.arrive(HERE, datagram, &mut Vec::new())
    }

    #[test]
    fn a_datagram_comes_whole_to_who_is_bound_there() {
        let mut sockets = Sockets::default();
        let id = sockets.bind(HERE, addr(7)).unwrap();
        assert!(sockets.bind(HERE, addr(7)).is_none());
        assert_eq!(arrive(&mut sockets, 1, 7, b"one"), Arrived::Queued);
        assert_eq!(arrive(&mut sockets, 1, 8, b"two"), Arrived::Nobody);
        let socket = sockets.get(id).unwrap();
        assert_eq!(socket.take().unwrap().bytes, b"one");
        assert!(socket.take().is_none());
        assert!(!sockets.in_flight());
    }

    #[test]
    fn a_connected_socket_hears_its_peer_alone() {
        let mut sockets = Sockets::default();
        let id = sockets.bind(HERE, addr(7)).unwrap();
        sockets.get(id).unwrap().peer = Some(addr(1));
        assert_eq!(arrive(&mut sockets, 2, 7, b"no"), Arrived::Nobody);
        assert_eq!(arrive(&mut sockets, 1, 7, b"yes"), Arrived::Queued);
    }

    #[test]
    fn a_full_queue_drops() {
        let mut sockets = Sockets::default();
        let id = sockets.bind(HERE, addr(7)).unwrap();
        let fit = QUEUE_BYTES / (OVERHEAD + 1);
        for _ in 0..fit {
            assert_eq!(arrive(&mut sockets, 1, 7, b"x"), Arrived::Queued);
        }
        assert_eq!(arrive(&mut sockets, 1, 7, b"x"), Arrived::Full);
        let first = sockets.get(id).unwrap().take().unwrap();
        sockets.done_with(first);
        assert_eq!(arrive(&mut sockets, 1, 7, b"x"), Arrived::Queued);
    }

    #[test]
    fn a_closed_socket_frees_its_port_and_its_name_is_stale() {
        let mut sockets = Sockets::default();
        let id = sockets.bind(HERE, addr(7)).unwrap();
        sockets.close_all(HERE);
        assert!(sockets.get(id).is_none());
        assert_eq!(arrive(&mut sockets, 1, 7, b"x"), Arrived::Nobody);
        let next = sockets.bind(HERE, addr(7)).unwrap();
        assert!(sockets.get(next).is_some() && sockets.get(id).is_none());
    }
}
