//! One thread of an exploration: the next tape, its run, and whether it is kept.
//!
//! The same seed and the same offers give the same steps. Knows no files, threads or clocks.

use crate::campaign::{Campaign, Summary};
use crate::choice::Tape;
use crate::run::{Finding, Simulation};
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of a tape at most: as libFuzzer's default.
const MOST: usize = 4_096;

/// Tapes that are plain seeds, as an empty corpus has none.
const SEEDS: u64 = 16;

#[derive(Debug)]
pub(super) struct Explorer<'a> {
    campaign: Campaign<&'a Simulation>,
    corpus: Vec<Vec<u8>>,
    /// Tapes of others, to be run next.
    offered: VecDeque<Vec<u8>>,
    made: u64,
    word: u64,
}

/// What came of one run.
#[derive(Debug)]
pub(super) struct Step {
    /// The tape, as bytes.
    pub(super) bytes: Vec<u8>,
    /// Did it show a feature that none before did?
    pub(super) kept: bool,
    /// Did it come from somebody else?
    pub(super) offered: bool,
    pub(super) finding: Option<Finding>,
    /// Is there no smaller tape with the same finding?
    pub(super) smallest: bool,
    pub(super) news: Vec<String>,
}

impl<'a> Explorer<'a> {
    pub(super) fn new(simulation: &'a Simulation, seed: u64) -> Self {
        Self {
            campaign: Campaign::new(simulation, seed, false),
            corpus: Vec::new(),
            offered: VecDeque::new(),
            made: 0,
            word: seed,
        }
    }

    /// Has this tape run before any other.
    pub(super) fn offer(&mut self, bytes: Vec<u8>) {
        self.offered.push_back(bytes);
    }

    /// Are there tapes of others that haven't run?
    pub(super) fn has_offers(&self) -> bool {
        !self.offered.is_empty()
    }

    /// Runs one tape.
    pub(super) fn step(&mut self) -> Step {
        let offer = self.offered.pop_front();
        let offered = offer.is_some();
        let bytes = offer.unwrap_or_else(|| self.next());
        let executed = self.campaign.execute(&bytes);
        // what shows a finding is no start: each of its descendants would find it again
        let kept = executed.kept.filter(|_| executed.finding.is_none());
        self.corpus.extend(kept.clone());
        Step {
            kept: kept.is_some(),
            bytes: kept.unwrap_or(bytes),
            offered,
            finding: executed.finding,
            smallest: executed.smallest,
            news: executed.news,
        }
    }

    fn next(&mut self) -> Vec<u8> {
        self.made += 1;
        self.word = crate::choice::mix(self.word.wrapping_add(0x9e37_79b9_7f4a_7c15));
        let (word, corpus) = (self.word, &self.corpus);
        let kept = corpus.len() as u64;
        if self.made <= SEEDS || kept == 0 {
            return Tape::swarm(word).encode();
        }
        // half of the time among the newest, which are where the frontier is
        let newest = kept.min(8);
        let index = if word & 1 == 0 { kept - 1 - (word >> 8) % newest } else { (word >> 8) % kept };
        let other = (word >> 1).is_multiple_of(4).then(|| &*corpus[((word >> 32) % kept) as usize]);
        self.campaign.mutate(&corpus[index as usize], other, word as u32, MOST)
    }

    /// So much real time has passed.
    pub(super) fn set_now(&mut self, now: Duration) {
        self.campaign.set_now(now);
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            corpus: self.corpus.len() as u64,
            features: self.campaign.features() as u64,
            ..self.campaign.summary()
        }
    }

    /// The tapes that were kept.
    pub(super) fn into_corpus(self) -> Vec<Vec<u8>> {
        self.corpus
    }
}
