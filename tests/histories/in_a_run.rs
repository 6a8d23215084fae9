//! Histories of simulations: recording, what a finding shows, determinism.

use simfuzz::history::{History, KeyValue, KeyValueOp, KeyValueReply, Register, RegisterOp, RegisterReply, Response};
use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording};

type Op = KeyValueOp<u8, u32>;
type Reply = KeyValueReply<u32>;

/// Two servers: the first takes writes and passes them on, without waiting; both are read from.
struct Server;

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        let values = std::rc::Rc::new(std::cell::RefCell::new([0u32; 256]));
        let other = ctx.topology().all_process_ips()[1];
        let is_first = ctx.topology().all_process_ips()[0] == ctx.my_ip();
        loop {
            let (mut stream, _) = listener.accept().await?;
            let (values, ctx) = (values.clone(), ctx.clone());
            ctx.clone().task().spawn_local(async move {
                while let Ok(kind) = stream.read_u8().await {
                    let Ok(key) = stream.read_u8().await else { break };
                    if kind == 1 {
                        let Ok(value) = stream.read_u32().await else { break };
                        values.borrow_mut()[usize::from(key)] = value;
                        if is_first {
                            let ctx = ctx.clone();
                            ctx.clone().task().spawn_local(async move {
                                let mut stream = ctx.network().connect(other).await?;
                                stream.write_all(&[1, key]).await?;
                                stream.write_u32(value).await
                            });
                        }
                    }
                    let value = values.borrow()[usize::from(key)];
                    if stream.write_u32(value).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

struct Client {
    /// Reads go to this server too.
    replica: usize,
}

impl Client {
    async fn ask(&self, ctx: &SimContext, server: usize, request: &[u8]) -> SimulationResult<u32> {
        let exchange = async {
            let mut stream = ctx.network().connect(ctx.topology().all_process_ips()[server]).await?;
            stream.write_all(request).await?;
            stream.read_u32().await
        };
        Ok(ctx.time().timeout(Duration::from_millis(50), exchange).await??)
    }
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for number in 0..6 {
            let random = ctx.random().scope("op", number);
            let key = random.label("key").random_range(0..2u8);
            if random.label("write").random_bool(0.4) {
                let value = number * 10 + ctx.client_id() as u32 + 1;
                let put = ctx.history().invoke(KeyValueOp::Put { key, value });
                let request = [&[1, key], &value.to_be_bytes()[..]].concat();
                match self.ask(ctx, 0, &request).await {
                    Ok(_) => put.ok(Reply::Done),
                    Err(_) => put.unknown(),
                }
            } else {
                let get = ctx.history().invoke(KeyValueOp::<_, u32>::Get { key });
                let server = random.label("server").random_range(0..=self.replica);
                match self.ask(ctx, server, &[0, key]).await {
                    Ok(value) => get.ok(KeyValueReply::Value((value > 0).then_some(value))),
                    Err(_) => drop(get),
                }
            }
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let store = KeyValue::<u8, u32>::new();
        assert_sometimes!(
            ctx.history::<Op, Reply>().read(|history| history.operations().iter().any(|one| one.output().is_none())),
            "an operation of unknown fate"
        );
        assert_history!(ctx.history().linearizable(&store), "the store is linearizable");
        Ok(())
    }
}

fn builder(replica: usize) -> SimulationBuilder {
    SimulationBuilder::new()
        .processes(2, || Box::new(Server))
        .workloads(WorkloadCount::Fixed(3), move |_| Box::new(Client { replica }))
        .partitions(Partitions::default())
}

#[test]
fn one_server_is_linearizable_and_two_are_not() {
    let report = builder(0).iterations(300).run();
    report.assert_ok();
    report.assert_goals();

    let simulation = builder(1).build();
    let found = (0..300).map(Tape::swarm).find(|tape| simulation.run(tape).finding().is_some()).expect("it is stale");
    let outcome = simulation.run_with(&found, Recording::Story);
    let finding = outcome.finding().unwrap();
    assert_eq!(finding.identity, "always: the store is linearizable");
    // a write and a read that does not see it, at least; each line has its client and times
    let lines: Vec<_> = finding.reason.lines().collect();
    assert!(
        lines[0].starts_with("the store is linearizable: no order of these operations on ")
            && lines[0].contains(" explains their answers (histories/in_a_run.rs:"),
        "{finding}"
    );
    let operations: Vec<_> = lines[1..].iter().filter(|line| line.starts_with("  client-")).collect();
    assert!((2..=4).contains(&operations.len()), "{finding}");
    assert!(operations.iter().all(|line| line.contains("s to ") && line.contains(" -> ")), "{finding}");
    // the story has the operations as they come, and the finding with a line for each that it shows
    let story = outcome.tell(false);
    assert!(story.contains("asks Put { key: ") && story.contains(" -> Value("), "{story}");
    for line in operations {
        assert!(story.lines().any(|told| told.ends_with(line)), "{line} is not in\n{story}");
    }
}

#[test]
fn a_minimised_tape_shows_two_operations() {
    let simulation = builder(1).build();
    let found = (0..300).map(Tape::swarm).find(|tape| simulation.run(tape).finding().is_some()).expect("it is stale");
    let minimized = Minimizer::new(&simulation).runs(3_000).minimize(&found).expect("it is a finding");
    let reason = &minimized.finding().reason;
    let operations: Vec<_> = reason.lines().filter_map(|line| line.split_once("s  ")).map(|(_, text)| text).collect();
    assert_eq!(operations.len(), 2, "{reason}");
    assert!(operations[0].starts_with("Put { key: 0,") && operations[0].ends_with("-> Done"), "{reason}");
    assert_eq!(operations[1], "Get { key: 0 } -> Value(None)", "{reason}");
}

#[test]
fn runs_with_histories_repeat() {
    let digests = |recording| {
        let simulation = builder(1).build();
        (0..100).map(|seed| simulation.run_with(&Tape::swarm(seed), recording).digest()).collect::<Vec<_>>()
    };
    let here = digests(Recording::Result);
    let there = std::thread::scope(|scope| scope.spawn(|| digests(Recording::Story)).join());
    assert_eq!(Some(here), there.ok());
}

async fn ask(ctx: SimContext, value: u8) {
    let write = ctx.history().client("app").invoke(RegisterOp::Write(value));
    ctx.time().sleep(Duration::from_secs(9)).await;
    write.ok(RegisterReply::<u8>::Done);
}

/// Asks for something and is interrupted in one way or another.
struct Interrupted;

#[async_trait(?Send)]
impl Workload for Interrupted {
    fn name(&self) -> &str {
        "user"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let history = ctx.history::<RegisterOp<u8>, RegisterReply<u8>>();
        let ask = |value| ask(ctx.clone(), value);
        // a future that is dropped, a task that is aborted, one that goes on when all is over
        let _ = ctx.time().timeout(Duration::from_secs(1), ask(1)).await;
        let task = ctx.task().spawn(ask(2));
        ctx.time().sleep(Duration::from_secs(1)).await;
        task.abort();
        ctx.task().spawn(ask(3));
        history.invoke(RegisterOp::Write(4)).fail();
        let read = history.invoke(RegisterOp::Read);
        ctx.time().sleep(Duration::from_secs(1)).await;
        read.ok(RegisterReply::Value(2));
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let all = ctx.history::<RegisterOp<u8>, RegisterReply<u8>>().read(|history| {
            history.operations().iter().map(|one| (one.client().to_owned(), one.invoked())).collect::<Vec<_>>()
        });
        let (app, second) = ("app".to_owned(), Duration::from_secs(1));
        assert_always!(
            all[..2] == [(app.clone(), Duration::ZERO), (app, second)],
            "clients and virtual times are kept"
        );
        // another type of operation is another history
        let other = ctx.history::<RegisterOp<u16>, RegisterReply<u16>>().read(History::len);
        assert_always!(other == 0, "nobody used it");
        assert_history!(ctx.history().linearizable(&Register::new(0u8)), "the register is linearizable");
        let is_unknown = |history: &History<RegisterOp<u8>, RegisterReply<u8>>| {
            history.operations().iter().filter(|one| matches!(one.response(), Response::Unknown)).count()
        };
        assert_always!(ctx.history().read(is_unknown) == 3, "what nobody answered stays open");
        Ok(())
    }
}

#[test]
fn what_is_dropped_in_flight_may_have_happened() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Interrupted)).build();
    let outcome = simulation.run_with(&Tape::calm(), Recording::Story);
    outcome.assert_ok();
    let story = outcome.tell(false);
    for line in [
        "app: asks Write(1)",
        "app: Write(1) -> unknown: it may have happened, or may happen yet",
        "app: Write(2) -> unknown: it may have happened, or may happen yet",
        "asks Write(4)",
        "Write(4) -> failed",
        "Read -> Value(2)",
    ] {
        assert!(story.lines().any(|told| told.ends_with(&format!("  {line}"))), "{line} is not in\n{story}");
    }
    assert!(!story.contains("Write(3) -> unknown"), "the end of the run is no event\n{story}");
}

/// A check that cannot be decided.
struct Hard;

#[async_trait(?Send)]
impl Workload for Hard {
    fn name(&self) -> &str {
        "hard"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let read = ctx.history().invoke(RegisterOp::<u8>::Read);
        read.ok(RegisterReply::Value(0u8));
        let judgement = ctx.history().read(|history| history.linearizable_within(&Register::new(0u8), 0));
        assert_history!(judgement, "the register is linearizable");
        Ok(())
    }
}

#[test]
fn what_was_not_decided_is_a_finding_of_its_own() {
    let outcome = SimulationBuilder::new().workload(|| Box::new(Hard)).build().run(&Tape::calm());
    let finding = outcome.finding().expect("no pass");
    assert_eq!(finding.identity, "unreachable: the register is linearizable (undecided)");
    assert!(finding.reason.contains("0 steps did not decide"), "{finding}");
}
