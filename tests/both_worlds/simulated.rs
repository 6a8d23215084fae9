//! In a simulation without faults.

use simfuzz as world;
use simfuzz::prelude::*;
use simfuzz::{Outcome, SimContext};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

#[path = "processes.rs"]
pub(crate) mod processes;

/// Where the free functions of `fs` may write.
fn folder(_: &SimContext) -> PathBuf {
    "/".into()
}

/// On a calm tape every choice is the first.
fn fair(came: [bool; 2]) -> bool {
    came == [true, false]
}

type Told = Arc<Mutex<Option<Vec<String>>>>;

struct Probe<F> {
    run: F,
    told: Told,
}

#[async_trait(?Send)]
impl<F: AsyncFn(SimContext) -> SimulationResult<Vec<String>> + 'static> Process for Probe<F> {
    fn name(&self) -> &str {
        "probe"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let told = (self.run)(ctx.clone()).await?;
        *self.told.lock().unwrap() = Some(told);
        ctx.shutdown().cancelled().await;
        Ok(())
    }
}

/// Waits for the probe.
struct Patience(Told);

#[async_trait(?Send)]
impl Workload for Patience {
    fn name(&self) -> &str {
        "patience"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        while self.0.lock().unwrap().is_none() {
            ctx.time().sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

/// What the process told.
pub(crate) fn run(
    process: impl AsyncFn(SimContext) -> SimulationResult<Vec<String>> + Copy + Send + Sync + 'static,
) -> Vec<String> {
    let told = Told::default();
    let (process_told, seen) = (told.clone(), told.clone());
    SimulationBuilder::new()
        .processes(1, move || Box::new(Probe { run: process, told: process_told.clone() }))
        .workload(move || Box::new(Patience(seen.clone())))
        .build()
        .run(&Tape::calm())
        .assert_ok();
    let told = told.lock().unwrap().take();
    told.unwrap()
}

/// Serves until it is asked to stop, and says so on its disk.
struct Polite;

#[async_trait(?Send)]
impl Process for Polite {
    fn name(&self) -> &str {
        "polite"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.shutdown().cancelled().await;
        simfuzz::fs::write("farewell", "bye").await?;
        ctx.note(|| "says bye".to_owned());
        Ok(())
    }
}

struct Stops;

#[async_trait(?Send)]
impl FaultInjector for Stops {
    fn name(&self) -> &str {
        "stops"
    }
    async fn inject(&mut self, faults: &Faults) -> SimulationResult<()> {
        faults.time().sleep(Duration::from_millis(100)).await;
        faults.stop("polite", Duration::from_secs(5));
        Ok(())
    }
}

struct Reader;

#[async_trait(?Send)]
impl Workload for Reader {
    fn name(&self) -> &str {
        "reader"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

fn told(outcome: &Outcome, line: &str) -> bool {
    outcome.story().iter().any(|told| told.text.contains(line))
}

#[test]
fn a_process_that_is_asked_to_stop_can_say_goodbye() {
    let simulation = SimulationBuilder::new()
        .processes(1, || Box::new(Polite))
        .workload(|| Box::new(Reader))
        .injector(|| Box::new(Stops))
        .build();
    let outcome = simulation.run_with(&Tape::calm(), simfuzz::Recording::Story);
    outcome.assert_ok();
    assert!(told(&outcome, "says bye"));
}

/// As on the real machine, a task that panics ends its process.
struct Clumsy;

#[async_trait(?Send)]
impl Process for Clumsy {
    fn name(&self) -> &str {
        "clumsy"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        ctx.task().spawn(async { panic!("it slipped") });
        std::future::pending().await
    }
}

#[test]
fn a_task_that_panics_ends_its_process() {
    let simulation = SimulationBuilder::new().processes(1, || Box::new(Clumsy)).workload(|| Box::new(Reader)).build();
    let finding = simulation.run(&Tape::calm());
    assert!(finding.finding().is_some_and(|finding| finding.reason.contains("it slipped")));
}

#[test]
#[should_panic(expected = "no simulation runs on this thread")]
fn free_functions_need_a_run() {
    drop(simfuzz::time::sleep(Duration::from_secs(1)));
}

/// Who has both features can't serve: a process of such a build is a simulated one.
#[cfg(feature = "tokio")]
#[test]
fn a_build_with_both_features_refuses_to_serve() {
    let refused = simfuzz::serve(Polite).on("127.0.0.1:0").run().unwrap_err().to_string();
    assert!(refused.contains("default-features = false"), "{refused}");
}
