//! Bugs that it takes a datagram that is lost, doubled, late or garbled to see.

use crate::actors::{process, workload};
use crate::{Row, Version};
use simfuzz::prelude::*;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row { bug: "a lost datagram never sent again", fault: FaultKind::Loss, finding: "deadlock", system: asks_once },
        Row {
            bug: "a duplicate datagram applied twice",
            fault: FaultKind::Duplicate,
            finding: "a datagram is applied once",
            system: adds_copies,
        },
        Row {
            bug: "datagrams applied in the order of arrival",
            fault: FaultKind::Reorder,
            finding: "the last update stands",
            system: takes_what_comes_last,
        },
        Row {
            bug: "a reading without a checksum",
            fault: FaultKind::DatagramFlip,
            finding: "a reading is one that was sent",
            system: believes,
        },
    ]
}

/// Sends `number` to port 7 of `peer` and waits for the answer to it; asks again every half
/// second if `again`. The answer carries the number and a value.
async fn ask(ctx: &SimContext, socket: &UdpSocket, peer: &str, number: u64, again: bool) -> std::io::Result<u64> {
    loop {
        socket.send_to(&number.to_be_bytes(), (peer, 7)).await?;
        let answer = async {
            let mut buffer = [0; 16];
            loop {
                let (length, _) = socket.recv_from(&mut buffer).await?;
                let of = u64::from_be_bytes(buffer[..8].try_into().expect("eight bytes"));
                if length == 16 && of == number {
                    return Ok(u64::from_be_bytes(buffer[8..].try_into().expect("eight bytes")));
                }
            }
        };
        if !again {
            return answer.await;
        }
        if let Ok(answer) = ctx.time().timeout(millis(500), answer).await {
            return answer;
        }
    }
}

/// Answers each number by what `step` makes of it.
async fn answer(ctx: &SimContext, mut step: impl FnMut(u64) -> u64) -> SimulationResult<()> {
    let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
    loop {
        let mut buffer = [0; 8];
        let (_, from) = socket.recv_from(&mut buffer).await?;
        let number = u64::from_be_bytes(buffer);
        let answer = [number.to_be_bytes(), step(number).to_be_bytes()].concat();
        socket.send_to(&answer, from).await?;
    }
}

fn asks_once(version: Version) -> SimulationBuilder {
    let client = async move |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for number in 1..=20 {
            let square = ask(ctx, &socket, "squares", number, version == Version::Fixed).await?;
            assert_always!(square == number * number, "a square");
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("squares", async |ctx: &SimContext| answer(ctx, |number| number * number).await))
        .workload(workload("client", client))
        .network_faults(NetworkFaults::none().losses(0.005, 512))
}

fn adds_copies(version: Version) -> SimulationBuilder {
    let counter = async move |ctx: &SimContext| {
        let (mut sum, mut done) = (0, 0);
        let step = |number| {
            if version == Version::Broken || number > done {
                (sum, done) = (sum + 1, number);
            }
            sum
        };
        answer(ctx, step).await
    };
    let client = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for number in 1..=20 {
            let sum = ask(ctx, &socket, "counter", number, false).await?;
            assert_always!(sum == number, "a datagram is applied once");
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("counter", counter))
        .workload(workload("client", client))
        .network_faults(NetworkFaults::none().duplicates(0.01, 512))
}

/// A gauge that is told of its value every 20 ms.
fn takes_what_comes_last(version: Version) -> SimulationBuilder {
    let gauge = async move |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
        let mut value = 0;
        loop {
            let mut buffer = [0; 8];
            socket.recv_from(&mut buffer).await?;
            let update = u64::from_be_bytes(buffer);
            if version == Version::Broken || update > value {
                value = update;
            }
            ctx.state().publish("value", value);
        }
    };
    let sensor = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for value in 1..=20u64 {
            socket.send_to(&value.to_be_bytes(), ("gauge", 7)).await?;
            ctx.time().sleep(millis(20)).await;
        }
        ctx.time().sleep(millis(2_000)).await;
        assert_always!(ctx.state().get::<u64>("value") == Some(20), "the last update stands");
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("gauge", gauge))
        .workload(workload("sensor", sensor))
        .network_faults(NetworkFaults::none().reorders(0.02, 512))
}

/// A gauge that is told readings up to 20, each with its complement; the broken one doesn't look at
/// that.
fn believes(version: Version) -> SimulationBuilder {
    let gauge = async move |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:7").await?;
        loop {
            let (mut reading, mut check) = ([0; 8], [0; 8]);
            let mut buffer = [0; 16];
            socket.recv_from(&mut buffer).await?;
            reading.copy_from_slice(&buffer[..8]);
            check.copy_from_slice(&buffer[8..]);
            let (reading, check) = (u64::from_be_bytes(reading), u64::from_be_bytes(check));
            if version == Version::Broken || reading == !check {
                assert_always!(reading <= 20, "a reading is one that was sent");
            }
        }
    };
    let sensor = async |ctx: &SimContext| {
        let socket = ctx.network().bind_udp("0.0.0.0:0").await?;
        for reading in 1..=20u64 {
            let datagram = [reading.to_be_bytes(), (!reading).to_be_bytes()].concat();
            socket.send_to(&datagram, ("gauge", 7)).await?;
            ctx.time().sleep(millis(20)).await;
        }
        Ok(())
    };
    SimulationBuilder::new()
        .processes(1, process("gauge", gauge))
        .workload(workload("sensor", sensor))
        .network_faults(NetworkFaults::none().datagram_flips(0.01, 512))
}
