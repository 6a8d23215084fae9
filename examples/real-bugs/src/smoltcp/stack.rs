//! smoltcp with one TCP socket, and the cable it is plugged into: what has come in, what is to go
//! out.

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use std::collections::VecDeque;
use std::time::Duration;

/// What one packet carries at most: a head of 40 bytes, and 36 of data, so that little data is
/// already many packets.
const PACKET_MAX: usize = 76;

/// Room for what is to be sent; the room for what was received differs from run to run.
const SEND_BUFFER: usize = 256;

const PORT: u16 = 80;

/// Packets as they are on the cable.
#[derive(Default)]
pub(super) struct Cable {
    pub(super) incoming: VecDeque<Vec<u8>>,
    pub(super) outgoing: VecDeque<Vec<u8>>,
}

/// How a stack is made.
pub(super) struct Options {
    /// The last number of its address.
    pub(super) address: u8,
    /// Where its sequence numbers begin.
    pub(super) seed: u32,
    pub(super) receive_buffer: usize,
}

pub(super) struct Stack {
    pub(super) cable: Cable,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Stack {
    pub(super) fn new(options: &Options) -> Self {
        let mut cable = Cable::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = u64::from(options.seed);
        let mut interface = Interface::new(config, &mut cable, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(address(options.address), 24)).expect("there is room for one address");
        });
        let buffer = |size| SocketBuffer::new(vec![0; size]);
        let mut socket = Socket::new(buffer(options.receive_buffer), buffer(SEND_BUFFER));
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Self { cable, interface, sockets, socket }
    }

    pub(super) fn socket(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    pub(super) fn state(&self) -> State {
        self.sockets.get::<Socket>(self.socket).state()
    }

    pub(super) fn listen(&mut self) {
        self.socket().listen(PORT).expect("a new socket listens");
    }

    pub(super) fn connect(&mut self, peer: u8) {
        let socket = self.sockets.get_mut::<Socket>(self.socket);
        let context = self.interface.context();
        socket.connect(context, (address(peer), PORT), 49_152).expect("a new socket connects");
    }

    /// Takes what has come in, does what is due and puts out what is to go.
    pub(super) fn poll(&mut self, now: Duration) {
        self.interface.poll(instant(now), &mut self.cable, &mut self.sockets);
    }

    /// When something will be due.
    pub(super) fn due(&mut self, now: Duration) -> Option<Duration> {
        let due = self.interface.poll_at(instant(now), &self.sockets)?;
        Some(Duration::from_micros(due.total_micros() as u64))
    }
}

fn address(last: u8) -> IpAddress {
    IpAddress::v4(10, 0, 0, last)
}

fn instant(now: Duration) -> Instant {
    Instant::from_micros(now.as_micros() as i64)
}

/// A packet that came in.
pub(super) struct Incoming(Vec<u8>);

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for a packet that goes out.
pub(super) struct Outgoing<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Cable {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        let packet = self.incoming.pop_front()?;
        Some((Incoming(packet), Outgoing(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = PACKET_MAX;
        capabilities
    }
}
