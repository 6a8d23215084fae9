//! UDP as programs see it. Faults come through tapes: one exception on the calm base each.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, millis, tape};
use simfuzz::net::UdpSocket;
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::io;
use std::io::ErrorKind;

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// Tells of each datagram that comes to port 7, and answers "ping" by "pong".
async fn sink(ctx: &SimContext) -> SimulationResult<()> {
    let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
    let mut buffer = [0; 64];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        ctx.note(|| format!("* {text}"));
        if text == "ping" {
            socket.send_to(b"pong", from).await?;
        }
    }
}

/// Sends "a", "b", "c", 10 ms apart.
async fn abc(ctx: &SimContext) -> SimulationResult<()> {
    let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
    socket.connect("server:7").await?;
    for text in ["a", "b", "c"] {
        socket.send(text.as_bytes()).await?;
        ctx.time().sleep(millis(10)).await;
    }
    ctx.time().sleep(Duration::from_secs(2)).await;
    Ok(())
}

fn pair(
    server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    client: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(client))
        .latency(Latency::constant(millis(1)))
        .network_faults(NetworkFaults::default().datagram_flips(0.1, 10))
        .partitions(Partitions::default())
}

fn told(builder: SimulationBuilder, exceptions: &[(&str, u32, u64)]) -> (Outcome, String) {
    let outcome = builder.build().run_with(&tape(exceptions), Recording::Story);
    outcome.assert_ok();
    let lines = outcome.story().iter().filter(|line| line.text.starts_with('*'));
    let text = lines.map(|line| format!("{:?} {}\n", Duration::from_nanos(line.at), &line.text[2..])).collect();
    (outcome, text)
}

fn is_told(outcome: &Outcome, text: &str) -> bool {
    outcome.story().iter().any(|line| line.text.contains(text))
}

#[test]
fn datagrams_come_whole_and_are_answered() {
    let ask = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        assert_eq!(socket.local_addr()?.ip(), ctx.my_ip());
        assert_eq!(kind(socket.peer_addr()), Some(ErrorKind::NotConnected));
        assert_eq!(socket.send(b"x").await.unwrap_err().raw_os_error(), Some(89), "EDESTADDRREQ");
        assert_eq!(kind(socket.try_recv(&mut [0; 4])), Some(ErrorKind::WouldBlock));
        assert_eq!(socket.send_to(b"ping", "server:7").await?, 4);
        let mut buffer = [0; 64];
        assert_eq!(socket.peek_from(&mut buffer).await?.0, 4);
        socket.readable().await?;
        let (length, from) = socket.recv_from(&mut buffer).await?;
        assert_eq!((&buffer[..length], from.port()), (&b"pong"[..], 7));
        assert_eq!(ctx.time().now(), millis(2));
        socket.connect(from).await?;
        assert_eq!(socket.peer_addr()?, from);
        socket.send(b"ping").await?;
        assert_eq!(socket.recv(&mut buffer[..2]).await?, 2, "what doesn't fit is lost");
        assert_eq!(&buffer[..2], b"po");
        assert_eq!(kind(socket.try_recv(&mut buffer)), Some(ErrorKind::WouldBlock));
        Ok(())
    };
    let (_, text) = told(pair(sink, ask), &[]);
    assert_eq!(text, "1ms ping\n3ms ping\n");
}

#[test]
fn nobody_is_told_of_what_comes_to_nobody() {
    let send = async |ctx: &SimContext| {
        let socket = UdpSocket::bind("0.0.0.0:9").await?;
        assert_eq!(kind(UdpSocket::bind("0.0.0.0:9").await), Some(ErrorKind::AddrInUse));
        assert_eq!(kind(UdpSocket::bind("10.0.1.1:9").await), Some(ErrorKind::AddrNotAvailable));
        assert_eq!(socket.send_to(b"x", "server:8").await?, 1);
        assert_eq!(socket.send_to(b"x", "10.9.9.9").await?, 1);
        assert_eq!(socket.send_to(&[0; 65_507], "server").await?, 65_507);
        assert_eq!(socket.send_to(&[0; 65_508], "server").await.unwrap_err().raw_os_error(), Some(90), "EMSGSIZE");
        assert!(ctx.time().timeout(Duration::from_secs(1), socket.recv(&mut [0; 4])).await.is_err());
        drop(socket);
        UdpSocket::bind("0.0.0.0:9").await?;
        Ok(())
    };
    told(pair(sink, send), &[]);
}

#[test]
fn latency_alone_reorders() {
    let burst = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for text in ["a", "b"] {
            socket.send_to(text.as_bytes(), "server:7").await?;
        }
        ctx.time().sleep(millis(50)).await;
        Ok(())
    };
    let builder = pair(sink, burst).latency(Latency::one_of(&[millis(1), millis(3)]));
    let (outcome, text) = told(builder, &[("link/10.0.0.1-10.0.1.1/latency", 0, 1)]);
    assert_eq!(text, "1ms b\n3ms a\n");
    assert_eq!(outcome.injected(FaultKind::Reorder), 0);
}

#[test]
fn a_receive_queue_that_is_full_drops() {
    let deaf = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
        ctx.time().sleep(millis(100)).await;
        let mut count = 0;
        while socket.try_recv(&mut [0; 8]).is_ok() {
            count += 1;
        }
        ctx.note(|| format!("* {count} received"));
        std::future::pending().await
    };
    let flood = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for _ in 0..1_000 {
            socket.send_to(b"x", "server:7").await?;
        }
        ctx.time().sleep(millis(200)).await;
        Ok(())
    };
    let (outcome, text) = told(pair(deaf, flood), &[]);
    assert_eq!(text, "100ms 276 received\n", "208 KiB, 769 bytes each");
    assert!(is_told(&outcome, "the receive queue is full"));
}

#[test]
fn a_cut_link_drops() {
    let (outcome, text) = told(pair(sink, abc), &[("fault/partition/gap", 0, 5_000), ("fault/partition/length", 0, 0)]);
    assert_eq!(text, "1ms a\n21ms c\n", "cut from 5 to 15 ms");
    assert!(is_told(&outcome, "a datagram is lost at a cut link"));
}

#[test]
fn a_lost_datagram_is_one_or_several_in_a_row() {
    let loss = ("fault/10.0.0.1/loss", 0, 2);
    let (outcome, text) = told(pair(sink, abc), &[loss]);
    assert_eq!(text, "1ms a\n21ms c\n");
    assert_eq!(outcome.injected(FaultKind::Loss), 1);
    let (outcome, text) = told(pair(sink, abc), &[loss, ("fault/10.0.0.1/loss-burst", 0, 1)]);
    assert_eq!(text, "1ms a\n");
    assert_eq!(outcome.injected(FaultKind::Loss), 2);
    assert!(is_told(&outcome, "-> server: LOST"));
}

#[test]
fn a_copy_comes_later() {
    let copy = ("fault/10.0.0.1/duplicate", 0, 1);
    let (outcome, text) = told(pair(sink, abc), &[copy]);
    assert_eq!(text, "1ms a\n2ms a\n11ms b\n21ms c\n");
    assert_eq!(outcome.injected(FaultKind::Duplicate), 1);
    let (_, text) = told(pair(sink, abc), &[copy, ("fault/10.0.0.1/duplicate-delay", 0, 4)]);
    assert_eq!(text, "1ms a\n11ms b\n21ms c\n101ms a\n");
}

#[test]
fn a_late_datagram_is_overtaken() {
    let late = [("fault/10.0.0.1/reorder", 0, 1), ("fault/10.0.0.1/reorder-delay", 0, 3)];
    let (outcome, text) = told(pair(sink, abc), &late);
    assert_eq!(text, "11ms b\n21ms c\n31ms a\n");
    assert_eq!(outcome.injected(FaultKind::Reorder), 1);
}

#[test]
fn a_bit_may_flip() {
    let flip = [("fault/10.0.0.1/datagram-flip", 0, 3), ("fault/10.0.0.1/datagram-flip-at", 0, 1)];
    let (outcome, text) = told(pair(sink, abc), &flip);
    assert_eq!(text, "1ms a\n11ms b\n21ms a\n", "c is 0x63, a is 0x61");
    assert_eq!(outcome.injected(FaultKind::DatagramFlip), 1);
}

#[test]
fn bits_flip_only_when_asked_for() {
    let builder = |faults| pair(sink, abc).network_faults(faults);
    let flips = |faults| {
        let simulation = builder(faults).build();
        (0..300).map(|seed| simulation.run(&Tape::swarm(seed)).injected(FaultKind::DatagramFlip)).sum::<u32>()
    };
    assert_eq!(flips(NetworkFaults::default()), 0);
    assert!(flips(NetworkFaults::none().datagram_flips(0.5, 4)) > 0);
}

/// A clogged link holds datagrams back as well, and they come in order.
#[test]
fn a_clog_holds_datagrams_back() {
    let faults = NetworkFaults::none().clogs(0.5, Duration::from_secs(10), millis(40)..=millis(40));
    let clog = [("fault/clog/gap", 0, 5_000), ("fault/clog/shape", 0, 2)];
    let (_, text) = told(pair(sink, abc).network_faults(faults), &clog);
    assert_eq!(text, "1ms a\n45ms b\n45ms c\n");
}

/// A process that goes down takes its sockets with it.
#[test]
fn a_socket_dies_with_its_process() {
    let builder = pair(sink, abc).attrition(Attrition::default()).restart_after(millis(5)..=millis(5));
    let crash = [("fault/10.0.1.1/crash", 0, 1), ("fault/10.0.1.1/how", 0, 1)];
    let (outcome, text) = told(builder, &crash);
    assert_eq!(text, "11ms b\n21ms c\n", "it goes down with the first");
    assert_eq!(outcome.crashes(), 1);
}

/// Three datagrams of two latencies each: eight worlds, and in them every order that there is.
#[test]
fn every_order_of_arrival_is_enumerated() {
    let orders = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let seen = orders.clone();
    let simulation = SimulationBuilder::new()
        .workload(move || {
            let seen = seen.clone();
            Box::new(Client(async move |ctx: &SimContext| {
                let (here, there) = (UdpSocket::bind("0.0.0.0:0").await?, UdpSocket::bind("0.0.0.0:7").await?);
                for number in 0..3 {
                    here.send_to(&[number], there.local_addr()?).await?;
                    ctx.time().sleep(millis(1)).await;
                }
                let mut order = Vec::new();
                for _ in 0..3 {
                    let mut byte = [0];
                    there.recv(&mut byte).await?;
                    order.push(byte[0]);
                }
                seen.lock().unwrap().insert(order);
                Ok(())
            }))
        })
        .latency(Latency::one_of(&[millis(1), millis(10)]))
        .without(FaultKind::Hold)
        .build();
    let exhausted = simfuzz::exhaust(&simulation, 1_000);
    assert!(exhausted.complete && exhausted.finding.is_none());
    assert_eq!(exhausted.runs, 8);
    let orders: Vec<_> = orders.lock().unwrap().iter().map(|order| format!("{order:?}")).collect();
    assert_eq!(orders, ["[0, 1, 2]", "[0, 2, 1]", "[1, 0, 2]", "[1, 2, 0]", "[2, 0, 1]"]);
}
