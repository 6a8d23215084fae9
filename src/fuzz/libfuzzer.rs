//! libFuzzer's callbacks, as `sim_target!` wires them.

use super::{Artifacts, Folder, Handover};
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
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A campaign under libFuzzer, and those who want to hear of it.
struct Session {
    name: String,
    campaign: Campaign<Simulation>,
    handover: Option<Handover>,
    /// Where findings go in a campaign that goes on after them.
    artifacts: Option<Artifacts>,
}

impl Session {
    fn hand_over(&mut self) {
        if let Some(handover) = &mut self.handover {
            let mut summary = self.campaign.summary();
            if let Some(artifacts) = &self.artifacts {
                artifacts.name_files(&mut summary);
            }
            handover.write(&summary);
        }
    }
}

impl Drop for Session {
    /// The process ends in good order: the last numbers.
    fn drop(&mut self) {
        self.hand_over();
        crate::underway::end();
    }
}

/// The folder for findings, if the campaign is to go on after them.
fn artifacts() -> Option<Artifacts> {
    let folder = std::env::var_os("SIMFUZZ_KEEP_GOING")?;
    let folder = Folder::open(folder.as_ref()).unwrap_or_else(|sentence| panic!("SIMFUZZ_KEEP_GOING: {sentence}"));
    Some(Artifacts::new(folder))
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
    if let Ok(seconds) = std::env::var("SIMFUZZ_MINIMIZE") {
        return minimize(&simulation.into(), &seconds);
    }
    watch(flag("-timeout="), flag("-rss_limit_mb="));
    super::trial::begin();
    if super::afl::is_asked() {
        return super::bare::begin(name, simulation.into(), super::afl::engine());
    }
    if super::naive::is_asked() {
        return super::bare::begin(name, simulation.into(), super::naive::engine());
    }
    // those that merge corpora run what others have run and counted
    let merges = arguments.iter().any(|argument| argument.starts_with("-merge"));
    let handover = if merges { None } else { Handover::asked_for(0) };
    let campaign = Campaign::new(simulation.into(), seed, minimizing);
    let session = Session { name: name.to_owned(), campaign, handover, artifacts: artifacts() };
    SESSION.with_borrow_mut(|slot| *slot = Some(session));
}

/// Says which task a run hangs in, and at whose turn memory runs out, before libFuzzer's alarms end it;
/// and leaves the tape of each run for the case that nobody can.
fn watch(timeout: Option<String>, memory: Option<String>) {
    use super::watchdog::{Limits, MEGABYTES, SECONDS, Then, watch};
    let number = |text: Option<String>, default| text.and_then(|text| text.parse().ok()).unwrap_or(default);
    crate::underway::watch(super::handover_folder());
    // at half of libFuzzer's time, which would be first otherwise
    let seconds: u64 = number(timeout, SECONDS);
    watch(Limits { seconds: (seconds / 2).max(1), megabytes: number(memory, MEGABYTES) }, Then::Tell);
}

/// Minimises the tape that the arguments name, and ends the process.
#[expect(unsafe_code, reason = "the C interface of _exit")]
fn minimize(simulation: &Simulation, seconds: &str) {
    let file = std::env::args_os().nth(1).unwrap_or_default();
    let code = super::minimal::asked_for(simulation, file.as_ref(), seconds.parse().unwrap_or(0));
    // SAFETY: it returns to nobody. An ordinary exit would look like a crash to libFuzzer.
    unsafe { libc::_exit(code) }
}

fn with<R>(f: impl FnOnce(&mut Session) -> R) -> R {
    SESSION.with_borrow_mut(|session| f(session.as_mut().expect("`init` comes first")))
}

/// One execution. Returns false if the input is to be kept out of the corpus.
#[doc(hidden)]
pub fn one(input: &Input) -> bool {
    super::trial::run();
    if super::bare::is_on() {
        super::bare::one(&input.0);
        return true;
    }
    let (fatal, keep) = with(|session| {
        if let Some(handover) = &session.handover {
            session.campaign.set_now(handover.now());
        }
        let executed = session.campaign.execute(&input.0);
        show(session.campaign.hits());
        for line in executed.news {
            eprintln!("simfuzz: {line}");
        }
        let keep = executed.finding.is_none();
        let mut fatal = None;
        if let Some(finding) = executed.finding {
            fatal = session.found(finding, executed.smallest, &input.0);
        }
        if fatal.is_some() || session.handover.as_ref().is_some_and(Handover::is_due) {
            session.hand_over();
        }
        (fatal, keep)
    });
    if let Some((name, finding)) = fatal {
        crash(&name, &finding);
    }
    keep
}

impl Session {
    /// Gives the finding back if the process is to end with it.
    fn found(&mut self, finding: Finding, smallest: bool, bytes: &[u8]) -> Option<(String, Finding)> {
        let Some(artifacts) = &mut self.artifacts else { return Some((self.name.clone(), finding)) };
        if artifacts.file(&finding.identity).is_none() {
            eprintln!("simfuzz: FINDING {finding}");
        }
        // a crash that isn't written would be lost: then libFuzzer is to end with it, and say so
        match if smallest { artifacts.keep(&finding.identity, bytes) } else { Ok(()) } {
            Ok(()) => None,
            Err(sentence) => {
                eprintln!("simfuzz: {sentence}");
                Some((self.name.clone(), finding))
            }
        }
    }
}

/// Shows features to libFuzzer.
pub(super) fn show(hits: &[Hit]) {
    for slot in hits.iter().flat_map(Hit::counters) {
        if let Some(counter) = COUNTERS.0.get(usize::from(slot)) {
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
    if super::bare::is_on() {
        return super::naive::mutate(data, size, max_size);
    }
    let bytes = with(|session| session.campaign.mutate(&data[..size], None, seed, max_size));
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
}

/// Another input from two. libFuzzer crosses over in half of all its mutations, which is more
/// than it is worth: most calls edit the first input alone.
#[doc(hidden)]
pub fn crossover(first: &[u8], second: &[u8], out: &mut [u8], seed: u32) -> usize {
    if super::bare::is_on() {
        // libFuzzer's own mutations, which the call below makes, hold its own crossover
        let size = first.len().min(out.len());
        out[..size].copy_from_slice(&first[..size]);
        let most = out.len();
        return super::naive::mutate(out, size, most);
    }
    let other = seed.is_multiple_of(3).then_some(second);
    let bytes = with(|session| session.campaign.mutate(first, other, seed, out.len()));
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
        with(|session| {
            let outcome = session.campaign.simulation().run_with(&tape, Recording::Story);
            let text = outcome.text(&tape).map(|text| text.print(outcome.trace())).unwrap_or_default();
            write!(f, "{text}\n{}\n{outcome}", outcome.tell(false))
        })
    }
}
