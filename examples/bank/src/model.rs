//! What a client knows of its account: all balances that it could have.
//!
//! A request that was never answered may have been carried out, may be carried out later, or
//! never. So the model is a set of worlds, each with a balance and the requests that are still
//! open there. An answer and a balance that was read leave only the worlds that explain them;
//! when none is left, the bank is wrong.

use crate::ledger::Answer;
use std::collections::BTreeSet;

/// What a request does to its client's account: so much comes in, or goes out if it is there.
pub(crate) type Change = i64;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    balance: i64,
    /// Requests that may still happen, oldest first. When one happens, those before it can't any
    /// more: the bank takes no request with a lower number.
    open: Vec<Change>,
}

/// The worlds in which everything that the client saw is true.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    worlds: BTreeSet<World>,
}

impl Default for Model {
    /// A new account is empty.
    fn default() -> Self {
        Self { worlds: BTreeSet::from([World { balance: 0, open: Vec::new() }]) }
    }
}

impl Model {
    /// A request was answered. Says whether that can be.
    #[must_use]
    pub(crate) fn answered(&mut self, change: Change, answer: Answer) -> bool {
        let after = |world: World| {
            let (balance, told) = carry_out(world.balance, change);
            (told == answer).then_some(World { balance, open: Vec::new() })
        };
        self.worlds = self.reachable().into_iter().filter_map(after).collect();
        !self.worlds.is_empty()
    }

    /// A request was given up: nobody knows what became of it.
    pub(crate) fn abandoned(&mut self, change: Change) {
        let worlds = std::mem::take(&mut self.worlds);
        self.worlds = worlds
            .into_iter()
            .map(|mut world| {
                world.open.push(change);
                world
            })
            .collect();
    }

    /// The account was read. Says whether it can hold that much.
    #[must_use]
    pub(crate) fn read(&mut self, balance: i64) -> bool {
        self.worlds = self.reachable().into_iter().filter(|world| world.balance == balance).collect();
        !self.worlds.is_empty()
    }

    /// The balances that the account may have by now.
    pub(crate) fn balances(&self) -> BTreeSet<i64> {
        self.reachable().into_iter().map(|world| world.balance).collect()
    }

    /// How many requests may still happen.
    pub(crate) fn open(&self) -> usize {
        self.worlds.iter().map(|world| world.open.len()).max().unwrap_or(0)
    }

    /// The worlds that these may have become, if open requests have happened.
    fn reachable(&self) -> BTreeSet<World> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<_> = self.worlds.iter().cloned().collect();
        while let Some(world) = next.pop() {
            for (place, &change) in world.open.iter().enumerate() {
                let (balance, _) = carry_out(world.balance, change);
                next.push(World { balance, open: world.open[place + 1..].to_vec() });
            }
            reached.insert(world);
        }
        reached
    }
}

fn carry_out(balance: i64, change: Change) -> (i64, Answer) {
    match balance + change {
        after if after < 0 => (balance, Answer::Refused),
        after => (after, Answer::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Answer::{Done, Refused};

    #[test]
    fn a_sure_answer_leaves_one_balance() {
        let mut model = Model::default();
        assert!(model.answered(100, Done));
        assert!(model.answered(-30, Done));
        assert!(model.answered(-80, Refused));
        assert_eq!(model.balances(), BTreeSet::from([70]));
        assert!(!model.clone().answered(-80, Done));
        assert!(!model.read(100));
    }

    #[test]
    fn an_abandoned_request_may_still_happen_after_a_read() {
        let mut model = Model::default();
        model.abandoned(100);
        assert_eq!(model.balances(), BTreeSet::from([0, 100]));
        assert!(model.read(0));
        assert!(model.read(100));
        assert!(!model.read(0), "it has happened");
    }

    #[test]
    fn a_later_answer_closes_what_was_open() {
        let mut model = Model::default();
        model.abandoned(100);
        assert!(model.answered(5, Done));
        assert_eq!(model.balances(), BTreeSet::from([5, 105]));
        assert!(model.read(5));
        assert!(!model.read(105), "too late");
    }

    #[test]
    fn open_requests_happen_in_order() {
        let mut model = Model::default();
        model.abandoned(100);
        model.abandoned(-60);
        assert_eq!(model.balances(), BTreeSet::from([0, 40, 100]));
        assert_eq!(model.open(), 2);
        assert!(model.answered(-50, Done));
        assert_eq!(model.balances(), BTreeSet::from([50]));
    }
}
