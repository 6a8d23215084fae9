//! sequential-storage 8.0.0: what was removed returns, and what was stored is gone, when the power
//! goes at the wrong moments.
//!
//! A map of keys to values on a flash chip, for devices whose power may go at any time. The device
//! stores, removes and reads; now and then its power goes in the middle of an operation, after so
//! many bytes. When it boots again the operation that was under way has happened or not, and nothing
//! else has changed: that is the promise.
//!
//! - `chip`: the flash, and how much power it has left
//! - `device`: the workload, and what each key may hold

mod chip;
mod device;

use device::{Device, Promise};
use simfuzz::prelude::*;

/// A remove that is interrupted leaves the last value or none, not one from before.
///
/// The chip writes words of four bytes, as most do.
pub fn removes() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    keeps::<4>(Promise::Removes)
}

/// A value whose store was acknowledged is there after the next boot.
///
/// The chip writes single bytes, as flash on a serial bus does.
pub fn stores() -> Simulation {
    keeps::<1>(Promise::Stores).build()
}

fn keeps<const WORD: usize>(promise: Promise) -> SimulationBuilder {
    SimulationBuilder::new().workload(move || Box::new(Device::<WORD> { promise }))
}
