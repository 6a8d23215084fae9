//! Every kind of fault there is: its name, the label of its distance, its swarm family.
//!
//! One table, so that a report, the swarm, the warnings and the docs speak of the same things.
//! Owns no odds (`weather`) and carries nothing out (the world does).

use std::fmt;

/// A family of faults that swarm turns as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Crash,
    Pause,
    Partition,
    Schedule,
    Delay,
    Connect,
    Break,
    Partial,
    Datagram,
    Error,
    Full,
    Decay,
    Clock,
    Buggify,
    Churn,
}

impl Family {
    pub(crate) const ALL: [Self; 15] = [
        Self::Crash,
        Self::Pause,
        Self::Partition,
        Self::Schedule,
        Self::Delay,
        Self::Connect,
        Self::Break,
        Self::Partial,
        Self::Datagram,
        Self::Error,
        Self::Full,
        Self::Decay,
        Self::Clock,
        Self::Buggify,
        Self::Churn,
    ];

    /// Its label under `swarm/`.
    pub(crate) fn site(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Partition => "partition",
            Self::Schedule => "schedule",
            Self::Delay => "delay",
            Self::Connect => "connect",
            Self::Break => "break",
            Self::Partial => "partial",
            Self::Datagram => "datagram",
            Self::Error => "error",
            Self::Full => "full",
            Self::Decay => "decay",
            Self::Clock => "clock",
            Self::Buggify => "buggify",
            Self::Churn => "churn",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $site:literal $plural:literal $family:ident,)*) => {
        /// A kind of fault, as a report counts it.
        ///
        /// ```
        /// use simfuzz::FaultKind;
        ///
        /// assert_eq!(FaultKind::SyncError.to_string(), "sync errors");
        /// assert!(FaultKind::ALL.contains(&FaultKind::Partition));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum FaultKind {
            $($(#[$doc])* $kind,)*
        }

        impl FaultKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            pub(crate) const COUNT: usize = Self::ALL.len();

            /// The last part of the label under which it is drawn: `fault/10.0.1.2/crash`.
            pub(crate) fn site(self) -> &'static str {
                match self { $(Self::$kind => $site,)* }
            }

            pub(crate) fn family(self) -> Family {
                match self { $(Self::$kind => Family::$family,)* }
            }

            fn plural(self) -> &'static str {
                match self { $(Self::$kind => $plural,)* }
            }
        }
    };
}

kinds! {
    /// The machine of a process dies at once; what its disk did not sync may be lost.
    Crash "crash" "crashes" Crash,
    /// A process is asked to stop, with some time to do so.
    Stop "stop" "graceful stops" Crash,
    /// A process is killed while its machine stays up: its files are whole, and its kernel closes
    /// its connections.
    Kill "kill" "kills" Crash,
    /// A crash that takes the disk with it.
    Wipe "wipe" "wiped disks" Crash,
    /// All processes of a machine, zone or datacenter crash at once.
    Outage "outage" "outages" Crash,
    /// A process stands still and then goes on, knowing nothing of it: a long garbage
    /// collection, a migrated machine.
    Pause "pause" "pauses" Pause,
    /// A spare process joins while the others run.
    Join "join" "joins" Churn,
    /// A process leaves for good.
    Leave "leave" "leaves" Churn,
    /// A task that could run waits for others first.
    Hold "hold" "tasks held back" Schedule,
    /// Hosts are cut off from each other for a while.
    Partition "partition" "partitions" Partition,
    /// What crosses a link is late for a while.
    Clog "clog" "clogged links" Delay,
    /// A connection request is refused though somebody listens.
    Refuse "refuse" "refused connects" Connect,
    /// A connection request is never answered.
    Hang "hang" "hanging connects" Connect,
    /// A connection is reset in the middle.
    Reset "reset" "resets" Break,
    /// A connection dies and nobody is told.
    HalfOpen "half-open" "half-open connections" Break,
    /// A read of a socket gives fewer bytes than have arrived.
    PartialRead "partial-read" "partial reads" Partial,
    /// A write to a socket takes fewer bytes than would fit.
    PartialWrite "partial-write" "partial writes" Partial,
    /// A datagram is lost.
    Loss "loss" "lost datagrams" Datagram,
    /// A datagram arrives twice.
    Duplicate "duplicate" "duplicated datagrams" Datagram,
    /// A datagram is overtaken by later ones.
    Reorder "reorder" "reordered datagrams" Datagram,
    /// A bit of a stream arrives flipped.
    BitFlip "bit-flip" "flipped bits" Decay,
    /// A bit of a datagram arrives flipped.
    DatagramFlip "datagram-flip" "flipped bits of datagrams" Decay,
    /// A crash takes writes that were not synced, or parts of them.
    LostWrite "lost-write" "crashes that lost writes" Crash,
    /// A crash takes changes of directories that were not synced: files vanish or keep their old
    /// names.
    LostName "lost-name" "crashes that lost names" Crash,
    /// A read of a file fails.
    ReadError "read-error" "read errors" Error,
    /// A write to a file fails.
    WriteError "write-error" "write errors" Error,
    /// A sync fails, and what it could not write is gone from the page cache.
    SyncError "sync-error" "sync errors" Error,
    /// The disk is full for a while.
    Full "full" "full disks" Full,
    /// A read of a file gives fewer bytes than there are.
    ShortRead "short-read" "short reads" Partial,
    /// A write to a file takes fewer bytes than it was given.
    ShortWrite "short-write" "short writes" Partial,
    /// A disk operation takes very long.
    Stall "stall" "stalled disk operations" Delay,
    /// A bit of a file flips on the disk, silently.
    Corruption "corruption" "corrupted files" Decay,
    /// A host's wall clock is off.
    Skew "skew" "skewed clocks" Clock,
    /// A host's wall clock runs fast or slow.
    Drift "drift" "drifting clocks" Clock,
    /// A host's wall clock jumps.
    Jump "jump" "clock jumps" Clock,
    /// A `buggify!` in the code fired.
    Buggify "buggify" "buggified places" Buggify,
}

/// The faults of connections and datagrams: they come by the operations of the host that connects,
/// writes, reads or sends, process or workload. In the order they are drawn.
pub(crate) const OF_NETWORK: [FaultKind; 11] = [
    FaultKind::Refuse,
    FaultKind::Hang,
    FaultKind::Reset,
    FaultKind::HalfOpen,
    FaultKind::PartialRead,
    FaultKind::PartialWrite,
    FaultKind::Loss,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::BitFlip,
    FaultKind::DatagramFlip,
];

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural())
    }
}

/// How often each kind was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Injected([u32; FaultKind::COUNT]);

impl Default for Injected {
    fn default() -> Self {
        Self([0; FaultKind::COUNT])
    }
}

impl Injected {
    pub(crate) fn add(&mut self, kind: FaultKind) {
        self.0[kind as usize] += 1;
    }

    pub(crate) fn of(&self, kind: FaultKind) -> u32 {
        self.0[kind as usize]
    }
}
