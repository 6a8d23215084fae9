//! Who decides: the odds of every fault, and how they turn with swarm.
//!
//! Devices queue and store; what happens to a packet, a write or a host is settled here, each as
//! a choice under its own label. Owns the kinds of fault, the public knobs ([`Attrition`],
//! [`Partitions`], [`ClockFaults`], ...) and the swarm; carries nothing out itself: the world does.

pub(crate) mod disk;
mod hosts;
mod kind;
mod knobs;
mod links;
mod packets;
mod swarm;
mod weather;

pub(crate) use hosts::{Down, clock, how, join, jump, leaver, outage, pause, restart_delay};
pub use kind::FaultKind;
pub(crate) use kind::{Injected, OF_NETWORK};
pub use knobs::{
    Attrition, Buggify, Churn, ClockFaults, DiskFaults, Latency, NetworkFaults, Outages, Partitions, Pauses,
};
pub(crate) use links::{Cut, Jam, clog, partition};
pub(crate) use packets::{burst, dies_silently, extra_delay, flipped, part};
pub(crate) use swarm::Swarm;
pub(crate) use weather::Weather;

use crate::choice::{Choices, Label, Slot};
use crate::timeline::Nanos;
use std::net::IpAddr;

/// A label of the `fault` actor: `fault/10.0.1.2/crash`.
pub(crate) fn slot(choices: &mut Choices, ip: IpAddr, site: &str) -> Slot {
    let ip = ip.to_string();
    choices.slot(Label::new("fault").child(&ip).child(site), || format!("fault/{ip}/{site}"))
}

/// A label of the `fault` actor that belongs to no host: `fault/partition/gap`.
pub(crate) fn shared_slot(choices: &mut Choices, family: &str, site: &str) -> Slot {
    choices.slot(Label::new("fault").child(family).child(site), || format!("fault/{family}/{site}"))
}

/// How far away the next fault of `kind` is, drawn under `slot`; `None` when there is none.
pub(crate) fn distance(
    choices: &mut Choices,
    slot: Slot,
    kind: FaultKind,
    weather: &Weather,
    swarm: &Swarm,
) -> Option<u64> {
    let gap = swarm.apply(kind, weather.gap(kind)?)?;
    choices.gap(slot, gap)
}

/// How many of its own operations away `kind` is for the host at `ip`.
pub(crate) fn host_distance(
    choices: &mut Choices,
    ip: IpAddr,
    kind: FaultKind,
    weather: &Weather,
    swarm: &Swarm,
) -> Option<u64> {
    weather.gap(kind)?;
    let slot = slot(choices, ip, kind.site());
    distance(choices, slot, kind, weather, swarm)
}

/// How long until the next fault of a kind that comes by the clock and concerns no host alone.
pub(crate) fn time_distance(choices: &mut Choices, kind: FaultKind, weather: &Weather, swarm: &Swarm) -> Option<Nanos> {
    weather.gap(kind)?;
    let slot = shared_slot(choices, kind.site(), "gap");
    distance(choices, slot, kind, weather, swarm).map(|micros| micros * 1_000)
}

/// How long a held-back task waits, by the value of its choice: first only until everything else
/// of this instant has run.
const HOLDS: [Nanos; 5] = [0, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// How long it is held back.
pub(crate) fn hold(choices: &mut Choices, slot: Slot) -> Nanos {
    HOLDS[choices.weighted(slot, &[8, 4, 2, 1, 1])]
}
