//! Virtual time: the queue of what happens when, sleepers, and what clocks on the wall show.
//!
//! Owns the order of events: by time, and at one time by the order they were scheduled. It
//! doesn't decide how long anything takes, and doesn't know what an event does.

mod wall;

pub(crate) use wall::WallClock;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Virtual nanoseconds since the start of the run.
pub(crate) type Nanos = u64;

/// Events by time, then by order of scheduling.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    scheduled: u64,
}

#[derive(Debug)]
struct Entry<E> {
    /// The time, and in the low half the order of scheduling: one comparison.
    key: u128,
    event: E,
}

impl<E> Entry<E> {
    fn at(&self) -> Nanos {
        (self.key >> 64) as Nanos
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    /// The heap gives its greatest first, so the soonest is the greatest.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key)
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), scheduled: 0 }
    }
}

impl<E> Queue<E> {
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.scheduled = 0;
    }

    #[inline]
    pub(crate) fn schedule(&mut self, at: Nanos, event: E) {
        self.scheduled += 1;
        self.heap.push(Entry { key: u128::from(at) << 64 | u128::from(self.scheduled), event });
    }

    /// When the next event is due.
    #[inline]
    pub(crate) fn next_at(&self) -> Option<Nanos> {
        self.heap.peek().map(Entry::at)
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Nanos, E)> {
        self.heap.pop().map(|entry| (entry.at(), entry.event))
    }
}

/// Who sleeps until when. A timer is named by slot and generation, so that a late event of a
/// dropped sleeper wakes nobody.
#[derive(Debug)]
pub(crate) struct Timers<W> {
    slots: Vec<Timer<W>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Timer<W> {
    generation: u32,
    sleeper: Option<W>,
}

/// Names a timer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerId {
    slot: u32,
    generation: u32,
}

impl<W> Default for Timers<W> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<W> Timers<W> {
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }

    pub(crate) fn add(&mut self, waker: W) -> TimerId {
        match self.free.pop() {
            Some(slot) => {
                let timer = &mut self.slots[slot as usize];
                timer.sleeper = Some(waker);
                TimerId { slot, generation: timer.generation }
            }
            None => {
                self.slots.push(Timer { generation: 0, sleeper: Some(waker) });
                TimerId { slot: self.slots.len() as u32 - 1, generation: 0 }
            }
        }
    }

    /// Somebody else waits for the timer now.
    pub(crate) fn rewake(&mut self, id: TimerId, waker: W) {
        if let Some(timer) = self.get(id) {
            timer.sleeper = Some(waker);
        }
    }

    /// Whom to wake when the timer's event comes.
    pub(crate) fn fire(&mut self, id: TimerId) -> Option<W> {
        self.get(id)?.sleeper.take()
    }

    pub(crate) fn remove(&mut self, id: TimerId) {
        if let Some(timer) = self.get(id) {
            timer.generation = timer.generation.wrapping_add(1);
            timer.sleeper = None;
            self.free.push(id.slot);
        }
    }

    fn get(&mut self, id: TimerId) -> Option<&mut Timer<W>> {
        self.slots.get_mut(id.slot as usize).filter(|timer| timer.generation == id.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_order() {
        let mut queue = Queue::default();
        for (at, name) in [(5, "late"), (1, "first"), (1, "second"), (0, "now")] {
            queue.schedule(at, name);
        }
        assert_eq!(queue.next_at(), Some(0));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(0, "now"), (1, "first"), (1, "second"), (5, "late")]);
    }

    #[test]
    fn a_dropped_sleeper_is_not_woken() {
        let mut timers = Timers::default();
        let old = timers.add(());
        timers.remove(old);
        let new = timers.add(());
        assert!(timers.fire(old).is_none());
        assert!(timers.fire(new).is_some());
        assert!(timers.fire(new).is_none());
    }
}
