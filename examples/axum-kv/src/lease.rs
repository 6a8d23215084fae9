//! Leases: for how long a leader may answer reads by itself, and its followers may elect no other.
//!
//! Owns the arithmetic. Both sides count `LEASE` on their own monotonic clock; the leader begins
//! when it sends, the follower when it receives, so the leader's ends first.

use crate::REPLICAS;
use crate::messages::Id;
use std::time::Duration;

/// How long a follower that was told of a leader elects no other.
///
/// Five heartbeats: one that is late, or two, cost no election.
pub(crate) const LEASE: Duration = Duration::from_millis(500);

/// A follower's promise to elect nobody for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    until: Duration,
}

impl Promise {
    /// That of a replica that boots: it may have promised before it went down, and has forgotten.
    pub(crate) fn at_boot(now: Duration) -> Self {
        Self { until: now + LEASE }
    }

    /// The leader was heard of.
    pub(crate) fn renew(&mut self, now: Duration) {
        self.until = self.until.max(now + LEASE);
    }

    pub(crate) fn binds(&self, now: Duration) -> bool {
        now < self.until
    }

    pub(crate) fn until(&self) -> Duration {
        self.until
    }
}

/// A leader's lease: what it knows of its followers' promises.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lease {
    /// When the last request was sent that each follower has answered.
    sent: [Option<Duration>; REPLICAS],
}

impl Lease {
    /// A follower has answered to what was sent then.
    pub(crate) fn answered(&mut self, follower: Id, sent: Duration) {
        self.sent[follower] = self.sent[follower].max(Some(sent));
    }

    /// Until when no majority can elect another: the leader is one of it, so the others are as
    /// many as it takes.
    pub(crate) fn until(&self) -> Option<Duration> {
        let mut sent = self.sent;
        sent.sort_unstable();
        sent[REPLICAS - REPLICAS / 2].map(|sent| sent + LEASE)
    }

    pub(crate) fn holds(&self, now: Duration) -> bool {
        self.until().is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_before_the_promises_that_it_is_made_of() {
        let millis = Duration::from_millis;
        let mut lease = Lease::default();
        assert!(!lease.holds(millis(1)));
        let mut promise = Promise { until: millis(0) };
        promise.renew(millis(7));
        lease.answered(1, millis(5));
        assert!(lease.holds(millis(504)) && promise.binds(millis(504)));
        assert!(!lease.holds(millis(505)) && promise.binds(millis(506)));
        lease.answered(1, millis(3));
        lease.answered(2, millis(1));
        assert_eq!(lease.until(), Some(millis(505)), "the latest of one follower is enough");
    }
}
