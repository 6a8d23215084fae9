//! Any bytes decode; what was decoded is canonical, and means the same in each of its forms.

use simfuzz::choice::{Op, ROW_BYTES, Row, TapeError, TextTape, Trace};
use simfuzz::prelude::*;
use simfuzz::{Outcome, Recording, Tape};
use std::sync::LazyLock;

/// What is under test. A planted bug takes the place of one of them.
pub(crate) struct Subject {
    pub(crate) decode: fn(&[u8]) -> Tape,
    pub(crate) read: fn(&[u8]) -> Result<Tape, TapeError>,
    pub(crate) encode: fn(&Tape) -> Vec<u8>,
    pub(crate) parse: fn(&str) -> Result<TextTape, TapeError>,
    pub(crate) canonical: fn(&Trace, &Tape) -> Tape,
    pub(crate) materialise: fn(&Trace, &Tape) -> Tape,
}

pub(crate) const OURS: Subject = Subject {
    decode: Tape::decode,
    read: Tape::read,
    encode: Tape::encode,
    parse: TextTape::parse,
    canonical: Trace::canonical,
    materialise: Trace::materialise,
};

/// One that is right: a row of each sort.
pub(crate) fn sample() -> Vec<u8> {
    let mut tape = Tape::calm().with_seed(7);
    for (label, ordinal, op, value) in [
        (3, 0, Op::Set, 5),
        (3, 70_000, Op::Set, 6),
        (3, 70_000, Op::SetHigh, 7),
        (9, 2, Op::Calm, 2),
        (11, 1, Op::Set, 1),
    ] {
        tape.put(Row { label, ordinal, op, value });
    }
    tape.put(Row::reseed(1_200, 8));
    tape.encode()
}

pub(crate) fn check(bytes: &[u8]) {
    check_of(&OURS, bytes);
}

pub(crate) fn check_of(subject: &Subject, bytes: &[u8]) {
    let Subject { decode, read, encode, parse, .. } = subject;
    let tape = decode(bytes);
    let canonical = encode(&tape);
    assert!(canonical.len() <= bytes.len().max(ROW_BYTES), "a tape is never larger than what it was read from");
    assert_eq!(decode(&canonical), tape);
    assert_eq!(read(&canonical).as_ref(), Ok(&tape));
    if let Ok(strictly) = read(bytes) {
        assert_eq!(strictly, tape, "strict and lenient reading differ");
    }
    for row in tape.rows().iter().filter(|row| row.op == Op::Reseed) {
        assert_eq!(Row::reseed(row.moment(), row.value), *row);
    }
    let printed = TextTape { tape: tape.clone(), ..TextTape::default() }.print(None);
    assert_eq!(parse(&printed).map(|text| text.tape).as_ref(), Ok(&tape), "{printed}");
    means_the_same(subject, &tape);
    means_the_same(subject, &aimed(&tape));
}

/// The same rows at labels that a run has: drawn ones hit nothing.
fn aimed(tape: &Tape) -> Tape {
    let outcome = SIMULATION.run_with(&Tape::seeded(tape.seed()), Recording::Choices);
    let labels: Vec<_> = outcome.trace().expect("choices were recorded").labels().collect();
    let aim = |row: &Row| match row.op {
        Op::Reseed => Row::reseed(row.moment().micros % 100_000, row.value),
        _ => Row { label: labels[row.label as usize % labels.len()].id(), ordinal: row.ordinal % 4, ..*row },
    };
    Tape::from_rows(tape.seed(), tape.base(), tape.rows().iter().map(aim).collect())
}

static SIMULATION: LazyLock<Simulation> = LazyLock::new(simulation);

/// The rows that a run used, and the run written out on a calm base, give the same run.
fn means_the_same(subject: &Subject, tape: &Tape) {
    let run = |tape: &Tape| SIMULATION.run_with(tape, Recording::Choices);
    let outcome = SIMULATION.run_with(tape, Recording::Story);
    let trace = outcome.trace().expect("choices were recorded");
    for other in [(subject.canonical)(trace, tape), (subject.materialise)(trace, tape)] {
        let again = run(&other);
        assert_eq!(seen(&again), seen(&outcome), "{other:?}");
    }
    let text = outcome.text(tape).expect("choices were recorded");
    let printed = text.print(Some(trace));
    assert_eq!((subject.parse)(&printed).map(|text| text.tape).as_ref(), Ok(tape), "{printed}");
}

fn seen(outcome: &Outcome) -> (u64, u64, Duration) {
    (outcome.digest(), outcome.events(), outcome.virtual_time())
}

struct Echo;

#[async_trait(?Send)]
impl Process for Echo {
    fn name(&self) -> &str {
        "echo"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut word = [0; 8];
            while stream.read_exact(&mut word).await.is_ok() {
                stream.write_all(&word).await?;
            }
        }
    }
}

struct Caller;

#[async_trait(?Send)]
impl Workload for Caller {
    fn name(&self) -> &str {
        "caller"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for number in 0..ctx.random().label("calls").random_range(1..4u32) {
            let scope = ctx.random().scope("call", number);
            let word = scope.random::<u64>().to_le_bytes();
            ctx.time().sleep(Duration::from_micros(scope.random_range(0..50_000u64))).await;
            let mut stream = ctx.network().connect("echo").await?;
            stream.write_all(&word).await?;
            let mut back = [0; 8];
            stream.read_exact(&mut back).await?;
            assert_always!(back == word, "an echo is an echo");
        }
        Ok(())
    }
}

fn simulation() -> Simulation {
    SimulationBuilder::new()
        .processes(1, || Box::new(Echo))
        .workload(|| Box::new(Caller))
        .attrition(Attrition::default().within(20))
        .partitions(Partitions::default())
        .event_budget(5_000)
        .build()
}
