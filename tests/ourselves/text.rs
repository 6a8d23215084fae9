//! Any file is a regression, or says why not; what is read is printed and read again as the same.

use simfuzz::choice::{TapeError, TextTape};
use simfuzz::prelude::*;
use simfuzz::regress::{self, Saved};
use std::sync::LazyLock;

/// One that is right; `fuzz/self/seeds` has it too.
pub(crate) const SAMPLE: &str = "\
; a comment
tape 1  seed 0x00000000000000ff  base calm
target: lock
finding: always: the lock holds
build: overflow checks, debug assertions
expect: fixed
witness: one opened
site: lock/digit
lock/digit    #0      = 7  (range, 0..=19)
lock/digit    #1      = 300
lock/turn     #3.1    + 0x2 << 32
fault/10.0.1.1/crash  #0     calm for 2
~0x00c0ffee   #5      calm from here on
at 1200us choice 3    reseed 0x00000007
";

/// What is under test. A planted bug takes the place of one of them.
pub(crate) struct Subject {
    pub(crate) read: fn(&[u8]) -> Result<Saved, TapeError>,
    pub(crate) refusal: fn(&TapeError) -> String,
    pub(crate) print: fn(&TextTape) -> String,
    pub(crate) bind: fn(&Simulation, &TextTape) -> Tape,
}

pub(crate) const OURS: Subject = Subject {
    read: Saved::read,
    refusal: TapeError::to_string,
    print: |text| text.print(None),
    bind: |simulation, text| regress::bind(simulation, text).tape,
};

pub(crate) fn check(bytes: &[u8]) {
    check_of(&OURS, bytes);
}

pub(crate) fn check_of(subject: &Subject, bytes: &[u8]) {
    let saved = match (subject.read)(bytes) {
        Ok(saved) => saved,
        Err(error) => return is_plain(&(subject.refusal)(&error)),
    };
    if saved.is_text {
        let printed = (subject.print)(&saved.text);
        is_plain(&printed);
        let again = (subject.read)(printed.as_bytes());
        assert_eq!(again.as_ref().map(|again| &again.text), Ok(&saved.text), "{printed}");
    }
    static SIMULATION: LazyLock<Simulation> = LazyLock::new(simulation);
    let bound = (subject.bind)(&SIMULATION, &saved.text);
    assert!(bound.rows().len() <= saved.text.tape.rows().len() + 1, "binding adds rows");
    match regress::check(&SIMULATION, "lock", &saved.text) {
        Ok(checked) => is_plain(&checked.line()),
        Err(error) => is_plain(&error.to_string()),
    }
}

/// Nothing that a terminal would obey.
fn is_plain(text: &str) {
    let wrong = text.chars().find(|character| character.is_control() && !matches!(character, '\n' | '\t'));
    assert_eq!(wrong, None, "{text:?}");
}

struct Lock;

#[async_trait(?Send)]
impl Workload for Lock {
    fn name(&self) -> &str {
        "lock"
    }
    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for turn in 0..3 {
            let digit = ctx.random().label("digit").random_range(0..20u32);
            assert_sometimes!(digit == 7, "one opened");
            ctx.random().scope("turn", turn).random_bool(0.5);
            assert_always!(digit != 13, "the lock holds");
        }
        Ok(())
    }
}

fn simulation() -> Simulation {
    SimulationBuilder::new().workload(|| Box::new(Lock)).build()
}
