//! The echo benchmark: how fast are whole simulations?
//!
//! `cargo run --release --example echo -- echo N` runs N simulations of 3 echo servers and 3
//! clients, each client making 100 round trips of 64 bytes to a server drawn by the run, 1 to
//! 10 ms a message; `empty N` runs one process and one workload that return at once; `idle N`
//! has 6 hosts sleep for a virtual minute. Prints one line with a digest over all runs.
//!
//! `hosts N TRIPS` is one run of N hosts, half of them servers, each with a client that makes so many round trips: what an
//! event costs in it, `.ci/instructions` counts.

use simfuzz::prelude::*;
use simfuzz::{Recording, Tape};
use std::time::Duration;

const MESSAGE: usize = 64;
const TRIPS: usize = 100;

struct Echo;

#[async_trait(?Send)]
impl Process for Echo {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            ctx.task().spawn(async move {
                let mut message = [0; MESSAGE];
                while stream.read_exact(&mut message).await.is_ok() {
                    if stream.write_all(&message).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

/// Makes so many round trips, with all servers or with its own.
struct Client {
    trips: usize,
    all: bool,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut servers = Vec::new();
        let ips = ctx.topology().all_process_ips();
        let own = ctx.client_id() % ips.len();
        for ip in if self.all { ips } else { &ips[own..=own] } {
            servers.push(ctx.network().connect(ip).await?);
        }
        for trip in 0..self.trips {
            let server = ctx.random().label("server").random_range(0..servers.len());
            let mut message = [0; MESSAGE];
            (message[0], message[1]) = (trip as u8, ctx.client_id() as u8);
            servers[server].write_all(&message).await?;
            let mut back = [0; MESSAGE];
            servers[server].read_exact(&mut back).await?;
            assert_always!(message == back, "an echo is what was sent");
        }
        Ok(())
    }
}

/// Sleeps for so long, and is done.
struct Sleeper(Duration);

#[async_trait(?Send)]
impl Workload for Sleeper {
    fn name(&self) -> &str {
        "sleeper"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().sleep(self.0).await;
        Ok(())
    }
}

/// Does nothing, for ever.
struct Idle;

#[async_trait(?Send)]
impl Process for Idle {
    fn name(&self) -> &str {
        "idle"
    }

    async fn run(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
        std::future::pending().await
    }
}

fn simulation(mode: &str) -> Option<Simulation> {
    let builder = SimulationBuilder::new();
    let builder = match mode {
        "echo" => builder
            .processes(3, || Box::new(Echo))
            .workloads(WorkloadCount::Fixed(3), |_| Box::new(Client { trips: TRIPS, all: true })),
        "empty" => builder.processes(1, || Box::new(Idle)).workload(|| Box::new(Sleeper(Duration::ZERO))),
        "idle" => builder
            .processes(3, || Box::new(Idle))
            .workloads(WorkloadCount::Fixed(3), |_| Box::new(Sleeper(Duration::from_secs(60)))),
        _ => return None,
    };
    Some(builder.build())
}

/// One run, with so many hosts and round trips a client.
fn many(hosts: usize, trips: usize) {
    let builder = SimulationBuilder::new()
        .processes(hosts / 2, || Box::new(Echo))
        .workloads(WorkloadCount::Fixed(hosts / 2), move |_| Box::new(Client { trips, all: false }))
        .event_budget(100_000_000);
    let outcome = builder.build().run_with(&Tape::seeded(1), Recording::Result);
    outcome.assert_ok();
    println!("hosts={hosts} events={} digest={:016x}", outcome.events(), outcome.digest());
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [mode, hosts, trips] = arguments.as_slice()
        && mode == "hosts"
        && let (Ok(hosts), Ok(trips)) = (hosts.parse(), trips.parse())
    {
        return many(hosts, trips);
    }
    let (mode, count) = match arguments.as_slice() {
        [mode, count] => (mode.as_str(), count.parse::<u64>().ok()),
        [mode] => (mode.as_str(), Some(500)),
        _ => ("", None),
    };
    let (Some(simulation), Some(count)) = (simulation(mode), count) else {
        eprintln!("usage: echo echo|empty|idle [COUNT], or echo hosts HOSTS TRIPS");
        std::process::exit(2);
    };
    let recording = if arguments.len() > 2 { Recording::Choices } else { Recording::Result };
    #[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark measures real time")]
    let start = std::time::Instant::now();
    let (mut digest, mut events, mut failed) = (0u64, 0, 0);
    let mut virtual_time = Duration::ZERO;
    for seed in 0..count {
        let outcome = simulation.run_with(&Tape::seeded(seed), recording);
        digest = digest.rotate_left(1) ^ outcome.digest();
        events += outcome.events();
        virtual_time += outcome.virtual_time();
        failed += u32::from(outcome.finding().is_some());
    }
    let wall = start.elapsed().as_secs_f64();
    let runs = count as f64;
    println!(
        "simfuzz {mode}: seeds={count} failed={failed} wall={wall:.3}s sims/s={:.0} us/sim={:.2} \
         events/sim={:.0} virtual/sim={:.4}s digest={digest:016x}",
        runs / wall,
        wall * 1e6 / runs,
        events as f64 / runs,
        virtual_time.as_secs_f64() / runs,
    );
}
