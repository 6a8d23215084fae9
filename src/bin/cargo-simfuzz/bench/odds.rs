//! Intervals for times that are exponential: until a search finds something, it begins anew each
//! moment.
//!
//! Owns the gamma and beta distributions of whole-numbered shapes, whose sums are exact and short:
//! finds are counted, so no other shape occurs.

/// The part of an interval's doubt that lies on each side: 95 % in all.
const TAIL: f64 = 0.025;

/// The mean cost of a find, where `spent` in all led to `finds`; with its 95 % interval.
///
/// `cut` says that some trials ended without a find. What they spent counts; the next find might
/// have been due at once, so the lower end counts one more (the usual conservative choice).
pub(super) fn mean(spent: f64, finds: u32, cut: bool) -> Mean {
    let low = spent / gamma_quantile(finds + u32::from(cut || finds == 0), 1.0 - TAIL);
    match finds {
        0 => Mean { mean: None, low, high: f64::INFINITY },
        _ => Mean { mean: Some(spent / f64::from(finds)), low, high: spent / gamma_quantile(finds, TAIL) },
    }
}

/// See [`mean`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    /// `None` without a find.
    pub(super) mean: Option<f64>,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The interval around `ratio`, which is that of two means with so many finds behind them.
pub(super) fn ratio_interval(ratio: f64, finds: u32, of: u32) -> (f64, f64) {
    (ratio / f_quantile(finds, of, 1.0 - TAIL), ratio / f_quantile(finds, of, TAIL))
}

/// The probability that a sum of `shape` unit exponentials is at most `x`.
fn gamma(shape: u32, x: f64) -> f64 {
    // the other side is a Poisson count below `shape`
    let mut term = (-x).exp();
    let mut below = 0.0;
    for k in 0..shape {
        below += term;
        term *= x / f64::from(k + 1);
    }
    1.0 - below
}

fn gamma_quantile(shape: u32, p: f64) -> f64 {
    let shape_f = f64::from(shape);
    // `exp(-x)` is above 0 up to 700, and the sum of one term too many is harmless below it
    invert(|x| gamma(shape, x), p, (shape_f + 12.0 * shape_f.sqrt() + 12.0).min(700.0))
}

/// The probability that, of `a + b` unit exponentials, the first `a` are at most the share `x` of
/// the sum.
fn beta(a: u32, b: u32, x: f64) -> f64 {
    // as many successes as `a` of `a + b - 1`
    let n = a + b - 1;
    let mut log_choose = 0.0;
    let mut at_least = 0.0;
    for k in 0..=n {
        if k > 0 {
            log_choose += f64::from(n - k + 1).ln() - f64::from(k).ln();
        }
        if k >= a {
            at_least += (log_choose + f64::from(k) * x.ln() + f64::from(n - k) * (1.0 - x).ln()).exp();
        }
    }
    at_least
}

/// A quantile of F with `2a` and `2b` degrees of freedom.
fn f_quantile(a: u32, b: u32, p: f64) -> f64 {
    let share = invert(|x| beta(a, b, x), p, 1.0);
    share / (1.0 - share) * f64::from(b) / f64::from(a)
}

/// Where the growing `of` is `p`, between 0 and `most`.
fn invert(of: impl Fn(f64) -> f64, p: f64, most: f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    // 60 halvings leave less than the rounding of what is inverted
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if of(middle) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The probability that a chance of one degree of freedom is as far off as `chi_squared`.
pub(super) fn one_degree(chi_squared: f64) -> f64 {
    erfc((chi_squared / 2.0).sqrt())
}

/// Twice the normal tail past `x * sqrt(2)`: Abramowitz and Stegun 7.1.26, good to 1.5e-7.
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    t * polynomial.iter().fold(0.0, |sum, c| sum * t + c) * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) {
        assert!((found / wanted - 1.0).abs() < 1e-3, "{found} is not {wanted}");
    }

    /// Half of chi-squared with twice as many degrees of freedom, from any table.
    #[test]
    fn gamma_quantiles_are_those_of_the_tables() {
        near(2.0 * gamma_quantile(1, 0.95), 5.991);
        near(2.0 * gamma_quantile(5, 0.975), 20.483);
        near(2.0 * gamma_quantile(5, 0.025), 3.247);
        near(2.0 * gamma_quantile(13, 0.025), 13.844);
        near(2.0 * gamma_quantile(50, 0.975), 129.561);
    }

    #[test]
    fn f_quantiles_are_those_of_the_tables() {
        near(f_quantile(5, 5, 0.975), 3.717);
        near(f_quantile(1, 1, 0.975), 39.0);
        near(f_quantile(10, 5, 0.975), 3.419);
        near(f_quantile(4, 8, 0.025), 1.0 / 4.076);
    }

    #[test]
    fn a_normal_deviate_of_1_96_has_a_chance_of_5_percent() {
        near(one_degree(3.8415), 0.05);
        near(one_degree(6.6349), 0.01);
        near(one_degree(1e-12), 1.0);
    }

    #[test]
    fn thirteen_finds_in_150_seconds_have_the_interval_of_chi_squared() {
        let found = mean(150.0, 13, true);
        near(found.mean.unwrap(), 11.538);
        near(found.low, 300.0 / 44.461);
        near(found.high, 300.0 / 13.844);
        near(mean(150.0, 13, false).low, 300.0 / 41.923);
    }

    #[test]
    fn no_find_gives_a_lower_bound_alone() {
        let none = mean(130.0, 0, true);
        assert_eq!((none.mean, none.high), (None, f64::INFINITY));
        near(none.low, 130.0 / 3.6889);
    }

    #[test]
    fn a_ratio_of_equal_finds_is_as_uncertain_both_ways() {
        let (low, high) = ratio_interval(0.5, 10, 10);
        near(0.5 / low, high / 0.5);
        near(high / 0.5, 2.4645);
    }
}
