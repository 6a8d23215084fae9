//! Connections while a link is cut, a peer is gone, or both.

use super::*;

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
