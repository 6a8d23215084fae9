//! How small the tapes of known bugs become, and what that takes: the table of `docs/minimise.md`.
//!
//!     cargo run --release --manifest-path guidance/Cargo.toml --example minimal -- DIR [PROBLEM...]
//!
//! Searches are those of `explore` with the seeds 1, 2, ..., until each problem has its starting
//! tapes; these are kept in DIR, so that another build minimises the same ones. Each is minimised
//! on one thread with the default number of runs, or as `RUNS` in the environment says; `SHOW` prints
//! what it becomes. Time is the processor's, so the machine's other
//! work doesn't count; `cargo simfuzz minimize` uses all cores.

use guidance::known;
use simfuzz::prelude::*;
use simfuzz::{Minimized, Minimizer};
use std::fs;
use std::path::Path;

/// Seconds for one tape, of the processor.
const SECONDS: f64 = 60.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the first argument is a folder for starting tapes");
    let wanted: Vec<String> = arguments.collect();
    println!("| problem | finding | choices | became | runs | CPU s |");
    println!("|---|---|---|---|---|---|");
    for (name, simulation) in known::problems(&wanted) {
        problem(name, &simulation(), &Path::new(&folder).join(name));
    }
}

fn problem(name: &str, simulation: &Simulation, folder: &Path) {
    for start in known::starts(simulation, folder) {
        let began = cpu_seconds();
        let runs = std::env::var("RUNS").map_or(Minimizer::RUNS, |runs| runs.parse().expect("RUNS is a number"));
        let minimizer = Minimizer::new(simulation).runs(runs).progress(|_| cpu_seconds() - began < SECONDS);
        let expected = simulation.run(&start).finding().expect("it was found before").identity.clone();
        let minimized = minimizer.minimize(&start).expect("the tape shows its finding each time");
        let Minimized { choices, original, runs, settled, .. } = minimized;
        assert_eq!(minimized.finding().identity, expected);
        let end = if settled { "" } else { ", stopped" };
        let seconds = cpu_seconds() - began;
        println!("| {name} | {expected} | {original} | {choices} | {runs}{end} | {seconds:.1} |");
        if std::env::var_os("SHOW").is_some() {
            println!("{}", minimized.outcome.text(&minimized.tape).unwrap().print(minimized.outcome.trace()));
        }
    }
}

/// Of this process, user and system, in Linux's ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}
