//! Problems whose bug is planted: how rare it is, and how many steps lead to it, is known.
//!
//! The real bugs are elsewhere (`examples/real-bugs`). Planted ones answer what those can't: what
//! guidance does as a bug gets rarer ([`ladder`]), when a program never waits ([`maze`],
//! [`dungeon`]), when a fault at the wrong moment destroys what was won ([`mistimed`]), and when
//! there is nothing to be guided by ([`swap`]).
//!
//! Owns the workloads, and the list of all problems, real ones too ([`known`]). What they are compared to is the
//! business of `cargo simfuzz bench`.

pub mod dungeon;
pub mod known;
pub mod ladder;
pub mod maze;
pub mod mistimed;
pub mod swap;
