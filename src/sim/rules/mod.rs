//! Rules of injectors: closures that are asked what happens to each packet or disk operation.
//!
//! Owns who is asked. The world is not borrowed meanwhile, so that a rule may draw and look at
//! the state; what its fate comes to is applied by those who send and operate. While there is no
//! rule, an operation costs one thread-local load.

mod disks;
mod packets;

pub(super) use disks::ask_disk;
pub use disks::{DiskFate, DiskOperation, DiskSort};
pub(super) use packets::ask_packet;
pub use packets::{Fate, Packet, PacketKind};

use super::contain::contained;
use super::world::with;
use crate::timeline::Nanos;
use crate::topology::HostId;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// A rule in force; it ends when this is dropped, or after the time that
/// [`lasting`](Rule::lasting) gives, and in any case with the storm.
#[derive(Debug)]
#[must_use = "dropping it ends the rule; `.lasting(..)` keeps it for a while"]
pub struct Rule {
    until: Rc<Cell<Nanos>>,
    kept: bool,
}

impl Rule {
    /// Ends after `length` of virtual time, with nobody to keep it.
    pub fn lasting(mut self, length: Duration) {
        let length = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        self.until.set(with(|world| world.now.saturating_add(length)));
        self.kept = true;
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        if !self.kept {
            self.until.set(0);
        }
    }
}

/// The closure of a rule.
enum Ask {
    Packet(Box<dyn FnMut(&Packet<'_>) -> Fate>),
    Disk(Box<dyn FnMut(&DiskOperation<'_>) -> DiskFate>),
}

struct Entry {
    owner: HostId,
    until: Rc<Cell<Nanos>>,
    ask: Ask,
}

thread_local! {
    /// Is there any rule? Apart from them, so that reading it is a plain load.
    static ANY: Cell<bool> = const { Cell::new(false) };
    static RULES: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// Is there any rule to be asked?
#[inline]
pub(super) fn any() -> bool {
    ANY.get()
}

/// Ends all rules. What they hold is the caller's to drop, when the world is free.
pub(crate) fn end_rules() -> impl Sized {
    ANY.set(false);
    RULES.take()
}

/// Adds a rule of `owner`, if the storm is on.
fn add(owner: HostId, ask: Ask) -> Rule {
    let until = Rc::new(Cell::new(Nanos::MAX));
    if with(|world| world.storm) {
        RULES.with_borrow_mut(|rules| rules.push(Entry { owner, until: until.clone(), ask }));
        ANY.set(true);
    }
    Rule { until, kept: false }
}

/// What the rules say, the first that says anything: by whose rule, and what.
fn verdict<F>(mut query: impl FnMut(&mut Ask) -> Option<F>) -> Option<(HostId, F)> {
    let (now, storm) = with(|world| (world.now, world.storm));
    if !storm {
        return None;
    }
    // out of the list meanwhile: a rule that sends is not asked about that
    let mut rules = RULES.take();
    rules.retain(|rule| rule.until.get() > now);
    let verdict = rules.iter_mut().find_map(|rule| {
        let said = contained(|| query(&mut rule.ask)).unwrap_or_else(|panic| {
            let why = format!("panicked at {}: {}", panic.place, panic.message);
            with(|world| world.ended.push((rule.owner, 0, Err(why))));
            None
        });
        said.map(|fate| (rule.owner, fate))
    });
    RULES.with_borrow_mut(|added| {
        rules.append(added);
        *added = rules;
        ANY.set(!added.is_empty());
    });
    verdict
}
