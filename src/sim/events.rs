//! What each event does to the world.

use super::hosts::Membership;
use super::world::World;
use crate::executor::{TaskId, Tasks};
use crate::fault::FaultKind;
use crate::network::{ConnId, DatagramId, Side};
use crate::timeline::{Nanos, TimerId};
use crate::topology::HostId;

/// Something due at a virtual time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A sleeper is to be woken.
    Timer(TimerId),
    /// The first segment that left this side arrives.
    Segment(ConnId, Side),
    /// Stalled segments are retransmitted.
    Retransmit(ConnId, Side),
    /// A wait for an acknowledgement has lasted too long.
    GiveUp(ConnId, Side, u32),
    /// A datagram arrives.
    Datagram(DatagramId),
    /// A connection request arrives.
    Syn(ConnId),
    /// The answer to it arrives, which may be a refusal.
    SynAck(ConnId, bool),
    /// A connection request has waited too long.
    ConnectTimeout(ConnId),
    /// A task that was held back is ready again.
    Release(TaskId),
    /// A process boots again, if this is still the boot that ended.
    Restart(HostId, u32),
    /// A process is told to stop.
    Shutdown(HostId),
    /// Its time to stop is over.
    ForceStop(HostId, u32),
    /// Pause number so many of a host is over.
    Resume(HostId, u32),
    /// A spare joins, if this weather is still in force.
    Join(HostId, u32),
    /// A fault comes, if this weather is still in force.
    Fault(FaultKind, u32),
    /// Partition number so many ends.
    Heal(u32),
}

/// What the run must do about an event that the world can't do alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Nothing.
    Nothing,
    /// Boot the process of this host again.
    Boot(HostId),
    /// Boot the process of this host for the first time.
    Join(HostId),
    /// Tell the host's token.
    Shutdown(HostId),
    /// Take down the hosts that are doomed.
    Settle,
}

impl World {
    /// Carries out the next event, if it is due by `limit`.
    #[inline]
    pub(crate) fn step(&mut self, limit: Nanos) -> Option<Ask> {
        if self.queue.next_at()? > limit {
            return None;
        }
        let (at, event) = self.queue.pop()?;
        self.steps += 1;
        if at > self.now {
            self.advance(at);
        }
        Some(self.carry_out(event))
    }

    fn carry_out(&mut self, event: Event) -> Ask {
        match event {
            Event::Timer(id) => self.woken.extend(self.timers.fire(id)),
            Event::Segment(conn, side) => self.arrive(conn, side),
            Event::Retransmit(conn, side) => self.retransmit(conn, side),
            Event::GiveUp(conn, side, wait) => self.give_up(conn, side, wait),
            Event::Datagram(datagram) => self.datagram(datagram),
            Event::Syn(conn) => self.syn(conn),
            Event::SynAck(conn, accepted) => self.syn_ack(conn, accepted),
            Event::ConnectTimeout(conn) => self.connect_timeout(conn),
            Event::Release(id) => {
                self.held -= 1;
                Tasks::requeue(id);
            }
            Event::Restart(host, boot) => {
                let state = &self.hosts[host.index()];
                if state.comes_back() && state.boot == boot {
                    let spare = state.membership == Membership::Spare;
                    return if spare { Ask::Join(host) } else { Ask::Boot(host) };
                }
            }
            Event::Shutdown(host) => return Ask::Shutdown(host),
            Event::ForceStop(host, boot) => return self.force_stop(host, boot),
            Event::Resume(host, pauses) => self.end_pause(host, pauses),
            Event::Join(host, version) => return self.join(host, version),
            Event::Fault(kind, version) => return self.fault_is_due(kind, version),
            Event::Heal(number) => self.end_partition(number),
        }
        Ask::Nothing
    }
}
