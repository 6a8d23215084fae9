#![cfg_attr(fuzzing, no_main)]

#[path = "../../../tests/ourselves/order.rs"]
mod check;
#[macro_use]
#[path = "../bytes.rs"]
mod bytes;

bytes_target!(check::check);
