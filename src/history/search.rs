//! The search for an order: is there one in which every answer is what the model gives?
//!
//! The algorithm is Wing and Gong's (Testing and Verifying Concurrent Objects, 1993) with Lowe's
//! memory of what was tried (Testing for Linearizability, 2017), in the form that Horn and Kroening
//! (Faster Linearizability Checking via P-compositionality, 2015) gave it and Porcupine uses: walk
//! down the events, carry out what may come first, step back at a response that nothing is left to
//! justify, and never try a pair (set of operations carried out, state) again.
//!
//! Four things are added. The first three are for histories with many operations of which nobody knows
//! whether they happened, where the plain form takes time exponential in their number.
//!
//! - Such an operation is a possibility, not a duty. What was tried is kept with the *set of
//!   possibilities used up*, and what used more of them to come to the same is no better.
//! - Possibilities are used where nothing else helps, and then one before two, two before three.
//! - Of equal possibilities the one that was invoked first is used first.
//! - What only reads, and is right as things stand, is carried out at once: in every order in which
//!   it comes later it may as well come now.
//!
//! Knows no clients, no keys and no clock: its bound counts the model's steps.

use super::model::Model;
use std::collections::{BTreeMap, VecDeque};

/// One operation as the search sees it; they stand in the order of their invocations.
pub(super) struct Task<'a, I, O> {
    pub(super) input: &'a I,
    /// The answer; `None` if any will do.
    pub(super) output: Option<&'a O>,
    /// The number of the invocation among all events.
    pub(super) start: u64,
    /// The number of the response; `None` if it need not have happened.
    pub(super) end: Option<u64>,
}

impl<I, O> Clone for Task<'_, I, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I, O> Copy for Task<'_, I, O> {}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is none. The responses up to the one with this number are impossible together, those
    /// before it are not.
    Nothing {
        /// The number of that response.
        blocked: u64,
    },
    /// The bound was reached.
    Undecided,
}

/// Finds out whether the tasks can be put in an order. `steps` is what is left of the bound.
pub(super) fn search<M: Model>(model: &M, tasks: &[Task<'_, M::Input, M::Output>], steps: &mut u64) -> Found {
    Search::new(model, tasks).run(steps)
}

/// What was carried out, and the state that it led to.
#[derive(Clone)]
struct Node<S> {
    /// All duties before this one are done, and this one is not.
    first: usize,
    /// Of those from the word of `first` on, which are done: as many words as it takes, so that it is
    /// as small as the operations that overlap, and not as the history.
    bits: Vec<u64>,
    state: S,
    /// The possibilities used up, in order.
    used: Vec<usize>,
}

impl<S: Clone> Node<S> {
    fn is_done(&self, duty: usize) -> bool {
        let word = (duty / 64).checked_sub(self.first / 64);
        duty < self.first
            || word.is_some_and(|word| self.bits.get(word).is_some_and(|bits| bits >> (duty % 64) & 1 == 1))
    }

    /// The node after a duty, and in `state`.
    fn carry_out(&self, duty: usize, state: S) -> Self {
        let (mut first, mut bits) = (self.first, self.bits.clone());
        let (base, word) = (first / 64, duty / 64 - first / 64);
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        bits[word] |= 1 << (duty % 64);
        while bits.get(first / 64 - base).is_some_and(|bits| bits >> (first % 64) & 1 == 1) {
            first += 1;
        }
        bits.drain(..first / 64 - base);
        Self { first, bits, state, used: self.used.clone() }
    }

    /// The node after a possibility, and in `state`.
    fn use_up(&self, option: usize, state: S) -> Self {
        let mut after = Self { state, ..self.clone() };
        let place = after.used.partition_point(|&used| used < option);
        after.used.insert(place, option);
        after
    }
}

/// A node whose successors are being tried.
struct Frame<S> {
    node: Node<S>,
    /// The next duty to try.
    at: usize,
    /// The first response that is due: what was invoked after it can't come now.
    limit: u64,
    /// The frame whose queue has what comes after this by a possibility: this one, or if it came by a
    /// possibility itself the one that did not.
    home: usize,
    is_expanded: bool,
    queue: VecDeque<Node<S>>,
}

/// The bound was reached.
struct Spent;

struct Search<'a, 'b, M: Model> {
    model: &'a M,
    /// What must happen, in the order of the invocations.
    duties: Vec<Task<'b, M::Input, M::Output>>,
    /// What may.
    options: Vec<Task<'b, M::Input, M::Output>>,
    /// Which duties only read.
    reads: Vec<bool>,
    /// Equal possibilities: the one to be used before each.
    twin: Vec<Option<usize>>,
    tried: Tried<M::State>,
    blocked: u64,
}

/// For each set of duties done and state, the sets of possibilities with which it was tried: none
/// contains another.
type Tried<S> = BTreeMap<(usize, Vec<u64>, S), Vec<Vec<usize>>>;

impl<'a, 'b, M: Model> Search<'a, 'b, M> {
    fn new(model: &'a M, tasks: &[Task<'b, M::Input, M::Output>]) -> Self {
        let (duties, mut options): (Vec<_>, Vec<_>) = tasks.iter().copied().partition(|task| task.end.is_some());
        // a read that nobody had the answer of need not have happened
        options.retain(|task: &Task<'_, _, _>| !model.only_reads(task.input, task.output));
        let twin = |option: usize| {
            let this: &Task<'_, _, _> = &options[option];
            let is_twin = |other: &usize| {
                let other: &Task<'_, _, _> = &options[*other];
                this.output.is_none() && other.output.is_none() && other.input == this.input
            };
            (0..option).rev().find(is_twin)
        };
        let twin = (0..options.len()).map(twin).collect();
        let reads = duties.iter().map(|task| model.only_reads(task.input, task.output)).collect();
        Self { model, duties, options, reads, twin, tried: BTreeMap::new(), blocked: 0 }
    }

    fn run(&mut self, steps: &mut u64) -> Found {
        match self.descend(steps) {
            Ok(true) => Found::Order,
            Ok(false) => Found::Nothing { blocked: self.blocked },
            Err(Spent) => Found::Undecided,
        }
    }

    fn descend(&mut self, steps: &mut u64) -> Result<bool, Spent> {
        let root = Node { first: 0, bits: Vec::new(), state: self.model.initial(), used: Vec::new() };
        if self.duties.is_empty() {
            return Ok(true);
        }
        let mut frames = vec![Self::frame(root, 0)];
        while let Some(top) = frames.last_mut() {
            if top.at == top.node.first
                && let Some(next) = self.read(&top.node, steps)?
            {
                // nothing else needs to be tried here
                (top.at, top.is_expanded, top.limit) = (self.duties.len(), true, 0);
                if next.first == self.duties.len() {
                    return Ok(true);
                }
                if self.remember(&next) {
                    let home = frames.len();
                    frames.push(Self::frame(next, home));
                }
                continue;
            }
            if let Some(next) = self.next_duty(top, steps)? {
                if next.first == self.duties.len() {
                    return Ok(true);
                }
                if self.remember(&next) {
                    let home = frames.len();
                    frames.push(Self::frame(next, home));
                }
                continue;
            }
            let (home, limit) = (top.home, top.limit);
            let this = frames.len() - 1;
            if !frames[this].is_expanded {
                frames[this].is_expanded = true;
                self.blocked = self.blocked.max(limit);
                let mut queue = std::mem::take(&mut frames[home].queue);
                let found = self.add_options(&frames[this].node, limit, &mut queue, steps);
                frames[home].queue = queue;
                found?;
            }
            if home == this {
                let top = &mut frames[this];
                if let Some(next) = top.queue.pop_front() {
                    if self.remember(&next) {
                        frames.push(Self::frame(next, home));
                    }
                    continue;
                }
            }
            frames.pop();
        }
        Ok(false)
    }

    fn frame(node: Node<M::State>, home: usize) -> Frame<M::State> {
        Frame { at: node.first, node, limit: u64::MAX, home, is_expanded: false, queue: VecDeque::new() }
    }

    /// The node after the next duty that may come now and whose answer is right.
    fn next_duty(&self, frame: &mut Frame<M::State>, steps: &mut u64) -> Result<Option<Node<M::State>>, Spent> {
        while let Some(task) = self.duties.get(frame.at).filter(|task| task.start < frame.limit) {
            let duty = frame.at;
            frame.at += 1;
            if frame.node.is_done(duty) {
                continue;
            }
            frame.limit = frame.limit.min(task.end.expect("a duty ends"));
            spend(steps)?;
            if let Some(after) = self.model.step(&frame.node.state, task.input, task.output) {
                return Ok(Some(frame.node.carry_out(duty, after)));
            }
        }
        Ok(None)
    }

    /// The node after a read that may come now and is right.
    fn read(&mut self, node: &Node<M::State>, steps: &mut u64) -> Result<Option<Node<M::State>>, Spent> {
        let mut limit = u64::MAX;
        let mut found = None;
        for (duty, task) in self.duties.iter().enumerate().skip(node.first) {
            if task.start > limit {
                break;
            }
            if node.is_done(duty) {
                continue;
            }
            limit = limit.min(task.end.expect("a duty ends"));
            if found.is_none() && self.reads[duty] {
                spend(steps)?;
                let after = self.model.step(&node.state, task.input, task.output);
                found = after.map(|after| node.carry_out(duty, after));
            }
        }
        self.blocked = self.blocked.max(limit);
        Ok(found)
    }

    /// Adds the nodes after each possibility that could come before the response `limit`.
    fn add_options(
        &self,
        node: &Node<M::State>,
        limit: u64,
        found: &mut VecDeque<Node<M::State>>,
        steps: &mut u64,
    ) -> Result<(), Spent> {
        let is_used = |option: usize| node.used.binary_search(&option).is_ok();
        for (option, task) in self.options.iter().enumerate().take_while(|(_, task)| task.start < limit) {
            if is_used(option) || self.twin[option].is_some_and(|twin| !is_used(twin)) {
                continue;
            }
            spend(steps)?;
            // one that changes nothing need not have happened
            let after = self.model.step(&node.state, task.input, task.output).filter(|after| *after != node.state);
            found.extend(after.map(|after| node.use_up(option, after)));
        }
        Ok(())
    }

    /// Notes that `node` is tried; false if it is no better than one that was.
    fn remember(&mut self, node: &Node<M::State>) -> bool {
        let sets = self.tried.entry((node.first, node.bits.clone(), node.state.clone())).or_default();
        if sets.iter().any(|set| is_subset(set, &node.used)) {
            return false;
        }
        sets.retain(|set| !is_subset(&node.used, set));
        sets.push(node.used.clone());
        true
    }
}

/// Takes one step from the bound.
fn spend(steps: &mut u64) -> Result<(), Spent> {
    *steps = steps.checked_sub(1).ok_or(Spent)?;
    Ok(())
}

/// Is all of `set` in `other`? Both are in order.
fn is_subset(set: &[usize], other: &[usize]) -> bool {
    let mut others = other.iter();
    set.len() <= other.len() && set.iter().all(|one| others.any(|other| other == one))
}

#[cfg(test)]
mod tests {
    use super::super::{Counter, CounterOp, CounterReply};
    use super::*;

    fn task(input: &CounterOp, start: u64, end: Option<u64>) -> Task<'_, CounterOp, CounterReply> {
        Task { input, output: None, start, end }
    }

    #[test]
    fn the_bound_counts_steps() {
        let adds = [CounterOp::Add(1), CounterOp::Add(2)];
        let tasks = [task(&adds[0], 1, Some(3)), task(&adds[1], 2, Some(4))];
        let mut steps = 2;
        assert_eq!(search(&Counter, &tasks, &mut steps), Found::Order);
        assert_eq!(steps, 0);
        assert_eq!(search(&Counter, &tasks, &mut 1), Found::Undecided);
    }

    /// Thirty unknown additions of the same: without twins it would be 2^30 sets.
    #[test]
    fn equal_possibilities_are_used_in_order() {
        let (add, read) = (CounterOp::Add(1), CounterOp::Read);
        let mut tasks: Vec<_> = (0..30).map(|start| task(&add, start, None)).collect();
        let total = CounterReply::Total(31);
        tasks.push(Task { input: &read, output: Some(&total), start: 40, end: Some(41) });
        let mut steps = 10_000;
        assert_eq!(search(&Counter, &tasks, &mut steps), Found::Nothing { blocked: 41 });
        assert!(steps > 9_000, "{steps} left");
    }

    #[test]
    fn subsets() {
        assert!(is_subset(&[], &[]) && is_subset(&[], &[1]) && is_subset(&[2, 5], &[1, 2, 3, 5]));
        assert!(!is_subset(&[2, 4], &[1, 2, 3, 5]) && !is_subset(&[1], &[]));
    }
}
