//! Checks of histories: against brute force, against histories whose answer is published, and as
//! they are used in a simulation.
#![cfg(feature = "sim")]

mod brute_force;
mod in_a_run;
mod published;
mod sessions;
mod size;

use simfuzz::history::{History, Operation};
use std::time::Duration;

fn at(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Words that are the same in every process: a linear congruential generator.
struct Words(u64);

impl Words {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn text<I: std::fmt::Debug, O: std::fmt::Debug>(history: &History<I, O>) -> String {
    let line = |operation: &Operation<I, O>| {
        format!("{} {:?} to {:?} {operation}\n", operation.client(), operation.invoked(), operation.returned())
    };
    history.operations().iter().map(line).collect()
}
