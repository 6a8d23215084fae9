//! The command line: what can be typed, and its help.
//!
//! Owns no behaviour. Arguments come in cargo-fuzz's order: the target, then files.

mod tapes;

pub(crate) use tapes::{ExplainArgs, Explained, MinimizeArgs, PromoteArgs, RegressArgs, ReplayArgs};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt;
use std::path::PathBuf;

/// Run simulations under a coverage-guided fuzzer, replay what it finds, keep it.
#[derive(Debug, Parser)]
#[command(name = "cargo-simfuzz", bin_name = "cargo simfuzz", version)]
#[command(after_help = "\
Examples:
  cargo simfuzz init                                 a simulation, a fuzz target and a test in this package
  cargo simfuzz run sim_target                       fuzz until there is a finding
  cargo simfuzz explore sim_target                   the same without libFuzzer: any toolchain, no C++
  cargo simfuzz replay sim_target crash-1f0c         show a tape and its run
  cargo simfuzz minimize sim_target crash-1f0c       the simplest tape with the same finding
  cargo simfuzz report sim_target crash-1f0c         the same as a page for the browser
  cargo simfuzz explain sim_target crash-1f0c        what each choice is worth, and when it was too late
  cargo simfuzz promote sim_target crash-1f0c --name lost-write
  cargo simfuzz regress                              replay all kept tapes
  cargo simfuzz check sim_target                     is every run a function of its tape?

Exit codes: 0 nothing found, 1 a finding, 2 bad input or a missing tool.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Tell nothing of progress, only what was asked for, and errors; `minimize` then shows no story
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(NewArgs),
    Init(InitArgs),
    StandIn(StandInArgs),
    Doctor(DoctorArgs),
    Run(RunArgs),
    Explore(ExploreArgs),
    Import(ImportArgs),
    Cmin(CminArgs),
    Replay(ReplayArgs),
    Minimize(MinimizeArgs),
    Explain(ExplainArgs),
    Report(crate::report::ReportArgs),
    Promote(PromoteArgs),
    Regress(RegressArgs),
    Seeds(SeedsArgs),
    Check(CheckArgs),
    List(ListArgs),
    Bench(crate::bench::BenchArgs),
}

/// Make a new package with a simulation, a fuzz target and a test.
///
/// The sample is a store of numbers on a disk, and its client. It has a bug that few seeds show and
/// the fuzzer finds within seconds; its comments say what is what.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz new my-store
  cd my-store && cargo test && cargo simfuzz run sim_target

Exit codes: 0 made, 2 bad input or a missing tool.")]
pub(crate) struct NewArgs {
    /// The folder to make; its last part is the package's name
    pub(crate) path: PathBuf,
    /// Another name for the package
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Take simfuzz from this checkout instead of the registry
    #[arg(long, value_name = "FOLDER")]
    pub(crate) simfuzz: Option<PathBuf>,
}

/// Add a simulation, a fuzz target and a test to a package.
///
/// Writes `src/simulation/`, `tests/simulation.rs`, `fuzz/`, `corpus/` and a CI file, adds the
/// dependency and a line to `src/lib.rs`. Nothing that exists is overwritten: then it writes
/// nothing and says what is in the way.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz init
  cargo simfuzz init --no-ci crates/store
  cargo simfuzz init --clusterfuzzlite

Exit codes: 0 written, 2 bad input or a missing tool.")]
pub(crate) struct InitArgs {
    /// The folder of the package
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Write no .github/workflows/simulation.yml
    #[arg(long)]
    pub(crate) no_ci: bool,
    /// Only write `.clusterfuzzlite/` and its workflow, for the fuzz package that is there
    #[arg(long, conflicts_with_all = ["no_ci", "simfuzz"])]
    pub(crate) clusterfuzzlite: bool,
    /// Take simfuzz from this checkout instead of the registry
    #[arg(long, value_name = "FOLDER")]
    pub(crate) simfuzz: Option<PathBuf>,
}

/// Write a package with tokio's name, for dependencies that call tokio themselves.
///
/// `axum::serve`, tonic, hyper-util and tower's buffer spawn, sleep and connect through tokio. With the package in tokio's
/// place they do so in the simulation, as they are published. The folder has a copy of tokio's source and is not for version
/// control: a CI writes it anew.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz stand-in
  cargo simfuzz stand-in simulations/stand-in --tokio 1.54.1

Exit codes: 0 written, 2 bad input or a missing tool.")]
pub(crate) struct StandInArgs {
    /// The folder to write; one that this command wrote before is replaced
    #[arg(default_value = "stand-in")]
    pub(crate) folder: PathBuf,
    /// Of this tokio, instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) tokio: Option<String>,
    /// Take simfuzz from this checkout instead of where this command was built
    #[arg(long, value_name = "FOLDER")]
    pub(crate) simfuzz: Option<PathBuf>,
}

/// Say what of the toolchain is there, and what to do about what is not.
///
/// Looks for Rust, a C++ compiler, cargo-fuzz and nightly, and for the fuzz project. Installs
/// nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  cargo simfuzz doctor

Exit codes: 0 all that a fuzz build needs is there, 2 something is missing.")]
pub(crate) struct DoctorArgs {
    /// The folder of the fuzz package; without it the nearest `fuzz`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) fuzz_dir: Option<PathBuf>,
}

/// Fuzz a target until it has a finding, or until the time or the runs are up.
///
/// Builds the target with cargo-fuzz (which is installed if it is missing), and starts from the
/// working corpus `fuzz/corpus/TARGET` and the committed seeds `corpus/TARGET/seeds`, which are
/// only read. A finding's tape goes to `fuzz/artifacts/TARGET`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz run sim_target
  cargo simfuzz run sim_target --time 60 --jobs 2
  cargo simfuzz run sim_target -- -seed=7 -max_len=8192

Exit codes: 0 ended without a finding (also by Ctrl-C), 1 a finding, 2 bad input or a missing tool.")]
pub(crate) struct RunArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml; `cargo simfuzz list` shows them
    pub(crate) target: String,
    /// Processes that fuzz at the same time and share the corpus (libFuzzer's -fork)
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Stop after this many seconds (libFuzzer's -max_total_time)
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time: Option<u64>,
    /// Stop after this many runs (libFuzzer's -runs)
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u64>,
    /// `address` needs nightly and is 5 to 6 times slower; it is for unsafe code and stack overflows
    #[arg(short, long, value_enum, default_value_t = Sanitizer::None)]
    pub(crate) sanitizer: Sanitizer,
    /// Packages whose branches steer the fuzzer: `all`, `none`, or names with commas
    ///
    /// Without the option: the workspace and path packages of the fuzz project, and what its
    /// Cargo.toml names in `[package.metadata.simfuzz] instrument = ["flume"]`. Branches of the
    /// simulator and of async runtimes are noise and cost speed.
    #[arg(long, value_name = "PACKAGES")]
    pub(crate) instrument: Option<String>,
    /// Go on after a finding; the smallest tape of each identity is kept
    ///
    /// Inside the fuzzing process, which is the fastest. A timeout, a lack of memory or a stack
    /// overflow still ends it.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Start from the committed seeds alone, and drop the corpus at the end
    ///
    /// For measurements, and for a CI that starts anew each time. Findings are kept.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// One more folder of tapes to start from; it is only read
    #[arg(long, value_name = "FOLDER")]
    pub(crate) corpus: Vec<PathBuf>,
    /// Show libFuzzer's output as it is
    #[arg(long)]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) package: Package,
    /// Flags for libFuzzer; they win over those that simfuzz gives
    #[arg(last = true, value_name = "LIBFUZZER_FLAGS")]
    pub(crate) flags: Vec<String>,
}

/// Search a target for findings without libFuzzer: plain build, any toolchain, guided by goals.
///
/// The same mutator in a loop of its own, with the same corpus: it starts from the working corpus
/// `fuzz/corpus/TARGET` and the committed seeds `corpus/TARGET/seeds`, and writes what it keeps to
/// the former, as libFuzzer would. A finding's tape goes to `fuzz/artifacts/TARGET`. With one job
/// and no limit of time, the same seed and the same corpus give the same search.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz explore sim_target
  cargo simfuzz explore sim_target --time 60 --jobs 2
  cargo simfuzz explore sim_target --runs 100000 --seed 7 --fresh --keep-going

Exit codes: 0 ended without a finding (also by Ctrl-C), 1 a finding, 2 bad input or a missing tool.")]
pub(crate) struct ExploreArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml; `cargo simfuzz list` shows them
    pub(crate) target: String,
    /// Threads that search at the same time, and tell each other what they keep
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time: Option<u64>,
    /// Stop after this many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: Option<u64>,
    /// The seed of the search
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Go on after a finding; the smallest tape of each identity is kept
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Start from the committed seeds alone, and drop the corpus at the end; findings are kept
    #[arg(long)]
    pub(crate) fresh: bool,
    /// One more folder of tapes to start from; it is only read
    #[arg(long, value_name = "FOLDER")]
    pub(crate) corpus: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Run plain seeds, or the tapes of other machines, and add those that show something new to the working
/// corpus.
///
/// Goals and published state are what counts. A tape with a finding is not added: a campaign that starts
/// from it would end at once.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz import --seeds 0..1000 sim_target
  cargo simfuzz import --from machine-1/corpus --from machine-2/corpus sim_target

Exit codes: 0 nothing found, 1 a finding, 2 bad input.")]
pub(crate) struct ImportArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// The seeds, the last one not included
    #[arg(long, value_name = "FROM..TO", required_unless_present = "from")]
    pub(crate) seeds: Option<String>,
    /// A folder of tapes; it is only read
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Drop the tapes of the working corpus that show nothing of their own.
///
/// For each feature that the goals and the published state of the corpus show, the smallest tape
/// stays; so the goals that the corpus reaches are the same before and after. It knows no edges:
/// `cargo fuzz cmin` counts those too, and keeps more.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  cargo simfuzz cmin sim_target

Exit codes: 0 done, 2 bad input.")]
pub(crate) struct CminArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Run a target on N random seeds, without a fuzzer, and report its goals and findings.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  cargo simfuzz seeds sim_target 1000 --jobs 2

Exit codes: 0 nothing found, 1 a finding, 2 bad input.")]
pub(crate) struct SeedsArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// How many seeds
    #[arg(value_name = "N")]
    pub(crate) count: u64,
    /// The first seed
    #[arg(long, value_name = "SEED")]
    pub(crate) from: Option<u64>,
    /// Threads
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// Check that a run is a function of its tape, and if it isn't say why.
///
/// Each tape is run, another one, and it again; and all of them in another process. Events and choices
/// must be the same each time. Where they are not, the first event and the first choice that differ
/// are named, with the stories around them, and fresh processes are run with entropy, clocks, memory
/// and counters held still and let go one by one, until the leak is known. Without files the corpus
/// is checked, its seeds and regressions too, and where it is empty the seeds 0 to 99.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz check sim_target
  cargo simfuzz check sim_target fuzz/artifacts/sim_target/crash-1f0c
  cargo simfuzz check sim_target --seeds 0..1000 --runs 5 --format json

Exit codes: 0 each tape has one digest, 1 one has several, 2 bad input.")]
pub(crate) struct CheckArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// Tapes, as bytes or as text
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Check these plain seeds, the last one not included
    #[arg(long, value_name = "FROM..TO")]
    pub(crate) seeds: Option<String>,
    /// How often each tape is run in one process, each time after another tape
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) runs: u32,
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = Explained::Text)]
    pub(crate) format: Explained,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) package: Package,
}

/// List the targets with their seeds, corpus, regressions and findings.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  cargo simfuzz list

Exit codes: 0 listed, 2 bad input.")]
pub(crate) struct ListArgs {
    /// The folder of the fuzz package; without it the nearest `fuzz`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) fuzz_dir: Option<PathBuf>,
}

/// What the target may take.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Limits {
    /// Seconds of real time that one poll of a task may take, 0 for no limit; 10 without it
    #[arg(long, value_name = "SECONDS")]
    poll_timeout: Option<u64>,
    /// Megabytes that the target may hold, 0 for no limit; 2,048 without it
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
}

impl Limits {
    /// As the target's binary takes it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let seconds = self.poll_timeout.map(|seconds| format!("--poll-timeout={seconds}"));
        [seconds, self.memory.map(|megabytes| format!("--memory={megabytes}"))].into_iter().flatten().collect()
    }
}

/// Which fuzz package is built, and with which features.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Package {
    /// The folder of the fuzz package; without it the nearest `fuzz`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) fuzz_dir: Option<PathBuf>,
    /// Build the fuzz package with these features, separated by commas
    #[arg(long, value_name = "FEATURES")]
    features: Option<String>,
    /// Build the fuzz package without its default features
    #[arg(long)]
    no_default_features: bool,
}

impl Package {
    /// The arguments for cargo and cargo-fuzz that choose the features.
    pub(crate) fn features(&self) -> Vec<String> {
        let mut args = Vec::new();
        if self.no_default_features {
            args.push("--no-default-features".into());
        }
        if let Some(features) = &self.features {
            args.extend(["--features".into(), features.clone()]);
        }
        args
    }
}

/// The same options, to be typed again: each with a space before it.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.fuzz_dir {
            write!(f, " --fuzz-dir {}", folder.display())?;
        }
        self.features().iter().try_for_each(|arg| write!(f, " {arg}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sanitizer {
    None,
    Address,
}

impl Sanitizer {
    /// Its name at cargo-fuzz.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Address => "address",
        }
    }
}
