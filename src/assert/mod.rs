//! What must hold, and what should happen: the properties a program states about itself.
//!
//! This room owns the fifteen `assert_*!` macros, the catalogue of every place they stand in
//! the program, and the ledger of what one run recorded at those places. It knows no simulator:
//! who starts a run, and what a violation means for it, is decided elsewhere. So production
//! code can carry the macros; outside a run each costs one thread-local load.
//!
//! There are two sorts. *Always* macros and `assert_unreachable!` are broken by one bad
//! evaluation, a [`Violation`]; nothing panics, the program goes on. *Goals*
//! (`assert_sometimes!`, `assert_reachable!` and their relatives) are kept by one good
//! evaluation in a whole campaign of runs; each step towards one is a [`Reach`], which is what
//! a fuzzer can steer by.
//!
//! ```
//! use simfuzz::{assert, assert_always, assert_sometimes};
//!
//! fn withdraw(balance: u64, amount: u64) -> u64 {
//!     assert_sometimes!(amount > balance, "overdraft refused");
//!     let left = balance.saturating_sub(amount);
//!     assert_always!(left <= balance, format!("withdrawing {amount} left more than before"));
//!     left
//! }
//!
//! withdraw(5, 9); // outside a run: nothing is recorded
//!
//! assert::begin();
//! assert::set_now(1_000);
//! withdraw(5, 9);
//! let record = assert::end();
//!
//! let goal = assert::catalogue().find("overdraft refused").unwrap();
//! assert_eq!(record.reached[0].id, goal.id);
//! assert_eq!(record.reached[0].at, 1_000);
//! assert!(record.violations.is_empty());
//! ```
//!
//! # The message
//!
//! Every macro takes a message, and its text as written is the assertion's identity: two places
//! with the same kind and message are one assertion. Three forms are understood:
//!
//! | written | identity | detail of a violation |
//! |---|---|---|
//! | `"lost write"` | `lost write` | |
//! | `"lost write to {}", key` or `"lost write to {key}"` | `lost write to {}`, `lost write to {key}` | the formatted text |
//! | `format!("lost write to {key}")` | `lost write to {key}` | the formatted text |
//!
//! Any other expression is named by its source text. Arguments are evaluated only when a
//! violation is recorded, and a goal never evaluates them.

mod catalogue;
mod comparisons;
mod kind;
mod ledger;
mod level;
mod macros;
mod record;

pub use catalogue::{Catalogue, Entry, Place, catalogue};
pub use kind::{Comparison, Kind};
pub use ledger::{active, begin, count_choices_by, end, first_violation, recycle, set_now, violated};
pub use level::{HOLDS, Number};
pub use record::{BUCKETS_MAX, Bucket, QUALITY_STEPS_MAX, Reach, Record, Violation};

#[cfg(feature = "sim")]
pub(crate) use catalogue::builds;

// What the macros expand to.
#[doc(hidden)]
pub use catalogue::{Build, SITES, Site};
#[doc(hidden)]
pub use ledger::{
    always, always_compared, explain, reachable, sometimes, sometimes_all, sometimes_compared, sometimes_each,
    unreachable,
};
