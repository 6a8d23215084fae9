//! The minimiser's promise: the same finding, and never a larger tape.

use simfuzz::prelude::*;
use simfuzz::{Minimizer, Outcome, Recording, Tape};

/// Candidates that a minimisation may run.
pub(crate) const RUNS: u32 = 400;

/// What a minimisation has come to.
pub(crate) struct Smaller {
    pub(crate) tape: Tape,
    pub(crate) choices: usize,
    pub(crate) runs: u32,
    pub(crate) outcome: Outcome,
}

/// What is under test, by so many threads. A planted bug takes its place.
pub(crate) type Subject = fn(&Simulation, &Tape, usize) -> Smaller;

pub(crate) fn ours(simulation: &Simulation, tape: &Tape, jobs: usize) -> Smaller {
    let minimizer = Minimizer::new(simulation).runs(RUNS).jobs(jobs);
    let made = minimizer.minimize(tape).expect("a finding that repeats");
    Smaller { tape: made.tape, choices: made.choices, runs: made.runs, outcome: made.outcome }
}

fn identity(outcome: &Outcome) -> Option<&str> {
    outcome.finding().map(|finding| finding.identity.as_str())
}

/// The first bytes are a program, the rest a tape for it.
pub(crate) fn check(bytes: &[u8]) {
    check_of(ours, bytes);
}

pub(crate) fn check_of(subject: Subject, bytes: &[u8]) {
    let Some((program, tape)) = bytes.split_at_checked(12) else { return };
    let program: [u8; 12] = program.try_into().expect("twelve bytes");
    let simulation = SimulationBuilder::new().workload(move || Box::new(Puzzle(program))).event_budget(2_000).build();
    let tape = Tape::decode(tape);
    let original = simulation.run_with(&tape, Recording::Choices);
    if original.finding().is_none() {
        return;
    }
    let minimized = subject(&simulation, &tape, 1);
    let wild = original.trace().expect("choices were recorded").wild();
    assert_eq!(identity(&minimized.outcome), identity(&original));
    assert!(minimized.choices <= wild, "{} choices became {}", wild, minimized.choices);
    assert!(minimized.runs <= RUNS, "{} runs", minimized.runs);

    let again = simulation.run_with(&minimized.tape, Recording::Choices);
    assert_eq!(identity(&again), identity(&original));
    assert_eq!(again.digest(), minimized.outcome.digest());
    assert_eq!(again.trace().expect("choices were recorded").wild(), minimized.choices);
    // threads change nothing
    let by_two = subject(&simulation, &tape, 2);
    assert_eq!((by_two.tape, by_two.runs), (minimized.tape.clone(), minimized.runs));
    let further = subject(&simulation, &minimized.tape, 1);
    assert!(further.choices <= minimized.choices);
}

/// Some draws in some operations, and two findings that depend on them.
struct Puzzle([u8; 12]);

#[async_trait(?Send)]
impl Workload for Puzzle {
    fn name(&self) -> &str {
        "puzzle"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let [operations, kinds, range, limit, parity, gap, rare, waits, order, sum, last, wide] = self.0.map(u64::from);
        let (mut total, mut largest, mut rising, mut before) = (0u64, 0u64, 0u64, 0u64);
        for number in 0..1 + operations % 8 {
            let scope = ctx.random().scope("op", number as u32);
            let kind = scope.label("kind").random_range(0..1 + kinds % 4);
            if waits % 2 == 1 {
                ctx.time().sleep(Duration::from_micros(scope.label("wait").random_range(0..1 + gap))).await;
            }
            let value = match kind {
                0 => scope.label("value").random_range(0..=range),
                1 => u64::from(scope.label("coin").random_bool(0.5)) * limit,
                2 => scope.label("wide").random::<u64>() >> (wide % 64),
                _ => u64::from(scope.label("rare").random_ratio(1, 1 + rare as u32)) * (sum + 1),
            };
            total = total.wrapping_add(value);
            largest = largest.max(value);
            rising = if value > before { rising + 1 } else { 0 };
            before = value;
            assert_always!(!(rising > order % 5 && value % 4 == parity % 4), "values don't rise for long");
        }
        assert_always!(total % (2 + last) != 1 || largest <= limit, "the total is right");
        Ok(())
    }
}
