//! What a campaign had come to, moment by moment.
//!
//! Owns how often is looked: a campaign of an hour has as many samples as one of a minute.

use serde::Serialize;
use std::time::Duration;

/// Samples at most: more than a curve on a screen can show.
const SAMPLES_MAX: usize = 600;

/// Between two samples at first: the target tells twice a second.
const EVERY: Duration = Duration::from_millis(500);

/// What a campaign had come to at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Sample {
    /// Seconds since it began.
    pub(crate) seconds: f64,
    pub(crate) executions: u64,
    /// Goals that were reached.
    pub(crate) goals: u64,
    /// Tapes that were kept.
    pub(crate) corpus: u64,
    pub(crate) features: u64,
    /// Edges of the program, where it is instrumented.
    pub(crate) edges: Option<u64>,
    /// Identities of findings.
    pub(crate) findings: u64,
}

/// The samples of a campaign, in order.
#[derive(Debug)]
pub(crate) struct Curve {
    samples: Vec<Sample>,
    every: Duration,
}

impl Default for Curve {
    fn default() -> Self {
        Self { samples: Vec::new(), every: EVERY }
    }
}

impl Curve {
    /// Is it time for the next sample?
    pub(crate) fn is_due(&self, elapsed: Duration) -> bool {
        self.samples.last().is_none_or(|last| elapsed.as_secs_f64() >= last.seconds + self.every.as_secs_f64())
    }

    pub(crate) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
        if self.samples.len() > SAMPLES_MAX {
            // the first and every other one stay
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
    }

    /// The tapes that were kept when somebody looked last.
    pub(crate) fn corpus(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.corpus)
    }

    /// All of them, with what it came to in the end.
    pub(crate) fn ended(mut self, last: Sample) -> Vec<Sample> {
        self.samples.retain(|sample| sample.seconds < last.seconds);
        self.samples.push(last);
        self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_campaign_has_no_more_samples_than_a_short_one() {
        let mut curve = Curve::default();
        for half_second in 0..20_000u64 {
            let seconds = half_second as f64 / 2.0;
            if curve.is_due(Duration::from_secs_f64(seconds)) {
                curve.add(Sample { seconds, executions: half_second, ..Sample::default() });
            }
        }
        let samples = curve.ended(Sample { seconds: 10_000.0, ..Sample::default() });
        assert!((SAMPLES_MAX / 2..=SAMPLES_MAX + 1).contains(&samples.len()), "{}", samples.len());
        assert_eq!(samples[0].seconds, 0.0);
        assert!(samples.windows(2).all(|pair| pair[0].seconds < pair[1].seconds));
    }

    #[test]
    fn what_was_kept_is_known_from_the_last_look() {
        let mut curve = Curve::default();
        assert_eq!(curve.corpus(), 0);
        curve.add(Sample { corpus: 7, ..Sample::default() });
        assert_eq!(curve.corpus(), 7);
    }
}
