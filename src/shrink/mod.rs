//! Shrinking: fewer exceptions, smaller values, the same finding.
//!
//! Knows choices only: what is looked for, and how candidates are run, is its [`Judge`]'s business.
//! A pass offers candidates in an order; the first that shows what is looked for is the new best.
//! So the result is a function of the tape and the number of runs, whoever runs the candidates and
//! however many at a time.
//!
//! The idea of shrinking choices instead of values is Hypothesis's, the first passes are
//! minithesis's (MacIver): drop chunks from the end, lower values by search.

mod draft;
mod judge;
mod passes;
mod shrinker;
mod simplicity;

pub(crate) use draft::exceptions;
pub(crate) use judge::{Judge, Plain};
pub(crate) use shrinker::{Progress, Shrinker};
