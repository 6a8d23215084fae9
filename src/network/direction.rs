//! One direction of a connection: what its writer sent and its reader has not read yet.
//!
//! Owns the order of segments, the window, and the wait for an acknowledgement. Nothing is lost
//! or overtakes: a segment that meets a cut link stalls, and all behind it. Who writes and who
//! reads, and whether they still live, is `conn`'s.

use crate::timeline::Nanos;
use std::collections::VecDeque;

/// Bytes that fit between a writer and its reader: sent and not yet read.
///
/// Linux's default receive window is of this size. A writer that runs ahead waits, as in the
/// field.
pub(crate) const WINDOW: usize = 64 * 1024;

/// What a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// So many bytes of the stream.
    Data(u32),
    /// No more bytes will come.
    Fin,
    /// The other end is gone.
    Reset,
    /// The reader made room.
    Window,
}

/// The way from one end to the other.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    /// First what has arrived, then what is under way. One buffer, since a second one would copy
    /// every byte once more.
    stream: VecDeque<u8>,
    arrived: usize,
    segments: VecDeque<Payload>,
    /// How many segments have left `segments`: the number of the first one there.
    gone: u32,
    last_arrival: Nanos,
    /// Did the writer find the window full?
    blocked: bool,
    /// Segments that arrived at a cut link and wait for it to heal.
    stalled: u32,
    /// Does the writer wait for an acknowledgement that a cut link keeps from it?
    unanswered: bool,
    /// Tells such a wait from later ones, so that an old timer ends nothing.
    waits: u32,
    /// The reader's window as last told to the writer.
    window_used: usize,
}

impl Direction {
    /// As good as new, with its buffers kept.
    pub(super) fn renew(&mut self) {
        let (mut stream, mut segments) = (std::mem::take(&mut self.stream), std::mem::take(&mut self.segments));
        stream.clear();
        segments.clear();
        *self = Self { stream, segments, ..Self::default() };
    }

    /// How many bytes the reader finds.
    #[inline]
    pub(crate) fn arrived(&self) -> usize {
        self.arrived
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled > 0
    }

    /// Is wait number `wait` for an acknowledgement still on?
    pub(crate) fn waits_in_vain(&self, wait: u32) -> bool {
        self.unanswered && self.waits == wait
    }

    /// An acknowledgement can't come. Gives the number of the wait, if it is a new one.
    pub(super) fn wait_for_answer(&mut self) -> Option<u32> {
        if self.unanswered {
            return None;
        }
        self.unanswered = true;
        self.waits += 1;
        Some(self.waits)
    }

    /// Are segments still under way?
    pub(super) fn is_sending(&self) -> bool {
        !self.segments.is_empty()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Is there something that a cut link holds up?
    pub(super) fn is_held_up(&self) -> bool {
        self.stalled > 0 || self.unanswered || self.blocked
    }

    /// Shows what has arrived, at most `limit` bytes, slice by slice.
    #[inline]
    pub(super) fn peek(&self, limit: usize, mut to: impl FnMut(&[u8])) -> usize {
        let length = self.arrived.min(limit);
        let (front, back) = self.stream.as_slices();
        let from_front = front.len().min(length);
        to(&front[..from_front]);
        to(&back[..length - from_front]);
        length
    }

    /// The same, and takes it away.
    #[inline]
    pub(super) fn read(&mut self, limit: usize, to: impl FnMut(&[u8])) -> usize {
        let length = self.peek(limit, to);
        self.stream.drain(..length);
        self.arrived -= length;
        length
    }

    /// How many bytes may be sent now; `answered` says whether acknowledgements get through.
    /// Without them, what was sent stays in the window.
    #[inline]
    pub(super) fn room(&mut self, answered: bool) -> usize {
        if !self.blocked && answered {
            self.window_used = self.stream.len();
        }
        let room = WINDOW.saturating_sub(self.window_used);
        self.blocked = room == 0;
        room
    }

    #[inline]
    pub(super) fn send(&mut self, bytes: &[u8], at: Nanos) -> Nanos {
        self.stream.extend(bytes);
        self.window_used += bytes.len();
        self.push(Payload::Data(bytes.len() as u32), at)
    }

    /// Flips a bit of the last `length` bytes.
    pub(super) fn flip(&mut self, length: usize, bit: usize) {
        let at = self.stream.len() - length + bit / 8;
        self.stream[at] ^= 1 << (bit % 8);
    }

    /// Sends a segment behind what is under way.
    pub(super) fn push(&mut self, payload: Payload, at: Nanos) -> Nanos {
        let at = self.hold_back_until(at);
        self.segments.push_back(payload);
        at
    }

    /// Nothing more arrives before `at`.
    pub(super) fn hold_back_until(&mut self, at: Nanos) -> Nanos {
        self.last_arrival = self.last_arrival.max(at);
        self.last_arrival
    }

    /// The next segment comes to a cut link, or to one that stalls there. Gives the number of the
    /// wait for its acknowledgement, if that begins here.
    pub(super) fn stall(&mut self) -> Option<u32> {
        let payload = self.segments.get(self.stalled as usize).copied();
        self.stalled += 1;
        // word of room is no data: nobody acknowledges it, and nobody gives up over it
        if payload == Some(Payload::Window) { None } else { self.wait_for_answer() }
    }

    /// Takes the stalled segments: so many may be delivered now.
    pub(super) fn unstall(&mut self) -> u32 {
        self.unanswered = false;
        std::mem::take(&mut self.stalled)
    }

    /// Acknowledgements get through again. Says whether all that was sent was acknowledged by it,
    /// the writer waits, and there is room.
    pub(super) fn answer(&mut self) -> bool {
        self.unanswered = self.stalled > 0;
        self.blocked && self.stream.len() == self.arrived && self.has_room()
    }

    fn has_room(&self) -> bool {
        // half of the window at once, as TCP does, not byte by byte
        self.arrived <= WINDOW / 2
    }

    /// Must the writer be told that there is room?
    pub(super) fn wants_word_of_room(&self) -> bool {
        self.blocked && self.has_room()
    }

    /// Is word of room under way, for the writer of the other direction?
    pub(super) fn brings_word_of_room(&self) -> bool {
        self.segments.contains(&Payload::Window)
    }

    /// The writer has heard of room, or doesn't care any more.
    pub(super) fn unblock(&mut self) {
        self.blocked = false;
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Payload> {
        self.gone = self.gone.wrapping_add(1);
        self.segments.pop_front()
    }

    /// The segment that arrives next.
    pub(crate) fn next(&self) -> Option<Payload> {
        self.segments.front().copied()
    }

    /// The number of the segment that arrives next, and of the one that is sent next.
    pub(crate) fn numbers(&self) -> (u64, u64) {
        let first = u64::from(self.gone);
        (first, first + self.segments.len() as u64)
    }

    /// The number of the next segment that comes to a cut link.
    pub(crate) fn stalls_next(&self) -> u64 {
        u64::from(self.gone) + u64::from(self.stalled)
    }

    /// So many bytes are there to be read.
    #[inline]
    pub(super) fn arrive(&mut self, length: u32) {
        self.arrived += length as usize;
    }

    /// So many bytes have arrived for nobody.
    pub(super) fn drop_arriving(&mut self, length: u32) {
        self.stream.drain(self.arrived..self.arrived + length as usize);
    }

    /// What has arrived and was not read is lost; says how much it was.
    pub(super) fn drop_arrived(&mut self) -> usize {
        let unread = std::mem::take(&mut self.arrived);
        self.stream.drain(..unread);
        unread
    }

    /// What is under way is lost.
    pub(super) fn drop_sent(&mut self) {
        self.gone = self.gone.wrapping_add(self.segments.len() as u32);
        self.segments.clear();
        self.stream.truncate(self.arrived);
        self.stalled = 0;
        self.unanswered = false;
    }

    /// The writer is no more: what stalled is not sent again, and nobody waits for an answer.
    pub(super) fn fall_silent(&mut self) {
        if self.is_stalled() {
            self.drop_sent();
        }
        self.unanswered = false;
    }

    /// All that is left to say, once the link heals, is that the stream broke.
    pub(super) fn leave_reset(&mut self) {
        self.drop_sent();
        self.segments.push_back(Payload::Reset);
        self.stalled = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(direction: &mut Direction) -> usize {
        direction.read(WINDOW, |_| {})
    }

    fn arrive(direction: &mut Direction) {
        let Some(Payload::Data(length)) = direction.pop() else { panic!("no bytes are under way") };
        direction.arrive(length);
    }

    #[test]
    fn a_writer_waits_for_its_reader_to_tell_of_room() {
        let mut way = Direction::default();
        way.send(&vec![7; WINDOW], 1);
        assert_eq!(way.room(true), 0);
        arrive(&mut way);
        assert_eq!(way.room(true), 0, "arrived is not read");
        read(&mut way);
        assert!(way.wants_word_of_room());
        assert_eq!(way.room(true), 0, "the writer has not heard of it");
        way.unblock();
        assert_eq!(way.room(true), WINDOW);
    }

    #[test]
    fn without_acknowledgements_the_window_only_fills() {
        let mut way = Direction::default();
        way.send(&vec![7; WINDOW / 2], 1);
        arrive(&mut way);
        read(&mut way);
        assert_eq!(way.room(false), WINDOW / 2);
        way.send(&vec![7; WINDOW / 2], 2);
        assert_eq!(way.room(false), 0);
        arrive(&mut way);
        read(&mut way);
        assert!(way.answer(), "the writer must be told");
    }

    #[test]
    fn a_wait_for_an_answer_is_numbered_and_word_of_room_is_none() {
        let mut way = Direction::default();
        way.push(Payload::Window, 1);
        way.send(b"x", 1);
        way.send(b"y", 1);
        assert_eq!(way.stall(), None);
        assert_eq!(way.stall(), Some(1));
        assert_eq!(way.stall(), None);
        assert_eq!(way.unstall(), 3);
        assert!(!way.waits_in_vain(1));
        assert_eq!(way.wait_for_answer(), Some(2));
        assert!(way.waits_in_vain(2));
    }

    #[test]
    fn a_peek_takes_nothing_and_a_read_may_take_a_part() {
        let mut way = Direction::default();
        way.send(b"abc", 1);
        assert_eq!(way.peek(9, |_| {}), 0, "sent is not arrived");
        arrive(&mut way);
        let mut seen = Vec::new();
        assert_eq!(way.peek(2, |bytes| seen.extend(bytes)), 2);
        assert_eq!((&seen[..], way.arrived()), (&b"ab"[..], 3));
        assert_eq!(way.read(1, |_| {}), 1);
        assert_eq!(way.arrived(), 2);
    }
}
