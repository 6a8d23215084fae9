//! `cargo simfuzz`: run a fuzz target, replay what it found, keep it as a regression.
//!
//! Owns the way from the command line to the command's file, and the exit code. Everything that
//! is known of tapes and runs lives in the target's own binary, which the commands build and
//! call.
//!
//! The same binary is also the `RUSTC_WRAPPER` of the builds that it starts (see `instrument`).
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "no simulation runs in this process: it waits for compilers and fuzzers in real time"
)]

mod bench;
mod build;
mod campaign;
mod check;
mod cli;
mod corpora;
mod curve;
mod died;
mod doctor;
mod ended;
mod explore;
mod fuzzer;
mod handover;
mod instrument;
mod libfuzzer;
mod list;
mod minimal;
mod plain;
mod project;
mod record;
mod regressions;
mod report;
mod screen;
mod stand_in;
mod start;
mod stop;
mod toolchain;
mod watched;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = instrument::rustc_wrapper() {
        return code;
    }
    // as a subcommand cargo hands on its own word: `cargo-simfuzz simfuzz run ...`
    let args = std::env::args_os().enumerate();
    let args = args.filter(|(index, arg)| *index != 1 || arg != "simfuzz").map(|(_, arg)| arg);
    let typed = cli::Cli::parse_from(args);
    if typed.quiet {
        screen::be_quiet();
    }
    let done = match typed.command {
        cli::Command::Run(args) => campaign::run(&args),
        cli::Command::Explore(args) => explore::explore(&args),
        cli::Command::Import(args) => explore::import(&args),
        cli::Command::Cmin(args) => explore::cmin(&args),
        cli::Command::Replay(args) => plain::replay(&args),
        cli::Command::Minimize(args) => plain::minimize(&args),
        cli::Command::Explain(args) => plain::explain(&args),
        cli::Command::Report(args) => report::report(&args),
        cli::Command::Promote(args) => regressions::promote(&args),
        cli::Command::Regress(args) => regressions::regress(&args),
        cli::Command::Check(args) => check::check(&args),
        cli::Command::Seeds(args) => plain::seeds(&args),
        cli::Command::List(args) => list::list(&args),
        cli::Command::New(args) => start::new(&args),
        cli::Command::Init(args) => start::init(&args),
        cli::Command::StandIn(args) => stand_in::stand_in(&args),
        cli::Command::Doctor(args) => doctor::doctor(&args),
        cli::Command::Bench(args) => bench::bench(&args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            eprintln!("error: {}", simfuzz::choice::printable(&stop.to_string()));
            ExitCode::from(stop.code())
        }
    }
}
