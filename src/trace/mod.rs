//! What happened in a run: a digest of every event, and for those who ask, the story.
//!
//! Owns how events are folded and printed. It doesn't decide what is worth telling: callers say
//! so event by event. While nobody listens an event costs one multiplication.

use crate::choice::{hash_bytes, mix};
use crate::time::Nanos;
use std::fmt::Write as _;

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
    Reseed = 21,
    Finding = 22,
    Fault = 23,
}

/// The most lines a story keeps; a runaway run is cut here, and says so.
const STORY_MAX: usize = 200_000;

/// Digest and story of one run.
#[derive(Debug, Default)]
pub(crate) struct Events {
    digest: u64,
    count: u64,
    told: bool,
    story: Vec<StoryLine>,
}

/// One line of the story of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// Virtual nanoseconds since the start of the run.
    pub at: u64,
    /// The host it happened on, empty for the simulation itself.
    pub host: String,
    /// What happened.
    pub text: String,
    /// Is it worth reading at the coarse grain? Faults, operations and messages are; single
    /// choices and disk operations are not.
    pub main: bool,
}

impl Events {
    pub(crate) fn start(&mut self, told: bool) {
        self.digest = 0;
        self.count = 0;
        self.told = told;
        self.story.clear();
    }

    /// Folds an event into the digest.
    #[inline]
    pub(crate) fn record(&mut self, at: Nanos, what: What, first: u64, second: u64) {
        self.count += 1;
        let event = at ^ (what as u64) << 56 ^ first.rotate_left(20);
        self.digest = (self.digest ^ event).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ second;
    }

    /// Folds bytes into the digest.
    #[inline]
    pub(crate) fn record_bytes(&mut self, bytes: &[u8]) {
        self.digest = hash_bytes(self.digest, bytes);
    }

    /// Is anybody listening to the story?
    #[inline]
    pub(crate) fn told(&self) -> bool {
        self.told
    }

    /// Adds a line to the story, if somebody listens.
    #[inline]
    pub(crate) fn tell(&mut self, at: Nanos, main: bool, host: &str, text: impl FnOnce() -> String) {
        if self.told && self.story.len() < STORY_MAX {
            self.story.push(StoryLine { at, host: host.to_owned(), text: text(), main });
        }
    }

    pub(crate) fn digest(&self) -> u64 {
        mix(self.digest ^ self.count)
    }

    pub(crate) fn take_story(&mut self) -> Vec<StoryLine> {
        std::mem::take(&mut self.story)
    }
}

/// A virtual time as people read it: `1.204_350s`.
pub(crate) fn seconds(at: Nanos) -> String {
    format!("{}.{:06}s", at / 1_000_000_000, at / 1_000 % 1_000_000)
}

/// A payload as people read it: text where it is text, else hex; at most 48 bytes of it.
pub(crate) fn preview(bytes: &[u8]) -> String {
    const SHOWN: usize = 48;
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let readable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let mut text = String::new();
    if shown.iter().filter(|byte| readable(byte)).count() * 10 >= shown.len() * 9 {
        let _ = write!(text, "\"{}\"", shown.escape_ascii());
    } else {
        for byte in shown {
            let _ = write!(text, "{byte:02x}");
        }
    }
    if bytes.len() > SHOWN {
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
