//! How small the tapes of known bugs become, and what that takes: the table of `docs/minimise.md`.
//!
//!     cargo run --release --manifest-path guidance/Cargo.toml --example minimal -- DIR [PROBLEM...]
//!
//! Searches are those of `explore` with the seeds 1, 2, ..., until each problem has its starting
//! tapes; these are kept in DIR, so that another build minimises the same ones. Each is minimised
//! on one thread with the default number of runs, or as `RUNS` in the environment says; `SHOW` prints
//! what it becomes. Time is the processor's, so the machine's other
//! work doesn't count; `cargo simfuzz minimize` uses all cores.

use simfuzz::prelude::*;
use simfuzz::{Minimized, Minimizer, explore};
use std::fs;
use std::path::Path;

/// Starting tapes of each problem.
const STARTS: usize = 5;

/// A search that found nothing in so many runs ends, and so many searches are made at most.
const SEARCH: (u64, u64) = (400_000, 8);

/// Seconds for one tape, of the processor.
const SECONDS: f64 = 60.0;

type Problem = (&'static str, fn() -> Simulation);

const PROBLEMS: &[Problem] = &[
    ("bank", bank::simulation),
    ("flash-removes", real_bugs::flash::removes),
    ("flash-stores", real_bugs::flash::stores),
    ("flume", real_bugs::flume::simulation),
    ("h2", real_bugs::h2::simulation),
    ("imbl", real_bugs::imbl::simulation),
    ("omnipaxos-400", real_bugs::omnipaxos::steps_400),
    ("omnipaxos-600", real_bugs::omnipaxos::steps_600),
    ("omnipaxos-servers", real_bugs::omnipaxos::simulation),
    ("raft", real_bugs::raft::simulation),
    ("smoltcp-closing", real_bugs::smoltcp::both_closing),
    ("smoltcp-last-ack", real_bugs::smoltcp::last_ack),
    ("dungeon", guidance::dungeon::simulation),
    ("ladder-2", guidance::ladder::two),
    ("ladder-3", guidance::ladder::three),
    ("ladder-4", guidance::ladder::four),
    ("maze", guidance::maze::simulation),
    ("mistimed", guidance::mistimed::simulation),
    ("swap", guidance::swap::simulation),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the first argument is a folder for starting tapes");
    let wanted: Vec<String> = arguments.collect();
    println!("| problem | finding | choices | became | runs | CPU s |");
    println!("|---|---|---|---|---|---|");
    for (name, simulation) in PROBLEMS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            problem(name, &simulation(), &Path::new(&folder).join(name));
        }
    }
}

fn problem(name: &str, simulation: &Simulation, folder: &Path) {
    for start in starts(simulation, folder) {
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

/// The tapes in `folder`, where they are searched for if there are none.
fn starts(simulation: &Simulation, folder: &Path) -> Vec<Tape> {
    if !folder.exists() {
        fs::create_dir_all(folder).expect("the folder can be made");
        let (runs, searches) = SEARCH;
        let found = (1..=searches).filter_map(|seed| explore(simulation, seed, runs, |_| ()).finding);
        for (number, (_, tape)) in found.take(STARTS).enumerate() {
            fs::write(folder.join(number.to_string()), tape.encode()).expect("the folder takes files");
        }
    }
    let mut files: Vec<_> = fs::read_dir(folder).expect("it is there").map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Tape::decode(&fs::read(file).expect("it is there"))).collect()
}

/// Of this process, user and system, in Linux's ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("this is Linux");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}
