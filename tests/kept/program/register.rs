//! Two replicas of a register, and clients that write to the first and read from both.
//!
//! The bug: a write of a big step is acknowledged before the other replica has it.
use simfuzz::prelude::*;
use std::cell::Cell;
use std::io;
use std::rc::Rc;

pub fn simulation(bug: bool) -> Simulation {
    SimulationBuilder::new()
        .processes(2, move || Box::new(Replica { bug }))
        //+process .processes(2, || Box::new(super::bystander::Bystander))
        .workloads(WorkloadCount::Fixed(2), |_| Box::<Client>::default())
        .network_faults(NetworkFaults::default())
        .build()
}

struct Replica {
    bug: bool,
}

#[async_trait(?Send)]
impl Process for Replica {
    fn name(&self) -> &str {
        "replica"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let value = Rc::new(Cell::new(0));
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        //<tasks
        ctx.task().spawn(super::bystander::scrub(ctx.clone()));
        //|tasks
        ctx.task().spawn(super::bystander::count(ctx.clone()));
        //>tasks
        loop {
            let (stream, _) = listener.accept().await?;
            let (ctx, value, bug) = (ctx.clone(), value.clone(), self.bug);
            ctx.clone().task().spawn_local(async move { _ = serve(&ctx, stream, &value, bug).await });
        }
    }
}

async fn serve(ctx: &SimContext, mut stream: TcpStream, value: &Rc<Cell<u64>>, bug: bool) -> io::Result<()> {
    let (operation, wanted) = (stream.read_u8().await?, stream.read_u64().await?);
    if operation == 0 {
        return stream.write_u64(value.get()).await;
    }
    let big = wanted % 1000 >= 80;
    value.set(value.get().max(wanted));
    if operation == 1 && bug && big {
        stream.write_u64(wanted).await?;
        let wait = ctx.random().random_range(Duration::from_millis(1)..Duration::from_millis(200));
        ctx.time().sleep(wait).await;
    }
    if operation == 1 {
        let other = ctx.topology().all_process_ips()[1];
        call(ctx, other, 2, wanted).await?;
    }
    stream.write_u64(wanted).await
}

async fn call(ctx: &SimContext, peer: std::net::IpAddr, operation: u8, value: u64) -> io::Result<u64> {
    let mut stream = ctx.network().connect(peer).await?;
    stream.write_u8(operation).await?;
    stream.write_u64(value).await?;
    stream.read_u64().await
}

#[derive(Default)]
struct Client {
    acknowledged: u64,
    steps: u64,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        //+draw let eager = ctx.random().random_bool(0.5);
        //+draw if eager { ctx.time().sleep(Duration::from_millis(ctx.random().random_range(1..9))).await; }
        for number in 0..12 {
            let random = ctx.random().scope("op", number);
            let unhurried = random.random_bool(0.3); //-draw
            if unhurried { assert_sometimes!(true, "nobody hurries"); } //-draw
            match random.weighted(&[5, 4, 2 /*weights*/]) {
                0 => self.write(ctx, &random).await,
                1 => self.read(ctx, &random).await,
                //+arm 3 => self.read_twice(ctx, &random).await,
                _ => ctx.time().sleep(random.random_range(Duration::ZERO..Duration::from_millis(50))).await,
            }
        }
        Ok(())
    }
}

//<operations
impl Client {
    async fn write(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
        let step = random.random_range(0..100 /*range*/);
        self.steps += 1;
        // each client's values differ from the other's, and grow
        let value = (self.steps * 2 + ctx.client_id() as u64) * 1000 + step;
        let primary = ctx.topology().all_process_ips()[0];
        let asked = call(ctx, primary, 1, value);
        if let Ok(Ok(value)) = ctx.time().timeout(Duration::from_secs(1), asked).await {
            assert_sometimes!(step >= 80, "a big step is acknowledged");
            self.acknowledged = self.acknowledged.max(value);
        }
    }

    async fn read(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
        let replica = random.random_range(0..2);
        let replica = ctx.topology().all_process_ips()[replica as usize];
        let known = self.acknowledged;
        let asked = call(ctx, replica, 0, 0);
        if let Ok(Ok(value)) = ctx.time().timeout(Duration::from_secs(1), asked).await {
            assert_always!(value >= known, "a read is as new as the last write");
        }
    }
}
//>operations

//+arm impl Client {
//+arm     async fn read_twice(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
//+arm         self.read(ctx, random).await;
//+arm         self.read(ctx, random).await;
//+arm     }
//+arm }
