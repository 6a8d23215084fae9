//! What a build of the program checks by itself, as a regression notes it.
//!
//! A bug that overflows a number is a panic in one build and passes unseen in another. Profiles
//! differ from package to package, so it is asked where the assertions stand, and of this library
//! only where there are none.

use crate::assert::{Build, builds};
use crate::sim::{contained, install_hook};
use std::fmt;
use std::hint::black_box;

/// How much of a program is built with something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    #[default]
    None,
    Some,
    All,
}

const EXTENTS: [(Extent, &str); 3] = [(Extent::None, "none"), (Extent::Some, "some"), (Extent::All, "all")];

impl Extent {
    fn of(mut each: impl Iterator<Item = bool> + Clone) -> Self {
        match (each.clone().any(|with| with), each.all(|with| with)) {
            (false, _) => Self::None,
            (true, false) => Self::Some,
            (true, true) => Self::All,
        }
    }

    fn word(self) -> &'static str {
        EXTENTS[self as usize].1
    }

    fn parse(word: &str) -> Option<Self> {
        EXTENTS.iter().find(|(_, name)| *name == word).map(|(extent, _)| *extent)
    }
}

/// What a program checks by itself; by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    overflow_checks: Extent,
    debug_assertions: Extent,
}

impl Profile {
    /// That of this program.
    pub(super) fn current() -> Self {
        let mut builds: Vec<_> = builds().collect();
        if builds.is_empty() {
            builds.push(Build { debug_assertions: cfg!(debug_assertions), next: |byte| byte + 1 });
        }
        install_hook();
        let overflow: Vec<bool> = builds.iter().map(checks_overflow).collect();
        Self {
            overflow_checks: Extent::of(overflow.into_iter()),
            debug_assertions: Extent::of(builds.iter().map(|build| build.debug_assertions)),
        }
    }

    /// Reads what [`Profile`] prints.
    pub(super) fn parse(note: &str) -> Option<Self> {
        let (overflow, debug) = note.split_once(' ')?;
        Some(Self {
            overflow_checks: Extent::parse(overflow.strip_prefix("overflow-checks=")?)?,
            debug_assertions: Extent::parse(debug.strip_prefix("debug-assertions=")?)?,
        })
    }

    /// What `other` checks and this one doesn't, in words.
    pub(super) fn lacks(&self, other: &Self) -> Option<String> {
        let overflow = (self.overflow_checks < other.overflow_checks).then_some("overflow checks");
        let debug = (self.debug_assertions < other.debug_assertions).then_some("debug assertions");
        let all: Vec<_> = overflow.into_iter().chain(debug).collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }
}

/// Does the code of `build` panic when a number overflows?
fn checks_overflow(build: &Build) -> bool {
    if cfg!(panic = "abort") {
        // to try would end the program; cargo turns both on and off together
        return build.debug_assertions;
    }
    contained(|| black_box((build.next)(black_box(u8::MAX)))).is_err()
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { overflow_checks, debug_assertions } = self;
        write!(f, "overflow-checks={} debug-assertions={}", overflow_checks.word(), debug_assertions.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(note: &str) -> Profile {
        Profile::parse(note).unwrap_or_else(|| panic!("{note}"))
    }

    #[test]
    fn a_profile_reads_back() {
        for note in ["overflow-checks=all debug-assertions=none", "overflow-checks=some debug-assertions=all"] {
            assert_eq!(profile(note).to_string(), note);
        }
        for bad in ["", "overflow-checks=all", "overflow-checks=most debug-assertions=all"] {
            assert_eq!(Profile::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_build_lacks_is_what_the_other_has_more_of() {
        let (all, some) = ("overflow-checks=all debug-assertions=all", "overflow-checks=some debug-assertions=all");
        let none = profile("overflow-checks=none debug-assertions=none");
        assert_eq!(profile(all).lacks(&profile(some)), None);
        assert_eq!(profile(some).lacks(&profile(all)).as_deref(), Some("overflow checks"));
        assert_eq!(none.lacks(&profile(some)).as_deref(), Some("overflow checks and debug assertions"));
        assert_eq!(none.lacks(&Profile::default()), None);
    }

    #[test]
    fn overflow_checks_are_told_by_trying() {
        install_hook();
        let checked = Build { debug_assertions: false, next: |byte| byte.checked_add(1).expect("no overflow") };
        let wrapping = Build { debug_assertions: true, next: |byte| byte.wrapping_add(1) };
        assert!(checks_overflow(&checked) && !checks_overflow(&wrapping));
        let own = Build { debug_assertions: cfg!(debug_assertions), next: |byte| byte + 1 };
        // cargo's profiles for tests have both or neither
        assert_eq!(checks_overflow(&own), cfg!(debug_assertions));
    }
}
