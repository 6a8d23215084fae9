//! The kinds of assertion, as plain values.

use std::fmt;

/// What an assertion promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `assert_always!`: true whenever evaluated, and evaluated at least once in a campaign.
    Always,
    /// `assert_always_or_unreachable!`: true whenever evaluated.
    AlwaysOrUnreachable,
    /// `assert_always_greater_than!` and the other three: the comparison holds whenever
    /// evaluated, and is evaluated at least once in a campaign.
    AlwaysCompared(Comparison),
    /// `assert_unreachable!`: never evaluated.
    Unreachable,
    /// `assert_reachable!`: evaluated at least once in a campaign.
    Reachable,
    /// `assert_sometimes!`: true at least once in a campaign.
    Sometimes,
    /// `assert_sometimes_all!`: all conditions true at once, at least once in a campaign.
    SometimesAll,
    /// `assert_sometimes_each!`: evaluated; each tuple of keys is a discovery of its own.
    SometimesEach,
    /// `assert_sometimes_greater_than!` and the other three: the comparison holds at least once
    /// in a campaign.
    SometimesCompared(Comparison),
}

impl Kind {
    /// Returns true if a campaign should reach this: one good evaluation is enough.
    ///
    /// ```
    /// use simfuzz::assert::Kind;
    ///
    /// assert!(Kind::Reachable.is_goal());
    /// assert!(!Kind::Always.is_goal());
    /// ```
    pub fn is_goal(self) -> bool {
        match self {
            Kind::Reachable
            | Kind::Sometimes
            | Kind::SometimesAll
            | Kind::SometimesEach
            | Kind::SometimesCompared(_) => true,
            Kind::Always | Kind::AlwaysOrUnreachable | Kind::AlwaysCompared(_) | Kind::Unreachable => false,
        }
    }

    /// Returns true if one false evaluation is a violation.
    ///
    /// [`Kind::Unreachable`] is neither this nor a goal: its evaluation is the violation.
    pub fn is_always(self) -> bool {
        matches!(self, Kind::Always | Kind::AlwaysOrUnreachable | Kind::AlwaysCompared(_))
    }

    /// Returns true if a campaign that never evaluates this has missed something.
    ///
    /// ```
    /// use simfuzz::assert::Kind;
    ///
    /// assert!(Kind::Always.must_be_evaluated());
    /// assert!(!Kind::AlwaysOrUnreachable.must_be_evaluated());
    /// ```
    pub fn must_be_evaluated(self) -> bool {
        !matches!(self, Kind::AlwaysOrUnreachable | Kind::Unreachable)
    }
}

impl Kind {
    /// What a finding of this kind is called: the comparisons and variants are no identity.
    pub fn finding(self) -> &'static str {
        match self {
            Kind::Unreachable => "unreachable",
            _ => "always",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Always => f.write_str("always"),
            Kind::AlwaysOrUnreachable => f.write_str("always or unreachable"),
            Kind::AlwaysCompared(comparison) => write!(f, "always {comparison}"),
            Kind::Unreachable => f.write_str("unreachable"),
            Kind::Reachable => f.write_str("reachable"),
            Kind::Sometimes => f.write_str("sometimes"),
            Kind::SometimesAll => f.write_str("sometimes all"),
            Kind::SometimesEach => f.write_str("sometimes each"),
            Kind::SometimesCompared(comparison) => write!(f, "sometimes {comparison}"),
        }
    }
}

/// How a numeric assertion compares its value with its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// `value > threshold`
    GreaterThan,
    /// `value >= threshold`
    GreaterThanOrEqualTo,
    /// `value < threshold`
    LessThan,
    /// `value <= threshold`
    LessThanOrEqualTo,
}

impl Comparison {
    /// Returns the comparison that holds exactly when this one does not.
    pub(super) fn negated(self) -> Comparison {
        match self {
            Comparison::GreaterThan => Comparison::LessThanOrEqualTo,
            Comparison::GreaterThanOrEqualTo => Comparison::LessThan,
            Comparison::LessThan => Comparison::GreaterThanOrEqualTo,
            Comparison::LessThanOrEqualTo => Comparison::GreaterThan,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparison::GreaterThan => "greater than",
            Comparison::GreaterThanOrEqualTo => "greater than or equal to",
            Comparison::LessThan => "less than",
            Comparison::LessThanOrEqualTo => "less than or equal to",
        })
    }
}
