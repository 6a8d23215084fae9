//! libFuzzer's callbacks, as `sim_target!` wires them.

use crate::campaign::Campaign;
use crate::choice::{ROW_BYTES, Tape};
use crate::goal::{Hit, SLOTS};
use crate::run::{Finding, Recording, Simulation};
use arbitrary::{Arbitrary, Unstructured};
use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The features of an execution, one byte each. libFuzzer finds them by the section's name,
/// clears them before each execution and scans them after it, word by word: hence the alignment.
#[repr(C, align(64))]
struct Counters([AtomicU8; SLOTS]);

// SAFETY: the section holds nothing but this array of bytes, whose length is a multiple of 8;
// libFuzzer reads and clears it between executions, on this thread.
#[expect(unsafe_code, reason = "the section's name is libFuzzer's interface")]
#[cfg_attr(target_os = "linux", unsafe(link_section = "__libfuzzer_extra_counters"))]
#[used]
static COUNTERS: Counters = Counters([const { AtomicU8::new(0) }; SLOTS]);

thread_local! {
    static SESSION: RefCell<Option<(String, Campaign<Simulation>)>> = const { RefCell::new(None) };
}

/// Called once, by the target's `init`.
#[doc(hidden)]
pub fn init(name: &str, simulation: impl Into<Simulation>) {
    // after libfuzzer-sys has installed its aborting hook: ours lets contained panics unwind
    crate::run::contain_panics();
    let arguments: Vec<String> = std::env::args().collect();
    let flag = |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name).map(str::to_owned));
    let seed = flag("-seed=").and_then(|seed| seed.parse().ok()).unwrap_or(u64::from(std::process::id()));
    let minimizing = arguments.iter().any(|argument| argument.starts_with("-minimize_crash"));
    super::trial::begin();
    if super::naive::is_asked() {
        return super::naive::begin(name, simulation.into());
    }
    let session = Campaign::new(simulation.into(), seed, minimizing);
    SESSION.with_borrow_mut(|slot| *slot = Some((name.to_owned(), session)));
}

fn with<R>(f: impl FnOnce(&str, &mut Campaign<Simulation>) -> R) -> R {
    SESSION.with_borrow_mut(|session| {
        let (name, session) = session.as_mut().expect("`init` comes first");
        f(name, session)
    })
}

/// One execution.
#[doc(hidden)]
pub fn one(input: &Input) {
    super::tick::tick();
    super::trial::run();
    if super::naive::is_on() {
        return super::naive::one(&input.0);
    }
    let found = with(|name, session| {
        let executed = session.execute(&input.0);
        show(session.hits());
        for line in executed.news {
            eprintln!("simfuzz: {line}");
        }
        executed.finding.map(|finding| (name.to_owned(), finding))
    });
    if let Some((name, finding)) = found {
        crash(&name, &finding);
    }
}

/// Shows features to libFuzzer.
pub(super) fn show(hits: &[Hit]) {
    for hit in hits {
        if let Some(counter) = COUNTERS.0.get(usize::from(hit.slot)) {
            counter.store(1, Relaxed);
        }
    }
}

/// Ends the process with a finding.
pub(super) fn crash(name: &str, finding: &Finding) -> ! {
    eprintln!("\nsimfuzz: FINDING {finding}");
    eprintln!("simfuzz: libFuzzer prints below where it writes the tape (`Test unit written to PATH`); then");
    eprintln!("simfuzz: replay: cargo simfuzz replay {name} PATH");
    super::trial::found(&finding.identity);
    // the hook of libfuzzer-sys aborts, and libFuzzer saves the input
    panic!("{}", finding.identity);
}

/// Another input from the `size` bytes in `data`.
#[doc(hidden)]
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if super::naive::is_on() {
        return super::naive::mutate(data, size, max_size);
    }
    let bytes = with(|_, session| session.mutate(&data[..size], None, seed, max_size));
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
}

/// Another input from two. libFuzzer crosses over in half of all its mutations, which is more
/// than it is worth: most calls edit the first input alone.
#[doc(hidden)]
pub fn crossover(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    if super::naive::is_on() {
        // libFuzzer's own mutations, which the call below makes, hold its own crossover
        let size = first.len().min(out.len());
        out[..size].copy_from_slice(&first[..size]);
        let most = out.len();
        return super::naive::mutate(out, size, most);
    }
    let other = seed.is_multiple_of(3).then_some(second);
    let bytes = with(|_, session| session.mutate(first, other, seed, out.len()));
    out[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
}

/// An input, as `cargo fuzz fmt` prints it: the tape as text, and the story of its run.
#[doc(hidden)]
pub struct Input(Vec<u8>);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(bytes.bytes(bytes.len())?.to_vec()))
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(bytes.take_rest().to_vec()))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.len().is_multiple_of(ROW_BYTES) || self.0.is_empty() {
            writeln!(f, "; {} bytes: read as the fuzzer does, padded or without the partial row", self.0.len())?;
        }
        let tape = Tape::decode(&self.0);
        with(|_, session| {
            let outcome = session.simulation().run_with(&tape, Recording::Story);
            let text = outcome.text(&tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
            write!(f, "{text}\n{}\n{outcome}", outcome.tell(false))
        })
    }
}
