//! Fewer processes, workloads and operations, and less virtual time: what a bug does not need is gone
//! from its simplest tape, exactly, from ten starting tapes each.
#![cfg(feature = "sim")]

use simfuzz::prelude::*;
use simfuzz::{Minimized, Minimizer, Recording};

/// It is there, and that is all.
struct Server;

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.shutdown().cancelled().await;
        Ok(())
    }
}

/// What there is at the end of one client's operations.
struct Seen {
    servers: usize,
    clients: usize,
    client: usize,
    operations: u32,
    waited: Duration,
}

/// Does some operations, and waits as long as each draws.
struct Client(fn(&Seen) -> bool);

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let operations = ctx.random().label("operations").random_range(1..=20_u32);
        let began = ctx.time().now();
        for number in 0..operations {
            let pause = ctx.random().scope("op", number).label("pause").random_range(0..1_000_u64);
            ctx.time().sleep(Duration::from_millis(pause)).await;
        }
        let seen = Seen {
            servers: ctx.topology().all_process_ips().len(),
            clients: ctx.client_count(),
            client: ctx.client_id(),
            operations,
            waited: ctx.time().now() - began,
        };
        assert_always!(!(self.0)(&seen), "nothing has come together");
        Ok(())
    }
}

/// The simplest tape from each of ten seeds with the finding, and the time that its run takes.
#[track_caller]
fn golden(bug: fn(&Seen) -> bool, expected: &[&str], time: Duration) {
    let builder = SimulationBuilder::new()
        .processes(1..=5, || Box::new(Server))
        .workloads(WorkloadCount::Random(1..6), move |_| Box::new(Client(bug)));
    let simulation = builder.build();
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    let starts: Vec<_> = (0..10_000).map(Tape::swarm).filter(shows).take(10).collect();
    assert_eq!(starts.len(), 10);
    for start in &starts {
        let Minimized { tape, outcome, .. } = Minimizer::new(&simulation).minimize(start).unwrap();
        let text = simulation.run_with(&tape, Recording::Story).text(&tape).unwrap().print(outcome.trace());
        let rows = text.lines().skip(1).map(|line| line.split("  (").next().unwrap());
        let mut rows: Vec<_> = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        rows.sort();
        assert_eq!(rows, expected, "from seed {}", start.seed());
        assert_eq!(outcome.finding().unwrap().at, time, "from seed {}", start.seed());
    }
}

#[test]
fn of_processes_there_are_as_many_as_the_bug_needs() {
    golden(|seen| seen.servers >= 3, &["topology/processes/0 #0 = 2"], Duration::ZERO);
}

#[test]
fn of_workloads_there_are_as_many_as_the_bug_needs() {
    golden(|seen| seen.clients >= 2 && seen.client == 0, &["topology/workloads/0 #0 = 1"], Duration::ZERO);
}

#[test]
fn the_client_with_the_finding_becomes_the_first() {
    golden(
        |seen| seen.clients >= 2 && seen.operations >= 4,
        &["client-0/operations #0 = 3", "topology/workloads/0 #0 = 1"],
        Duration::ZERO,
    );
}

#[test]
fn of_virtual_time_there_is_as_much_as_the_bug_needs() {
    golden(
        |seen| seen.clients >= 2 && seen.waited >= Duration::from_millis(250),
        &["client-0/op/pause #0.0 = 250", "topology/workloads/0 #0 = 1"],
        Duration::from_millis(250),
    );
}

#[test]
fn all_of_it_at_once() {
    golden(
        |seen| seen.servers >= 2 && seen.clients >= 2 && seen.operations >= 3 && seen.waited.as_millis() >= 1_500,
        &[
            "client-0/op/pause #0.0 = 501",
            "client-0/op/pause #1.0 = 999",
            "client-0/operations #0 = 2",
            "topology/processes/0 #0 = 1",
            "topology/workloads/0 #0 = 1",
        ],
        Duration::from_millis(1_500),
    );
}
