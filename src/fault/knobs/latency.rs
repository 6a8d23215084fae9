//! How long things take when nothing is wrong.

use crate::choice::{Choices, Kind, Slot, fires, mix, scale};
use crate::timeline::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Values of [`Latency::one_of`] at most: an alphabet is to be enumerated, and is kept in place.
const ALPHABET_MAX: usize = 8;

/// How long a message takes: evenly spread between two bounds, 1 to 10 ms by default.
///
/// Each message draws its latency as one choice, under the label of its link
/// (`link/10.0.0.1-10.0.1.2/latency`); 0 is the shortest. Messages of a stream don't overtake
/// each other, those of different streams and datagrams do.
///
/// ```
/// use simfuzz::Latency;
/// use std::time::Duration;
///
/// let ms = Duration::from_millis;
/// let local = Latency::between(Duration::from_micros(50)..=ms(1));
/// assert_eq!(local.min(), Duration::from_micros(50));
/// let fixed = Latency::constant(ms(5));
/// let internet = Latency::exponential(ms(30), ms(500));
/// let bad_route = Latency::bimodal(ms(1)..=ms(2), ms(200)..=ms(300), 0.01);
/// let small_world = Latency::one_of(&[ms(1), ms(3)]);
/// assert_eq!(small_world.max(), ms(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    pub(crate) min: Nanos,
    pub(crate) max: Nanos,
    profile: Profile,
}

/// How the values between the bounds are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Profile {
    Uniform,
    /// With this mean, cut off at the upper bound.
    Exponential {
        mean: Nanos,
    },
    /// From the lower bound to `fast`, and with a probability from `slow` to the upper bound.
    Bimodal {
        fast: Nanos,
        slow: Nanos,
        probability: f64,
    },
    /// The first `count` of `values`, which ascend.
    OneOf {
        values: [Nanos; ALPHABET_MAX],
        count: usize,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Self::uniform(1_000_000, 10_000_000)
    }
}

impl Latency {
    pub(crate) const fn uniform(min: Nanos, max: Nanos) -> Self {
        Self { min, max, profile: Profile::Uniform }
    }

    /// Evenly spread over `bounds`.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    pub fn between(bounds: RangeInclusive<Duration>) -> Self {
        let (min, max) = nanos(&bounds);
        Self::uniform(min, max)
    }

    /// Always the same; nothing is drawn.
    pub fn constant(latency: Duration) -> Self {
        Self::between(latency..=latency)
    }

    /// Spread exponentially, as waiting in queues is: most are short, and some are many times the
    /// `mean`, but none is longer than `cap`.
    ///
    /// # Panics
    ///
    /// When `cap` is less than `mean`, or `mean` is zero.
    pub fn exponential(mean: Duration, cap: Duration) -> Self {
        let (mean, max) = nanos(&(mean..=cap));
        assert!(mean > 0, "a mean latency of zero: use `Latency::constant`");
        Self { min: 0, max, profile: Profile::Exponential { mean } }
    }

    /// Evenly spread over `fast`, and with `probability` over `slow`: a link with a retransmission
    /// below it, or a second and worse route.
    ///
    /// # Panics
    ///
    /// When a range is empty, or `slow` begins before `fast` ends.
    pub fn bimodal(fast: RangeInclusive<Duration>, slow: RangeInclusive<Duration>, probability: f64) -> Self {
        let ((min, fast), (slow, max)) = (nanos(&fast), nanos(&slow));
        assert!(fast <= slow, "the slow latencies begin before the fast ones end");
        Self { min, max, profile: Profile::Bimodal { fast, slow, probability } }
    }

    /// One of a few values, all equally likely: a small alphabet, so that all orders of a small
    /// world can be enumerated.
    ///
    /// # Panics
    ///
    /// When there is no value, or more than eight.
    pub fn one_of(latencies: &[Duration]) -> Self {
        let count = latencies.len();
        assert!((1..=ALPHABET_MAX).contains(&count), "{count} latencies to choose from: 1 to {ALPHABET_MAX}");
        let mut values = [Nanos::MAX; ALPHABET_MAX];
        for (value, latency) in values.iter_mut().zip(latencies) {
            *value = latency.as_nanos() as Nanos;
        }
        values.sort_unstable();
        Self { min: values[0], max: values[count - 1], profile: Profile::OneOf { values, count } }
    }

    /// The shortest latency.
    pub fn min(&self) -> Duration {
        Duration::from_nanos(self.min)
    }

    /// The longest latency.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// Draws one, as one choice under `slot`.
    #[inline]
    pub(crate) fn draw(&self, choices: &mut Choices, slot: Slot) -> Nanos {
        match self.profile {
            Profile::Uniform => self.min + choices.uniform(slot, self.max - self.min),
            _ => self.draw_shaped(choices, slot),
        }
    }

    fn draw_shaped(&self, choices: &mut Choices, slot: Slot) -> Nanos {
        match self.profile {
            Profile::Uniform => self.min,
            Profile::Exponential { mean } => {
                let max = self.max;
                choices.draw(slot, Kind::Range, max, |word| ((mean as f64 * minus_ln(word)) as Nanos).min(max))
            }
            Profile::Bimodal { fast, slow, probability } => {
                let (quick, late) = (fast - self.min, self.max - slow);
                let value = choices.draw(slot, Kind::Range, quick + 1 + late, |word| {
                    let inner = mix(word);
                    if fires(word, probability) { quick + 1 + scale(inner, late) } else { scale(inner, quick) }
                });
                if value <= quick { self.min + value } else { slow + (value - quick - 1) }
            }
            Profile::OneOf { values, count } => {
                let last = count as u64 - 1;
                values[choices.draw(slot, Kind::Pick, last, |word| scale(word, last)) as usize]
            }
        }
    }
}

/// `-ln(1 - word / 2^64)`: exponentially spread with mean 1, and 0 for the word 0.
///
/// In plain arithmetic, which is the same on every machine; a libm's last bit isn't.
fn minus_ln(word: u64) -> f64 {
    let rest = !word;
    if rest == 0 {
        return 64.0 * std::f64::consts::LN_2;
    }
    // rest / 2^64 = mantissa * 2^-halvings, the mantissa in 1.0..2.0
    let halvings = rest.leading_zeros() + 1;
    let mantissa = (rest << (halvings - 1)) as f64 / (1u64 << 63) as f64;
    // ln(m) = 2 artanh((m - 1) / (m + 1)), whose argument is at most a third: nine terms are exact
    // to a billionth
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut power, mut sum) = (z, 0.0);
    for odd in 0..9 {
        sum += power / f64::from(2 * odd + 1);
        power *= z * z;
    }
    (f64::from(halvings) * std::f64::consts::LN_2 - 2.0 * sum).max(0.0)
}

pub(crate) fn nanos(bounds: &RangeInclusive<Duration>) -> (Nanos, Nanos) {
    assert!(bounds.start() <= bounds.end(), "empty range of durations: {bounds:?}");
    (bounds.start().as_nanos() as u64, bounds.end().as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{Label, Tape};

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn drawn(latency: Latency, tape: &Tape, count: usize) -> Vec<Duration> {
        let mut choices = Choices::default();
        choices.start(tape);
        let slot = choices.slot(Label::new("latency"), || "latency".to_owned());
        (0..count).map(|_| Duration::from_nanos(latency.draw(&mut choices, slot))).collect()
    }

    #[test]
    fn calm_is_the_shortest_of_every_profile() {
        let all = [
            (Latency::default(), MS(1)),
            (Latency::constant(MS(5)), MS(5)),
            (Latency::exponential(MS(5), MS(9)), MS(0)),
            (Latency::bimodal(MS(2)..=MS(3), MS(50)..=MS(60), 0.5), MS(2)),
            (Latency::one_of(&[MS(8), MS(4)]), MS(4)),
        ];
        for (latency, shortest) in all {
            assert_eq!(drawn(latency, &Tape::calm(), 1), [shortest]);
            for one in drawn(latency, &Tape::seeded(1), 1_000) {
                assert!((latency.min()..=latency.max()).contains(&one), "{one:?} of {latency:?}");
            }
        }
    }

    #[test]
    fn an_exponential_latency_has_its_mean_and_its_tail() {
        let all = drawn(Latency::exponential(MS(10), MS(1_000)), &Tape::seeded(3), 100_000);
        let mean = all.iter().sum::<Duration>() / 100_000;
        assert!((MS(9)..MS(11)).contains(&mean), "{mean:?}");
        // e^-1 of them are above the mean, e^-3 above thrice the mean
        for (times, share) in [(1, 0.368), (3, 0.0498)] {
            let above = all.iter().filter(|&&one| one > MS(10) * times).count() as f64 / 100_000.0;
            assert!((above - share).abs() < 0.01, "{above} above {times} means");
        }
    }

    #[test]
    fn a_bimodal_latency_is_fast_or_slow() {
        let all = drawn(Latency::bimodal(MS(1)..=MS(2), MS(100)..=MS(110), 0.1), &Tape::seeded(3), 10_000);
        let slow = all.iter().filter(|&&one| one >= MS(100)).count();
        assert!((900..1_100).contains(&slow), "{slow}");
        assert!(all.iter().all(|&one| one <= MS(2) || one >= MS(100)));
    }

    /// An override is an index over both modes: the first slow value follows the last fast one.
    #[test]
    fn an_override_reaches_every_latency() {
        let mut tape = Tape::calm();
        let label = Label::new("latency");
        tape.set(label, 0, 1_000_000).set(label, 1, 1_000_001).set(label, 2, 11_000_001);
        let bimodal = Latency::bimodal(MS(1)..=MS(2), MS(100)..=MS(110), 0.1);
        assert_eq!(drawn(bimodal, &tape, 3), [MS(2), MS(100), MS(110)]);
        let mut tape = Tape::calm();
        tape.set(label, 0, 1);
        assert_eq!(drawn(Latency::one_of(&[MS(9), MS(1), MS(5)]), &tape, 2), [MS(5), MS(1)]);
    }
}
