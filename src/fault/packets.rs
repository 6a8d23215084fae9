//! Decisions about single segments and datagrams: how much of one, which bit, how late, how many.

use super::slot;
use crate::choice::{Choices, Kind, fires, mix, scale};
use crate::timeline::Nanos;
use std::net::IpAddr;

/// How many bytes of `whole`, at least two, a partial read or write comes to: all but one is the
/// calmest, a single one the worst.
pub(crate) fn part(choices: &mut Choices, ip: IpAddr, site: &str, whole: usize) -> usize {
    let slot = slot(choices, ip, site);
    whole - 1 - choices.uniform(slot, whole as u64 - 2) as usize
}

/// Which bit of so many bytes is flipped.
pub(crate) fn flipped(choices: &mut Choices, ip: IpAddr, site: &str, bytes: usize) -> usize {
    let slot = slot(choices, ip, site);
    choices.uniform(slot, bytes as u64 * 8 - 1) as usize
}

/// Datagrams lost in a row at most. Routers drop what comes while a queue is full: some, not all
/// for seconds, which is a partition.
const BURST_MAX: u64 = 16;

/// How many datagrams in a row are lost: one half of the time.
pub(crate) fn burst(choices: &mut Choices, ip: IpAddr) -> u32 {
    let slot = slot(choices, ip, "loss-burst");
    let more = choices.draw(slot, Kind::Shape, BURST_MAX - 1, |word| {
        if fires(word, 0.5) { 1 + scale(mix(word), BURST_MAX - 2) } else { 0 }
    });
    1 + more as u32
}

/// How much later than its latency a datagram or its copy comes, by the value of the choice: from
/// just behind the next one to behind the answers to it.
const DELAYS: [Nanos; 6] = [1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000, 1_000_000_000];

/// How much later than its latency a datagram or its copy comes.
pub(crate) fn extra_delay(choices: &mut Choices, ip: IpAddr, site: &str) -> Nanos {
    let slot = slot(choices, ip, site);
    DELAYS[choices.weighted(slot, &[1; DELAYS.len()])]
}

/// Does a crash leave the peers of the host at `ip` untold? Half of the time.
pub(crate) fn dies_silently(choices: &mut Choices, ip: IpAddr) -> bool {
    let slot = slot(choices, ip, "silent");
    choices.weighted(slot, &[1, 1]) == 1
}
