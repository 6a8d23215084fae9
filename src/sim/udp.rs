//! UDP sockets, with tokio's names.

use super::rules::{self, Fate, Packet, PacketKind};
use super::world::{World, try_with, with};
use crate::network::{DATAGRAM_MAX, SocketId};
use crate::topology::{HostId, ToPeer};
use crate::trace::What;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::ReadBuf;

/// A UDP socket: datagrams of up to 65,507 bytes, each whole or not at all.
///
/// Each datagram has the latency of its link and no order: of two that are sent close together,
/// the second may come first, as in the field. None is lost or doubled unless
/// [`NetworkFaults`](crate::NetworkFaults) say so, but for these: where nobody is bound, or the
/// process is down, a datagram vanishes, and nobody is told (a real machine may answer so that a
/// connected sender gets `ConnectionRefused`; firewalls make sure that nobody relies on it); a
/// partition drops what comes to the cut link, and a receive queue that holds 208 KiB already drops
/// what comes on top. A send never waits. There is no broadcast and no multicast.
///
/// ```
/// # use simfuzz::prelude::*;
/// # struct Pinger;
/// # #[async_trait(?Send)]
/// # impl Workload for Pinger {
/// # fn name(&self) -> &str { "pinger" }
/// async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
///     let here = ctx.network().bind_udp("0.0.0.0:0").await?;
///     let there = ctx.network().bind_udp("0.0.0.0:7").await?;
///     here.send_to(b"ping", there.local_addr()?).await?;
///     let mut buffer = [0; 16];
///     let (length, from) = there.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], from), (&b"ping"[..], here.local_addr()?));
///     Ok(())
/// }
/// # }
/// # let simulation = SimulationBuilder::new().workload(|| Box::new(Pinger)).build();
/// # simulation.run(&Tape::calm()).assert_ok();
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    run: u64,
    host: HostId,
    socket: SocketId,
    addr: SocketAddr,
}

impl UdpSocket {
    /// Binds on the host of the current task; see
    /// [`SimNetwork::bind_udp`](crate::SimNetwork::bind_udp).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn bind(addr: impl ToPeer) -> io::Result<Self> {
        let host = with(|world| world.current);
        let addr = with(|world| addr.to_peer(&world.topology))?;
        Self::bind_on(host, addr)
    }

    pub(super) fn bind_on(host: HostId, addr: SocketAddr) -> io::Result<Self> {
        with(|world| {
            let addr = world.own_address(host, addr)?;
            let socket = world.net.sockets.bind(host, addr).ok_or(io::ErrorKind::AddrInUse)?;
            world.record(What::Accept, host, u64::from(addr.port()) << 1);
            Ok(Self { run: world.run, host, socket, addr })
        })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }

    /// The address it is connected to.
    ///
    /// # Errors
    ///
    /// `NotConnected` when it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let peer = self.used(|world| world.net.sockets.get(self.socket).and_then(|socket| socket.peer));
        peer.ok_or(io::ErrorKind::NotConnected.into())
    }

    /// From now on [`send`](Self::send) sends to `peer`, and datagrams of others are dropped.
    ///
    /// # Errors
    ///
    /// `NotFound` for a name that no host has.
    pub async fn connect(&self, peer: impl ToPeer) -> io::Result<()> {
        let peer = with(|world| peer.to_peer(&world.topology))?;
        self.used(|world| {
            if let Some(socket) = world.net.sockets.get(self.socket) {
                socket.peer = Some(peer);
            }
        });
        Ok(())
    }

    /// Sends a datagram to the address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// `EDESTADDRREQ` when it is not connected, `EMSGSIZE` for more than 65,507 bytes.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| self.poll_send(context, bytes)).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_send(&self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.send_now(bytes, None)
    }

    /// The same at once: a send never waits.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        at_once(self.send_now(bytes, None))
    }

    /// Sends a datagram to `peer`, who may be anybody or nobody.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` for more than 65,507 bytes, `NotFound` for a name that no host has.
    pub async fn send_to(&self, bytes: &[u8], peer: impl ToPeer) -> io::Result<usize> {
        let peer = with(|world| peer.to_peer(&world.topology))?;
        poll_fn(|context| self.poll_send_to(context, bytes, peer)).await
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_send_to(&self, _: &mut Context<'_>, bytes: &[u8], peer: SocketAddr) -> Poll<io::Result<usize>> {
        self.send_now(bytes, Some(peer))
    }

    /// The same at once.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    pub fn try_send_to(&self, bytes: &[u8], peer: SocketAddr) -> io::Result<usize> {
        at_once(self.send_now(bytes, Some(peer)))
    }

    /// Waits for a datagram and copies it into `buffer`; what doesn't fit is lost.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).await.map(|(length, _)| length)
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_recv(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_recv_from(context, buffer).map_ok(|_| ())
    }

    /// The same, if one is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when none is.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_recv_from(buffer).map(|(length, _)| length)
    }

    /// Waits for a datagram, copies it into `buffer`, and says who sent it; what doesn't fit is
    /// lost.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut buffer = ReadBuf::new(buffer);
        let from = poll_fn(|context| self.poll_recv_from(context, &mut buffer)).await?;
        Ok((buffer.filled().len(), from))
    }

    /// The same as a poll.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_recv_from(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        self.used(|world| {
            let received = self.receive_now(world, buffer);
            self.or_wait(world, context, received)
        })
    }

    /// The same, if one is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when none is.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut buffer = ReadBuf::new(buffer);
        let from = at_once(self.used(|world| self.receive_now(world, &mut buffer)))?;
        Ok((buffer.filled().len(), from))
    }

    /// Waits for a datagram, copies it into `buffer` and leaves it in the queue.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut buffer = ReadBuf::new(buffer);
        let from = poll_fn(|context| {
            self.used(|world| {
                let seen = match world.net.sockets.get(self.socket).and_then(|socket| socket.first()) {
                    Some(datagram) => {
                        fill(&mut buffer, &datagram.bytes);
                        Poll::Ready(datagram.from)
                    }
                    None => Poll::Pending,
                };
                self.or_wait(world, context, seen)
            })
        });
        let from = from.await;
        Ok((buffer.filled().len(), from))
    }

    /// Waits until a datagram can be received.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|context| {
            self.used(|world| {
                let there = world.net.sockets.get(self.socket).is_some_and(|socket| socket.first().is_some());
                let ready = if there { Poll::Ready(Ok(())) } else { Poll::Pending };
                self.or_wait(world, context, ready)
            })
        })
        .await
    }

    /// Waits until a datagram can be sent, which it always can.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub async fn writable(&self) -> io::Result<()> {
        Ok(())
    }

    /// What the rules of injectors say about a datagram.
    #[cold]
    fn ask_rules(&self, bytes: &[u8], to: Option<SocketAddr>) -> Option<(HostId, Fate)> {
        let to = self.used(|world| to.or_else(|| world.net.sockets.get(self.socket)?.peer))?;
        rules::ask_packet(&Packet { from: self.addr.ip(), to: to.ip(), kind: PacketKind::Datagram, bytes })
    }

    fn send_now(&self, bytes: &[u8], to: Option<SocketAddr>) -> Poll<io::Result<usize>> {
        let fate = if rules::any() { self.ask_rules(bytes, to) } else { None };
        self.used(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(to) = to.or_else(|| world.net.sockets.get(self.socket)?.peer) else {
                return Poll::Ready(Err(io::Error::from_raw_os_error(libc::EDESTADDRREQ)));
            };
            if bytes.len() > DATAGRAM_MAX {
                return Poll::Ready(Err(io::Error::from_raw_os_error(libc::EMSGSIZE)));
            }
            world.send_datagram(self.host, self.addr, to, bytes, fate);
            if world.io_ends(self.host) { Poll::Pending } else { Poll::Ready(Ok(bytes.len())) }
        })
    }

    fn receive_now(&self, world: &mut World, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<SocketAddr>> {
        if !world.is_running(self.host) {
            return Poll::Pending;
        }
        let Some(datagram) = world.net.sockets.get(self.socket).and_then(|socket| socket.take()) else {
            return Poll::Pending;
        };
        let filled = buffer.filled().len();
        fill(buffer, &datagram.bytes);
        let from = datagram.from;
        world.net.sockets.done_with(datagram);
        if world.io_ends(self.host) {
            buffer.set_filled(filled);
            return Poll::Pending;
        }
        Poll::Ready(Ok(from))
    }

    fn or_wait<T>(&self, world: &mut World, context: &Context<'_>, attempt: Poll<T>) -> Poll<T> {
        if attempt.is_pending()
            && let Some(socket) = world.net.sockets.get(self.socket)
        {
            socket.wait(world.tasks.waiter(context.waker()));
        }
        attempt
    }

    #[track_caller]
    fn used<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        with(|world| {
            assert!(world.run == self.run, "a UdpSocket of an earlier run was used: its network is gone");
            f(world)
        })
    }
}

/// Copies what fits.
fn fill(buffer: &mut ReadBuf<'_>, bytes: &[u8]) {
    let length = bytes.len().min(buffer.remaining());
    buffer.put_slice(&bytes[..length]);
}

fn at_once<T>(attempt: Poll<io::Result<T>>) -> io::Result<T> {
    match attempt {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        try_with(|world| {
            if world.run == self.run {
                world.net.sockets.close(self.socket);
            }
        });
    }
}
