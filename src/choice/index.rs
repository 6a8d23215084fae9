//! The labels of a run by their ids: a table that the next run reuses.
//!
//! Each draw looks its label up, so it is a table of our own: no hashing, since an id is a hash, and
//! nothing to sweep between runs. What stands behind a slot is the choices' business.

/// From label id to slot: open addressing, cleared by a new generation instead of a sweep.
#[derive(Debug, Default)]
pub(super) struct Index {
    cells: Vec<Cell>,
    generation: u32,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    id: u32,
    slot: u32,
    generation: u32,
}

impl Index {
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 || self.cells.is_empty() {
            self.cells.clear();
            self.cells.resize(256, Cell::default());
            self.generation = 1;
        }
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<u32> {
        let mask = self.cells.len() - 1;
        let mut at = id as usize & mask;
        loop {
            let cell = &self.cells[at];
            if cell.generation != self.generation {
                return None;
            }
            if cell.id == id {
                return Some(cell.slot);
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn insert(&mut self, id: u32, slot: u32) {
        if self.used * 2 >= self.cells.len() {
            let old = std::mem::take(&mut self.cells);
            self.cells = vec![Cell::default(); old.len() * 2];
            let generation = self.generation;
            for cell in old.iter().filter(|cell| cell.generation == generation) {
                self.place(cell.id, cell.slot);
            }
        }
        self.used += 1;
        self.place(id, slot);
    }

    fn place(&mut self, id: u32, slot: u32) {
        let mask = self.cells.len() - 1;
        let mut at = id as usize & mask;
        while self.cells[at].generation == self.generation {
            at = (at + 1) & mask;
        }
        self.cells[at] = Cell { id, slot, generation: self.generation };
    }
}
