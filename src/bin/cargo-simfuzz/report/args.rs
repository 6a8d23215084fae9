//! What `cargo simfuzz report` can be told.

use crate::cli::Package;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Make a page of a run, or of the newest campaign: one file that opens in any browser.
///
/// With FILE: a space-time diagram of its run, every event with its choices, and the tape. Without:
/// goals over time, corpus and coverage, findings, faults.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo simfuzz report sim_target fuzz/artifacts/sim_target/crash-1f0c
  cargo simfuzz report sim_target minimized-from-1f0c --explain
  cargo simfuzz report sim_target small.tape --original crash-1f0c --out reports
  cargo simfuzz report sim_target                    the newest campaign
  cargo simfuzz report sim_target crash-1f0c --format json | jq .run.finding

Exit codes: 0 written, whatever the run came to, 2 bad input.")]
pub(crate) struct ReportArgs {
    /// A `[[bin]]` of fuzz/Cargo.toml
    pub(crate) target: String,
    /// A tape, as bytes or as text; without it the report is of the newest campaign
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The folder for the page; without it `simfuzz/reports` in the build folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// A page, or the same content as JSON, which goes to standard output without `--out`
    #[arg(long, value_enum, default_value_t = Format::Html)]
    pub(crate) format: Format,
    /// The tape that FILE was made from, to stand beside it; of what `minimize` wrote it is known
    #[arg(long, value_name = "FILE")]
    pub(crate) original: Option<PathBuf>,
    /// Explain FILE too, which takes some thousand runs: best of what `minimize` wrote
    #[arg(long)]
    pub(crate) explain: bool,
    /// The explanation of FILE, as JSON, where `explain --format json` has made it
    #[arg(long, value_name = "FILE", conflicts_with = "explain")]
    pub(crate) explanation: Option<PathBuf>,
    /// Read an empty or torn file as the fuzzer does
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) package: Package,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Html,
    Json,
}
