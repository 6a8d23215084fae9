//! Pupils ask for sums: tonic's server and channel, with calls and streams.

use super::{PORT, weather};
use crate::grpc;
use simfuzz::prelude::*;

struct Sums;

#[async_trait(?Send)]
impl Process for Sums {
    fn name(&self) -> &str {
        "sums"
    }

    async fn run(&mut self, _: &SimContext) -> SimulationResult<()> {
        let listener = tokio::net::TcpListener::bind(("0.0.0.0", PORT)).await?;
        grpc::serve(listener).await.map_err(|error| SimulationError::Other(error.into()))
    }
}

struct Pupil;

#[async_trait(?Send)]
impl Workload for Pupil {
    fn name(&self) -> &str {
        "pupil"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let server = format!("{}:{PORT}", ctx.peer("sums").expect("there is a server"));
        let channel = grpc::channel(&server).map_err(|error| SimulationError::Other(error.into()))?;
        for question in 0..10 {
            let random = ctx.random().scope("question", question);
            if random.label("method").weighted(&[2, 1]) == 0 {
                let numbers: Vec<u64> = (0..random.random_range(1..6)).map(|_| random.random_range(0..100)).collect();
                let sum: u64 = numbers.iter().sum();
                match grpc::add(&channel, numbers).await {
                    Ok(answer) => assert_always!(answer == sum, "the sum is right"),
                    Err(status) => {
                        ctx.note(|| format!("no sum: {status}"));
                        assert_reachable!("a call fails");
                    }
                }
            } else {
                let number = random.random_range(1..20);
                let (came, ended) = grpc::count(&channel, number).await;
                let in_order = came.iter().zip(0..).all(|(came, number)| *came == number);
                assert_always!(in_order, "a stream has no gap");
                assert_always!(ended.is_err() || came.len() as u64 == number, "a stream that ends well is whole");
                assert_sometimes!(ended.is_err() && !came.is_empty(), "a stream breaks off");
            }
        }
        Ok(())
    }
}

/// Sums through tonic.
pub fn sums() -> SimulationBuilder {
    weather(
        SimulationBuilder::new()
            .processes(1, || Box::new(Sums))
            .workloads(WorkloadCount::Random(1..3), |_| Box::new(Pupil)),
    )
}
