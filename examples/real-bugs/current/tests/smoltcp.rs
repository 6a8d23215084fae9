//! Five bugs of smoltcp 0.14.0, without a simulation: two stacks, and packets that are carried by hand, of which at most
//! one is lost. The stories are in `docs/bugs-found.md`.
//!
//! Each test asserts what happens, not what should: when it fails on a newer version, that bug is mended.

mod hosts;

use hosts::{Host, Packet, connect, connected, run};
use smoltcp::socket::tcp::State;
use std::collections::VecDeque;

/// The socket has no timeout, and no packet of the last hour was lost.
const HOUR: i64 = 3_600_000;

/// RFC 9293, 3.10.4: a close in SYN-RECEIVED sends a FIN. Here the acknowledgement of the SYN is taken for that of a FIN
/// which was never sent.
#[test]
fn a_close_before_the_handshake_is_over_never_reaches_the_peer() {
    let (mut one, mut other) = (Host::new(1, 64), Host::new(2, 64));
    let syn = connect(&mut one, &mut other);
    let syn_ack = other.poll(10, syn);
    assert_eq!(other.state(), State::SynReceived);
    other.socket().close();
    let to_other = one.poll(20, syn_ack);
    other.poll(30, to_other);
    run(&mut one, &mut other, 40, HOUR);
    // not the CLOSE-WAIT of an end whose peer has closed
    assert_eq!((one.state(), other.state()), (State::Established, State::FinWait2));
    assert_eq!((one.due(HOUR), other.due(HOUR)), (None, None));
}

/// A window of 0 that comes while data is under way, in a segment which acknowledges nothing new: when the
/// retransmission timer expires it is switched off, and nothing takes its place.
/// RFC 9293, 3.8.6.1: the sender must go on to probe the window.
#[test]
fn a_window_that_closes_over_data_under_way_is_never_probed() {
    let (mut one, mut other) = (Host::new(1, 1_024), Host::new(2, 32));
    connected(&mut one, &mut other);
    one.send(32);
    let data = one.poll(10, []);
    let full = other.poll(20, data);
    one.poll(30, full.clone());
    assert_eq!(other.receive(), 32);
    let open_again = other.poll(40, []);
    one.poll(50, open_again);
    one.send(32);
    let lost = one.poll(60, []);
    assert_eq!(lost.len(), 1);
    // the network had doubled the acknowledgement that closed the window
    one.poll(70, full);
    let received = run(&mut one, &mut other, 80, HOUR);
    assert_eq!((received, one.socket().send_queue()), (0, 32));
    assert_eq!(one.due(HOUR), None);
}

/// A third duplicate acknowledgement asks for the oldest segment at once. If that is a FIN alone nothing is sent, and
/// the timer is off. New in 0.14.0.
#[test]
fn a_lost_fin_is_never_sent_again_after_three_duplicate_acknowledgements() {
    let (mut one, mut other) = (Host::new(1, 1_024), Host::new(2, 1_024));
    connected(&mut one, &mut other);
    one.send(1);
    // the peer is far away for some seconds: the byte is sent four times before the first acknowledgement comes
    let (mut copies, mut now) = (Vec::new(), 10);
    while copies.len() < 4 {
        copies.extend(one.poll(now, []));
        now = one.due(now).unwrap_or(now).max(now + 1);
    }
    let mut answers: VecDeque<Packet> = copies.into_iter().flat_map(|copy| other.poll(now, [copy])).collect();
    assert_eq!(answers.len(), 4);
    one.poll(now, answers.pop_front());
    one.socket().close();
    let lost = one.poll(now + 10, []);
    assert_eq!(lost.len(), 1);
    one.poll(now + 20, answers);
    run(&mut one, &mut other, now + 30, HOUR);
    assert_eq!((one.state(), other.state()), (State::FinWait1, State::Established));
    assert_eq!(one.due(HOUR), None);
}

/// The segment that three duplicate acknowledgements ask for is as long as a segment may be, whatever the peer's window is.
/// What the peer has no room for counts as under way from then on; with the window closed, and opened again, no timer
/// runs that would send it again. New in 0.14.0.
#[test]
fn a_fast_retransmission_beyond_the_window_is_never_sent_again() {
    let (mut one, mut other) = (Host::new(1, 1_024), Host::new(2, 32));
    connected(&mut one, &mut other);
    let segments: Vec<_> = (0..4)
        .flat_map(|_| {
            one.send(8);
            one.poll(10, [])
        })
        .collect();
    assert_eq!(segments.len(), 4);
    one.send(10); // the window is full: they wait
    let duplicates: Vec<_> = segments.into_iter().skip(1).flat_map(|segment| other.poll(20, [segment])).collect();
    assert_eq!(duplicates.len(), 3);
    let again = one.poll(30, duplicates);
    assert_eq!(again.len(), 1);
    let full = other.poll(40, again);
    one.poll(50, full);
    let received = run(&mut one, &mut other, 60, HOUR);
    assert_eq!((received, one.socket().send_queue()), (32, 10));
    assert_eq!(one.due(HOUR), None);
}

/// A probe of the peer's window tells of a window of its own that is wider than before, and doesn't note it. So the next
/// segment, which keeps to what it was told, is cut. Its FIN is taken all the same and stands where the last byte stood:
/// the sender learns that all has arrived, the receiver that nothing more comes.
/// RFC 9293, 3.10.7.4: of a segment only what lies in the window is processed, and a FIN comes after the last byte.
#[test]
fn the_last_byte_before_a_fin_is_lost_and_acknowledged() {
    let (mut one, mut other) = (Host::new(1, 32), Host::new(2, 32));
    connected(&mut one, &mut other);
    // one has no room: what else there is to send will be a probe
    other.send(33);
    let data = other.poll(10, []);
    let full = one.poll(20, data);
    other.poll(30, full);
    // other has room for two, and then for three, which is no news worth a segment
    one.send(30);
    let data = one.poll(40, []);
    let room_for_two = other.poll(50, data);
    one.poll(60, room_for_two);
    assert_eq!(other.socket().recv_slice(&mut [0; 1]), Ok(1));
    assert_eq!(other.poll(70, []), Vec::<Packet>::new());
    let due = other.due(70).unwrap();
    let room_for_three = other.poll(due, []);
    assert_eq!(room_for_three.len(), 1);
    // by now one has room again, but the news of it is lost
    assert_eq!(one.receive(), 32);
    assert_eq!(one.poll(due + 5, []).len(), 1);
    one.poll(due + 10, room_for_three);
    one.send(3);
    one.socket().close();
    let last = one.poll(due + 20, []);
    let answer = other.poll(due + 30, last);
    one.poll(due + 40, answer);
    // 33 were sent
    assert_eq!(1 + run(&mut one, &mut other, due + 50, HOUR), 32);
    assert_eq!((one.socket().send_queue(), other.state()), (0, State::CloseWait));
}
