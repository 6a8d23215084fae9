#![cfg_attr(fuzzing, no_main)]

#[path = "../../../tests/ourselves/tape.rs"]
#[allow(dead_code, reason = "the sample is for tests")]
mod check;
#[macro_use]
#[path = "../bytes.rs"]
mod bytes;

bytes_target!(check::check);
