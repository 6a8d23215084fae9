//! A journal on a disk, on a machine that crashes, and a client that counts what was acknowledged.
//!
//! The bug: an entry that is marked as light is acknowledged before it is synced.
use simfuzz::prelude::*;
use std::io;

pub fn simulation(bug: bool) -> Simulation {
    SimulationBuilder::new()
        .processes(1, move || Box::new(Journal { bug }))
        //+process .processes(2, || Box::new(super::bystander::Bystander))
        .workload(|| Box::<Client>::default())
        .attrition(Attrition::default())
        .build()
}

struct Journal {
    bug: bool,
}

#[async_trait(?Send)]
impl Process for Journal {
    fn name(&self) -> &str {
        "journal"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let disk = ctx.storage();
        if !disk.exists("journal").await? {
            disk.create("journal").await?;
            disk.sync_dir("").await?;
        }
        let file = disk.open("journal").await?;
        let mut entries = whole(&file.read_all().await?);
        file.set_len(entries * 2).await?;
        file.sync_all().await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        //<tasks
        ctx.task().spawn(super::bystander::scrub(ctx.clone()));
        //|tasks
        ctx.task().spawn(super::bystander::count(ctx.clone()));
        //>tasks
        loop {
            let (mut stream, _) = listener.accept().await?;
            let Ok(kind) = stream.read_u8().await else { continue };
            if kind > 0 {
                file.append(&[7, 248]).await?;
                entries += 1;
                let light = kind >= 80;
                if light {
                    let wait = ctx.random().random_range(Duration::ZERO..Duration::from_millis(3));
                    ctx.time().sleep(wait).await;
                }
                if !(self.bug && light) {
                    file.sync_data().await?;
                }
            }
            let _ = stream.write_u64(entries).await;
        }
    }
}

/// Entries before the first torn one.
fn whole(bytes: &[u8]) -> u64 {
    bytes.chunks_exact(2).take_while(|entry| **entry == [7, 248]).count() as u64
}

async fn call(ctx: &SimContext, kind: u8) -> io::Result<u64> {
    let mut stream = ctx.network().connect("journal").await?;
    stream.write_u8(kind).await?;
    stream.read_u64().await
}

#[derive(Default)]
struct Client {
    acknowledged: u64,
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
                0 => self.append(ctx, &random).await,
                1 => self.count(ctx).await,
                //+arm 3 => self.append_twice(ctx, &random).await,
                _ => ctx.time().sleep(random.random_range(Duration::ZERO..Duration::from_secs(1))).await,
            }
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        self.count(ctx).await;
        Ok(())
    }
}

//<operations
impl Client {
    async fn append(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
        let kind = random.random_range(1..=100 /*range*/);
        if let Ok(Ok(_)) = ctx.time().timeout(Duration::from_secs(1), call(ctx, kind)).await {
            assert_sometimes!(kind >= 80, "a light entry is acknowledged");
            self.acknowledged += 1;
        }
        ctx.time().sleep(random.random_range(Duration::ZERO..Duration::from_millis(300))).await;
    }

    async fn count(&mut self, ctx: &SimContext) {
        let known = self.acknowledged;
        if let Ok(Ok(entries)) = ctx.time().timeout(Duration::from_secs(1), call(ctx, 0)).await {
            assert_always!(entries >= known, "what was acknowledged is kept");
        }
    }
}
//>operations

//+arm impl Client {
//+arm     async fn append_twice(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
//+arm         self.append(ctx, random).await;
//+arm         self.append(ctx, random).await;
//+arm     }
//+arm }
