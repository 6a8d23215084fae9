//! Connections while all links are whole: connecting, reading, writing, closing.

use super::*;

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
