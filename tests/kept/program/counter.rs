//! A counter, and clients that ask again where no answer came, through a network that fails.
//!
//! The bug: the request's number is looked up for small amounts only, so that a big one counts twice.
use simfuzz::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

pub fn simulation(bug: bool) -> Simulation {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Counter { bug }))
        //+process .processes(2, || Box::new(super::bystander::Bystander))
        .workload(|| Box::<Client>::default())
        .network_faults(NetworkFaults::default())
        .partitions(Partitions::default())
        .build()
}

struct Counter {
    bug: bool,
}

#[derive(Default)]
struct Ledger {
    total: u64,
    done: BTreeMap<u64, u64>,
}

#[async_trait(?Send)]
impl Process for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let ledger = Rc::new(RefCell::new(Ledger::default()));
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        //<tasks
        ctx.task().spawn(super::bystander::scrub(ctx.clone()));
        //|tasks
        ctx.task().spawn(super::bystander::count(ctx.clone()));
        //>tasks
        loop {
            let (stream, _) = listener.accept().await?;
            let (ctx, ledger, bug) = (ctx.clone(), ledger.clone(), self.bug);
            ctx.clone().task().spawn_local(async move { _ = serve(&ctx, stream, &ledger, bug).await });
        }
    }
}

async fn serve(ctx: &SimContext, mut stream: TcpStream, ledger: &RefCell<Ledger>, bug: bool) -> io::Result<()> {
    let (request, amount) = (stream.read_u64().await?, stream.read_u64().await?);
    let known = ledger.borrow().done.contains_key(&request);
    if amount > 0 && (!known || bug && amount >= 60) {
        let mut ledger = ledger.borrow_mut();
        ledger.total += amount;
        ledger.done.insert(request, amount);
    }
    let work = ctx.random().random_range(Duration::ZERO..Duration::from_millis(5));
    ctx.time().sleep(work).await;
    let total = ledger.borrow().total;
    stream.write_u64(total).await
}

async fn call(ctx: &SimContext, request: u64, amount: u64) -> io::Result<u64> {
    let mut stream = ctx.network().connect("counter").await?;
    stream.write_u64(request).await?;
    stream.write_u64(amount).await?;
    stream.read_u64().await
}

#[derive(Default)]
struct Client {
    asked: u64,
    requests: u64,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        //+draw let eager = ctx.random().random_bool(0.5);
        //+draw if eager { ctx.time().sleep(Duration::from_millis(ctx.random().random_range(1..9))).await; }
        for number in 0..30 {
            let random = ctx.random().scope("op", number);
            let unhurried = random.random_bool(0.3); //-draw
            if unhurried { assert_sometimes!(true, "nobody hurries"); } //-draw
            match random.weighted(&[5, 2, 2 /*weights*/]) {
                0 => self.add(ctx, &random).await,
                1 => self.read(ctx).await,
                //+arm 3 => self.add_twice(ctx, &random).await,
                _ => ctx.time().sleep(random.random_range(Duration::ZERO..Duration::from_secs(1))).await,
            }
        }
        Ok(())
    }
}

//<operations
impl Client {
    async fn add(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
        let amount = random.random_range(1..=100 /*range*/);
        self.requests += 1;
        self.asked += amount;
        for attempt in 0..5 {
            let patience = random.random_range(Duration::from_millis(200)..Duration::from_millis(900));
            if let Ok(Ok(_)) = ctx.time().timeout(patience, call(ctx, self.requests, amount)).await {
                assert_sometimes!(attempt > 0 && amount >= 60, "a big amount is asked for again");
                return;
            }
        }
    }

    async fn read(&mut self, ctx: &SimContext) {
        let asked = self.asked;
        if let Ok(Ok(total)) = ctx.time().timeout(Duration::from_secs(1), call(ctx, 0, 0)).await {
            assert_always!(total <= asked, "nothing counts twice");
        }
    }
}
//>operations

//+arm impl Client {
//+arm     async fn add_twice(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
//+arm         self.add(ctx, random).await;
//+arm         self.add(ctx, random).await;
//+arm     }
//+arm }
