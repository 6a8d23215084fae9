//! Workloads and processes from closures, for tests that are about the simulator.
#![allow(dead_code)] // each test uses a part

use simfuzz::choice::Label;
use simfuzz::prelude::*;

/// A workload that only runs.
pub(crate) struct Client<F>(pub(crate) F);

#[async_trait(?Send)]
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + 'static> Workload for Client<F> {
    fn name(&self) -> &str {
        "client"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.0)(ctx).await
    }
}

/// A workload with all phases.
pub(crate) struct Phases<S, R, C>(pub(crate) S, pub(crate) R, pub(crate) C);

#[async_trait(?Send)]
impl<S, R, C> Workload for Phases<S, R, C>
where
    S: AsyncFn(&SimContext) -> SimulationResult<()> + 'static,
    R: AsyncFn(&SimContext) -> SimulationResult<()> + 'static,
    C: AsyncFn(&SimContext) -> SimulationResult<()> + 'static,
{
    fn name(&self) -> &str {
        "client"
    }
    async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.0)(ctx).await
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.1)(ctx).await
    }
    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.2)(ctx).await
    }
}

/// A phase that does nothing.
pub(crate) async fn nothing(_: &SimContext) -> SimulationResult<()> {
    Ok(())
}

/// A process.
pub(crate) struct Server<F>(pub(crate) F);

#[async_trait(?Send)]
impl<F: AsyncFn(&SimContext) -> SimulationResult<()> + 'static> Process for Server<F> {
    fn name(&self) -> &str {
        "server"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        (self.0)(ctx).await
    }
}

/// Sends back what it is sent, on every connection.
pub(crate) async fn echo(ctx: &SimContext) -> SimulationResult<()> {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        ctx.task().spawn(async move {
            let mut byte = [0; 1];
            while stream.read_exact(&mut byte).await.is_ok() && stream.write_all(&byte).await.is_ok() {}
        });
    }
}

/// An injector that does what the closure says.
pub(crate) struct Breaker<F>(pub(crate) F);

#[async_trait(?Send)]
impl<F: AsyncFn(&Faults) -> SimulationResult<()> + 'static> FaultInjector for Breaker<F> {
    fn name(&self) -> &str {
        "breaker"
    }
    async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
        (self.0)(faults).await
    }
}

/// Adds a line to the list `log` of the run.
pub(crate) fn log(ctx: &SimContext, line: impl Into<String>) {
    let line = format!("{:?} {}: {}", ctx.time().now(), ctx.name(), line.into());
    ctx.state().update("log", |log: &mut Vec<String>| log.push(line));
}

pub(crate) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Adds a line to what [`told`] gives.
pub(crate) fn tell(ctx: &SimContext, text: impl std::fmt::Display) {
    ctx.note(|| format!("* {text}"));
}

/// Runs `tape`, which must pass, and gives the lines told with their times.
pub(crate) fn told(simulation: &Simulation, tape: &Tape) -> (simfuzz::Outcome, String) {
    let outcome = simulation.run_with(tape, simfuzz::Recording::Story);
    outcome.assert_ok();
    let lines = outcome.story().iter().filter(|line| line.text.starts_with('*'));
    let text = lines.map(|line| format!("{:?} {}\n", Duration::from_nanos(line.at), &line.text[2..])).collect();
    (outcome, text)
}

/// The lines that were told by [`tell`].
pub(crate) fn starred(outcome: &simfuzz::Outcome) -> Vec<String> {
    outcome.story().iter().filter_map(|line| line.text.strip_prefix("* ").map(str::to_owned)).collect()
}

/// The calm tape with exceptions: label, ordinal, value.
pub(crate) fn tape(exceptions: &[(&str, u32, u64)]) -> Tape {
    let mut tape = Tape::calm();
    for &(label, ordinal, value) in exceptions {
        tape.set(Label::parse(label), ordinal, value);
    }
    tape
}

/// A factory of an injector.
#[allow(unused_macros)]
macro_rules! breaker {
    ($inject:expr) => {
        move || -> Box<dyn FaultInjector> { Box::new(Breaker($inject)) }
    };
}

/// A factory of a workload that only runs.
#[allow(unused_macros)]
macro_rules! client {
    ($run:expr) => {
        move || -> Box<dyn Workload> { Box::new(Client($run)) }
    };
}

/// A factory of a process.
#[allow(unused_macros)]
macro_rules! server {
    ($run:expr) => {
        move || -> Box<dyn Process> { Box::new(Server($run)) }
    };
}
