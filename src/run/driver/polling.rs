//! Polling: tasks while the world is not borrowed, events while nothing is ready.

use super::{Driver, Stop, found, now};
use crate::assert;
use crate::executor::Tasks;
use crate::sim::{Ask, Ready, contained, with};
use crate::topology::HostId;
use std::task::Context;

/// Polls at one virtual instant before it counts as a spin.
///
/// A task that always wakes itself keeps virtual time from moving: the run would hang instead of
/// failing. An honest instant of the examples has under a hundred polls.
pub(super) const POLLS_MAX: u32 = 1_000_000;

impl Driver<'_> {
    /// Polls and lets time pass until `done`, a deadline, or something is wrong.
    pub(super) fn drive(&mut self, deadline: u64, done: impl Fn(&Self) -> bool) -> Stop {
        let mut polls = 0;
        let mut instant = now();
        loop {
            if self.poll_ready(&mut polls) == Stop::Found {
                return Stop::Found;
            }
            if let Some(stop) = self.check_invariants() {
                return stop;
            }
            self.look_at_conditions();
            if done(self) {
                return Stop::Done;
            }
            let (mut foreign, mut at, mut count) = (false, 0, 0);
            let mut ask = None;
            with(|world| {
                loop {
                    ask = world.step(deadline);
                    // an event that makes nobody ready needs no poll
                    let quiet = ask == Some(Ask::Nothing) && world.woken.is_empty() && Tasks::idle();
                    if !quiet || world.steps > self.events_max || self.watches {
                        break;
                    }
                }
                foreign = world.tasks.woken_from_outside();
                (at, count) = (world.now, world.steps);
            });
            if foreign {
                return self.woken_from_outside();
            }
            if at > instant {
                (instant, polls) = (at, 0);
            }
            if count > self.events_max {
                return Stop::Truncated;
            }
            match ask {
                Some(Ask::Nothing) => continue,
                Some(Ask::Boot(host)) => self.boot(host, true),
                Some(Ask::Shutdown(host)) => {
                    let token = with(|world| world.hosts[host.index()].shutdown.clone());
                    token.cancel();
                }
                Some(Ask::Join(host)) => self.boot(host, false),
                Some(Ask::Settle) => self.settle_hosts(),
                None => return self.out_of_events(deadline),
            }
            if found() {
                return Stop::Found;
            }
        }
    }

    pub(super) fn out_of_events(&self, deadline: u64) -> Stop {
        with(|world| {
            if world.queue.next_at().is_none() {
                return Stop::Deadlock;
            }
            world.advance(deadline);
            Stop::Late
        })
    }

    /// Polls what is ready, until nothing is or there is a finding.
    pub(super) fn poll_ready(&mut self, polls: &mut u32) -> Stop {
        let mut next = None;
        with(|world| next = world.next_task());
        while let Some(Ready { id, host, label, mut body }) = next {
            let (future, waker) = &mut *body;
            if let Some(seat) = &self.seat {
                seat.polls(label.hash());
            }
            let polled = contained(|| future.as_mut().poll(&mut Context::from_waker(waker)));
            *polls += 1;
            let pending = matches!(&polled, Ok(poll) if poll.is_pending());
            let violated = assert::violated();
            let spins = *polls > POLLS_MAX;
            let mut left = None;
            // one borrow of the world for the end of this poll and the beginning of the next
            next = None;
            let quiet = with(|world| {
                if pending {
                    left = world.tasks.put(id, body);
                } else {
                    world.tasks.remove(id);
                    left = Some(body);
                }
                let quiet = left.is_none() && !violated && !spins && world.is_settled();
                if quiet {
                    next = world.next_task();
                }
                quiet
            });
            if quiet {
                continue;
            }
            if let Err(panic) = &polled {
                self.judge_panic(host, panic);
            }
            // finished, or killed while it was polled: dropped when the world is free
            if let Err(panic) = contained(|| drop(left)) {
                self.panicked(host, &panic);
            }
            if spins {
                self.spins(host);
            }
            self.settle(host);
            if found() {
                return Stop::Found;
            }
            with(|world| next = world.next_task());
        }
        Stop::Done
    }

    /// Carries out what a poll has left to do.
    pub(super) fn settle(&mut self, host: HostId) {
        if assert::violated() {
            self.judge_violation(Some(host));
        }
        if !found() {
            self.settle_hosts();
        }
    }

    #[cold]
    pub(super) fn settle_hosts(&mut self) {
        let (doomed, ended) = with(|world| (std::mem::take(&mut world.doomed), std::mem::take(&mut world.ended)));
        for host in doomed {
            self.go_down(host);
        }
        for (host, boot, result) in ended {
            self.ended(host, boot, result);
        }
    }
}
