//! Hosts: up, down, asked to stop; and what goes down with them.

use super::disks::Ailment;
use super::events::{Ask, Event};
use super::world::World;
use crate::cancel::CancellationToken;
use crate::choice::Slot;
use crate::executor::{Body, TaskId};
use crate::fault::{self, Down, FaultKind};
use crate::network::Payload;
use crate::timeline::WallClock;
use crate::topology::{Host, HostId};
use crate::trace::{Lasting, Mark, What, seconds};

/// Does a host belong to the system?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// Not yet.
    Spare,
    /// It does.
    Member,
    /// It was asked to leave.
    Leaving,
    /// Not any more, and never again.
    Left,
}

/// The last thing that a host did, coarsely: the context in which a fault comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doing(u16);

impl Doing {
    /// The sorts of disk operations are told apart, and nothing else.
    #[inline]
    pub(crate) fn of(what: What, value: u64) -> Self {
        let sort = if matches!(what, What::Disk) { value as u16 & 0xff } else { 0 };
        Self((what as u16) << 8 | sort)
    }

    pub(crate) fn raw(self) -> u64 {
        u64::from(self.0)
    }
}

/// The state of one host in one run.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) is_process: bool,
    /// What it did last.
    pub(crate) doing: Doing,
    pub(crate) up: bool,
    pub(crate) membership: Membership,
    /// It goes down as soon as the current poll returns: nothing more happens on it.
    pub(crate) doomed: Option<Down>,
    /// How often it has been booted before.
    pub(crate) boot: u32,
    /// Fires when this host is asked to stop.
    pub(crate) shutdown: CancellationToken,
    /// Is it being stopped gracefully?
    pub(crate) stopping: bool,
    /// Did its process end by itself, rather than fail?
    pub(crate) exited: bool,
    /// Does it stand still: is none of its tasks polled?
    pub(crate) still: bool,
    /// How often it has stood still.
    pub(crate) pauses: u32,
    /// Its tasks that were woken while it stood still.
    pub(crate) parked: Vec<TaskId>,
    /// Has its disk been damaged in this run?
    pub(crate) damaged: bool,
    pub(crate) clock: WallClock,
    /// Did it go down without a word to its peers?
    pub(crate) silent: bool,
    /// How many more of its datagrams are lost.
    pub(crate) losing: u32,
    /// The label of its disk's latency, once it was used.
    pub(crate) disk_slot: Option<Slot>,
    /// What is wrong with its disk.
    pub(crate) disk: Ailment,
    /// How many of its own operations away the next fault of each kind is; 0 is not drawn.
    pub(crate) distances: [u64; FaultKind::COUNT],
}

impl HostState {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            is_process: host.is_process,
            doing: Doing::default(),
            up: !host.is_process,
            membership: Membership::Member,
            doomed: None,
            boot: 0,
            shutdown: CancellationToken::new(),
            stopping: false,
            exited: false,
            still: false,
            pauses: 0,
            parked: Vec::new(),
            damaged: false,
            clock: WallClock::default(),
            silent: false,
            losing: 0,
            disk_slot: None,
            disk: Ailment::default(),
            distances: [0; FaultKind::COUNT],
        }
    }

    /// Is it a process of the system that is down, or about to be?
    pub(crate) fn is_dead(&self) -> bool {
        let belongs = matches!(self.membership, Membership::Member | Membership::Leaving);
        self.is_process && belongs && (!self.up || self.doomed.is_some() || self.stopping)
    }

    /// Is it a process of the system that serves and was not asked to stop?
    pub(crate) fn serves(&self) -> bool {
        self.is_process && self.membership == Membership::Member && !self.is_dead()
    }

    /// Will it boot again, or for the first time?
    pub(crate) fn comes_back(&self) -> bool {
        !self.up && self.membership != Membership::Left
    }
}

impl World {
    /// Can code of `host` still do anything?
    #[inline]
    pub(crate) fn is_running(&self, host: HostId) -> bool {
        let host = &self.hosts[host.index()];
        host.up && host.doomed.is_none()
    }

    /// `host` has done an I/O operation. Says whether it was its last one: then the operation
    /// must not return.
    #[inline]
    pub(crate) fn io_ends(&mut self, host: HostId) -> bool {
        self.is_due(FaultKind::Crash, host) && self.go_down(host)
    }

    /// Its distance is over: `host` goes down, one way or the other, if it may.
    #[cold]
    fn go_down(&mut self, host: HostId) -> bool {
        let weather = self.weather.clone();
        let ip = self.topology.host(host).ip;
        if self.hosts[host.index()].stopping || self.dead() >= weather.attrition.max_dead {
            self.draw_distance(FaultKind::Crash, host);
            return false;
        }
        match fault::how(&mut self.choices, ip, &weather) {
            Down::Gracefully => {
                self.stop(host, weather.attrition.grace.as_nanos() as u64);
                return false;
            }
            Down::Wipe if !self.may_damage(host) => self.doom(host, Down::Crash),
            down => self.doom(host, down),
        }
        true
    }

    /// How many processes of the system are down or about to be.
    pub(crate) fn dead(&self) -> usize {
        self.hosts.iter().filter(|host| host.is_dead()).count()
    }

    /// A minority of the processes: so many may be lost, by whatever fault, without the system.
    pub(crate) fn minority(&self) -> usize {
        self.topology.all_process_ips().len().saturating_sub(1) / 2
    }

    /// May the disk of `host` be damaged? At most a minority of the processes is, in a run, or as
    /// many as were said: what a majority knows is never lost. A host that was damaged may be damaged again.
    pub(crate) fn may_damage(&mut self, host: HostId) -> bool {
        let most = self.weather.max_damaged.unwrap_or_else(|| self.minority());
        let may = self.hosts[host.index()].damaged || self.hosts.iter().filter(|host| host.damaged).count() < most;
        self.hosts[host.index()].damaged |= may;
        may
    }

    /// `host` is to be taken down when the current poll returns.
    pub(crate) fn doom(&mut self, host: HostId, down: Down) {
        let state = &mut self.hosts[host.index()];
        if state.up && state.doomed.is_none() {
            state.doomed = Some(down);
            self.doomed.push(host);
        }
    }

    /// Asks `host` to stop, and kills it after `grace`.
    pub(crate) fn stop(&mut self, host: HostId, grace: u64) {
        self.inject(FaultKind::Stop, host, grace, || format!("is asked to stop within {}", seconds(grace)));
        self.ask_to_stop(host, grace);
    }

    pub(crate) fn ask_to_stop(&mut self, host: HostId, grace: u64) {
        let boot = self.hosts[host.index()].boot;
        self.hosts[host.index()].stopping = true;
        self.queue.schedule(self.now, Event::Shutdown(host));
        self.queue.schedule(self.now + grace, Event::ForceStop(host, boot));
    }

    /// `host`'s time to stop is over, if it is still this boot that was asked to.
    pub(crate) fn force_stop(&mut self, host: HostId, boot: u32) -> Ask {
        let state = &self.hosts[host.index()];
        if !state.up || !state.stopping || state.boot != boot {
            return Ask::Nothing;
        }
        self.end_stopping(host);
        Ask::Settle
    }

    /// Who does not stop in time goes down with its machine; one that leaves does so without.
    pub(crate) fn end_stopping(&mut self, host: HostId) {
        let down = match self.hosts[host.index()].membership {
            Membership::Leaving => Down::Left,
            _ if self.weather.allows(FaultKind::Crash) => Down::Crash,
            _ => Down::Kill,
        };
        self.doom(host, down);
    }

    /// Tells of the way in which `host` goes down.
    pub(crate) fn tell_down(&mut self, host: HostId, down: Down) {
        match down {
            Down::Gracefully | Down::Crash => self.inject(FaultKind::Crash, host, 0, || "CRASHES".to_owned()),
            Down::Kill => self.inject(FaultKind::Kill, host, 0, || "is KILLED".to_owned()),
            Down::Wipe => self.inject(FaultKind::Wipe, host, 0, || "CRASHES, and its disk is gone".to_owned()),
            // counted when it came
            Down::Outage => {
                self.record(What::Exit, host, 2);
                let mark = Mark::Fault { kind: FaultKind::Outage.site() };
                self.tell_as(mark, true, host, || "CRASHES with all that is there".to_owned());
            }
            Down::Left => {
                self.record(What::Exit, host, 3);
                self.tell_as(Mark::Down, true, host, || "is killed: its time to leave is over".to_owned());
            }
        }
    }

    /// Takes `host` down: its tasks, connections and listeners are gone. `down` says how, and is
    /// `None` when its process ended by itself. Gives the futures, to be dropped when the world is
    /// free.
    pub(crate) fn take_down(&mut self, host: HostId, down: Option<Down>) -> Vec<Body> {
        let lose = down.is_some_and(Down::takes_machine);
        self.forget_pause(host);
        let down_now = host.0;
        self.lasts_no_more(|what| matches!(what, Lasting::Up { host, .. } if *host == down_now));
        let state = &mut self.hosts[host.index()];
        (state.up, state.doomed, state.stopping) = (false, None, false);
        state.distances = [0; FaultKind::COUNT];
        state.losing = 0;
        let futures = self.tasks.remove_all(|owner| owner == host);
        if lose {
            self.vanishes(host);
        }
        for (conn, side) in self.net.conns.held_by(host) {
            if let Some(farewell) = self.net.conns.close(conn, side) {
                let farewell = if lose { Payload::Reset } else { farewell };
                self.send_control(conn, side, farewell);
            }
        }
        for listener in self.net.listeners_of(host) {
            self.net.unlisten(listener);
        }
        self.net.sockets.close_all(host);
        if down == Some(Down::Wipe) {
            self.disks[host.index()].wipe();
            self.hosts[host.index()].disk = Ailment::default();
        } else if lose {
            self.lose_unsynced(host);
        }
        // otherwise the machine lives, and so does its page cache: what a process left unsynced is
        // read back at the next boot, and a crash may still take it
        futures
    }

    /// `host` is down: it boots again after a while, unless it has left.
    pub(crate) fn plan_restart(&mut self, host: HostId) {
        if self.hosts[host.index()].membership == Membership::Leaving {
            self.hosts[host.index()].membership = Membership::Left;
            self.tell_as(Mark::Down, true, host, || "has left".to_owned());
            return;
        }
        let ip = self.topology.host(host).ip;
        let weather = self.weather.clone();
        let delay = fault::restart_delay(&mut self.choices, ip, &weather);
        let boot = self.hosts[host.index()].boot;
        self.queue.schedule(self.now + delay, Event::Restart(host, boot));
    }

    /// Marks `host` as booted; the caller spawns its process.
    pub(crate) fn boot(&mut self, host: HostId, again: bool) {
        let storm = self.storm;
        let state = &mut self.hosts[host.index()];
        (state.up, state.exited, state.membership) = (true, false, Membership::Member);
        state.disk.failed = false;
        state.shutdown = CancellationToken::new();
        if again {
            state.boot += 1;
            self.counts.restarts += 1;
        }
        let boot = state.boot;
        self.record(What::Boot, host, u64::from(boot));
        self.answers_again(host);
        self.tell_as(Mark::Boot, true, host, || {
            if again { format!("boots again (boot {boot})") } else { "boots".to_owned() }
        });
        self.lasts(|| Lasting::Up { host: host.0, boot });
        if storm {
            self.draw_distances(host);
        }
    }
}
