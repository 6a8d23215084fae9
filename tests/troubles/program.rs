//! A server that one request in a hundred brings to its end, in the way that the variable `TROUBLE`
//! names, for `tests/cli/troubles.rs`. `none` is well.
#![allow(clippy::disallowed_methods, reason = "the program does what nobody should")]

use simfuzz::prelude::*;
use std::hint::black_box;

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
            let here = ctx.clone();
            ctx.task().spawn_local(async move {
                while let Ok(request) = stream.read_u8().await {
                    if request == 13 {
                        trouble(&here).await;
                    }
                    if stream.write_u8(request).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

struct Client;

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut stream = ctx.network().connect("server").await?;
        for _ in 0..4 {
            let request: u8 = ctx.random().label("request").random_range(0..100);
            assert_sometimes!(request > 90, "a high request");
            stream.write_u8(request).await?;
            stream.read_u8().await?;
        }
        Ok(())
    }
}

/// Panics when it is dropped.
struct Sore;

impl Drop for Sore {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

async fn trouble(ctx: &SimContext) {
    match named().as_str() {
        "none" => {}
        "loop" => loop {
            black_box(());
        },
        "block" => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        // a loop that awaits and never lets time pass
        "spin" => loop {
            ctx.task().yield_now().await;
        },
        "overflow" => {
            black_box(deep(black_box(1)));
        }
        "memory" => {
            let mut all = Vec::new();
            loop {
                all.push(black_box(vec![1u8; 1 << 20]));
            }
        }
        "tasks" => {
            for _ in 0..10 {
                for _ in 0..100_000 {
                    let here = ctx.clone();
                    ctx.task().spawn(async move { here.time().sleep(Duration::from_secs(1)).await });
                }
                ctx.time().sleep(Duration::from_millis(1)).await;
            }
        }
        "drop" => drop(Sore),
        "panics" => {
            let _sore = Sore;
            panic!("and once more in a drop");
        }
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        "kill" => {
            let me = std::process::id().to_string();
            std::process::Command::new("kill").args(["-KILL", &me]).status().unwrap();
        }
        other => unreachable!("TROUBLE names none: {other}"),
    }
}

#[expect(unconditional_recursion, reason = "the trouble is that it never ends")]
fn deep(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    deep(frame[7] + 1) + frame[3]
}

fn named() -> String {
    std::env::var("TROUBLE").unwrap_or_else(|_| "none".to_owned())
}

fn simulation() -> SimulationBuilder {
    SimulationBuilder::new().processes(1, || Box::new(Server)).workload(|| Box::new(Client))
}

simfuzz::sim_target!(simulation);
