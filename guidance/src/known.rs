//! Known bugs and tapes that show them, for measurements of what is made of a finding.

use crate::{dungeon, ladder, maze, mistimed, swap};
use simfuzz::prelude::*;
use simfuzz::{Tape, explore};
use std::fs;
use std::path::Path;

/// Starting tapes of each problem.
const STARTS: usize = 5;

/// A search that found nothing in so many runs ends, and so many searches are made at most.
const SEARCH: (u64, u64) = (400_000, 8);

/// A target's name, and its simulation.
pub type Problem = (&'static str, fn() -> Simulation);

/// All of them.
pub const PROBLEMS: &[Problem] = &[
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
    ("raft-engine", real_bugs::engine::simulation),
    ("smoltcp-closing", real_bugs::smoltcp::both_closing),
    ("smoltcp-last-ack", real_bugs::smoltcp::last_ack),
    ("dungeon", dungeon::simulation),
    ("ladder-2", ladder::two),
    ("ladder-3", ladder::three),
    ("ladder-4", ladder::four),
    ("maze", maze::simulation),
    ("mistimed", mistimed::simulation),
    ("swap", swap::simulation),
];

/// Those of `wanted`, or all if it is empty.
pub fn problems(wanted: &[String]) -> impl Iterator<Item = &'static Problem> {
    PROBLEMS.iter().filter(move |(name, _)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name))
}

/// The tapes in `folder`, by the names of their files. Where there are none they are searched for, by
/// `explore` with the seeds 1, 2, ...
///
/// # Panics
///
/// When the folder can't be read or written.
pub fn starts(simulation: &Simulation, folder: &Path) -> Vec<Tape> {
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
