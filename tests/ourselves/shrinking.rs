//! The minimiser's promise: the same finding, and never a larger tape.

use simfuzz::prelude::*;
use simfuzz::{Minimizer, Recording, Tape};

/// Candidates that a minimisation may run.
const RUNS: u32 = 400;

/// The first bytes are a program, the rest a tape for it.
pub(crate) fn check(bytes: &[u8]) {
    let Some((program, tape)) = bytes.split_at_checked(12) else { return };
    let program: [u8; 12] = program.try_into().expect("twelve bytes");
    let simulation = SimulationBuilder::new().workload(move || Box::new(Puzzle(program))).event_budget(2_000).build();
    let tape = Tape::decode(tape);
    let original = simulation.run_with(&tape, Recording::Choices);
    let Some(finding) = original.finding() else { return };
    let minimized = Minimizer::new(&simulation).runs(RUNS).minimize(&tape).expect("a finding that repeats");
    let wild = original.trace().expect("choices were recorded").wild();
    assert_eq!(minimized.finding().identity, finding.identity);
    assert!(minimized.choices <= wild, "{} choices became {}", wild, minimized.choices);
    assert!(minimized.runs <= RUNS, "{} runs", minimized.runs);

    let again = simulation.run_with(&minimized.tape, Recording::Choices);
    assert_eq!(again.finding().map(|finding| &finding.identity), Some(&finding.identity));
    assert_eq!(again.digest(), minimized.outcome.digest());
    assert_eq!(again.trace().expect("choices were recorded").wild(), minimized.choices);
    // threads change nothing
    let by_two = Minimizer::new(&simulation).runs(RUNS).jobs(2).minimize(&tape).expect("a finding that repeats");
    assert_eq!((by_two.tape, by_two.runs), (minimized.tape.clone(), minimized.runs));
    let further = Minimizer::new(&simulation).runs(RUNS).minimize(&minimized.tape).expect("a finding that repeats");
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
