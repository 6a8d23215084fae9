//! A connection under way, as a future.

use super::events::Event;
use super::rules::{self, Fate, Packet, PacketKind};
use super::tcp::TcpStream;
use super::world::{try_with, with};
use crate::network::{ConnId, Side};
use crate::topology::HostId;
use crate::trace::What;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A connection under way.
pub(super) struct Connect {
    run: u64,
    host: HostId,
    conn: ConnId,
    done: bool,
}

impl Connect {
    pub(super) fn start(host: HostId, to: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> {
        let fate = if rules::any() { ask_rules(host, to) } else { None };
        let started = with(|world| {
            let Some(peer) = world.topology.id_of(to.ip()) else {
                let reason = format!("no host has the address {}", to.ip());
                return Err(io::Error::new(io::ErrorKind::HostUnreachable, reason));
            };
            let from = world.topology.host(host).ip;
            let port = world.net.ephemeral_port(host);
            let conn = world.net.conns.open((host, SocketAddr::new(from, port)), (peer, to));
            let mut at = world.arrival(host, peer);
            world.record(What::Connect, host, u64::from(peer.0) << 16 | u64::from(to.port()));
            world.tell_connect(conn, (host, peer), to.port());
            let mut answered = !world.breaks || world.strikes_connect(conn, host, peer);
            if answered && let Some(fate) = fate {
                match world.decide_connect(fate, conn, (host, peer)) {
                    Some(late) => at = at.saturating_add(late),
                    None => answered = false,
                }
            }
            if answered {
                world.queue.schedule(at, Event::Syn(conn));
            }
            let deadline = world.connect_deadline();
            world.queue.schedule(deadline, Event::ConnectTimeout(conn));
            let doomed = world.io_ends(host);
            Ok((Self { run: world.run, host, conn, done: false }, doomed))
        });
        async move {
            let (connect, doomed) = started?;
            if doomed {
                std::future::pending::<()>().await;
            }
            connect.await
        }
    }
}

/// What the rules of injectors say about a request for a connection.
#[cold]
fn ask_rules(host: HostId, to: SocketAddr) -> Option<(HostId, Fate)> {
    let from = with(|world| world.topology.host(host).ip);
    rules::ask_packet(&Packet { from, to: to.ip(), kind: PacketKind::Connect, bytes: &[] })
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = with(|world| {
            if !world.is_running(self.host) {
                return Poll::Pending;
            }
            let Some(end) = world.net.conns.end(self.conn, Side::Client) else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            };
            if let Some(kind) = end.failed {
                return Poll::Ready(Err(kind.into()));
            }
            if end.connected {
                return Poll::Ready(Ok(()));
            }
            end.writer = Some(world.tasks.waiter(context.waker()));
            Poll::Pending
        });
        result.map_ok(|()| {
            self.done = true;
            TcpStream { run: self.run, host: self.host, conn: self.conn, side: Side::Client }
        })
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        if !self.done {
            try_with(|world| world.let_go(self.run, self.host, self.conn, Side::Client));
        }
    }
}
