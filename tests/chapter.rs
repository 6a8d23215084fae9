//! The chapter on workloads, block by block: each is here as it is spelled, with its `...` filled
//! in and what it needs around it, and runs.
#![cfg(feature = "sim")]

use simfuzz::Recording;
use simfuzz::prelude::*;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A request or a reply: a length in one byte, and so much text.
async fn send(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    let mut frame = vec![u8::try_from(text.len()).map_err(io::Error::other)?];
    frame.extend(text.bytes());
    stream.write_all(&frame).await
}

async fn receive(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut text).await?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Keeps text by key. `add K N` takes K's text for a number, adds to it and answers with the sum.
struct Server;

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let ctx = ctx.clone();
            ctx.clone().task().spawn(async move {
                while let Ok(request) = receive(&mut stream).await {
                    let reply = ctx.state().update("store", |store: &mut BTreeMap<String, String>| {
                        let words: Vec<_> = request.split(' ').collect();
                        match words[..] {
                            ["write", key, value] => {
                                store.insert(key.to_owned(), value.to_owned());
                                String::new()
                            }
                            ["read", key] => store.get(key).cloned().unwrap_or_default(),
                            ["add", key, amount] => {
                                let known = store.get(key).map_or(0, |value| value.parse::<i64>().unwrap());
                                let sum = (known + amount.parse::<i64>().unwrap()).to_string();
                                store.insert(key.to_owned(), sum.clone());
                                sum
                            }
                            _ => "what?".to_owned(),
                        }
                    });
                    if send(&mut stream, &reply).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

/// "The Workload Trait": the trait as the chapter has it. Whatever implements it implements ours
/// by the same lines, see `register` below.
mod the_trait {
    #![allow(unused)]
    use simfuzz::{SimContext, SimulationResult};

    use async_trait::async_trait;
    #[async_trait(?Send)]
    pub(super) trait Workload: 'static {
        fn name(&self) -> &str;
        async fn setup(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
            Ok(())
        }
        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()>;
        async fn check(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
            Ok(())
        }
    }

    macro_rules! as_in_the_chapter {
        ($($path:tt)*) => {
            struct Minimal;

            #[async_trait(?Send)]
            impl $($path)* for Minimal {
                fn name(&self) -> &str {
                    "minimal"
                }
                async fn setup(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
                    Ok(())
                }
                async fn run(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
                    Ok(())
                }
                async fn check(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
                    Ok(())
                }
            }
        };
    }

    mod theirs {
        use super::*;
        as_in_the_chapter!(super::Workload);
    }

    mod ours {
        use super::*;
        as_in_the_chapter!(simfuzz::Workload);
    }
}

/// "Setup: Prepare the Ground" and "Run: Drive the System".
mod register {
    use super::*;

    enum Op {
        Write { key: String, value: String },
        Read { key: String },
    }

    fn random_op(random: &SimRandomProvider, accounts: &[String]) -> Op {
        let key = accounts[random.random_range(0..accounts.len())].clone();
        let roll = random.random_range(0..100);
        match roll {
            0..50 => Op::Write { key, value: random.random_range(0..1000).to_string() },
            _ => Op::Read { key },
        }
    }

    #[derive(Default)]
    struct Model(BTreeMap<String, String>);

    impl Model {
        fn write(&mut self, key: &str, value: &str) {
            self.0.insert(key.to_owned(), value.to_owned());
        }

        fn read(&self, key: &str) -> String {
            self.0.get(key).cloned().unwrap_or_default()
        }
    }

    pub(super) struct Register {
        connection: Option<TcpStream>,
        accounts: Vec<String>,
        num_operations: usize,
        model: Model,
    }

    impl Register {
        pub(super) fn new(client: usize) -> Self {
            let accounts = (0..3).map(|account| format!("{client}/{account}")).collect();
            Self { connection: None, accounts, num_operations: 20, model: Model::default() }
        }

        async fn ask(&mut self, request: &str) -> io::Result<String> {
            let connection = self.connection.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            send(connection, request).await?;
            receive(connection).await
        }

        async fn send_write(&mut self, key: &str, value: &str) -> io::Result<()> {
            self.ask(&format!("write {key} {value}")).await.map(drop)
        }

        async fn send_read(&mut self, key: &str) -> io::Result<String> {
            self.ask(&format!("read {key}")).await
        }
    }

    #[async_trait(?Send)]
    impl Workload for Register {
        fn name(&self) -> &str {
            "register"
        }

        async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            let server_ip =
                ctx.topology().all_process_ips().first().ok_or(SimulationError::InvalidState("no servers".into()))?;
            self.connection = Some(ctx.network().connect(server_ip).await?);
            Ok(())
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            for _ in 0..self.num_operations {
                if ctx.shutdown().is_cancelled() {
                    break;
                }
                let op = random_op(ctx.random(), &self.accounts);
                match op {
                    Op::Write { key, value } => {
                        self.send_write(&key, &value).await?;
                        self.model.write(&key, &value);
                    }
                    Op::Read { key } => {
                        let result = self.send_read(&key).await?;
                        let expected = self.model.read(&key);
                        assert_always!(result == expected, format!("read mismatch for key '{}'", key));
                    }
                }
            }
            Ok(())
        }
    }
}

/// "Check: Validate the Outcome", "The Operation Alphabet" and "Multiple Workload Instances".
mod bank {
    use super::*;

    #[derive(Debug)]
    pub(super) enum Op {
        Deposit { account: String, amount: i64 },
        Withdraw { account: String, amount: i64 },
        Read { account: String },
        Transfer { from: String, to: String, amount: i64 },
        SmallDelay,
    }

    fn any<'a>(random: &SimRandomProvider, accounts: &'a [String]) -> &'a str {
        &accounts[random.random_range(0..accounts.len())]
    }

    pub(super) fn random_op(random: &SimRandomProvider, accounts: &[String]) -> Op {
        let roll = random.random_range(0..100);
        match roll {
            0..30 => Op::Deposit { account: any(random, accounts).into(), amount: random.random_range(1..100) },
            30..50 => Op::Withdraw { account: any(random, accounts).into(), amount: random.random_range(1..100) },
            50..70 => Op::Read { account: any(random, accounts).into() },
            70..90 => Op::Transfer {
                from: any(random, accounts).into(),
                to: any(random, accounts).into(),
                amount: random.random_range(1..50),
            },
            _ => Op::SmallDelay,
        }
    }

    #[derive(Default)]
    struct Model {
        balances: BTreeMap<String, i64>,
        total_deposited: i64,
        total_withdrawn: i64,
    }

    impl Model {
        fn total_balance(&self) -> i64 {
            self.balances.values().sum()
        }
    }

    pub(super) struct ClientWorkload {
        client_id: usize,
        connection: Option<TcpStream>,
        accounts: Vec<String>,
        model: Model,
    }

    impl ClientWorkload {
        pub(super) fn new(client_id: usize) -> Self {
            let accounts = (0..3).map(|account| format!("{client_id}/{account}")).collect();
            Self { client_id, connection: None, accounts, model: Model::default() }
        }

        /// Has the server add to an account, and takes its word for the sum.
        async fn add(&mut self, account: &str, amount: i64) -> SimulationResult<()> {
            let connection = self.connection.as_mut().ok_or(io::ErrorKind::NotConnected).map_err(io::Error::from)?;
            send(connection, &format!("add {account} {amount}")).await?;
            let sum = receive(connection).await?;
            let sum = sum.parse().map_err(|_| SimulationError::InvalidState(format!("no number: {sum}")))?;
            self.model.balances.insert(account.to_owned(), sum);
            Ok(())
        }
    }

    #[async_trait(?Send)]
    impl Workload for ClientWorkload {
        fn name(&self) -> &str {
            "client"
        }

        async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            assert_eq!(ctx.client_id(), self.client_id);
            self.connection = Some(ctx.network().connect("server").await?);
            Ok(())
        }

        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            for _ in 0..20 {
                match random_op(ctx.random(), &self.accounts) {
                    Op::Deposit { account, amount } => {
                        self.add(&account, amount).await?;
                        self.model.total_deposited += amount;
                    }
                    Op::Withdraw { account, amount } => {
                        self.add(&account, -amount).await?;
                        self.model.total_withdrawn += amount;
                    }
                    Op::Read { account } => self.add(&account, 0).await?,
                    Op::Transfer { from, to, amount } => {
                        self.add(&from, -amount).await?;
                        self.add(&to, amount).await?;
                    }
                    Op::SmallDelay => ctx.time().sleep(Duration::from_millis(5)).await,
                }
            }
            Ok(())
        }

        async fn check(&mut self, _ctx: &SimContext) -> SimulationResult<()> {
            let total = self.model.total_balance();
            let expected = self.model.total_deposited - self.model.total_withdrawn;
            assert_always!(total == expected, format!("conservation law violated: {} != {}", total, expected));
            Ok(())
        }
    }
}

#[test]
fn the_register_reads_what_it_wrote() {
    let report = SimulationBuilder::new()
        .processes(1, || Box::new(Server))
        .workload(|| Box::new(register::Register::new(0)))
        .iterations(50)
        .run();
    report.assert_ok();
}

#[test]
fn three_clients_conserve_their_money() {
    use bank::ClientWorkload;
    let report = SimulationBuilder::new()
        .workloads(WorkloadCount::Fixed(3), |i| Box::new(ClientWorkload::new(i)))
        .processes(1, || Box::new(Server))
        .iterations(50)
        .run();
    report.assert_ok();
}

/// The same with an assertion that is false: the identity is the format string, not its values.
#[test]
fn a_formatted_message_is_named_by_its_format() {
    struct Wrong;

    #[async_trait(?Send)]
    impl Workload for Wrong {
        fn name(&self) -> &str {
            "wrong"
        }
        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            let key = ctx.random().random_range(0..1000);
            assert_always!(false, format!("read mismatch for key '{}'", key));
            Ok(())
        }
    }

    let report = SimulationBuilder::new().workload(|| Box::new(Wrong)).iterations(10).run();
    let findings: Vec<_> = report.findings().map(|finding| finding.identity.as_str()).collect();
    assert_eq!(findings, ["always: read mismatch for key '{}'"]);
}

/// Collects what a context offers.
struct Curious;

#[async_trait(?Send)]
impl Workload for Curious {
    fn name(&self) -> &str {
        "curious"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let servers: &[IpAddr] = ctx.topology().all_process_ips();
        assert_eq!(servers.len(), 4);
        assert_eq!(ctx.my_ip(), ctx.topology().all_workload_ips()[ctx.client_id()]);
        assert_eq!(ctx.peer("server"), Some(servers[0]));
        assert_eq!(ctx.peers("server"), &servers[..3]);
        assert_eq!(ctx.peer("nobody"), None);
        assert_eq!(ctx.topology().ips_tagged("role", "leader"), [servers[0], servers[2]]);
        assert_eq!(ctx.topology().ips_tagged("role", "follower"), [servers[1], servers[3]]);
        assert_eq!(ctx.client_count(), ctx.topology().all_workload_ips().len());

        let before = ctx.time().now();
        ctx.time().sleep(Duration::from_millis(3)).await;
        // a task may be held back a little longer
        assert!(ctx.time().now() - before >= Duration::from_millis(3));
        let late = ctx.time().timeout(Duration::from_secs(1), std::future::pending::<()>()).await;
        assert!(SimulationError::from(late.unwrap_err()).is_weather());

        // an address, with a port or without, and a name; as text or as an address
        let ip = servers[0];
        drop(ctx.network().connect(ip).await?);
        drop(ctx.network().connect(&ip).await?);
        drop(ctx.network().connect(SocketAddr::new(ip, 4500)).await?);
        drop(ctx.network().connect((ip, 4500)).await?);
        drop(ctx.network().connect("10.0.1.1").await?);
        drop(ctx.network().connect("10.0.1.1:4500").await?);
        drop(ctx.network().connect("server").await?);
        drop(ctx.network().connect("server-1:4500").await?);
        drop(ctx.network().connect(("server", 4500)).await?);
        drop(ctx.network().connect(ip.to_string()).await?);
        drop(simfuzz::net::TcpStream::connect("server").await?);
        let error = ctx.network().connect("nobody").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);

        // what needs `Send`, and what doesn't
        let sum = ctx.task().spawn(async { 1 + 1 }).await?;
        let shared = std::rc::Rc::new(1);
        let same = shared.clone();
        let local = ctx.task().spawn_local(async move { *same + 1 }).await?;
        assert_eq!((sum, local), (2, 2));

        ctx.state().publish("answer", 42);
        assert_eq!(ctx.state().get::<i32>("answer"), Some(42));
        assert_eq!(ctx.state().get::<u8>("answer"), None, "published with another type");

        let first = select! {
            _ = ctx.time().sleep(Duration::from_millis(1)) => 1,
            _ = std::future::pending::<()>() => 2,
        };
        assert_eq!(first, 1);
        assert!(!ctx.shutdown().is_cancelled());
        Ok(())
    }
}

struct Helper;

#[async_trait(?Send)]
impl Process for Helper {
    fn name(&self) -> &str {
        "helper"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.shutdown().cancelled().await;
        Ok(())
    }
}

#[test]
fn every_signature_holds() {
    fn is_send<T: Send + Sync + Clone>() {}
    is_send::<SimContext>();

    let builder = || {
        SimulationBuilder::new()
            .processes(3, || Box::new(Server))
            .processes(1..2, || Box::new(Helper))
            .tags(&[("role", &["leader", "follower"])])
            .workloads(WorkloadCount::Random(1..6), |_| Box::new(Curious))
            .invariant("the answer", |state, now| {
                state.get::<i32>("answer").unwrap_or(42) == 42 && now < Duration::from_secs(60)
            })
            .invariant("as a result", |_, _| Ok::<(), String>(()))
    };
    let report: SimulationReport = builder().iterations(20).jobs(2).run();
    report.assert_ok();
    assert_eq!(report.runs(), 20);
    assert_eq!(builder().seeds([5, 7]).run().runs(), 2);

    let simulation: Simulation = builder().build();
    let outcome = simulation.run(&Tape::calm());
    outcome.assert_ok();
    assert!(outcome.trace().is_some());
    assert!(!simulation.run_with(&Tape::calm(), Recording::Story).story().is_empty());
}

/// The number of clients is one of the run's choices: 1 to 5 over the seeds, and the first of
/// them on the calm tape.
#[test]
fn a_random_count_is_drawn_by_the_run() {
    struct Counted;

    #[async_trait(?Send)]
    impl Workload for Counted {
        fn name(&self) -> &str {
            "counted"
        }
        async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
            ctx.state().guide("count", &[ctx.client_count() as i64]);
            Ok(())
        }
    }

    let simulation = SimulationBuilder::new().workloads(WorkloadCount::Random(1..6), |_| Box::new(Counted)).build();
    let count = |tape: &Tape| simulation.run(tape).guides()[0].state;
    let mut tape = Tape::calm();
    let counts: Vec<_> = (0..5)
        .map(|index| {
            tape.set(Label::parse("topology/workloads/0"), 0, index);
            count(&tape)
        })
        .collect();
    assert_eq!(count(&Tape::calm()), counts[0]);
    let seeds: Vec<_> = (0..100).map(|seed| count(&Tape::seeded(seed))).collect();
    assert!(seeds.iter().all(|count| counts.contains(count)));
    assert!(counts.iter().all(|count| seeds.contains(count)));
}
