//! What happens to hosts: how one goes down, for how long, who stands still, what fails together.

use super::{FaultKind, Outages, Pauses, Swarm, Weather, shared_slot, slot};
use crate::choice::Choices;
use crate::timeline::Nanos;
use crate::topology::Level;
use std::net::IpAddr;

/// How a host goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    /// Asked to stop, with some time to do so.
    Gracefully,
    /// At once; unsynced bytes may be lost.
    Crash,
    /// At once, while the machine stays up.
    Kill,
    /// As by a crash, and its disk is gone.
    Wipe,
    /// As by a crash, together with others.
    Outage,
    /// At once, since the time it had to leave is over.
    Left,
}

impl Down {
    /// Does its machine go down with it, so that what was not synced may be lost?
    pub(crate) fn takes_machine(self) -> bool {
        matches!(self, Self::Crash | Self::Wipe | Self::Outage)
    }
}

/// How it goes down.
pub(crate) fn how(choices: &mut Choices, ip: IpAddr, weather: &Weather) -> Down {
    const WAYS: [Down; 4] = [Down::Gracefully, Down::Crash, Down::Kill, Down::Wipe];
    let slot = slot(choices, ip, "how");
    // without kills and wipes the choice has two values, as tapes from before them have it
    let [.., kill, wipe] = weather.attrition.ways();
    let weights = weather.ways();
    let way = choices.weighted(slot, if kill + wipe > 0 { &weights } else { &weights[..2] });
    // an override knows no odds, and 0 may be a way that is off
    let possible = |&way: &usize| weights[way] > 0;
    WAYS[Some(way).filter(possible).or_else(|| (0..4).find(possible)).unwrap_or(way)]
}

/// How long it stays down.
pub(crate) fn restart_delay(choices: &mut Choices, ip: IpAddr, weather: &Weather) -> Nanos {
    let slot = slot(choices, ip, "restart");
    let (low, high) = weather.restart;
    low + choices.uniform(slot, high - low)
}

/// Which process, by its number, stands still, and for how long.
pub(crate) fn pause(choices: &mut Choices, pauses: &Pauses, processes: usize) -> (usize, Nanos) {
    let which = shared_slot(choices, "pause", "which");
    let which = choices.uniform(which, processes as u64 - 1) as usize;
    let length = shared_slot(choices, "pause", "length");
    let (low, high) = pauses.lengths();
    (which, choices.spread(length, low / 1_000..=high / 1_000) * 1_000)
}

/// What fails together: a level, and the number of the one that fails among the `units` of that
/// level. `None` where there is none of the level.
pub(crate) fn outage(choices: &mut Choices, outages: &Outages, units: [usize; 3]) -> Option<(Level, usize)> {
    let level = shared_slot(choices, "outage", "level");
    let weights = std::array::from_fn::<u32, 3, _>(|at| if units[at] > 0 { outages.weights[at] } else { 0 });
    let level = Level::ALL[choices.weighted(level, &weights)];
    let count = units[level as usize];
    let which = shared_slot(choices, "outage", "which");
    (count > 0).then(|| (level, choices.uniform(which, count as u64 - 1) as usize))
}

/// Which process, by its number, leaves for good.
pub(crate) fn leaver(choices: &mut Choices, processes: usize) -> usize {
    let which = shared_slot(choices, "leave", "which");
    choices.uniform(which, processes as u64 - 1) as usize
}

/// How long until the spare process at `ip` joins.
pub(crate) fn join(choices: &mut Choices, ip: IpAddr, weather: &Weather, swarm: &Swarm) -> Option<Nanos> {
    super::host_distance(choices, ip, FaultKind::Join, weather, swarm).map(|micros| micros * 1_000)
}

/// How far the clock of the host at `ip` is off, in nanoseconds, and by how many parts per million
/// it is fast; 0 is right.
pub(crate) fn clock(choices: &mut Choices, ip: IpAddr, weather: &Weather, swarm: &Swarm) -> (i64, i64) {
    let mut error = |kind: FaultKind| {
        let gap = weather.gap(kind)?;
        let slot = slot(choices, ip, kind.site());
        // swarm makes it more likely; making it nearer would make it smaller
        let chance = swarm.apply(kind, gap)?.chance;
        Some(choices.deviation(slot, crate::choice::Gap { chance, ..gap }))
    };
    let skew = error(FaultKind::Skew).unwrap_or(0);
    (skew * MILLISECOND, error(FaultKind::Drift).unwrap_or(0))
}

/// Skews and jumps are drawn in milliseconds: a clock that is off by less is hidden by the latency
/// of a message, and half of all draws on a log scale would be wasted on it.
const MILLISECOND: i64 = 1_000_000;

/// Which process's clock jumps, by its number, and by how many nanoseconds.
pub(crate) fn jump(choices: &mut Choices, weather: &Weather, processes: usize) -> (usize, i64) {
    let which = shared_slot(choices, "jump", "which");
    let which = choices.uniform(which, processes as u64 - 1) as usize;
    let amount = shared_slot(choices, "jump", "amount");
    let limit = weather.clocks.max_jump.as_millis() as u64;
    (which, choices.leap(amount, limit) * MILLISECOND)
}
