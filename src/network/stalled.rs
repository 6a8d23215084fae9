//! What a cut link holds up: segments, acknowledgements, connection requests and their answers.

use super::conn::{ConnId, Conns};
use super::end::Side;

impl Conns {
    /// The next segment that left `side` comes to a cut link, or to one that stalls there. Gives
    /// the number of the wait for its acknowledgement, if that begins here.
    pub(crate) fn stall(&mut self, id: ConnId, side: Side) -> Option<u32> {
        self.end(id, side)?.out.stall()
    }

    /// What `side` sent has arrived, but the acknowledgement meets a cut link. Gives the number
    /// of the wait for it, if that begins here.
    pub(crate) fn unanswered(&mut self, id: ConnId, side: Side) -> Option<u32> {
        self.end(id, side)?.out.wait_for_answer()
    }

    /// Takes the stalled segments of `side`: so many may be delivered now.
    pub(crate) fn unstall(&mut self, id: ConnId, side: Side) -> u32 {
        self.end(id, side).map_or(0, |end| end.out.unstall())
    }

    /// The acknowledgements for `side` get through again. Says whether its writer must be told
    /// of room that the reader made meanwhile.
    pub(crate) fn answer(&mut self, id: ConnId, side: Side) -> bool {
        self.ends(id, side).is_some_and(|(end, peer)| end.out.answer() && !peer.out.brings_word_of_room())
    }

    /// The connections with something that a cut link holds up, and which side sent it.
    pub(crate) fn held_up(&self) -> Vec<(ConnId, Side)> {
        let mut found = Vec::new();
        for (id, conn) in self.live().filter(|(_, conn)| !conn.client.dead) {
            found.extend(conn.client.out.is_held_up().then_some((id, Side::Client)));
            found.extend(conn.server.out.is_held_up().then_some((id, Side::Server)));
        }
        found
    }

    /// A request (`None`) or its answer met a cut link.
    pub(crate) fn wait_for_heal(&mut self, id: ConnId, answer: Option<bool>) {
        self.waiting.push((id, answer));
    }

    /// The requests and answers that wait for a link to heal.
    pub(crate) fn take_waiting(&mut self) -> Vec<(ConnId, Option<bool>)> {
        std::mem::take(&mut self.waiting)
    }

    /// This request is not answered.
    pub(crate) fn hang(&mut self, id: ConnId) {
        if self.hung.len() == self.hung.capacity() {
            // those that were given up meanwhile: in a long storm there is no end of them
            let mut hung = std::mem::take(&mut self.hung);
            hung.retain(|&id| self.end(id, Side::Client).is_some());
            self.hung = hung;
        }
        self.hung.push(id);
    }

    /// The requests that were not answered and may still be.
    pub(crate) fn take_hung(&mut self) -> Vec<ConnId> {
        std::mem::take(&mut self.hung)
    }
}
