//! Hosts that stand still for a while and know nothing of it.

use super::events::Event;
use super::world::World;
use crate::executor::Tasks;
use crate::fault::{self, FaultKind};
use crate::topology::HostId;
use crate::trace::{Lasting, What, seconds};

impl World {
    /// Some process stands still from now on, if it is there to do so.
    pub(crate) fn begin_pause(&mut self) {
        let processes = self.topology.all_process_ips().len();
        if processes == 0 {
            return;
        }
        let (which, length) = fault::pause(&mut self.choices, &self.weather.pauses, processes);
        let host = HostId(which as u16);
        if self.is_running(host) && !self.hosts[which].still {
            self.pause(host, length);
        }
    }

    /// `host` stands still for `length`.
    pub(crate) fn pause(&mut self, host: HostId, length: u64) {
        self.inject(FaultKind::Pause, host, length, || format!("STANDS STILL for {}", seconds(length)));
        self.lasts(|| Lasting::Still { host: host.0 });
        let state = &mut self.hosts[host.index()];
        state.still = true;
        state.pauses += 1;
        let pauses = state.pauses;
        self.still += 1;
        self.queue.schedule(self.now + length, Event::Resume(host, pauses));
    }

    /// Pause number so many of `host` is over, unless something else ended it.
    pub(crate) fn end_pause(&mut self, host: HostId, pauses: u32) {
        if self.hosts[host.index()].pauses == pauses {
            self.resume(host);
        }
    }

    /// `host` goes on, if it stood still: who was woken meanwhile gets its turn.
    fn resume(&mut self, host: HostId) {
        if self.hosts[host.index()].still {
            self.hosts[host.index()].parked.drain(..).for_each(Tasks::requeue);
            self.forget_pause(host);
            self.record(What::Heal, host, 1);
            self.tell(true, host, || "goes on".to_owned());
        }
    }

    /// `host` stands still no more; if it goes down, none of its tasks is there to go on.
    pub(crate) fn forget_pause(&mut self, host: HostId) {
        let ended = host.0;
        self.lasts_no_more(|what| matches!(what, Lasting::Still { host } if *host == ended));
        let state = &mut self.hosts[host.index()];
        self.still -= u32::from(std::mem::take(&mut state.still));
        state.parked.clear();
    }

    /// Everybody goes on, for good.
    pub(crate) fn resume_all(&mut self) {
        if self.still > 0 {
            (0..self.hosts.len()).for_each(|host| self.resume(HostId(host as u16)));
        }
    }
}
