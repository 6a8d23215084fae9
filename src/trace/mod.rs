//! What happened in a run: a digest of every event, and for those who ask, the story.
//!
//! Owns how events are folded; the lines of the story are `story`'s. It doesn't decide what is worth telling: callers say
//! so event by event. While nobody listens an event costs one multiplication.

mod story;

#[cfg(feature = "fuzz")]
pub(crate) use story::break_at;
pub use story::{Lasting, Mark, Span, StoryLine};
pub(crate) use story::{Moment, Parcel, payload};

use crate::choice::{hash_bytes, mix};
use crate::timeline::Nanos;
use std::fmt::Write as _;
use story::Story;

/// What sort of thing happened; its number goes into the digest, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum What {
    Phase = 1,
    Boot = 2,
    Exit = 3,
    Send = 6,
    Deliver = 7,
    Connect = 8,
    Accept = 9,
    Close = 10,
    Reset = 11,
    Stall = 12,
    Heal = 14,
    Disk = 15,
    Hold = 17,
    Note = 18,
    Publish = 19,
    Chose = 20,
    Finding = 22,
    Fault = 23,
    History = 24,
}

/// The most events that are kept of a told run: some 60 MB.
const KEPT_MAX: usize = 1_000_000;

/// An event as it went into the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Nanos,
    pub(crate) what: What,
    pub(crate) first: u64,
    pub(crate) second: u64,
    /// A digest of its bytes, where it has some.
    pub(crate) bytes: u64,
    /// How many lines of the story were told before it.
    pub(crate) lines: u32,
}

impl What {
    /// Is the first number of such an event a host?
    pub(crate) fn has_host(self) -> bool {
        !matches!(self, Self::Publish | Self::Chose | Self::Finding)
    }
}

/// Digest and story of one run.
#[derive(Debug, Default)]
pub(crate) struct Events {
    digest: u64,
    count: u64,
    /// The events one by one, while somebody listens.
    kept: Vec<Event>,
    pub(crate) story: Story,
}

impl Events {
    pub(crate) fn start(&mut self, told: bool) {
        self.digest = 0;
        self.count = 0;
        self.kept.clear();
        self.story.start(told);
    }

    /// Folds an event into the digest.
    #[inline]
    pub(crate) fn record(&mut self, at: Nanos, what: What, first: u64, second: u64) {
        self.count += 1;
        let event = at ^ (what as u64) << 56 ^ first.rotate_left(20);
        self.digest = (self.digest ^ event).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ second;
        if self.story.told() {
            self.keep(at, what, first, second);
        }
    }

    #[cold]
    fn keep(&mut self, at: Nanos, what: What, first: u64, second: u64) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Event { at, what, first, second, bytes: 0, lines: self.story.told_so_far() });
        }
    }

    /// Folds bytes into the digest.
    #[inline]
    pub(crate) fn record_bytes(&mut self, bytes: &[u8]) {
        self.digest = hash_bytes(self.digest, bytes);
        if self.story.told()
            && let Some(event) = self.kept.last_mut()
        {
            event.bytes = hash_bytes(event.bytes, bytes);
        }
    }

    /// The events that were kept.
    pub(crate) fn take_kept(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.kept)
    }

    /// Is anybody listening to the story?
    #[inline]
    pub(crate) fn told(&self) -> bool {
        self.story.told()
    }

    pub(crate) fn digest(&self) -> u64 {
        mix(self.digest ^ self.count)
    }
}

/// A virtual time as people read it: `1.204_350s`.
pub(crate) fn seconds(at: Nanos) -> String {
    format!("{}.{:06}s", at / 1_000_000_000, at / 1_000 % 1_000_000)
}

/// Bytes of a payload that a line shows.
const SHOWN: usize = 48;

/// A payload as people read it: text where it is text, else hex; at most 48 bytes of it.
pub(crate) fn preview(bytes: &[u8]) -> String {
    readable(bytes, SHOWN)
}

fn readable(bytes: &[u8], most: usize) -> String {
    let shown = &bytes[..bytes.len().min(most)];
    let readable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let mut text = String::new();
    if shown.iter().filter(|byte| readable(byte)).count() * 10 >= shown.len() * 9 {
        let _ = write!(text, "\"{}\"", shown.escape_ascii());
    } else {
        for byte in shown {
            let _ = write!(text, "{byte:02x}");
        }
    }
    if bytes.len() > most {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_sees_time_kind_order_and_bytes() {
        let digest = |events: &[(u64, What, u64)], bytes: &[u8]| {
            let mut all = Events::default();
            events.iter().for_each(|&(at, what, value)| all.record(at, what, value, 0));
            all.record_bytes(bytes);
            all.digest()
        };
        let (a, b) = ((1, What::Send, 7), (2, What::Deliver, 7));
        let one = digest(&[a, b], b"x");
        assert_eq!(one, digest(&[a, b], b"x"));
        assert_ne!(one, digest(&[b, a], b"x"));
        assert_ne!(one, digest(&[a, b], b"y"));
        assert_ne!(one, digest(&[(3, What::Send, 7), b], b"x"));
        assert_ne!(one, digest(&[a], b"x"));
    }

    #[test]
    fn payloads_are_shown_as_text_or_hex() {
        assert_eq!(preview(b"get 7\n"), r#""get 7\n""#);
        assert_eq!(preview(&[0, 255, 1]), "00ff01");
        assert!(preview(&[b'a'; 100]).ends_with("aaa\"..."));
        assert_eq!(seconds(1_204_350_999), "1.204350s");
    }
}
