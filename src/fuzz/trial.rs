//! A trial of the benchmark: the processor time that a search took, and the line that says so.
//!
//! Owns the clock and the line's form. Under libFuzzer a trial is asked for by `SIMFUZZ_TRIAL=SECONDS`
//! and ends itself at that cap, since nobody else knows its time as exactly.

/// The processor time of this process in seconds: user and system, all threads.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the C interface of clock_gettime: a pointer to be filled")]
pub(crate) fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the call to fill.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert!(failed == 0, "the system doesn't tell the processor time of a process");
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Without it there is nothing to measure by.
#[cfg(not(unix))]
pub(crate) fn cpu_seconds() -> f64 {
    panic!("a trial is measured in processor time, which is known on Unix only")
}

/// What a trial came to.
#[derive(serde::Serialize)]
struct Line<'a> {
    found: Option<&'a str>,
    executions: u64,
    cpu_seconds: f64,
}

/// The line of a trial that has ended.
pub(crate) fn line(found: Option<&str>, executions: u64) -> String {
    let line = Line { found, executions, cpu_seconds: cpu_seconds() };
    serde_json::to_string(&line).expect("a line has no keys that aren't text")
}

#[cfg(fuzzing)]
pub(super) use session::{begin, found, run};

#[cfg(fuzzing)]
mod session {
    use super::{cpu_seconds, line};
    use std::cell::Cell;

    /// What stands before the line, so that it is found among libFuzzer's.
    const MARK: &str = "simfuzz: trial ";

    thread_local! {
        /// The cap in seconds; infinite outside of a trial.
        static CAP: Cell<f64> = const { Cell::new(f64::INFINITY) };
        static EXECUTIONS: Cell<u64> = const { Cell::new(0) };
    }

    pub(in crate::fuzz) fn begin() {
        if let Ok(text) = std::env::var("SIMFUZZ_TRIAL") {
            CAP.set(text.parse().unwrap_or_else(|_| panic!("SIMFUZZ_TRIAL: `{text}` is no number of seconds")));
        }
    }

    /// Counts an execution that begins; the process ends here when its time is up.
    #[expect(unsafe_code, reason = "the C interface of _exit")]
    pub(in crate::fuzz) fn run() {
        let cap = CAP.get();
        if cap.is_infinite() {
            return;
        }
        if cpu_seconds() >= cap {
            eprintln!("{MARK}{}", line(None, EXECUTIONS.get()));
            // SAFETY: it returns to nobody. An ordinary exit would look like a crash to libFuzzer.
            unsafe { libc::_exit(0) }
        }
        EXECUTIONS.set(EXECUTIONS.get() + 1);
    }

    pub(in crate::fuzz) fn found(identity: &str) {
        if CAP.get().is_finite() {
            eprintln!("{MARK}{}", line(Some(identity), EXECUTIONS.get()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_quoted_as_json() {
        assert!(line(Some("always: \"a\\b\"\n"), 3).starts_with(r#"{"found":"always: \"a\\b\"\n","executions":3,"#));
        assert!(line(None, 3).starts_with(r#"{"found":null,"#));
    }

    #[test]
    fn processor_time_grows_with_work() {
        let before = cpu_seconds();
        let mut word = 1u64;
        while cpu_seconds() <= before {
            word = std::hint::black_box(word.wrapping_mul(3));
        }
        assert!(cpu_seconds() > before);
    }
}
