//! Hosts that stand still, fail together, join and leave.

use super::latency::nanos;
use crate::timeline::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Processes that stand still for a while and know nothing of it, during the storm: a long garbage
/// collection, a machine that is migrated, a laptop that is closed.
///
/// None of the process's tasks runs, and its timers fire when it goes on. Its kernel lives:
/// connections are accepted into the backlog, bytes arrive until the window is full. Its wall
/// clock goes on as well. Processes that stand still don't count as dead for
/// [`Attrition::max_dead`](crate::Attrition::max_dead): like those that are cut off, they come back
/// with all they knew. Off unless given to the builder.
///
/// ```
/// use simfuzz::Pauses;
/// use std::time::Duration;
///
/// let collections = Pauses::default().lasting(Duration::from_millis(50)..=Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pauses {
    pub(crate) chance: f64,
    pub(crate) within: Duration,
    length: RangeInclusive<Duration>,
}

impl Default for Pauses {
    /// Another pause of some process with probability 0.5 each time, within 10 virtual seconds,
    /// for 10 ms to 30 s, short and long ones equally likely.
    fn default() -> Self {
        Self {
            chance: 0.5,
            within: Duration::from_secs(10),
            length: Duration::from_millis(10)..=Duration::from_secs(30),
        }
    }
}

impl Pauses {
    /// The probability, in `0.0..=1.0`, that there is another one.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// The latest it comes, after the beginning of the one before.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.max(Duration::from_micros(1));
        self
    }

    /// How long it lasts, to the microsecond; spread over the powers of two times the shortest.
    ///
    /// # Panics
    ///
    /// When the range is empty.
    #[must_use]
    pub fn lasting(mut self, length: RangeInclusive<Duration>) -> Self {
        nanos(&length);
        self.length = length;
        self
    }

    pub(crate) fn lengths(&self) -> (Nanos, Nanos) {
        nanos(&self.length)
    }
}

/// Machines, zones and datacenters that fail as a whole, during the storm: all their processes crash
/// at the same instant, and each boots again after its own delay. Off unless given to the builder.
///
/// Who stands where is said by the [`Cluster`](crate::Cluster); without one each process is alone on
/// its machine.
///
/// ```
/// use simfuzz::Outages;
///
/// let outages = Outages::default().max_dead(3).weights(1, 1, 0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Outages {
    pub(crate) chance: f64,
    pub(crate) within: Duration,
    pub(crate) max_dead: Option<usize>,
    /// By level: machine, zone, datacenter.
    pub(crate) weights: [u32; 3],
}

impl Default for Outages {
    /// Another outage with probability 0.5 each time, within 20 virtual seconds; four of a machine
    /// for two of a zone and one of a datacenter; never more than a minority down.
    fn default() -> Self {
        Self { chance: 0.5, within: Duration::from_secs(20), max_dead: None, weights: [4, 2, 1] }
    }
}

impl Outages {
    /// The probability, in `0.0..=1.0`, that there is another one.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// The latest it comes, after the one before.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.max(Duration::from_micros(1));
        self
    }

    /// How many processes may be down once it has come, whatever took them down: an outage that
    /// would take more does not happen. A minority of all processes unless said otherwise, so that
    /// a place which holds more of them never fails.
    #[must_use]
    pub fn max_dead(mut self, max: usize) -> Self {
        self.max_dead = Some(max);
        self
    }

    /// The weights of a machine's, a zone's and a datacenter's outage.
    ///
    /// # Panics
    ///
    /// When all are 0.
    #[must_use]
    pub fn weights(mut self, machine: u32, zone: u32, datacenter: u32) -> Self {
        assert!(machine + zone + datacenter > 0, "outages must be able to hit something");
        self.weights = [machine, zone, datacenter];
        self
    }
}

/// Processes that join and leave, during the storm. Off unless given to the builder.
///
/// The last processes of the cast are spares: they start down and join at some time of the storm,
/// or else when it is over, so that `check` meets them all. A process that leaves is asked to stop
/// and never boots again, not even for `check`; it learns of it from
/// [`SimContext::is_leaving`](crate::SimContext::is_leaving). The topology lists everybody all the
/// time, as a configuration would: a connection to who has left or not joined is refused.
///
/// ```
/// use simfuzz::Churn;
///
/// let growing = Churn::default().spares(2).leaves(0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Churn {
    pub(crate) spares: usize,
    pub(crate) leaves: usize,
    pub(crate) chance: f64,
    pub(crate) within: Duration,
    pub(crate) grace: Duration,
}

impl Default for Churn {
    /// One spare, and at most one that leaves; each comes about with probability 0.5, within 10
    /// virtual seconds. Who leaves has 2 seconds to stop.
    fn default() -> Self {
        Self { spares: 1, leaves: 1, chance: 0.5, within: Duration::from_secs(10), grace: Duration::from_secs(2) }
    }
}

impl Churn {
    /// How many processes are spares; at least one is none.
    #[must_use]
    pub fn spares(mut self, count: usize) -> Self {
        self.spares = count;
        self
    }

    /// How many processes leave at most. It is never more than a minority of all.
    #[must_use]
    pub fn leaves(mut self, max: usize) -> Self {
        self.leaves = max;
        self
    }

    /// The probability, in `0.0..=1.0`, that a spare joins before the storm is over, and that
    /// another process leaves.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// The latest a spare joins after the storm began, and a process leaves after the one before.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit.max(Duration::from_micros(1));
        self
    }

    /// How long a process that leaves may take before it is killed.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}
