//! One fuzzing process: its build, its flags, and its lines until it ends.
//!
//! Owns the call of cargo-fuzz and the live numbers. What the end means is the campaign's
//! business.

use crate::build::Cargo;
use crate::cli::{Package, RunArgs, Sanitizer};
use crate::curve::{Curve, Sample};
use crate::ended;
use crate::handover::Handovers;
use crate::instrument::Instrument;
use crate::libfuzzer::{Line, Status};
use crate::project::{Target, cargo};
use crate::screen::{Screen, clock, grouped};
use crate::stop::Stop;
use crate::toolchain::Toolchain;
use crate::watched::{Heard, Watched};
use simfuzz::campaign::Summary;
use std::collections::VecDeque;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What libFuzzer gets if the user doesn't say otherwise.
///
/// A tape's length is no measure of its worth, so no slow growth (`-len_control`); 4,096 bytes
/// are 340 rows. A run takes about a millisecond: ten seconds are a hang, which libFuzzer's own
/// 20 minutes would hide.
pub(crate) const FLAGS: &[&str] =
    &["-len_control=0", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"];

/// Lines of the process kept for the case that nothing else explains its end.
const TAIL: usize = 40;

/// A replay that takes longer is left to the user, who can watch it.
const REPLAY_LIMIT: Duration = Duration::from_secs(30);

/// Lines of the user's code shown in a second; a print in a hot path would hide all else.
const FOREIGN_A_SECOND: u32 = 10;

/// Builds the target with cargo-fuzz; returns the binary's path.
pub(crate) fn build(
    target: Target<'_>,
    sanitizer: Sanitizer,
    package: &Package,
    toolchain: &Toolchain,
    instrument: &Instrument,
    screen: &mut Screen,
) -> Result<PathBuf, Stop> {
    let kind = format!("{}-{}", sanitizer.name(), instrument.key());
    let folder = target.project.target_directory().join("simfuzz").join(kind);
    let mut command = cargo();
    command.args(toolchain.channel);
    command.args(["fuzz", "build", "--sanitizer", sanitizer.name(), "--target", &toolchain.host]);
    command.arg("--fuzz-dir").arg(target.project.fuzz_dir()).arg("--target-dir").arg(&folder);
    command.args(package.features()).arg(target.name);
    if let Some(cxx) = toolchain.cxx {
        command.env("CXX", cxx);
    }
    // cargo prefers this variable to the one that cargo-fuzz sets, and would drop cargo-fuzz's flags
    if let Ok(encoded) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        let flags: Vec<_> = encoded.split('\u{1f}').collect();
        if flags.iter().any(|flag| flag.contains(' ')) {
            return Err(Stop::bad(
                "a flag in CARGO_ENCODED_RUSTFLAGS holds a space, which cargo-fuzz can't pass on: unset it",
            ));
        }
        command.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", flags.join(" "));
    }
    instrument.wrap(&mut command)?;
    Cargo::new(command, format!("building {} for the fuzzer", target.name)).run(screen)?;
    Ok(folder.join(&toolchain.host).join("release").join(format!("{}{}", target.name, env::consts::EXE_SUFFIX)))
}

/// The call of the fuzzing process; `corpora` begins with the one that is written to.
pub(crate) fn command<'a>(
    binary: &Path,
    target: Target<'_>,
    args: &RunArgs,
    corpora: impl Iterator<Item = &'a PathBuf>,
    handovers: &Handovers,
) -> Command {
    let mut command = Command::new(binary);
    let mut prefix = std::ffi::OsString::from("-artifact_prefix=");
    prefix.push(target.artifacts().join(""));
    command.arg(prefix).args(FLAGS);
    command.args(args.time.map(|seconds| format!("-max_total_time={seconds}")));
    command.args(args.runs.map(|runs| format!("-runs={runs}")));
    command.args((args.jobs > 1).then(|| format!("-fork={}", args.jobs)));
    command.args(corpora).args(&args.flags);
    // the target tells of itself twice a second: libFuzzer's pulse slows down to hours
    handovers.ask(&mut command);
    if args.keep_going {
        command.env("SIMFUZZ_KEEP_GOING", target.artifacts());
    }
    if args.sanitizer == Sanitizer::Address {
        // cargo-fuzz's default; runs leak nothing that matters, and to look costs a third
        let own = env::var("ASAN_OPTIONS").map(|own| format!(":{own}")).unwrap_or_default();
        command.env("ASAN_OPTIONS", format!("detect_odr_violation=0:detect_leaks=0{own}"));
    }
    command
}

/// How a fuzzing process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) elapsed: Duration,
    /// The last known number.
    pub(crate) runs: u64,
    /// Of the program, where it is instrumented.
    pub(crate) edges: Option<u64>,
    pub(crate) features: Option<u64>,
    /// The tapes that it says it wrote.
    pub(crate) written: Vec<PathBuf>,
    /// Its last lines.
    pub(crate) tail: VecDeque<String>,
    /// What it had come to, moment by moment.
    pub(crate) curve: Curve,
}

/// Runs the process to its end, showing what happens.
pub(crate) fn fuzz(
    command: Command,
    raw: bool,
    time: Option<u64>,
    handovers: &mut Handovers,
    screen: &mut Screen,
) -> Result<Ended, Stop> {
    screen.begin();
    let mut child = Watched::start(command)?;
    let mut seen = Seen::default();
    let mut curve = Curve::default();
    loop {
        match child.next(Duration::from_millis(100)) {
            Heard::Line(line) => seen.line(line, raw, screen),
            Heard::Quiet => {}
            Heard::Ended => break,
        }
        if curve.is_due(screen.elapsed()) {
            curve.add(seen.sample(screen.elapsed(), handovers.look()));
        }
        if !raw {
            screen.live(|elapsed| seen.text(elapsed, time, handovers.look()));
        }
    }
    screen.clear();
    let (status, _) = child.finish()?;
    Ok(Ended {
        status,
        elapsed: screen.elapsed(),
        runs: seen.runs,
        edges: seen.edges,
        features: seen.features,
        written: seen.written,
        tail: seen.tail,
        curve,
    })
}

/// The tape as text, its run and its outcome, as `cargo fuzz fmt` has them.
///
/// From the fuzz binary: it is there, while the plain build may take minutes the first time.
pub(crate) fn story(binary: &Path, tape: &Path, screen: &mut Screen) -> Result<String, Stop> {
    let file = env::temp_dir().join(format!("simfuzz-story-{}", std::process::id()));
    let mut command = Command::new(binary);
    // libfuzzer-sys's way to ask for an input's `Debug`
    command.arg(tape).env("RUST_LIBFUZZER_DEBUG_PATH", &file);
    let ended = short(command, screen);
    let story = fs::read_to_string(&file);
    // without a story there is no file, and nothing to remove
    let _ = fs::remove_file(&file);
    ended?;
    story.map_err(|error| Stop::bad(format!("the fuzzer's build doesn't tell the story of this tape ({error})")))
}

/// Runs the tape once more: does it end as before?
pub(crate) fn again(binary: &Path, tape: &Path, screen: &mut Screen) -> Result<ExitStatus, Stop> {
    let mut command = Command::new(binary);
    command.arg(tape);
    short(command, screen)
}

/// Runs a call of the fuzz binary that ends by itself.
fn short(command: Command, screen: &mut Screen) -> Result<ExitStatus, Stop> {
    screen.begin();
    let mut child = Watched::start(command)?;
    loop {
        match child.next(Duration::from_millis(100)) {
            Heard::Quiet if screen.elapsed() > REPLAY_LIMIT => child.interrupt(),
            Heard::Quiet | Heard::Line(_) => {}
            Heard::Ended => break,
        }
        screen.live(|elapsed| format!("replaying {}", clock(elapsed)));
    }
    screen.clear();
    let (status, _) = child.finish()?;
    match screen.elapsed() > REPLAY_LIMIT {
        true => Err(Stop::bad(format!("the replay takes longer than {}", clock(REPLAY_LIMIT)))),
        false => Ok(status),
    }
}

/// What is known of the process so far.
#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    edges: Option<u64>,
    features: Option<u64>,
    corpus: Option<u64>,
    /// As libFuzzer says it; it counts from the process's start.
    speed: Option<u64>,
    new: Option<Instant>,
    written: Vec<PathBuf>,
    tail: VecDeque<String>,
    /// After a panic its message and frames follow; the replay shows them better.
    trouble: bool,
    foreign: Foreign,
}

impl Seen {
    fn line(&mut self, line: String, raw: bool, screen: &Screen) {
        if raw {
            screen.line(&line);
        }
        match Line::of(&line) {
            Line::Status(status) => {
                self.status(&status);
                self.trouble = false;
                return;
            }
            Line::Target(told) if !raw => screen.line(&format!("{}  {told}", clock(screen.elapsed()))),
            Line::Written(path) => self.written.push(path),
            Line::Executed(runs) => self.runs = self.runs.max(runs),
            Line::Trouble => self.trouble = true,
            Line::Foreign if !raw && !self.trouble => self.foreign.show(&line, screen),
            Line::Target(_) | Line::Foreign | Line::Noise => {}
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    fn status(&mut self, status: &Status<'_>) {
        let more = status.corpus > self.corpus;
        if status.event == "NEW" || (status.event.is_empty() && more) {
            self.new = Some(Instant::now());
        }
        self.runs = self.runs.max(status.runs);
        self.edges = status.edges.or(self.edges);
        self.features = status.features.or(self.features);
        self.corpus = status.corpus.or(self.corpus);
        self.speed = status.speed.filter(|speed| *speed > 0).or(self.speed);
    }

    fn sample(&self, elapsed: Duration, told: &Summary) -> Sample {
        Sample {
            seconds: elapsed.as_secs_f64(),
            executions: self.runs.max(told.executions),
            goals: told.reached().0 as u64,
            corpus: self.corpus.unwrap_or(told.corpus),
            features: self.features.unwrap_or(told.features),
            edges: self.edges,
            findings: told.findings.len() as u64,
        }
    }

    fn text(&self, elapsed: Duration, time: Option<u64>, told: &Summary) -> String {
        let mut text = clock(elapsed);
        if let Some(seconds) = time {
            text += &format!(" of {}", clock(Duration::from_secs(seconds)));
        }
        let runs = self.runs.max(told.executions);
        text += &format!("  {} runs", grouped(runs));
        let speed = match told.executions {
            0 => self.speed,
            runs => Some((runs as f64 / elapsed.as_secs_f64().max(0.001)) as u64),
        };
        if let Some(speed) = speed {
            text += &format!("  {}/s", grouped(speed));
        }
        let corpus = self.corpus.or((told.corpus > 0).then_some(told.corpus));
        for (name, number) in [("corpus", corpus), ("edges", self.edges)] {
            if let Some(number) = number {
                text += &format!("  {name} {}", grouped(number));
            }
        }
        if let Some(new) = self.new {
            text += &format!("  new {} ago", clock(new.elapsed()));
        }
        text + &ended::words(told)
    }
}

/// The lines of the user's code, as many as one can read.
#[derive(Debug, Default)]
struct Foreign {
    second: Option<Instant>,
    shown: u32,
}

impl Foreign {
    fn show(&mut self, line: &str, screen: &Screen) {
        if self.second.is_none_or(|second| second.elapsed() >= Duration::from_secs(1)) {
            *self = Self { second: Some(Instant::now()), shown: 0 };
        }
        self.shown += 1;
        if self.shown <= FOREIGN_A_SECOND {
            screen.line(line);
        } else if self.shown == FOREIGN_A_SECOND + 1 {
            screen.line("(and more lines of the target; `--raw` shows all of them)");
        }
    }
}
