//! TCP as programs see it. Faults come through tapes: one exception on the calm base each.
//!
//! Latency is 1 ms everywhere unless a test says otherwise, so that transcripts have round times.
#![cfg(feature = "sim")]

#[macro_use]
mod common;

use common::{Client, Server, echo, log, millis, tape};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording};
use std::io;
use std::io::ErrorKind::{self, *};
use std::net::SocketAddr;

/// One server, one client, 1 ms a segment, partitions and crashes possible and none on the calm
/// tape. A partition lasts 1 s, or 100 s by `fault/partition/length` #0 = 1.
fn pair(
    server: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    client: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
) -> Simulation {
    SimulationBuilder::new()
        .processes(1, server!(server))
        .workload(client!(client))
        .latency(Latency::between(millis(1)..=millis(1)))
        .partitions(Partitions::default().lasting(Duration::from_secs(1)..=Duration::from_secs(100)))
        .attrition(Attrition::default())
        .build()
}

fn calm(simulation: &Simulation) -> Outcome {
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    outcome
}

/// The outcome, and what was told by [`tell`] with its times.
fn told(simulation: &Simulation, tape: &Tape) -> (Outcome, String) {
    let outcome = simulation.run_with(tape, Recording::Story);
    let lines: Vec<_> = outcome.story().iter().filter(|line| line.text.starts_with('*')).collect();
    let text = lines.iter().map(|line| format!("{:?} {}\n", Duration::from_nanos(line.at), line.text)).collect();
    (outcome, text)
}

/// Adds `* text` to the story.
fn tell(ctx: &SimContext, text: impl std::fmt::Display) {
    ctx.note(|| format!("* {text}"));
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn bytes_come_in_order_whole_or_in_parts() {
    let send = async |ctx: &SimContext| {
        let listener = ctx.network().bind("0.0.0.0").await?;
        assert_eq!(listener.local_addr()?, SocketAddr::new(ctx.my_ip(), 4500));
        let (mut stream, from) = listener.accept().await?;
        assert_eq!(Some(from.ip()), ctx.peer("client"));
        assert_eq!(stream.peer_addr()?, from);
        for part in [&b"ab"[..], b"cde", b"f"] {
            stream.write_all(part).await?;
        }
        std::future::pending().await
    };
    let receive = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        assert_eq!(ctx.time().now(), millis(2), "the handshake is a round trip");
        let mut three = [0; 3];
        stream.read_exact(&mut three).await?;
        assert_eq!(&three, b"abc");
        let mut rest = [0; 64];
        assert_eq!(stream.read(&mut rest).await?, 2, "what is there: the third segment arrives right after");
        assert_eq!(&rest[..2], b"de");
        assert_eq!(stream.read_u8().await?, b'f');
        Ok(())
    };
    calm(&pair(send, receive));
}

/// Every latency of three segments, all 64 combinations: the order holds.
#[test]
fn no_segment_overtakes_in_any_run() {
    let send = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        for byte in 1..=3 {
            stream.write_u8(byte).await?;
        }
        stream.shutdown().await?;
        Ok(())
    };
    let receive = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        assert_always!(all == [1, 2, 3], "in order");
        ctx.state().publish("done", true);
        std::future::pending().await
    };
    let simulation = SimulationBuilder::new()
        .processes(1, server!(receive))
        .workload(client!(send))
        .latency(Latency::between(Duration::from_nanos(0)..=Duration::from_nanos(3)))
        .build();
    let label = "link/10.0.0.1-10.0.1.1/latency";
    for case in 0..64 {
        let run = tape(&[(label, 1, case % 4), (label, 2, case / 4 % 4), (label, 3, case / 16)]);
        simulation.run(&run).assert_ok();
    }
}

#[test]
fn nobody_listens() {
    let idle = async |_: &SimContext| std::future::pending().await;
    let connect = async |ctx: &SimContext| {
        assert_eq!(kind(ctx.network().connect("server:1").await), Some(ConnectionRefused));
        assert_eq!(kind(ctx.network().connect("10.9.9.9").await), Some(HostUnreachable));
        assert_eq!(kind(ctx.network().connect("server:x").await), Some(InvalidInput));
        assert_eq!(kind(ctx.network().bind("10.0.1.1").await), Some(AddrNotAvailable));
        let first = ctx.network().bind("0.0.0.0:7").await?;
        assert_eq!(kind(ctx.network().bind("0.0.0.0:7").await), Some(AddrInUse));
        drop(first);
        ctx.network().bind("0.0.0.0:7").await?;
        let any = ctx.network().bind("0.0.0.0:0").await?;
        assert_ne!(any.local_addr()?.port(), 0);
        Ok(())
    };
    calm(&pair(idle, connect));
}

#[test]
fn a_full_backlog_refuses() {
    let busy = async |ctx: &SimContext| {
        let _listener = ctx.network().bind(ctx.my_ip()).await?;
        std::future::pending().await
    };
    let connect = async |ctx: &SimContext| {
        let mut streams = Vec::new();
        for _ in 0..128 {
            streams.push(ctx.network().connect("server").await?);
        }
        assert_eq!(kind(ctx.network().connect("server").await), Some(ConnectionRefused));
        Ok(())
    };
    calm(&pair(busy, connect));
}

#[test]
fn a_listener_that_goes_resets_who_waits() {
    let brief = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        ctx.time().sleep(millis(10)).await;
        drop(listener);
        std::future::pending().await
    };
    let connect = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        assert_eq!(kind(stream.read_u8().await), Some(ConnectionReset));
        Ok(())
    };
    calm(&pair(brief, connect));
}

/// Two tasks accept; whoever is woken may have been cancelled, and nobody is forgotten.
#[test]
fn several_tasks_accept_on_one_listener() {
    let two = async |ctx: &SimContext| {
        let listener = std::sync::Arc::new(ctx.network().bind(ctx.my_ip()).await?);
        for _ in 0..2 {
            let listener = listener.clone();
            ctx.task().spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_u8(1).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
        std::future::pending().await
    };
    let connect = async |ctx: &SimContext| {
        let mut first = ctx.network().connect("server").await?;
        let mut second = ctx.network().connect("server").await?;
        assert_eq!((first.read_u8().await?, second.read_u8().await?), (1, 1));
        Ok(())
    };
    calm(&pair(two, connect));
}

#[test]
fn a_writer_waits_for_its_reader() {
    let slow = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        ctx.time().sleep(Duration::from_secs(1)).await;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        assert_always!(all.len() == 200_000 && all.iter().all(|&byte| byte == 7), "all of it");
        std::future::pending().await
    };
    let fast = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        let bytes = vec![7; 200_000];
        let mut written = 0;
        while written < 64 * 1024 {
            written += stream.write(&bytes[written..]).await?;
        }
        assert_eq!((written, ctx.time().now()), (64 * 1024, millis(2)), "the window is filled at once");
        stream.write_all(&bytes[written..]).await?;
        assert!(ctx.time().now() > Duration::from_secs(1), "and the rest waits for the reader");
        stream.shutdown().await?;
        Ok(())
    };
    calm(&pair(slow, fast));
}

#[test]
fn half_a_close_leaves_the_other_half() {
    let answer = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut all = String::new();
            stream.read_to_string(&mut all).await?;
            ctx.time().sleep(millis(50)).await;
            stream.write_all(all.to_uppercase().as_bytes()).await?;
        }
    };
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_all(b"hello").await?;
        stream.shutdown().await?;
        stream.shutdown().await?;
        assert_eq!(kind(stream.write_all(b"more").await), Some(BrokenPipe));
        let mut all = String::new();
        stream.read_to_string(&mut all).await?;
        assert_eq!(all, "HELLO");
        assert_eq!(stream.read(&mut [0; 8]).await?, 0, "the end stays the end");
        Ok(())
    };
    calm(&pair(answer, ask));
}

#[test]
fn a_peer_that_closes_is_an_end_and_then_a_broken_pipe() {
    let rude = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            drop(listener.accept().await?);
        }
    };
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        assert_eq!(stream.read(&mut [0; 8]).await?, 0);
        stream.write_all(b"anybody?").await?;
        ctx.time().sleep(millis(10)).await;
        assert_eq!(kind(stream.write_all(b"hello?").await), Some(BrokenPipe));
        Ok(())
    };
    calm(&pair(rude, ask));
}

#[test]
fn unread_bytes_make_a_close_a_reset() {
    let rude = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (stream, _) = listener.accept().await?;
        ctx.time().sleep(millis(10)).await;
        drop(stream);
        std::future::pending().await
    };
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        stream.write_all(b"unread").await?;
        assert_eq!(kind(stream.read_u8().await), Some(ConnectionReset));
        Ok(())
    };
    calm(&pair(rude, ask));
}

#[test]
fn streams_go_between_tasks_and_split() {
    fn moves<T: Send + Sync + Unpin + 'static>() {}
    moves::<TcpStream>();
    moves::<TcpListener>();
    moves::<simfuzz::File>();
    moves::<simfuzz::Sleep>();

    let ask = async |ctx: &SimContext| {
        let stream = ctx.network().connect("server").await?;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let writes = ctx.task().spawn(async move {
            for byte in 0..100 {
                writer.write_u8(byte).await?;
            }
            io::Result::Ok(())
        });
        for byte in 0..100 {
            assert_eq!(reader.read_u8().await?, byte);
        }
        writes.await??;
        Ok(())
    };
    calm(&pair(echo, ask));
}

/// A connect that is given up leaves nothing behind, at whatever moment.
#[test]
fn a_connect_may_be_given_up_at_any_time() {
    let count = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let end = stream.read_u8().await.map_err(|error| error.kind());
            log(ctx, format!("{end:?}"));
        }
    };
    let ask = async |ctx: &SimContext| {
        for micros in (0..4000).step_by(250) {
            let limit = Duration::from_micros(micros);
            let connected = ctx.time().timeout(limit, ctx.network().connect("server")).await;
            assert_eq!(connected.is_ok(), micros > 2000);
        }
        ctx.network().connect("server").await?.write_u8(1).await?;
        ctx.time().sleep(millis(5)).await;
        let log = ctx.state().get::<Vec<String>>("log").unwrap();
        assert!(log.last().unwrap().ends_with("Ok(1)"), "{log:?}");
        Ok(())
    };
    calm(&pair(count, ask));
}

/// Sends a byte every 100 ms and tells what comes back.
async fn drip(ctx: &SimContext) -> SimulationResult<()> {
    let mut stream = ctx.network().connect("server").await?;
    for byte in 0..8 {
        stream.write_u8(byte).await?;
        ctx.time().sleep(millis(100)).await;
    }
    for byte in 0..8 {
        match stream.read_u8().await {
            Ok(back) => assert_always!(back == byte, "in order, once"),
            Err(error) => {
                tell(ctx, format_args!("{byte}: {:?}", error.kind()));
                return Ok(());
            }
        }
    }
    tell(ctx, "all are back");
    Ok(())
}

/// By shape: isolated, muted (what the server sends is lost), deafened.
const SHAPES: [u64; 3] = [0, 1, 2];

#[test]
fn a_stream_stalls_at_a_cut_and_goes_on_in_order() {
    let simulation = pair(echo, drip);
    for shape in SHAPES {
        let run = tape(&[("fault/partition/gap", 0, 250_000), ("fault/partition/shape", 0, shape)]);
        let (outcome, text) = told(&simulation, &run);
        outcome.assert_ok();
        assert_eq!(outcome.partitions(), 1);
        // cut from 250 ms to 1250 ms; one or both ways are left then
        let expected = if shape == 1 { "1.251s * all are back\n" } else { "1.252s * all are back\n" };
        assert_eq!(text, expected, "shape {shape}");
    }
}

/// Every moment of the partition's beginning: nothing is lost, nothing comes twice.
#[test]
fn nothing_is_lost_whenever_the_cut_comes() {
    let simulation = pair(echo, drip);
    for shape in SHAPES {
        for gap in (1_000..12_000).step_by(500).chain((50_000..900_000).step_by(50_000)) {
            let run = tape(&[("fault/partition/gap", 0, gap), ("fault/partition/shape", 0, shape)]);
            let (outcome, text) = told(&simulation, &run);
            outcome.assert_ok();
            assert!(text.contains("all are back"), "gap {gap}, shape {shape}: {text}");
        }
    }
}

#[test]
fn a_stream_times_out_when_the_cut_outlasts_it() {
    let length = ("fault/partition/length", 0, 99_000_000_000);
    let patient = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        ctx.time().sleep(Duration::from_secs(1)).await;
        stream.write_u8(1).await?;
        let read = kind(stream.read_u8().await);
        tell(ctx, format_args!("read {read:?}"));
        tell(ctx, format_args!("write {:?}", kind(stream.write_u8(1).await)));
        Ok(())
    };
    let simulation = pair(echo, patient);
    // the server can't hear, or its acknowledgements are lost: the same to the client, who is told once
    for shape in SHAPES {
        let run = tape(&[("fault/partition/gap", 0, 500_000), ("fault/partition/shape", 0, shape), length]);
        let (outcome, text) = told(&simulation, &run);
        outcome.assert_ok();
        assert_eq!(text, "31.003s * read Some(TimedOut)\n31.003s * write Some(BrokenPipe)\n", "shape {shape}");
    }
}

/// Without acknowledgements a writer fills its window and waits; with the link it goes on.
#[test]
fn a_cut_way_back_stops_a_writer_at_its_window() {
    let sink = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        let mut buffer = [0; 1024];
        let mut sum = 0;
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            sum += length;
            ctx.state().publish("sum", sum);
        }
        std::future::pending().await
    };
    let write = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        ctx.time().sleep(millis(100)).await;
        let mut written = 0;
        while written < 256 * 1024 {
            written += stream.write(&[1; 8 * 1024]).await?;
            if written == 64 * 1024 {
                tell(ctx, "the window is full");
            }
            ctx.time().sleep(millis(5)).await;
        }
        tell(ctx, format_args!("{:?}", ctx.state().get::<usize>("sum")));
        Ok(())
    };
    let simulation = pair(sink, write);
    let (_, calm) = told(&simulation, &Tape::calm());
    assert_eq!(calm, "137ms * the window is full\n262ms * Some(262144)\n");
    let mute = tape(&[("fault/partition/gap", 0, 50_000), ("fault/partition/shape", 0, 1)]);
    let (outcome, text) = told(&simulation, &mute);
    outcome.assert_ok();
    assert_eq!(text, "137ms * the window is full\n1.171s * Some(262144)\n");
}

#[test]
fn a_connect_crosses_a_partition_no_better_than_data() {
    let connect = async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(1)).await;
        let connected = ctx.network().connect("server").await;
        tell(ctx, format_args!("{:?}", kind(connected)));
        Ok(())
    };
    let simulation = pair(echo, connect);
    for shape in SHAPES {
        let gap = ("fault/partition/gap", 0, 500_000);
        let short = tape(&[gap, ("fault/partition/shape", 0, shape)]);
        let (outcome, text) = told(&simulation, &short);
        outcome.assert_ok();
        // heals at 1.5 s; of the handshake one or both ways are left
        let expected = if shape == 1 { "1.501s * None\n" } else { "1.502s * None\n" };
        assert_eq!(text, expected, "shape {shape}");

        let long = tape(&[gap, ("fault/partition/shape", 0, shape), ("fault/partition/length", 0, 99_000_000_000)]);
        let (outcome, text) = told(&simulation, &long);
        outcome.assert_ok();
        assert_eq!(text, "31s * Some(TimedOut)\n", "shape {shape}");
    }
}

/// The server accepted, the client never heard of it: with the link, it hears that it is alone.
#[test]
fn a_handshake_that_was_given_up_is_reset() {
    let wait = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let (mut stream, _) = listener.accept().await?;
        let end = kind(stream.read_u8().await);
        tell(ctx, format_args!("server: {end:?}"));
        std::future::pending().await
    };
    let connect = async |ctx: &SimContext| {
        ctx.time().sleep(Duration::from_secs(1)).await;
        let connected = ctx.network().connect("server").await;
        tell(ctx, format_args!("client: {:?}", kind(connected)));
        ctx.time().sleep(Duration::from_secs(100)).await;
        Ok(())
    };
    let simulation = pair(wait, connect);
    let run = tape(&[
        ("fault/partition/gap", 0, 500_000),
        ("fault/partition/shape", 0, 1),
        ("fault/partition/length", 0, 39_000_000_000),
    ]);
    let (outcome, text) = told(&simulation, &run);
    outcome.assert_ok();
    assert_eq!(text, "31s * client: Some(TimedOut)\n40.502s * server: Some(ConnectionReset)\n");
}

#[test]
fn a_crash_resets_the_peers() {
    let ask = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        for byte in 0..10 {
            stream.write_u8(byte).await?;
            if let Err(error) = stream.read_u8().await {
                tell(ctx, format_args!("{byte}: {:?}", error.kind()));
                tell(ctx, format_args!("again: {:?}", kind(ctx.network().connect("server").await)));
                break;
            }
        }
        Ok(())
    };
    let simulation = pair(echo, ask);
    let crash = tape(&[("fault/10.0.1.1/crash", 0, 5), ("fault/10.0.1.1/how", 0, 1)]);
    let (outcome, text) = told(&simulation, &crash);
    outcome.assert_ok();
    assert_eq!(outcome.crashes(), 1);
    assert_eq!(text, "8ms * 2: ConnectionReset\n10ms * again: Some(ConnectionRefused)\n");
}

#[test]
fn three_processes_may_be_cut_in_halves_or_pairs() {
    let mesh = async |ctx: &SimContext| {
        let ips = ctx.topology().all_process_ips().to_vec();
        let me = ctx.clone();
        ctx.task().spawn(async move {
            me.time().sleep(millis(100)).await;
            for ip in ips.into_iter().filter(|&ip| ip != me.my_ip()) {
                let connected = me.time().timeout(millis(100), me.network().connect(ip)).await;
                let name = me.topology().name_of(ip).unwrap().to_owned();
                me.state().update("log", |log: &mut Vec<String>| {
                    log.push(format!("{}>{name} {}", me.name(), connected.is_ok()));
                });
            }
        });
        echo(ctx).await
    };
    let simulation = SimulationBuilder::new()
        .processes(3, server!(mesh))
        .workload(client!(async |ctx: &SimContext| {
            for ip in ctx.topology().all_process_ips() {
                ctx.network().connect(ip).await?;
            }
            ctx.time().sleep(millis(500)).await;
            let mut log = ctx.state().get::<Vec<String>>("log").unwrap();
            log.sort();
            let cut: Vec<_> = log.iter().filter(|line| line.ends_with("false")).collect();
            tell(ctx, format_args!("{cut:?}").to_string().replace("server-", "").replace(" false", ""));
            Ok(())
        }))
        .latency(Latency::between(millis(1)..=millis(1)))
        .partitions(Partitions::default().lasting(Duration::from_secs(1)..=Duration::from_secs(1)))
        .build();
    let cut = |shape, which, other| {
        let run = tape(&[
            ("fault/partition/gap", 0, 50_000),
            ("fault/partition/shape", 0, shape),
            ("fault/partition/which", 0, which),
            ("fault/partition/other", 0, other),
        ]);
        let (outcome, text) = told(&simulation, &run);
        outcome.assert_ok();
        text.split("* ").nth(1).unwrap_or_default().trim().to_owned()
    };
    assert_eq!(cut(0, 1, 0), r#"["0>1", "1>0", "1>2", "2>1"]"#);
    assert_eq!(cut(3, 0, 0), r#"["0>1", "0>2", "1>0", "2>0"]"#, "no half is empty");
    assert_eq!(cut(3, 2, 0), r#"["0>2", "1>2", "2>0", "2>1"]"#);
    assert_eq!(cut(4, 0, 0), r#"["0>1", "1>0"]"#, "nobody is cut off from itself");
    assert_eq!(cut(4, 2, 1), r#"["1>2", "2>1"]"#);
}
