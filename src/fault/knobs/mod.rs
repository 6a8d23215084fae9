//! The knobs of the faults, as the builder takes them: one file a part of the world.

mod attrition;
mod buggify;
mod clocks;
mod disk;
mod hosts;
mod latency;
mod network;
mod partitions;

pub use attrition::Attrition;
pub use buggify::Buggify;
pub use clocks::ClockFaults;
pub use disk::DiskFaults;
pub use hosts::{Churn, Outages, Pauses};
pub use latency::Latency;
pub(crate) use latency::nanos;
pub use network::NetworkFaults;
pub use partitions::Partitions;

use crate::choice::Gap;

/// After how many of its wake-ups a task is held back.
pub(crate) const HOLDS: Gap = Gap { chance: 0.1, limit: 64 };
