//! What goes wrong with connections and links, one fault each, through tapes.
//!
//! Latency is 1 ms everywhere unless a test says otherwise, so that transcripts have round times.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, echo, millis, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::io;
use std::io::ErrorKind;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One server, one client, 1 ms a segment; every fault of the network is possible, and none
/// happens on the calm tape.
fn pair(
    server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    client: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(client))
        .latency(Latency::constant(millis(1)))
        .network_faults(NetworkFaults::default().stream_flips(0.1, 10).clogs(0.5, secs(10), secs(1)..=secs(10)))
        .partitions(Partitions::default().lasting(secs(1)..=secs(100)))
        .attrition(Attrition::default())
        .restart_after(secs(5)..=secs(5))
}

/// The outcome, and what was told with times: by [`tell`], and by the fault that was injected.
fn told(builder: SimulationBuilder, exceptions: &[(&str, u32, u64)]) -> (Outcome, String) {
    let outcome = builder.build().run_with(&tape(exceptions), Recording::Story);
    outcome.assert_ok();
    let shout = |text: &str| text.split(|c: char| !c.is_ascii_uppercase()).any(|word| word.len() > 3);
    let lines = outcome.story().iter().filter(|line| line.text.starts_with('*') || shout(&line.text));
    let line = |line: &simfuzz::StoryLine| {
        let host = if line.text.starts_with('*') { "" } else { &*line.host };
        format!("{:?} {host}{}\n", Duration::from_nanos(line.at), line.text)
    };
    let text = lines.map(line).collect();
    (outcome, text)
}

/// Adds `* text` to the story.
fn tell(ctx: &SimContext, text: impl std::fmt::Display) {
    ctx.note(|| format!("* {text}"));
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

/// Ten round trips of one byte; tells of the first that fails.
async fn trips(ctx: &SimContext) -> SimulationResult<()> {
    let mut stream = ctx.network().connect("server").await?;
    for byte in 0..10 {
        if let Err(error) = stream.write_u8(byte).await {
            tell(ctx, format_args!("write {byte}: {:?}", error.kind()));
            break;
        }
        match stream.read_u8().await {
            Ok(back) => assert_always!(back == byte, "in order, once"),
            Err(error) => {
                tell(ctx, format_args!("read {byte}: {:?}", error.kind()));
                break;
            }
        }
    }
    tell(ctx, "done");
    Ok(())
}

#[test]
fn without_faults_nothing_happens() {
    let (outcome, text) = told(pair(echo, trips), &[]);
    assert_eq!(text, "22ms * done\n");
    assert!(FaultKind::ALL.iter().all(|&kind| outcome.injected(kind) == 0));
}

#[test]
fn a_refused_connect_takes_a_round_trip_though_somebody_listens() {
    let connect = async |ctx: &SimContext| {
        for _ in 0..3 {
            tell(ctx, format_args!("{:?}", kind(ctx.network().connect("server").await)));
        }
        Ok(())
    };
    let (outcome, text) = told(pair(echo, connect), &[("fault/10.0.0.1/refuse", 0, 2)]);
    let expected =
        "2ms * None\n2ms client-> server: REFUSED whoever listens\n4ms * Some(ConnectionRefused)\n6ms * None\n";
    assert_eq!(text, expected);
    assert_eq!(outcome.injected(FaultKind::Refuse), 1);
}

#[test]
fn a_hanging_connect_times_out_after_thirty_seconds() {
    let connect = async |ctx: &SimContext| {
        for _ in 0..2 {
            tell(ctx, format_args!("{:?}", kind(ctx.network().connect("server").await)));
        }
        Ok(())
    };
    let (outcome, text) = told(pair(echo, connect), &[("fault/10.0.0.1/hang", 0, 1)]);
    let expected = "0ns client-> server: HANGS: the request is not answered\n30s * Some(TimedOut)\n30.002s * None\n";
    assert_eq!(text, expected);
    assert_eq!(outcome.injected(FaultKind::Hang), 1);
}

/// The end of the storm heals what is not dead: the request is sent again.
#[test]
fn a_connect_that_hangs_goes_through_in_calm() {
    let connect = async |ctx: &SimContext| {
        tell(ctx, format_args!("{:?}", kind(ctx.network().connect("server").await)));
        Ok(())
    };
    let builder = pair(echo, connect).storm(secs(3));
    let (_, text) = told(builder, &[("fault/10.0.0.1/hang", 0, 1)]);
    assert_eq!(text.lines().last(), Some("3.002s * None"));
}

#[test]
fn a_reset_is_heard_at_both_ends() {
    let serve = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        loop {
            let byte = match stream.read_u8().await {
                Ok(byte) => byte,
                Err(error) => {
                    tell(ctx, format_args!("server read {:?}", error.kind()));
                    break;
                }
            };
            if let Err(error) = stream.write_u8(byte).await {
                tell(ctx, format_args!("server write {:?}", error.kind()));
                break;
            }
        }
        std::future::pending().await
    };
    // by the client's third segment, or by the server's answer to it: then the request was done
    let (outcome, text) = told(pair(serve, trips), &[("fault/10.0.0.1/reset", 0, 3)]);
    let expected = "6ms client-> server: RESET: the connection breaks at both ends\n\
                    6ms * write 2: ConnectionReset\n6ms * done\n7ms * server read ConnectionReset\n";
    assert_eq!(text, expected);
    assert_eq!(outcome.injected(FaultKind::Reset), 1);
    let (_, text) = told(pair(serve, trips), &[("fault/10.0.1.1/reset", 0, 3)]);
    let expected = "7ms server-> client: RESET: the connection breaks at both ends\n\
                    7ms * server write ConnectionReset\n8ms * read 2: ConnectionReset\n8ms * done\n";
    assert_eq!(text, expected);
}

#[test]
fn a_writer_on_a_half_open_connection_times_out() {
    let (outcome, text) = told(pair(echo, trips), &[("fault/10.0.0.1/half-open", 0, 3)]);
    // sent at 6 ms, would be there at 7 ms: 30 s without an acknowledgement
    let expected =
        "6ms client-> server: HALF-OPEN: the connection is dead\n30.007s * read 2: TimedOut\n30.007s * done\n";
    assert_eq!(text, expected);
    assert_eq!(outcome.injected(FaultKind::HalfOpen), 1);
}

/// A reader who never writes isn't told, neither in calm.
#[test]
fn a_reader_on_a_half_open_connection_waits_for_ever() {
    // the answer is what dies: the client has got all acknowledgements and waits
    let patient = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_u8(1).await?;
        let read = ctx.time().timeout(secs(500), stream.read_u8()).await;
        tell(ctx, format_args!("{read:?}"));
        Ok(())
    };
    let builder = pair(echo, patient).storm(secs(3));
    let (outcome, text) = told(builder, &[("fault/10.0.1.1/half-open", 0, 1)]);
    assert!(text.ends_with("500.002s * Err(Elapsed(()))\n"), "{text}");
    assert!(outcome.came_to_rest(), "nothing is waited for on a dead connection");
}

#[test]
fn a_writer_whose_window_is_full_hears_of_a_dead_connection() {
    let stuck = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        ctx.time().sleep(secs(1)).await;
        // kills the connection, and never reads
        stream.write_u8(1).await?;
        std::future::pending().await
    };
    let write = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        tell(ctx, format_args!("{:?}", kind(stream.write_all(&[0; 100_000]).await)));
        Ok(())
    };
    let (_, text) = told(pair(stuck, write), &[("fault/10.0.1.1/half-open", 0, 1)]);
    assert!(text.ends_with("31.001s * Some(TimedOut)\n"), "{text}");
}

/// A process that dies without a word. A peer that waits for its answer is told nothing.
#[test]
fn a_machine_may_crash_without_a_word() {
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        for byte in 0..2 {
            stream.write_u8(byte).await?;
            let read = ctx.time().timeout(secs(60), stream.read_u8()).await;
            tell(ctx, format_args!("{:?}", read.map(kind)));
        }
        Ok(())
    };
    // the server has read the second byte, and does not answer
    let crash = [("fault/10.0.1.1/crash", 0, 3), ("fault/10.0.1.1/how", 0, 1)];
    let (outcome, text) = told(pair(echo, ask), &crash);
    assert!(text.ends_with("6ms * Ok(Some(ConnectionReset))\n"), "its peers are told: {text}");
    assert_eq!(outcome.injected(FaultKind::HalfOpen), 0);

    let silent = [crash[0], crash[1], ("fault/10.0.1.1/silent", 0, 1)];
    let (outcome, text) = told(pair(echo, ask), &silent);
    assert!(text.contains("serverHALF-OPEN: 1 connections, whose peers are told nothing"), "{text}");
    assert!(text.ends_with("60.004s * Err(Elapsed(()))\n"), "{text}");
    assert_eq!(outcome.injected(FaultKind::HalfOpen), 1);
}

/// What is sent to a machine that vanished is answered by a reset once it is up again.
#[test]
fn a_machine_that_is_up_again_resets_what_it_does_not_know() {
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_u8(0).await?;
        stream.read_u8().await?;
        // the server is down now
        ctx.time().sleep(millis(10)).await;
        stream.write_u8(1).await?;
        let connect = ctx.network().connect("server");
        tell(ctx, format_args!("read {:?}", kind(stream.read_u8().await)));
        tell(ctx, format_args!("connect {:?}", kind(connect.await)));
        Ok(())
    };
    let silent = [("fault/10.0.1.1/crash", 0, 2), ("fault/10.0.1.1/how", 0, 1), ("fault/10.0.1.1/silent", 0, 1)];
    let (_, text) = told(pair(echo, ask), &silent);
    // down at 3 ms, up at 5.003 s; then a segment and a reset
    assert!(text.contains("5.005s * read Some(ConnectionReset)"), "{text}");
    let (_, text) = told(pair(echo, ask).restart_after(secs(60)..=secs(60)), &silent);
    assert!(text.contains("30.015s * read Some(TimedOut)"), "a sender gives up: {text}");
}

#[test]
fn a_partial_read_gives_a_part_and_the_rest_later() {
    let send = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"message").await?;
        std::future::pending().await
    };
    let read = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        let mut buffer = [0; 16];
        let mut all = Vec::new();
        while all.len() < 7 {
            let length = stream.read(&mut buffer).await?;
            all.extend_from_slice(&buffer[..length]);
            tell(ctx, String::from_utf8_lossy(&buffer[..length]));
        }
        Ok(())
    };
    let fault = ("fault/10.0.0.1/partial-read", 0, 1);
    let (_, text) = told(pair(send, read), &[fault]);
    assert!(text.contains("PARTIAL READ, 6 of 7 bytes\n2ms * messag\n2ms * e\n"), "the calmest part: {text}");
    let (outcome, text) = told(pair(send, read), &[fault, ("fault/10.0.0.1/partial-read-length", 0, 5)]);
    assert!(text.contains("PARTIAL READ, 1 of 7 bytes\n2ms * m\n2ms * essage\n"), "at least one: {text}");
    assert_eq!(outcome.injected(FaultKind::PartialRead), 1);
}

#[test]
fn a_partial_write_takes_a_part() {
    let read = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        tell(ctx, all);
        std::future::pending().await
    };
    let write = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        tell(ctx, stream.write(b"message").await?);
        Ok(())
    };
    let fault = ("fault/10.0.0.1/partial-write", 0, 1);
    let (_, text) = told(pair(read, write), &[fault, ("fault/10.0.0.1/partial-write-length", 0, 4)]);
    assert!(text.contains("PARTIAL WRITE, 2 of 7 bytes\n2ms * 2\n3ms * me\n"), "{text}");
}

#[test]
fn a_flipped_bit_arrives_as_if_it_had_been_sent() {
    let read = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        tell(ctx, all);
        std::future::pending().await
    };
    let write = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_all(b"first").await?;
        stream.write_all(b"second").await?;
        Ok(())
    };
    let flip = [("fault/10.0.0.1/bit-flip", 0, 2), ("fault/10.0.0.1/bit-flip-at", 0, 8)];
    let (outcome, text) = told(pair(read, write), &flip);
    assert!(text.contains("BIT FLIP: bit 0 of byte 1 of 6\n3ms * firstsdcond\n"), "{text}");
    assert_eq!(outcome.injected(FaultKind::BitFlip), 1);
}

/// By shape: what the server sends to the client, the other way, all of it.
#[test]
fn what_is_sent_over_a_clogged_link_comes_when_the_clog_ends_and_in_order() {
    let drip = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        for byte in 0..8 {
            stream.write_u8(byte).await?;
            ctx.time().sleep(millis(100)).await;
        }
        for byte in 0..8 {
            assert_always!(stream.read_u8().await? == byte, "in order, once");
        }
        tell(ctx, "all are back");
        Ok(())
    };
    for (shape, who, end) in [
        (0, "all that server sends and is sent", "1.251s * all are back\n"),
        (1, "what server sends to client", "1.25s * all are back\n"),
        (2, "what client sends to server", "1.251s * all are back\n"),
    ] {
        let clog = [("fault/clog/gap", 0, 250_000), ("fault/clog/shape", 0, shape)];
        let (outcome, text) = told(pair(echo, drip), &clog);
        assert_eq!(text, format!("250ms CLOG: {who} is late, for 1.000000s\n{end}"), "shape {shape}");
        assert_eq!(outcome.injected(FaultKind::Clog), 1);
    }
}

/// A cut link makes a sender give up; one that is clogged for longer than that doesn't.
#[test]
fn nobody_gives_up_over_a_clog() {
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        ctx.time().sleep(secs(1)).await;
        stream.write_u8(1).await?;
        stream.read_u8().await?;
        tell(ctx, "answered");
        Ok(())
    };
    let long = pair(echo, ask).network_faults(NetworkFaults::none().clogs(0.5, secs(10), secs(60)..=secs(60)));
    let (_, text) = told(long, &[("fault/clog/gap", 0, 500_000)]);
    assert!(text.ends_with("1m0.501s * answered\n") || text.ends_with("60.501s * answered\n"), "{text}");
}

#[test]
fn a_link_may_have_a_latency_of_its_own() {
    let ask = async |ctx: &SimContext| {
        for name in ["server-0", "server-1", "server-2"] {
            let start = ctx.time().now();
            ctx.network().connect(name).await?;
            tell(ctx, format_args!("{name} {:?}", ctx.time().now() - start));
        }
        Ok(())
    };
    let builder = SimulationBuilder::new()
        .processes(3, server!(echo))
        .workload(client!(ask))
        .latency(Latency::constant(millis(1)))
        .latency_between("client", "server", Latency::constant(millis(10)))
        .latency_between("server-1", "client", Latency::constant(millis(50)));
    let (_, text) = told(builder, &[]);
    assert_eq!(text, "20ms * server-0 20ms\n120ms * server-1 100ms\n140ms * server-2 20ms\n");
}

#[test]
fn a_latency_between_nobody_is_a_finding() {
    let builder = pair(echo, trips).latency_between("client", "sever", Latency::default());
    let outcome = builder.build().run(&Tape::calm());
    assert!(outcome.finding().unwrap().to_string().contains("no host is called `sever`"));
}

/// Three processes tell whom they can't reach.
fn mesh(exceptions: &[(&str, u32, u64)], processes: usize) -> String {
    let serve = async |ctx: &SimContext| {
        let me = ctx.clone();
        ctx.task().spawn(async move {
            me.time().sleep(millis(100)).await;
            for &ip in me.topology().all_process_ips() {
                if ip == me.my_ip() {
                    continue;
                }
                // one way: a datagram has no answer
                let socket = me.network().bind_udp("0.0.0.0:0").await.unwrap();
                socket.send_to(me.name().as_bytes(), (ip, 9)).await.unwrap();
            }
        });
        let socket = ctx.network().bind_udp("0.0.0.0:9").await?;
        loop {
            let mut buffer = [0; 32];
            let (length, _) = socket.recv_from(&mut buffer).await?;
            let from = String::from_utf8_lossy(&buffer[..length]).replace("server-", "");
            let to = ctx.name().replace("server-", "");
            ctx.state().update("heard", |heard: &mut Vec<String>| heard.push(format!("{from}>{to}")));
        }
    };
    let wait = async move |ctx: &SimContext| {
        ctx.time().sleep(millis(500)).await;
        let heard = ctx.state().get::<Vec<String>>("heard").unwrap_or_default();
        let count = ctx.topology().all_process_ips().len();
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to))).filter(|(from, to)| from != to);
        let cut: Vec<_> = pairs.map(|(from, to)| format!("{from}>{to}")).filter(|pair| !heard.contains(pair)).collect();
        tell(ctx, cut.join(" "));
        Ok(())
    };
    let builder = SimulationBuilder::new()
        .processes(processes, server!(serve))
        .workload(client!(wait))
        .latency(Latency::constant(millis(1)))
        .partitions(Partitions::default().lasting(secs(1)..=secs(1)));
    let mut all = vec![("fault/partition/gap", 0, 50_000)];
    all.extend_from_slice(exceptions);
    let (_, text) = told(builder, &all);
    text.split("* ").nth(1).unwrap_or_default().trim().to_owned()
}

#[test]
fn any_subset_of_the_processes_may_be_cut_off() {
    let subset = |members| mesh(&[("fault/partition/shape", 0, 5), ("fault/partition/members", 0, members)], 4);
    assert_eq!(subset(0), "0>1 1>0 1>2 1>3 2>1 3>1", "the second alone");
    assert_eq!(subset(4), "0>1 0>3 1>0 1>2 2>1 2>3 3>0 3>2", "the second and the fourth");
    assert_eq!(subset(6), "0>1 0>2 0>3 1>0 2>0 3>0", "all but the first");
}

#[test]
fn a_single_link_may_be_cut_one_way() {
    let one_way = [("fault/partition/shape", 0, 6), ("fault/partition/which", 0, 1), ("fault/partition/other", 0, 1)];
    assert_eq!(mesh(&one_way, 3), "1>2");
}

/// With every fault on, a tape gives the same digest each time, and told or not.
#[test]
fn the_same_tape_gives_the_same_run_with_every_fault_on() {
    let simulation = pair(echo, trips).build();
    let mut injected = std::collections::BTreeSet::<FaultKind>::new();
    for seed in 0..300 {
        let outcome = simulation.run(&Tape::swarm(seed));
        assert_eq!(outcome.digest(), simulation.run_with(&Tape::swarm(seed), Recording::Story).digest());
        injected.extend(FaultKind::ALL.iter().filter(|&&kind| outcome.injected(kind) > 0).copied());
    }
    for kind in [FaultKind::Reset, FaultKind::HalfOpen, FaultKind::Hang, FaultKind::Refuse, FaultKind::Clog] {
        assert!(injected.contains(&kind), "no {kind} in {injected:?}");
    }
}
