//! A network that breaks connections, delays links and loses datagrams.

use super::latency::nanos;
use crate::choice::Gap;
use crate::fault::FaultKind;
use crate::timeline::Nanos;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What goes wrong with connections, links and datagrams, during the storm. Off unless given to
/// the builder; partitions are [`Partitions`](super::Partitions).
///
/// Each setter takes the probability, in `0.0..=1.0`, that another fault of the sort comes, and
/// within how many operations of the host it does: of the operations of that sort which the host
/// does itself. 0.0 turns it off. All of them hit processes and workloads alike: a workload that
/// returns the error has given up, which is counted.
///
/// ```
/// use simfuzz::NetworkFaults;
///
/// let only_resets = NetworkFaults::none().resets(0.5, 200);
/// let no_half_open = NetworkFaults::default().half_open(0.0, 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkFaults {
    gaps: Vec<(FaultKind, Gap)>,
    clogs: (Nanos, Nanos),
}

impl Default for NetworkFaults {
    /// All of them but flipped bits, which checksums would catch: so that some hundred messages
    /// see a few faults in a part of the runs.
    fn default() -> Self {
        Self::none()
            .clogs(0.3, Duration::from_secs(10), Duration::from_millis(10)..=Duration::from_secs(3))
            .refusals(0.3, 16)
            .hangs(0.1, 16)
            .resets(0.2, 512)
            .half_open(0.1, 512)
            .partial_reads(0.5, 128)
            .partial_writes(0.5, 128)
            .losses(0.5, 128)
            .duplicates(0.4, 128)
            .reorders(0.4, 128)
    }
}

impl NetworkFaults {
    /// None of them: to be turned on one by one.
    pub fn none() -> Self {
        Self { gaps: Vec::new(), clogs: (0, 0) }
    }

    fn with(mut self, kind: FaultKind, chance: f64, within: u64) -> Self {
        self.gaps.retain(|&(known, _)| known != kind);
        self.gaps.push((kind, Gap { chance, limit: within.max(1) }));
        self
    }

    /// Links that are late: another with probability `chance` within so much virtual time. All
    /// that is sent over a clogged link meanwhile arrives when the clog ends, in order; nobody
    /// gives up over it.
    ///
    /// # Panics
    ///
    /// When the range of lengths is empty.
    #[must_use]
    pub fn clogs(mut self, chance: f64, within: Duration, lasting: RangeInclusive<Duration>) -> Self {
        self.clogs = nanos(&lasting);
        self.with(FaultKind::Clog, chance, within.as_micros() as u64)
    }

    /// Connects that are refused though somebody listens, within so many connects of a host.
    #[must_use]
    pub fn refusals(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Refuse, chance, within)
    }

    /// Connects that are never answered, within so many connects of a host: they fail with
    /// `TimedOut` after 30 virtual seconds, or go through when the storm ends.
    #[must_use]
    pub fn hangs(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Hang, chance, within)
    }

    /// Connections that are reset, within so many writes of a host to its streams: that write and
    /// the other end get `ConnectionReset`. What was written before still arrives, what was on its
    /// way back is lost.
    #[must_use]
    pub fn resets(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Reset, chance, within)
    }

    /// Connections that die with nobody told, within so many writes of a host to its streams.
    /// Nothing crosses them any more, also not when the storm is over: a writer fails with
    /// `TimedOut` after 30 virtual seconds without an acknowledgement, a reader who never writes
    /// waits for ever.
    ///
    /// With this on, a process that crashes may also do so without a word: its peers aren't
    /// reset, and hear of it when what they send meets the machine that is up again, or never.
    #[must_use]
    pub fn half_open(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::HalfOpen, chance, within)
    }

    /// Reads of a stream that give a part of what has arrived, within so many reads of a host
    /// that find two bytes or more.
    #[must_use]
    pub fn partial_reads(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::PartialRead, chance, within)
    }

    /// Writes to a stream that take a part of what would fit, within so many writes of a host of
    /// two bytes or more.
    #[must_use]
    pub fn partial_writes(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::PartialWrite, chance, within)
    }

    /// Datagrams that are lost, within so many that a host sends: one, or several in a row.
    #[must_use]
    pub fn losses(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Loss, chance, within)
    }

    /// Datagrams that arrive twice, within so many that a host sends.
    #[must_use]
    pub fn duplicates(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Duplicate, chance, within)
    }

    /// Datagrams that are late, so that others overtake them, within so many that a host sends.
    /// (Latency alone also reorders datagrams that are sent close together.)
    #[must_use]
    pub fn reorders(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::Reorder, chance, within)
    }

    /// Bits of streams that arrive flipped, within so many writes of a host. Off by default:
    /// TCP's checksum lets about one in 65,000 broken segments pass, and those of the links below
    /// catch most of them.
    #[must_use]
    pub fn stream_flips(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::BitFlip, chance, within)
    }

    /// Bits of datagrams that arrive flipped, within so many that a host sends. Off by default,
    /// as for streams.
    #[must_use]
    pub fn datagram_flips(self, chance: f64, within: u64) -> Self {
        self.with(FaultKind::DatagramFlip, chance, within)
    }

    pub(crate) fn gaps(&self) -> &[(FaultKind, Gap)] {
        &self.gaps
    }

    pub(crate) fn clog_lengths(&self) -> (Nanos, Nanos) {
        self.clogs
    }
}
