//! The scenarios. Each gives its transcript: what a program can see, without ports and times.

use super::{Here, TcpListener, TcpStream, UdpSocket};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Transcript = io::Result<Vec<String>>;

/// A result as it is told: the value, or the kind of the error.
fn told<T: std::fmt::Debug>(what: &str, result: io::Result<T>) -> String {
    match result {
        Ok(value) => format!("{what} {value:?}"),
        Err(error) => format!("{what} {:?}", error.kind()),
    }
}

/// A listener, and the address to reach it at.
async fn listen(here: &Here) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((here.ip(), 0)).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Both ends of a connection.
async fn pair(here: &Here) -> io::Result<(TcpStream, TcpStream)> {
    let (listener, addr) = listen(here).await?;
    let client = TcpStream::connect(addr).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

pub(in super::super) async fn a_connection_has_two_addresses_and_an_end(here: Here) -> Transcript {
    let (listener, addr) = listen(&here).await?;
    let mut client = TcpStream::connect(addr).await?;
    let (mut server, from) = listener.accept().await?;
    let mut log = vec![
        format!("reached {}", client.peer_addr()? == addr),
        format!("from {}", from == client.local_addr()? && from == server.peer_addr()?),
        format!("at {}", server.local_addr()? == addr && from.ip() == here.ip()),
    ];
    client.set_nodelay(true)?;
    log.push(told("nodelay", client.nodelay()));
    client.write_all(b"hello").await?;
    let mut five = [0; 5];
    server.read_exact(&mut five).await?;
    log.push(format!("{:?}", std::str::from_utf8(&five)));
    drop(client);
    log.push(told("end", server.read(&mut five).await));
    log.push(told("still", server.read(&mut five).await));
    Ok(log)
}

pub(in super::super) async fn a_connect_to_nobody_is_refused(here: Here) -> Transcript {
    let (listener, addr) = listen(&here).await?;
    drop(listener);
    let refused = TcpStream::connect(addr).await.map(|_| ());
    Ok(vec![told("connect", refused)])
}

pub(in super::super) async fn connections_are_accepted_in_order(here: Here) -> Transcript {
    let (listener, addr) = listen(&here).await?;
    let mut clients = Vec::new();
    for number in 0..5 {
        let mut client = TcpStream::connect(addr).await?;
        client.write_u8(number).await?;
        clients.push(client);
    }
    let mut log = Vec::new();
    for _ in 0..5 {
        let (mut server, _) = listener.accept().await?;
        log.push(told("accepted", server.read_u8().await));
    }
    Ok(log)
}

pub(in super::super) async fn either_half_may_be_closed_first(here: Here) -> Transcript {
    let mut log = Vec::new();
    for server_first in [false, true] {
        let (mut one, mut other) = pair(&here).await?;
        if server_first {
            std::mem::swap(&mut one, &mut other);
        }
        one.write_all(b"question").await?;
        one.shutdown().await?;
        let mut question = String::new();
        other.read_to_string(&mut question).await?;
        other.write_all(question.to_uppercase().as_bytes()).await?;
        other.shutdown().await?;
        let mut answer = String::new();
        one.read_to_string(&mut answer).await?;
        log.push(format!("{question} {answer}"));
    }
    Ok(log)
}

pub(in super::super) async fn a_shutdown_ends_writing(here: Here) -> Transcript {
    let (mut client, mut server) = pair(&here).await?;
    client.shutdown().await?;
    let mut log = vec![told("again", client.shutdown().await)];
    log.push(told("write", client.write(b"more").await));
    server.write_all(b"still").await?;
    let mut five = [0; 5];
    client.read_exact(&mut five).await?;
    log.push(format!("{:?}", std::str::from_utf8(&five)));
    Ok(log)
}

pub(in super::super) async fn unread_bytes_make_a_close_a_reset(here: Here) -> Transcript {
    let (mut client, server) = pair(&here).await?;
    client.write_all(b"unread").await?;
    here.settle().await;
    drop(server);
    here.settle().await;
    let mut byte = [0];
    let mut log = vec![told("read", client.read(&mut byte).await)];
    log.push(told("read", client.read(&mut byte).await));
    log.push(told("write", client.write(b"more").await));
    Ok(log)
}

/// The peer answers, and is gone with a reset.
pub(in super::super) async fn what_arrived_before_a_reset(here: Here) -> Transcript {
    let (mut client, mut server) = pair(&here).await?;
    client.write_all(b"unread").await?;
    server.write_all(b"answer").await?;
    here.settle().await;
    drop(server);
    here.settle().await;
    let mut buffer = [0; 16];
    let mut log = vec![told("read", client.read(&mut buffer).await)];
    log.push(told("read", client.read(&mut buffer).await));
    Ok(log)
}

pub(in super::super) async fn writing_to_a_peer_that_closed(here: Here) -> Transcript {
    let (mut client, server) = pair(&here).await?;
    drop(server);
    here.settle().await;
    let mut log = vec![told("end", client.read(&mut [0]).await)];
    log.push(told("write", client.write(b"anybody?").await));
    here.settle().await;
    log.push(told("write", client.write(b"hello?").await));
    log.push(told("read", client.read(&mut [0]).await));
    Ok(log)
}

pub(in super::super) async fn zero_linger_resets(here: Here) -> Transcript {
    let (mut client, server) = pair(&here).await?;
    server.set_zero_linger()?;
    drop(server);
    here.settle().await;
    Ok(vec![told("read", client.read(&mut [0]).await)])
}

pub(in super::super) async fn a_listener_that_goes_resets_who_waits(here: Here) -> Transcript {
    let (listener, addr) = listen(&here).await?;
    let mut client = TcpStream::connect(addr).await?;
    drop(listener);
    here.settle().await;
    Ok(vec![told("read", client.read(&mut [0]).await)])
}

/// Writes until nothing is taken any more; gives how much was.
async fn fill(here: &Here, stream: &TcpStream) -> io::Result<usize> {
    let mut sum = 0;
    stream.writable().await?;
    for _ in 0..4 {
        loop {
            match stream.try_write(&[7; 16 * 1024]) {
                Ok(length) => sum += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if sum > 100 << 20 {
                return Ok(sum);
            }
        }
        // a machine that gives a writer more room while it looks may do so yet
        here.settle().await;
    }
    Ok(sum)
}

pub(in super::super) async fn a_writer_that_runs_ahead_blocks_until_its_reader_reads(here: Here) -> Transcript {
    let (mut client, mut server) = pair(&here).await?;
    let sum = fill(&here, &client).await?;
    let mut log = vec![format!("blocks at all: {}", sum < 100 << 20)];
    log.push(told("more", client.try_write(&[7])));
    let read = async {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.map(|_| all)
    };
    let write = async {
        client.write_all(b"end").await?;
        client.shutdown().await
    };
    let (all, wrote) = tokio::join!(read, write);
    wrote?;
    let all = all?;
    log.push(format!("all of it: {}", all.len() == sum + 3 && all.ends_with(b"end")));
    Ok(log)
}

pub(in super::super) async fn how_far_a_writer_runs_ahead(here: Here) -> Transcript {
    let (client, _server) = pair(&here).await?;
    Ok(vec![fill(&here, &client).await?.to_string()])
}

pub(in super::super) async fn a_small_buffer_gets_a_part(here: Here) -> Transcript {
    let (mut client, mut server) = pair(&here).await?;
    client.write_all(b"message").await?;
    here.settle().await;
    let mut three = [0; 3];
    let mut log = Vec::new();
    for _ in 0..3 {
        let length = server.read(&mut three).await?;
        log.push(format!("{:?}", std::str::from_utf8(&three[..length])));
    }
    Ok(log)
}

pub(in super::super) async fn a_peek_takes_nothing(here: Here) -> Transcript {
    let (mut client, mut server) = pair(&here).await?;
    client.write_all(b"message").await?;
    here.settle().await;
    let mut buffer = [0; 16];
    let mut log = vec![told("peek", server.peek(&mut buffer[..3]).await)];
    log.push(told("peek", server.peek(&mut buffer).await));
    log.push(told("read", server.read(&mut buffer).await));
    drop(client);
    log.push(told("peek", server.peek(&mut buffer).await));
    Ok(log)
}

pub(in super::super) async fn attempts_would_block(here: Here) -> Transcript {
    let (client, server) = pair(&here).await?;
    let mut buffer = [0; 16];
    let mut log = vec![told("read", server.try_read(&mut buffer))];
    client.writable().await?;
    log.push(told("write", client.try_write(b"abc")));
    server.readable().await?;
    log.push(told("read", server.try_read(&mut buffer)));
    log.push(told("read", server.try_read(&mut buffer)));
    drop(client);
    server.readable().await?;
    log.push(told("end", server.try_read(&mut buffer)));
    Ok(log)
}

pub(in super::super) async fn halves_part_and_meet_again(here: Here) -> Transcript {
    let (client, mut server) = pair(&here).await?;
    let (read, mut write) = client.into_split();
    write.write_all(b"to the server").await?;
    let mut client = read.reunite(write).expect("halves of one stream");
    let (other, _server) = pair(&here).await?;
    let mut log = Vec::new();
    {
        let (mut read, mut write) = client.split();
        write.write_all(b", and on").await?;
        server.write_all(b"back").await?;
        let mut four = [0; 4];
        read.read_exact(&mut four).await?;
        log.push(format!("{:?}", std::str::from_utf8(&four)));
    }
    let (read, write) = client.into_split();
    let (other_read, other_write) = other.into_split();
    let error = read.reunite(other_write).expect_err("halves of two streams");
    log.push(error.to_string());
    let mut read = error.0;
    drop((other_read, error.1));
    // dropping the writing half ends the stream
    drop(write);
    let mut all = String::new();
    server.read_to_string(&mut all).await?;
    log.push(all);
    server.write_all(b"late").await?;
    drop(server);
    let mut all = String::new();
    read.read_to_string(&mut all).await?;
    log.push(all);
    Ok(log)
}

pub(in super::super) async fn an_address_is_bound_once(here: Here) -> Transcript {
    let (listener, addr) = listen(&here).await?;
    let mut log = vec![told("listen", TcpListener::bind(addr).await.map(|_| ()))];
    drop(listener);
    log.push(told("listen", TcpListener::bind(addr).await.map(|_| ())));
    // the ports of UDP are others
    let socket = UdpSocket::bind(addr).await?;
    log.push(told("bind", UdpSocket::bind(addr).await.map(|_| ())));
    drop(socket);
    log.push(told("bind", UdpSocket::bind(addr).await.map(|_| ())));
    let elsewhere = TcpListener::bind((Ipv4Addr::new(192, 0, 2, 1), 0)).await.map(|_| ());
    log.push(told("elsewhere", elsewhere));
    Ok(log)
}

pub(in super::super) async fn ephemeral_ports_differ(here: Here) -> Transcript {
    let (_first, one) = listen(&here).await?;
    let (_second, other) = listen(&here).await?;
    let (third, fourth) = (UdpSocket::bind((here.ip(), 0)).await?, UdpSocket::bind((here.ip(), 0)).await?);
    Ok(vec![
        format!("tcp {}", one.port() != other.port() && one.port() > 0),
        format!("udp {}", third.local_addr()?.port() != fourth.local_addr()?.port()),
    ])
}

/// Two sockets and their addresses.
async fn sockets(here: &Here) -> io::Result<(UdpSocket, UdpSocket, SocketAddr)> {
    let (one, other) = (UdpSocket::bind((here.ip(), 0)).await?, UdpSocket::bind((here.ip(), 0)).await?);
    let addr = other.local_addr()?;
    Ok((one, other, addr))
}

pub(in super::super) async fn datagrams_are_whole(here: Here) -> Transcript {
    let (one, other, addr) = sockets(&here).await?;
    let mut log = vec![told("sent", one.send_to(b"ping", addr).await)];
    let mut buffer = [0; 64];
    let (length, from) = other.recv_from(&mut buffer).await?;
    log.push(format!("{:?} {}", std::str::from_utf8(&buffer[..length]), from == one.local_addr()?));
    log.push(told("sent", other.send_to(b"", from).await));
    log.push(told("received", one.recv(&mut buffer).await));
    let big = vec![1; 60_000];
    one.send_to(&big, addr).await?;
    let mut buffer = vec![0; 65_536];
    log.push(told("received", other.recv(&mut buffer).await));
    Ok(log)
}

pub(in super::super) async fn a_datagram_is_cut_to_its_buffer(here: Here) -> Transcript {
    let (one, other, addr) = sockets(&here).await?;
    one.send_to(b"message", addr).await?;
    here.settle().await;
    one.send_to(b"next", addr).await?;
    here.settle().await;
    let mut three = [0; 3];
    let mut log = vec![told("peek", other.peek_from(&mut three).await.map(|(length, _)| length))];
    for _ in 0..2 {
        let length = other.recv(&mut three).await?;
        log.push(format!("{:?}", std::str::from_utf8(&three[..length])));
    }
    Ok(log)
}

pub(in super::super) async fn a_connected_socket_hears_its_peer_alone(here: Here) -> Transcript {
    let (one, other, addr) = sockets(&here).await?;
    let stranger = UdpSocket::bind((here.ip(), 0)).await?;
    other.connect(one.local_addr()?).await?;
    let mut log = vec![format!("peer {}", other.peer_addr()? == one.local_addr()?)];
    stranger.send_to(b"no", addr).await?;
    here.settle().await;
    one.send_to(b"yes", addr).await?;
    let mut buffer = [0; 8];
    let length = other.recv(&mut buffer).await?;
    log.push(format!("{:?}", std::str::from_utf8(&buffer[..length])));
    other.send(b"back").await?;
    log.push(told("received", one.recv(&mut buffer).await));
    // a connected socket may still send to others
    log.push(told("sent", other.send_to(b"you", stranger.local_addr()?).await));
    log.push(told("received", stranger.recv(&mut buffer).await));
    Ok(log)
}

pub(in super::super) async fn what_a_udp_socket_refuses(here: Here) -> Transcript {
    let (one, _other, addr) = sockets(&here).await?;
    let code = |result: io::Result<usize>| format!("{:?}", result.map_err(|error| error.raw_os_error()));
    let mut log = vec![told("peer", one.peer_addr().map(|_| ()))];
    log.push(code(one.send(b"x").await));
    log.push(code(one.send_to(&[0; 65_507], addr).await));
    log.push(code(one.send_to(&[0; 65_508], addr).await));
    here.settle().await;
    log.push(told("received", one.try_recv(&mut [0; 4])));
    Ok(log)
}

pub(in super::super) async fn datagrams_wait_in_order(here: Here) -> Transcript {
    let (one, other, addr) = sockets(&here).await?;
    for number in 0..5 {
        one.send_to(&[number], addr).await?;
        // the simulation's latency would reorder them
        here.settle().await;
    }
    let mut log = Vec::new();
    let mut byte = [0];
    for _ in 0..6 {
        log.push(told("received", other.try_recv_from(&mut byte).map(|_| byte[0])));
    }
    Ok(log)
}

pub(in super::super) async fn a_datagram_to_nobody(here: Here) -> Transcript {
    let (one, other, addr) = sockets(&here).await?;
    drop(other);
    one.connect(addr).await?;
    let mut log = vec![told("sent", one.send(b"anybody?").await)];
    here.settle().await;
    log.push(told("sent", one.send(b"anybody?").await));
    log.push(told("received", one.try_recv(&mut [0; 4])));
    Ok(log)
}

pub(in super::super) async fn the_unspecified_address(_: Here) -> Transcript {
    let listener = TcpListener::bind((std::net::IpAddr::from(Ipv4Addr::UNSPECIFIED), 0)).await?;
    Ok(vec![format!("unspecified: {}", listener.local_addr()?.ip().is_unspecified())])
}
