//! Minimal counterexamples, exactly: small simulations whose simplest tape is known, each from ten
//! starting tapes.
#![cfg(feature = "sim")]

use simfuzz::choice::{Label, Op, Row};
use simfuzz::prelude::*;
use simfuzz::{MinimizeError, Minimized, Minimizer, Recording};
use std::collections::BTreeMap;

/// Ten steps; each draws an operation, an amount and whether something goes wrong.
struct Steps(fn(&[Step]) -> bool);

#[derive(Clone, Copy)]
struct Step {
    kind: usize,
    amount: u64,
    fault: bool,
}

#[async_trait(?Send)]
impl Workload for Steps {
    fn name(&self) -> &str {
        "w"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut steps = Vec::new();
        for number in 0..10 {
            ctx.time().sleep(Duration::from_millis(1)).await;
            let random = ctx.random().scope("step", number);
            steps.push(Step {
                kind: random.label("kind").weighted(&[1; 5]),
                amount: random.label("amount").random_range(0..1_000),
                fault: random.label("fault").random_bool(0.2),
            });
            assert_always!(!(self.0)(&steps), "the steps are harmless");
        }
        Ok(())
    }
}

fn simulation(bug: fn(&[Step]) -> bool) -> Simulation {
    SimulationBuilder::new().workload(move || Box::new(Steps(bug))).build()
}

/// A tape as what stands in it: label, scope or ordinal, value.
fn told(simulation: &Simulation, tape: &Tape) -> Vec<String> {
    let outcome = simulation.run_with(tape, Recording::Story);
    let text = outcome.text(tape).unwrap().print(outcome.trace());
    let rows = text.lines().skip(1).map(|line| line.split("  (").next().unwrap());
    let mut rows: Vec<_> = rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    rows.sort();
    rows
}

/// Seeds with the finding, and for each the text of its simplest tape: all ten are the same.
#[track_caller]
fn golden(bug: fn(&[Step]) -> bool, expected: &[&str]) {
    let simulation = simulation(bug);
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    let starts: Vec<_> = (0..200_000).map(Tape::swarm).filter(shows).take(10).collect();
    assert_eq!(starts.len(), 10);
    for start in &starts {
        assert_eq!(told(&simulation, &minimized(&simulation, start).tape), expected, "from seed {}", start.seed());
    }
}

fn minimized(simulation: &Simulation, start: &Tape) -> Minimized {
    Minimizer::new(simulation).minimize(start).unwrap()
}

#[test]
fn a_sum_over_a_limit_is_one_amount() {
    golden(|steps| steps.iter().map(|step| step.amount).sum::<u64>() > 900, &["w/step/amount #0.0 = 901"]);
}

#[test]
fn a_sum_that_no_amount_can_be_gives_the_last_as_much_as_it_can_have() {
    golden(
        |steps| steps.iter().map(|step| step.amount).sum::<u64>() > 1_500,
        &["w/step/amount #0.0 = 502", "w/step/amount #1.0 = 999"],
    );
}

#[test]
fn two_amounts_that_must_be_the_same_are_lowered_together() {
    golden(
        |steps| {
            let amounts: Vec<_> = steps.iter().map(|step| step.amount).filter(|&amount| amount >= 200).collect();
            (1..amounts.len()).any(|index| amounts[..index].contains(&amounts[index]))
        },
        &["w/step/amount #0.0 = 200", "w/step/amount #1.0 = 200"],
    );
}

#[test]
fn two_amounts_that_must_differ_by_so_much_are_lowered_together() {
    golden(
        |steps| steps.windows(2).any(|pair| pair[0].amount > 100 && pair[1].amount == pair[0].amount + 10),
        &["w/step/amount #0.0 = 101", "w/step/amount #1.0 = 111"],
    );
}

#[test]
fn of_an_order_the_smallest_disorder_is_left() {
    golden(|steps| steps.windows(2).any(|pair| pair[0].amount > pair[1].amount), &["w/step/amount #0.0 = 1"]);
}

#[test]
fn a_fault_is_left_at_the_one_operation_that_it_hurts() {
    golden(
        |steps| steps.iter().any(|step| step.fault && step.kind == 2 && step.amount > 40),
        &["w/step/amount #0.0 = 41", "w/step/fault #0.0 = 1", "w/step/kind #0.0 = 2"],
    );
}

#[test]
fn an_operation_that_must_come_twice_comes_twice_and_at_once() {
    golden(
        |steps| steps.iter().filter(|step| step.kind == 3 && step.amount >= 20).count() >= 2,
        &["w/step/amount #0.0 = 20", "w/step/amount #1.0 = 20", "w/step/kind #0.0 = 3", "w/step/kind #1.0 = 3"],
    );
}

#[test]
fn operations_keep_the_order_that_the_bug_needs() {
    golden(
        |steps| {
            let opened = steps.iter().position(|step| step.kind == 4);
            opened.is_some_and(|at| steps[at + 1..].iter().any(|step| step.kind == 1 && step.fault))
        },
        &["w/step/fault #1.0 = 1", "w/step/kind #0.0 = 4", "w/step/kind #1.0 = 1"],
    );
}

#[test]
fn what_must_be_apart_stays_apart_and_no_more() {
    golden(
        |steps| {
            let at: Vec<_> = (0..steps.len()).filter(|&index| steps[index].kind == 2).collect();
            at.iter().any(|one| at.contains(&(one + 3)))
        },
        &["w/step/kind #0.0 = 2", "w/step/kind #3.0 = 2"],
    );
}

#[test]
fn several_jobs_come_to_the_same() {
    let simulation = simulation(|steps| steps.iter().map(|step| step.amount).sum::<u64>() > 1_500);
    let start = (0..).map(Tape::seeded).find(|tape| simulation.run(tape).finding().is_some()).unwrap();
    let by = |jobs| {
        let minimized = Minimizer::new(&simulation).jobs(jobs).runs(60).minimize(&start).unwrap();
        (minimized.tape, minimized.runs, minimized.settled)
    };
    assert_eq!(by(1), by(2));
    assert_eq!(by(1), by(5));
    assert!(!by(1).2, "the comparison is to end in the middle");
}

/// Three bugs one beside the other: the way down from the last one leads past the others.
struct Three;

#[async_trait(?Send)]
impl Workload for Three {
    fn name(&self) -> &str {
        "w"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for _ in 0..20 {
            let size = ctx.random().label("size").random_range(0..1_000_u32);
            let other = ctx.random().label("other").random_range(0..100_u32);
            assert_always!(size < 700 || other < 95, "not large");
            assert_always!(!(300..310).contains(&size), "not middling");
            assert_always!(size != 7, "not seven");
        }
        Ok(())
    }
}

#[test]
fn the_finding_stays_the_same_and_no_tape_grows() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Three)).build();
    let mut met = BTreeMap::new();
    for seed in 0..300 {
        let start = Tape::swarm(seed);
        let Some(finding) = simulation.run(&start).finding().cloned() else { continue };
        // also when it is ended anywhere
        for runs in [0, 1, 5, 40, 5_000] {
            let minimized = Minimizer::new(&simulation).runs(runs).minimize(&start).unwrap();
            assert_eq!(minimized.finding().identity, finding.identity);
            assert!(minimized.choices <= minimized.original && minimized.runs <= runs, "{minimized:?}");
            if runs == 5_000 {
                met.insert(finding.identity.clone(), told(&simulation, &minimized.tape));
            }
        }
    }
    let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
    assert_eq!(met["always: not large"], rows(&["w/other #0 = 95", "w/size #0 = 700"]));
    assert_eq!(met["always: not middling"], rows(&["w/size #0 = 300"]));
    assert_eq!(met["always: not seven"], rows(&["w/size #0 = 7"]));
}

#[test]
fn it_ends_when_told_to() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Three)).build();
    let start = (0..).map(Tape::seeded).find(|tape| simulation.run(tape).finding().is_some()).unwrap();
    let mut told = Vec::new();
    let minimizer = Minimizer::new(&simulation).progress(|so_far| {
        told.push((so_far.runs, so_far.choices));
        told.len() < 4
    });
    let minimized = minimizer.minimize(&start).unwrap();
    assert_eq!((minimized.runs, minimized.settled), (3, false));
    assert_eq!(told.iter().map(|told| told.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(told.windows(2).all(|pair| pair[1].1 <= pair[0].1), "{told:?}");
}

#[test]
fn a_tape_without_a_finding_is_refused() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Three)).build();
    let refused = Minimizer::new(&simulation).minimize(&Tape::calm()).unwrap_err();
    assert_eq!(refused, MinimizeError::NoFinding);
    assert!(refused.to_string().contains("cargo simfuzz replay"), "{refused}");
}

/// A run with processes, clients and faults.
struct Server;
struct Client;

#[async_trait(?Send)]
impl Process for Server {
    fn name(&self) -> &str {
        "server"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                stream.write_all(&byte).await.ok();
            }
        }
    }
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for number in 0..6 {
            let kind = ctx.random().scope("op", number).label("kind").random_range(0..4_u8);
            let Ok(mut stream) = ctx.network().connect("server").await else { continue };
            let mut byte = [kind];
            let answered = stream.write_all(&byte).await.is_ok() && stream.read_exact(&mut byte).await.is_ok();
            assert_always!(answered || kind != 3, "operation three is answered");
        }
        Ok(())
    }
}

#[test]
fn of_a_cluster_one_operation_and_one_fault_are_left() {
    let builder = SimulationBuilder::new()
        .processes(1..=3, || Box::new(Server))
        .workloads(WorkloadCount::Random(1..4), |_| Box::new(Client));
    let simulation = builder.attrition(Attrition::default()).network_faults(simfuzz::NetworkFaults::default()).build();
    let unanswered = |tape: &Tape| {
        simulation.run(tape).finding().is_some_and(|finding| finding.identity == "always: operation three is answered")
    };
    for start in (0..).map(Tape::swarm).filter(unanswered).take(10) {
        let minimized = minimized(&simulation, &start);
        let rows = told(&simulation, &minimized.tape);
        assert!(minimized.settled && minimized.choices <= 4, "{rows:?}");
        // a second client may have to be there, for the fault counts what all of them do
        let operations: Vec<_> = rows.iter().filter(|row| row.contains("/op/")).collect();
        assert!(operations.len() == 1 && operations[0].ends_with(" = 3"), "{rows:?}");
    }
}

#[test]
fn rows_of_no_use_and_values_past_their_choice_are_put_right() {
    let simulation = simulation(|steps| steps.iter().any(|step| step.kind == 2));
    let mut start = Tape::calm();
    let kind = Label::parse("w/step/kind");
    start.set(kind, 4 << 8, 2 + 5 * 7).set(kind, 90 << 8, 1).set(Label::parse("nobody/knows"), 0, 1);
    let outcome = simulation.run(&start);
    assert!(outcome.finding().is_some());
    assert_eq!(told(&simulation, &minimized(&simulation, &start).tape), ["w/step/kind #0.0 = 2"]);
}

#[test]
fn what_a_reseed_dealt_is_told_without_it() {
    let builder = SimulationBuilder::new().processes(3, || Box::new(Server)).workload(|| Box::new(Client));
    let simulation = builder.attrition(Attrition::default()).network_faults(simfuzz::NetworkFaults::default()).build();
    let unanswered = |tape: &Tape| {
        simulation.run(tape).finding().is_some_and(|finding| finding.identity == "always: operation three is answered")
    };
    let mut reseeded = 0;
    for seed in 0..2_000 {
        let mut start = Tape::swarm(seed);
        start.put(Row::reseed(20 + seed % 300, seed as u32 * 7 + 1));
        start.put(Row::reseed(400 + seed % 5_000, seed as u32 * 7 + 2));
        // the run needs what they dealt
        if !unanswered(&start) || unanswered(&Tape::swarm(seed)) {
            continue;
        }
        reseeded += 1;
        let minimized = minimized(&simulation, &start);
        assert!(
            minimized.tape.rows().iter().all(|row| row.op != Op::Reseed),
            "{:?}",
            told(&simulation, &minimized.tape)
        );
        assert!(minimized.choices <= 4, "{:?}", told(&simulation, &minimized.tape));
        if reseeded == 10 {
            return;
        }
    }
    panic!("{reseeded} runs need a reseed");
}

/// Ten steps, each as long as it draws, and a partition that must come between two of them.
struct Walker;

#[async_trait(?Send)]
impl Workload for Walker {
    fn name(&self) -> &str {
        "w"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut alarm = 0;
        for number in 0..10 {
            let pause = ctx.random().scope("step", number).label("pause").random_range(0..=50_000_000_u64);
            ctx.time().sleep(Duration::from_nanos(1_000_000 + pause)).await;
            if number == 0 {
                alarm = ctx.random().label("alarm").random_range(0..=1_000_000_000_u64);
                alarm += ctx.time().now().as_nanos() as u64;
            }
            let since = (ctx.time().now().as_nanos() as u64).checked_sub(alarm);
            assert_always!(
                number != 8 || since.is_none_or(|since| since > 100_000),
                "the alarm is not heard in step 8"
            );
        }
        Ok(())
    }
}

#[test]
fn a_time_that_must_be_met_is_met_with_less_before_it() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(Walker)).build();
    let shows = |tape: &Tape| simulation.run(tape).finding().is_some();
    // a task that is held back would be another way to be late
    let starts = (0..200_000).map(|seed| {
        let mut start = Tape::swarm(seed);
        start.set(Label::parse("w/main"), 0, 0);
        start
    });
    let starts: Vec<_> = starts.filter(shows).take(10).collect();
    assert_eq!(starts.len(), 10);
    for start in &starts {
        // eight steps of a millisecond, and a tenth of one that it may be late
        assert_eq!(told(&simulation, &minimized(&simulation, start).tape), ["w/alarm #0 = 7900000"]);
    }
}

/// Two ways to one finding: sixty of eighty draws, or one that comes once in five thousand runs.
struct TwoWays;

#[async_trait(?Send)]
impl Workload for TwoWays {
    fn name(&self) -> &str {
        "w"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let many = (0..80).filter(|_| ctx.random().label("many").random_bool(0.5)).count();
        let lucky = ctx.random().label("lucky").random_range(0..5_000) == 7;
        assert_always!(many < 60 && !lucky, "neither way is gone");
        Ok(())
    }
}

#[test]
fn a_tape_that_stays_long_goes_another_way() {
    let simulation = SimulationBuilder::new().workload(|| Box::new(TwoWays)).build();
    let mut start = Tape::calm();
    (10..78).for_each(|ordinal| _ = start.set(Label::parse("w/many"), ordinal, 1));
    // the passes come to their end with sixty: none can go, and no step leads from the one way to the other
    let passes = Minimizer::new(&simulation).runs(4_000).minimize(&start).unwrap();
    assert_eq!(passes.choices, 60);
    assert_eq!(told(&simulation, &minimized(&simulation, &start).tape), ["w/lucky #0 = 7"]);
}
