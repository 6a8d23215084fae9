//! The watchdog: a thread that looks at the runs of its process, and names the task that hangs it or
//! the turn at which memory ran out.
//!
//! Owns the limits and what is told. A plain program ends here with its tape saved; under libFuzzer,
//! whose own alarms save the tape and end the process, it only says what they can't know.
#![expect(
    clippy::disallowed_methods,
    reason = "real time of the process, outside of every run: the thread sleeps, and no run sees it"
)]

use super::folder::name;
use crate::regress::write_whole;
use crate::underway::{self, Seen};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks. They are counted, so that a process that was stopped does not hang.
const EVERY: Duration = Duration::from_millis(100);

/// Seconds that one poll may take: some ten thousand times what a whole run takes.
pub(crate) const SECONDS: u64 = 10;

/// Megabytes that the process may hold, as libFuzzer has it.
pub(crate) const MEGABYTES: u64 = 2_048;

/// What a process may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Seconds of real time for one poll; 0 for no limit.
    pub(crate) seconds: u64,
    /// Megabytes of memory; 0 for no limit.
    pub(crate) megabytes: u64,
}

/// What is done when a limit is passed.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// The tape is written to the folder, and the process ends with 1.
    Keep(PathBuf),
    /// The tape is shown, and the process ends with 1.
    Show,
    /// The same, and the tape is known.
    End,
    /// It is told once, and somebody else ends the process.
    #[cfg_attr(not(fuzzing), expect(dead_code, reason = "libFuzzer has alarms of its own"))]
    Tell,
}

/// Starts to watch.
pub(crate) fn watch(limits: Limits, then: Then) {
    if limits == (Limits { seconds: 0, megabytes: 0 }) {
        return;
    }
    // it ends with the process; where no thread can be had nothing is watched, and nothing else is lost
    let _ = std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
        let mut watchdog = Watchdog { limits, then, same: BTreeMap::new(), told: false };
        loop {
            std::thread::sleep(EVERY);
            watchdog.look();
        }
    });
}

struct Watchdog {
    limits: Limits,
    then: Then,
    /// For each seat the polls that were seen last, and for how many looks they are the same.
    same: BTreeMap<usize, (u64, u32)>,
    told: bool,
}

impl Watchdog {
    fn look(&mut self) {
        let seen = underway::look();
        let megabytes = resident();
        if self.limits.megabytes > 0 && megabytes > self.limits.megabytes {
            let turns: Vec<_> = seen.iter().map(turn).collect();
            let what = format!(
                "memory: the process holds {megabytes} MB, and the limit is {}; the turn is that of {}",
                self.limits.megabytes,
                turns.join(" and ")
            );
            return self.passed("oom-", &what, seen.first());
        }
        for one in &seen {
            let (polls, looks) = self.same.entry(one.seat).or_default();
            if *polls != one.polls {
                (*polls, *looks) = (one.polls, 0);
                continue;
            }
            *looks += 1;
            if self.limits.seconds > 0 && EVERY * *looks >= Duration::from_secs(self.limits.seconds) {
                let what = format!(
                    "hang: {} did not come back from a poll within {} s of real time: it loops without an await, or blocks the thread",
                    turn(one),
                    self.limits.seconds
                );
                return self.passed("timeout-", &what, Some(one));
            }
        }
        self.same.retain(|seat, _| seen.iter().any(|one| one.seat == *seat));
    }

    fn passed(&mut self, prefix: &str, what: &str, seen: Option<&Seen>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        eprintln!("simfuzz: FINDING {what}");
        let path = match &self.then {
            Then::Tell => return,
            Then::Keep(folder) => seen.map(|seen| folder.join(format!("{prefix}{}", name(&seen.tape)))),
            Then::Show | Then::End => None,
        };
        let shown = seen.filter(|_| !matches!(self.then, Then::End));
        match (shown, path) {
            (Some(seen), Some(path)) if write_whole(&path, &seen.tape).is_ok() => {
                eprintln!("simfuzz: its tape: {}", path.display());
            }
            (Some(seen), _) => eprintln!("simfuzz: its tape: echo {} | xxd -r -p > crash", hex(&seen.tape)),
            (None, _) => {}
        }
        underway::end();
        end();
    }
}

/// Whose turn it is.
fn turn(seen: &Seen) -> String {
    match &seen.task {
        Some(task) => {
            let (host, task) = task.split_once('/').unwrap_or((task, ""));
            match task.strip_prefix('@') {
                // `server/@src/server.rs:41:9:spawn`
                Some(site) => format!("the task of {host} that was spawned at {}", site.trim_end_matches(":spawn")),
                None => format!("the {task} task of {host}"),
            }
        }
        None => "what is no task (a factory, an invariant, a drop)".to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Ends the process without a word to the thread that hangs.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the C interface of _exit")]
fn end() {
    // SAFETY: it returns to nobody. An ordinary exit would wait for locks that the hanging thread may hold.
    unsafe { libc::_exit(1) }
}

#[cfg(not(unix))]
fn end() {
    std::process::abort()
}

/// Megabytes of this process that are resident; 0 where nobody says.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    // pages are larger on some machines, which makes the limit a lower one
    pages.unwrap_or_default() * 4 / 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_names_host_and_task() {
        let named =
            |task: Option<&str>| turn(&Seen { seat: 0, polls: 0, task: task.map(str::to_owned), tape: Vec::new() });
        assert_eq!(named(Some("server-1/main")), "the main task of server-1");
        let spawned = "server-1/@src/server.rs:41:9:spawn";
        assert_eq!(named(Some(spawned)), "the task of server-1 that was spawned at src/server.rs:41:9");
        assert!(named(None).contains("no task"));
    }
}
