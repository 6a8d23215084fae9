//! Bugs that it takes a broken connection or a late link to see.

use crate::actors::{process, workload};
use crate::{Row, Version};
use simfuzz::prelude::*;
use std::io;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            bug: "a retry without idempotence",
            fault: FaultKind::Reset,
            finding: "a request is applied once",
            system: adds_twice,
        },
        Row {
            bug: "a half-open connection kept for ever",
            fault: FaultKind::HalfOpen,
            finding: "deadlock",
            system: waits_for_ever,
        },
        Row {
            bug: "a partial read taken for a message",
            fault: FaultKind::PartialRead,
            finding: "an echo is what was sent",
            system: reads_once,
        },
        Row {
            bug: "a partial write taken for whole",
            fault: FaultKind::PartialWrite,
            finding: "frames are whole",
            system: writes_once,
        },
        Row {
            bug: "a refused connect that is fatal",
            fault: FaultKind::Refuse,
            finding: "error",
            system: gives_up_at_once,
        },
        Row {
            bug: "a connect without a timeout",
            fault: FaultKind::Hang,
            finding: "a report is fresh",
            system: connects_without_timeout,
        },
        Row {
            bug: "a heartbeat timeout that is too tight",
            fault: FaultKind::Clog,
            finding: "a live node is not declared dead",
            system: declares_dead,
        },
        Row {
            bug: "no checksum",
            fault: FaultKind::BitFlip,
            finding: "what is read is what was written",
            system: has_no_checksum,
        },
    ]
}

/// A counter and a client that asks again after an error: the first request may have been done.
fn adds_twice(version: Version) -> SimulationBuilder {
    let counter = async move |ctx: &SimContext| {
        let (mut sum, mut done) = (0u64, 0);
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            while let Ok(request) = stream.read_u64().await {
                if version == Version::Broken || request > done {
                    (sum, done) = (sum + 1, request);
                }
                if stream.write_u64(sum).await.is_err() {
                    break;
                }
            }
        }
    };
    let adder = async |ctx: &SimContext| {
        let mut stream = None;
        let mut request = 1;
        while request <= 20 {
            let answer: io::Result<u64> = async {
                let stream = match &mut stream {
                    Some(stream) => stream,
                    none => none.insert(ctx.network().connect("counter").await?),
                };
                stream.write_u64(request).await?;
                stream.read_u64().await
            }
            .await;
            match answer {
                Ok(sum) => {
                    assert_always!(sum == request, "a request is applied once");
                    request += 1;
                }
                Err(_) => stream = None,
            }
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("counter", counter))
        .workload(workload("adder", adder))
        .network_faults(NetworkFaults::none().resets(0.01, 512))
}

/// A feed of ticks, and a reader of twenty of them, who would never know.
fn waits_for_ever(version: Version) -> SimulationBuilder {
    let feed = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let here = ctx.clone();
            ctx.task().spawn(async move {
                while stream.write_u8(1).await.is_ok() {
                    here.time().sleep(millis(200)).await;
                }
            });
        }
    };
    let reader = async move |ctx: &SimContext| {
        let mut stream = ctx.network().connect("feed").await?;
        for _ in 0..20 {
            if version == Version::Broken {
                stream.read_u8().await?;
            } else if ctx.time().timeout(millis(1_000), stream.read_u8()).await.is_err() {
                stream = ctx.network().connect("feed").await?;
            }
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("feed", feed))
        .workload(workload("reader", reader))
        .network_faults(NetworkFaults::none().half_open(0.01, 512))
}

/// An echo server of messages of eight bytes, which always came in one read when it was tried.
fn reads_once(version: Version) -> SimulationBuilder {
    let server = async move |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            loop {
                let mut message = [0; 8];
                let read = match version {
                    Version::Broken => stream.read(&mut message).await,
                    Version::Fixed => stream.read_exact(&mut message).await,
                };
                if !matches!(read, Ok(1..)) || stream.write_all(&message).await.is_err() {
                    break;
                }
            }
        }
    };
    let client = async |ctx: &SimContext| {
        let mut stream = ctx.network().connect("server").await?;
        for _ in 0..20 {
            let message: u64 = ctx.random().random_range(1 << 56..u64::MAX);
            stream.write_u64(message).await?;
            assert_always!(stream.read_u64().await? == message, "an echo is what was sent");
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("server", server))
        .workload(workload("client", client))
        .network_faults(NetworkFaults::none().partial_reads(0.003, 512))
}

/// A sender of frames that does not look at how much of one was taken.
fn writes_once(version: Version) -> SimulationBuilder {
    let sink = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut next = 1;
            while let Ok(frame) = stream.read_u64().await {
                assert_always!(frame == next, "frames are whole");
                next += 1;
            }
        }
    };
    let sender = async move |ctx: &SimContext| {
        let mut stream = ctx.network().connect("sink").await?;
        for frame in 1..=20u64 {
            match version {
                Version::Broken => drop(stream.write(&frame.to_be_bytes()).await?),
                Version::Fixed => stream.write_all(&frame.to_be_bytes()).await?,
            }
            ctx.time().sleep(millis(5)).await;
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("sink", sink))
        .workload(workload("sender", sender))
        .network_faults(NetworkFaults::none().partial_writes(0.003, 512))
}

/// A collector of reports, and an agent that reports every 100 ms over a connection of its own.
fn reports(
    agent: impl AsyncFn(&SimContext) -> SimulationResult<()> + Copy + Send + Sync + 'static,
    faults: NetworkFaults,
) -> SimulationBuilder {
    let collector = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            if stream.read_u8().await.is_ok() {
                ctx.state().publish("reported", ctx.time().now());
            }
        }
    };
    let watch = async |ctx: &SimContext| {
        ctx.time().sleep(millis(1_000)).await;
        for _ in 0..30 {
            ctx.time().sleep(millis(200)).await;
            let last = ctx.state().get::<Duration>("reported").unwrap_or_default();
            assert_always!(ctx.time().now() - last < millis(5_000), "a report is fresh");
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("collector", collector))
        .processes(1, process("agent", agent))
        .workload(workload("watch", watch))
        .network_faults(faults)
}

fn gives_up_at_once(version: Version) -> SimulationBuilder {
    let agent = async move |ctx: &SimContext| {
        loop {
            match ctx.network().connect("collector").await {
                Ok(mut stream) => stream.write_u8(1).await?,
                Err(error) if version == Version::Broken => return Err(error.into()),
                // the next round tries again
                Err(_) => {}
            }
            ctx.time().sleep(millis(100)).await;
        }
    };
    reports(agent, NetworkFaults::none().refusals(0.002, 512))
}

fn connects_without_timeout(version: Version) -> SimulationBuilder {
    let agent = async move |ctx: &SimContext| {
        loop {
            let connect = ctx.network().connect("collector");
            let stream = match version {
                Version::Broken => connect.await,
                Version::Fixed => {
                    ctx.time().timeout(millis(500), connect).await.unwrap_or_else(|late| Err(late.into()))
                }
            };
            if let Ok(mut stream) = stream {
                stream.write_u8(1).await?;
            }
            ctx.time().sleep(millis(100)).await;
        }
    };
    reports(agent, NetworkFaults::none().hangs(0.002, 512))
}

/// A node that answers heartbeats, and a monitor that gives it so much time.
fn declares_dead(version: Version) -> SimulationBuilder {
    let node = async |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            while let Ok(beat) = stream.read_u8().await {
                if stream.write_u8(beat).await.is_err() {
                    break;
                }
            }
        }
    };
    let patience = if version == Version::Broken { millis(500) } else { millis(5_000) };
    let monitor = async move |ctx: &SimContext| {
        let mut stream = ctx.network().connect("node").await?;
        for beat in 0..50 {
            stream.write_u8(beat).await?;
            let answer = ctx.time().timeout(patience, stream.read_u8()).await;
            assert_always!(answer.is_ok(), "a live node is not declared dead");
            ctx.time().sleep(millis(100)).await;
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("node", node))
        .workload(workload("monitor", monitor))
        .network_faults(NetworkFaults::none().clogs(0.01, millis(5_000), millis(10)..=millis(2_000)))
}

/// A register over a network that flips bits.
fn has_no_checksum(version: Version) -> SimulationBuilder {
    /// A value in eight bytes and their checksum.
    fn sealed(value: u64) -> [u8; 9] {
        let mut frame = [0; 9];
        frame[..8].copy_from_slice(&value.to_be_bytes());
        frame[8] = value.to_be_bytes().iter().fold(0, |sum, byte| sum ^ byte);
        frame
    }
    async fn open(stream: &mut TcpStream, version: Version) -> io::Result<u64> {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await?;
        let value = u64::from_be_bytes(frame[..8].try_into().expect("eight bytes"));
        if version == Version::Fixed && sealed(value) != frame {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(value)
    }
    let register = async move |ctx: &SimContext| {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            while let Ok(value) = open(&mut stream, version).await {
                if stream.write_all(&sealed(value)).await.is_err() {
                    break;
                }
            }
        }
    };
    let client = async move |ctx: &SimContext| {
        for value in 0..20 {
            let mut stream = ctx.network().connect("register").await?;
            stream.write_all(&sealed(value)).await?;
            if let Ok(read) = open(&mut stream, version).await {
                assert_always!(read == value, "what is read is what was written");
            }
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("register", register))
        .workload(workload("client", client))
        .network_faults(NetworkFaults::none().stream_flips(0.002, 512))
}
