//! Who runs candidates, and says which shows what is looked for.

use crate::choice::{Tape, Trace};

/// Runs candidates.
pub(crate) trait Judge {
    /// The first of `tapes`, in their order, whose run shows what is looked for: its number and its
    /// run's choices. Later ones may be run as well, if that costs no time.
    fn first(&mut self, tapes: &mut dyn Iterator<Item = Tape>) -> Option<(usize, Trace)>;
}

/// One candidate after the other.
#[derive(Debug)]
pub(crate) struct Plain<F>(pub(crate) F);

impl<F: FnMut(&Tape) -> Option<Trace>> Judge for Plain<F> {
    fn first(&mut self, tapes: &mut dyn Iterator<Item = Tape>) -> Option<(usize, Trace)> {
        tapes.enumerate().find_map(|(number, tape)| Some((number, (self.0)(&tape)?)))
    }
}
