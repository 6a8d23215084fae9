//! Two smoltcp stacks and the packets between them, carried by hand.
//!
//! Knows nothing of what is right.

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use std::collections::VecDeque;

pub type Packet = Vec<u8>;

/// A stack with one socket. Time is in milliseconds.
pub struct Host {
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Host {
    pub fn new(address: u8, receive_buffer: usize) -> Self {
        let mut wire = Wire::default();
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut wire, Instant::ZERO);
        interface.update_ip_addrs(|all| all.push(IpCidr::new(IpAddress::v4(10, 0, 0, address), 24)).unwrap());
        let buffer = |size| SocketBuffer::new(vec![0; size]);
        let mut socket = Socket::new(buffer(receive_buffer), buffer(1_024));
        socket.set_ack_delay(None);
        socket.set_nagle_enabled(false);
        let mut sockets = SocketSet::new(vec![]);
        let socket = sockets.add(socket);
        Self { wire, interface, sockets, socket }
    }

    pub fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    pub fn state(&mut self) -> State {
        self.socket().state()
    }

    pub fn send(&mut self, bytes: usize) {
        assert_eq!(self.socket().send_slice(&vec![1; bytes]), Ok(bytes));
    }

    /// Takes all that has arrived: how many bytes.
    pub fn receive(&mut self) -> usize {
        self.socket().recv_slice(&mut [0; 4_096]).unwrap_or(0)
    }

    /// These packets come in: those that go out.
    pub fn poll(&mut self, now: i64, packets: impl IntoIterator<Item = Packet>) -> Vec<Packet> {
        self.wire.incoming.extend(packets);
        self.interface.poll(Instant::from_millis(now), &mut self.wire, &mut self.sockets);
        self.wire.outgoing.drain(..).collect()
    }

    /// When the stack wants to be polled again, if no packet comes.
    pub fn due(&mut self, now: i64) -> Option<i64> {
        let due = self.interface.poll_at(Instant::from_millis(now), &self.sockets)?;
        Some(due.total_millis())
    }
}

/// The other listens, the one connects: its SYN.
pub fn connect(one: &mut Host, other: &mut Host) -> Vec<Packet> {
    other.socket().listen(80).unwrap();
    let socket = one.sockets.get_mut::<Socket>(one.socket);
    socket.connect(one.interface.context(), (IpAddress::v4(10, 0, 0, 2), 80), 49_152).unwrap();
    one.poll(0, [])
}

/// The handshake.
pub fn connected(one: &mut Host, other: &mut Host) {
    let syn = connect(one, other);
    let syn_ack = other.poll(0, syn);
    let ack = one.poll(0, syn_ack);
    other.poll(0, ack);
    assert_eq!((one.state(), other.state()), (State::Established, State::Established));
}

/// Carries every packet from `now` until then; the other takes all that arrives. How many bytes that is.
pub fn run(one: &mut Host, other: &mut Host, mut now: i64, until: i64) -> usize {
    let (mut received, mut to_one, mut to_other) = (0, vec![], vec![]);
    while now < until {
        to_other.extend(one.poll(now, std::mem::take(&mut to_one)));
        to_one.extend(other.poll(now, std::mem::take(&mut to_other)));
        received += other.receive();
        to_one.extend(other.poll(now, []));
        let due = one.due(now).into_iter().chain(other.due(now)).min().unwrap_or(until);
        now = if to_one.is_empty() { due.max(now + 1) } else { now + 1 };
    }
    received
}

#[derive(Default)]
struct Wire {
    incoming: VecDeque<Packet>,
    outgoing: VecDeque<Packet>,
}

impl Device for Wire {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        Some((Incoming(self.incoming.pop_front()?), Outgoing(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

struct Incoming(Packet);

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Outgoing<'a>(&'a mut VecDeque<Packet>);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}
