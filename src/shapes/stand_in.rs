//! What the package that `cargo simfuzz stand-in` writes needs of the handles: crates that call tokio themselves ask for more than a simulated
//! socket has.
//!
//! Owns file descriptors that mean nothing, the refusal of the machine's own sockets, and names of hosts. The package
//! itself can't do it: the types are of this crate.

use crate::sim::{TcpListener, TcpStream, UdpSocket, with};
use crate::topology::ToPeer;
use std::io;
use std::net::SocketAddr;

/// The address that `peer` means in this run.
///
/// # Errors
///
/// `NotFound` for a name that no host has.
pub fn look_up(peer: impl ToPeer) -> io::Result<SocketAddr> {
    with(|world| peer.to_peer(&world.topology))
}

/// Listens at once, as `TcpSocket::listen` does.
///
/// # Errors
///
/// As [`TcpListener::bind`].
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind_here(addr)
}

macro_rules! refuse_the_machines {
    ($($ours:ident $std:ty;)*) => {$(
        impl $ours {
            /// Not in a simulation.
            ///
            /// # Errors
            ///
            /// Always `Unsupported`: the socket is the machine's.
            #[doc(hidden)]
            pub fn from_std(_: $std) -> io::Result<Self> {
                let reason = concat!(
                    "a socket of the real machine can't be a simulated one: bind or connect with `tokio::net::",
                    stringify!($ours), "`, and hand that over"
                );
                Err(io::Error::new(io::ErrorKind::Unsupported, reason))
            }
        }
    )*};
}

refuse_the_machines! {
    TcpListener std::net::TcpListener;
    TcpStream std::net::TcpStream;
    UdpSocket std::net::UdpSocket;
}

#[cfg(unix)]
mod descriptors {
    use super::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
    use std::sync::OnceLock;

    /// A socket that is bound to nothing and never used, so that options which are set on a simulated one through its
    /// descriptor, such as keep-alive, are taken and change nothing. Bytes don't go that way: reading is an error.
    fn nobodys() -> BorrowedFd<'static> {
        static SOCKET: OnceLock<OwnedFd> = OnceLock::new();
        SOCKET
            .get_or_init(|| {
                #[expect(unsafe_code, reason = "std makes no socket without binding or connecting it")]
                // SAFETY: the call takes three numbers; the descriptor that it gives is owned by nobody else.
                unsafe {
                    let descriptor = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
                    assert!(descriptor >= 0, "no socket: {}", std::io::Error::last_os_error());
                    OwnedFd::from_raw_fd(descriptor)
                }
            })
            .as_fd()
    }

    macro_rules! with_nobodys {
        ($($ours:ident)*) => {$(
            impl AsFd for $ours {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    nobodys()
                }
            }

            impl AsRawFd for $ours {
                fn as_raw_fd(&self) -> RawFd {
                    nobodys().as_raw_fd()
                }
            }
        )*};
    }

    with_nobodys!(TcpListener TcpStream UdpSocket);
}
