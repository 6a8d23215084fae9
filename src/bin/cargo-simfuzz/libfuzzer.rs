//! The lines that libFuzzer and the target print, and what they mean.
//!
//! Owns the reading of one line. What is done about it is the campaign's business.

use std::path::PathBuf;

/// One line of the fuzzing process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `#123 NEW cov: 12 ft: 34 corp: 5/6b ...`, or the summary line of `-fork`.
    Status(Status<'a>),
    /// `simfuzz: ...`: the target has something to tell.
    Target(&'a str),
    /// A tape was written.
    Written(PathBuf),
    /// `stat::number_of_executed_units: 123`.
    Executed(u64),
    /// The beginning of the end: a panic, a signal, a timeout.
    Trouble,
    /// libFuzzer talking to itself.
    Noise,
    /// Somebody else's line, such as a print of the user's code.
    Foreign,
}

/// The numbers of a status line; those that it lacks are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    pub(crate) runs: u64,
    /// `NEW`, `REDUCE`, `pulse`, ...; empty under `-fork`.
    pub(crate) event: &'a str,
    pub(crate) edges: Option<u64>,
    pub(crate) features: Option<u64>,
    pub(crate) corpus: Option<u64>,
    pub(crate) speed: Option<u64>,
}

/// The beginnings of lines that say nothing to somebody who doesn't debug libFuzzer.
const NOISE: &[&str] = &[
    "INFO:",
    "NOTE:",
    "SUMMARY:",
    "WARNING: Failed to find function",
    "MS: ",
    "Base64:",
    "stat::",
    "Running:",
    "Executed ",
    "Done ",
    "###### ",
    "MERGE-OUTER:",
    "MERGE-INNER:",
    "Slowest unit:",
    "DEDUP_TOKEN:",
    "NEW_FUNC[",
    "0x",
    "==",
];

impl<'a> Line<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        if let Some(told) = line.strip_prefix("simfuzz: ") {
            // its words for those who use `cargo fuzz` alone; the campaign has better ones
            if told.starts_with("libFuzzer prints ") || told.starts_with("replay: ") {
                return Self::Noise;
            }
            return Self::Target(told);
        }
        if let Some(status) = Status::of(line) {
            return Self::Status(status);
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            return Self::Written(path.trim().into());
        }
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            return count.trim().parse().map_or(Self::Noise, Self::Executed);
        }
        let panicked = line.starts_with("thread ") && line.contains(" panicked at ");
        if panicked || line.contains(" has overflowed its stack") || line.contains("ERROR: libFuzzer:") {
            return Self::Trouble;
        }
        let text = line.trim_start();
        let frame = text.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        // entries of the recommended dictionary: `"\x00\x01" # Uses: 12`
        let entry = text.starts_with('"') && text.contains("\" # Uses: ");
        match frame || entry || text.is_empty() || NOISE.iter().any(|noise| text.starts_with(noise)) {
            true => Self::Noise,
            false => Self::Foreign,
        }
    }
}

impl<'a> Status<'a> {
    /// `#2 INITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb`, and under `-fork`
    /// `#2345: cov: 5 ft: 6 corp: 3 exec/s 1170 oom/timeout/crash: 0/0/0 time: 4s`.
    fn of(line: &'a str) -> Option<Self> {
        let mut words = line.strip_prefix('#')?.split_whitespace().peekable();
        let runs = words.next()?;
        let fork = runs.ends_with(':');
        let runs = runs.trim_end_matches(':').parse().ok()?;
        let event = if fork { "" } else { words.next()? };
        let mut status = Self { runs, event, ..Self::default() };
        while let Some(key) = words.next() {
            let value = match key.trim_end_matches(':') {
                "cov" => &mut status.edges,
                "ft" => &mut status.features,
                "corp" => &mut status.corpus,
                "exec/s" => &mut status.speed,
                _ => continue,
            };
            // `corp: 5/60b`: the number of entries, and their size
            *value = words.peek().and_then(|word| word.split('/').next()?.parse().ok());
        }
        // a stack frame begins with `#` and a number too
        let known = [status.edges, status.features, status.corpus, status.speed];
        known.iter().any(Option::is_some).then_some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines() {
        let line = "#4096\tpulse  cov: 71 ft: 80 corp: 9/81b lim: 4096 exec/s: 2048 rss: 35Mb";
        let status = Status {
            runs: 4096,
            event: "pulse",
            edges: Some(71),
            features: Some(80),
            corpus: Some(9),
            speed: Some(2048),
        };
        assert_eq!(Line::of(line), Line::Status(status));
        let fork = "#2345: cov: 5 ft: 6 corp: 3 exec/s 1170 oom/timeout/crash: 0/0/0 time: 4s job: 3 dft_time: 0";
        let status =
            Status { runs: 2345, event: "", edges: Some(5), features: Some(6), corpus: Some(3), speed: Some(1170) };
        assert_eq!(Line::of(fork), Line::Status(status));
        // without instrumented code there is no `cov`
        let bare = Line::of("#2\tINITED ft: 3 corp: 1/1b exec/s: 0 rss: 30Mb");
        assert!(matches!(bare, Line::Status(Status { event: "INITED", edges: None, .. })));
    }

    #[test]
    fn the_rest() {
        let written = "artifact_prefix='/p/'; Test unit written to /p/crash-0a4d";
        assert_eq!(Line::of(written), Line::Written("/p/crash-0a4d".into()));
        assert_eq!(Line::of("simfuzz: goal \"overdraft\" first"), Line::Target("goal \"overdraft\" first"));
        assert_eq!(Line::of("stat::number_of_executed_units: 77"), Line::Executed(77));
        assert_eq!(Line::of("==12== ERROR: libFuzzer: timeout after 10 seconds"), Line::Trouble);
        assert_eq!(Line::of("thread '<unnamed>' (7) panicked at src/lib.rs:1:1:"), Line::Trouble);
        assert_eq!(Line::of("INFO: Seed: 1234"), Line::Noise);
        assert_eq!(Line::of("    #3 0x55d in main (/x+0x1)"), Line::Noise);
        assert_eq!(Line::of("\"\\x01\" # Uses: 3"), Line::Noise);
        assert_eq!(Line::of("a print in somebody's server"), Line::Foreign);
    }
}
