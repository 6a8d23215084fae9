//! TCP listeners.

use super::tcp::TcpStream;
use super::world::{try_with, with};
use crate::network::{ListenerId, Payload, Side};
use crate::topology::{HostId, ToPeer};
use crate::trace::What;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// Accepts TCP connections. Up to 128 may wait; one more is refused.
#[derive(Debug)]
pub struct TcpListener {
    run: u64,
    host: HostId,
    listener: ListenerId,
    addr: SocketAddr,
}

impl TcpListener {
    /// Listens on the host of the current task; see
    /// [`SimNetwork::bind`](crate::SimNetwork::bind).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn bind(addr: impl ToPeer) -> io::Result<Self> {
        let host = with(|world| world.current);
        let addr = with(|world| addr.to_peer(&world.topology))?;
        Self::bind_on(host, addr)
    }

    /// The same for a typed address, without a wait.
    #[cfg(feature = "stand-in")]
    pub(crate) fn bind_here(addr: SocketAddr) -> io::Result<Self> {
        Self::bind_on(with(|world| world.current), addr)
    }

    pub(super) fn bind_on(host: HostId, addr: SocketAddr) -> io::Result<Self> {
        with(|world| {
            let addr = world.own_address(host, addr)?;
            let listener = world.net.listen(host, addr).ok_or(io::ErrorKind::AddrInUse)?;
            world.record(What::Accept, host, u64::from(addr.port()) << 1 | 1);
            Ok(Self { run: world.run, host, listener, addr })
        })
    }

    /// Waits for the next connection, and gives it with the address it comes from.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    ///
    /// # Panics
    ///
    /// When used after its run.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| self.poll_accept(context)).await
    }

    /// Takes the next connection, or arranges for a wake-up.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        with(|world| {
            assert!(world.run == self.run, "a TcpListener of an earlier run was used: its network is gone");
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(listener) = world.net.listener(self.listener) else { return Poll::Pending };
            let Some(conn) = listener.waiting.pop_front() else {
                listener.wait(world.tasks.waiter(context.waker()));
                return Poll::Pending;
            };
            world.record(What::Accept, self.host, 0);
            let from = world.net.conns.end(conn, Side::Client).map(|end| end.addr);
            let from = from.expect("a connection lives while its server's end waits to be accepted");
            Poll::Ready(Ok((TcpStream { run: self.run, host: self.host, conn, side: Side::Server }, from)))
        })
    }

    /// The address it listens at.
    ///
    /// # Errors
    ///
    /// Never in the simulation.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        try_with(|world| {
            if world.run != self.run {
                return;
            }
            // as in the field: whoever was not accepted yet is reset
            for conn in world.net.unlisten(self.listener) {
                if world.net.conns.close(conn, Side::Server).is_some() {
                    world.send_control(conn, Side::Server, Payload::Reset);
                }
            }
        });
    }
}
