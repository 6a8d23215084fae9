//! How many random seeds, with swarm, does the bug take?
//!
//! `cargo run --release -p axum-kv --example seeds -- FIRST COUNT` runs the seeds from FIRST on
//! until the first finding, COUNT of them at most, and prints what it cost. With
//! `--no-default-features` there is no bug to find.

use simfuzz::{Recording, Tape};

fn main() {
    let arguments: Option<Vec<u64>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some(&[first, count]) = arguments.as_deref() else {
        eprintln!("usage: seeds FIRST COUNT");
        std::process::exit(2);
    };
    let simulation = axum_kv::simulation();
    let before = cpu_seconds();
    let found = (first..first.saturating_add(count)).find_map(|seed| {
        let outcome = simulation.run_with(&Tape::swarm(seed), Recording::Result);
        Some((seed, outcome.finding()?.clone()))
    });
    let executions = found.as_ref().map_or(count, |(seed, _)| seed - first + 1);
    let cpu = cpu_seconds() - before;
    let rate = executions as f64 / cpu;
    match found {
        Some((seed, finding)) => {
            println!("{executions} executions, {cpu:.1} CPU s ({rate:.0}/s): seed {seed}, {}", finding.identity)
        }
        None => println!("{executions} executions, {cpu:.1} CPU s ({rate:.0}/s): no finding"),
    }
}

/// CPU time of all threads of this process, user and system, those that are over included: each run
/// has a thread of its own.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks() + ticks()) / 100.0
}
