//! imbl 1.0.1: two vectors that are put together make a panic.
//!
//! A persistent vector is a tree whose nodes may be partly filled, and how they are filled is what
//! all its operations have done to it. So it is edited as an editor edits its lines: pieces are cut
//! out, moved and put together, lines come and go, and a plain `Vec` that has been through the same
//! says what it must hold.

use ::imbl::Vector;
use simfuzz::prelude::*;

/// Operations of a run.
const OPERATIONS: u32 = 28;

/// Time passes from operation to operation, so that a run can be told "the same until then".
const STEP: Duration = Duration::from_millis(1);

/// The longest piece that is pasted; a leaf of the tree holds 64 lines, a node 64 leaves.
const PIECE: u32 = 1_000;

/// A document as long as this gets no more pieces.
const LONG: usize = 10_000;

/// An editor and its document.
pub fn simulation() -> Simulation {
    builder().build()
}

/// The same before it is built.
pub fn builder() -> SimulationBuilder {
    SimulationBuilder::new().workload(|| Box::new(Editor))
}

struct Editor;

#[async_trait(?Send)]
impl Workload for Editor {
    fn name(&self) -> &str {
        "editor"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let mut document = Document::default();
        for number in 0..OPERATIONS {
            ctx.time().sleep(STEP).await;
            let random = ctx.random().scope("op", number);
            document.edit(ctx, &random);
            document.check(&random);
            let size = document.model.len().checked_ilog2().map_or(0, i64::from);
            ctx.state().guide("document", &[size, document.moves.min(7), document.pastes.min(7)]);
        }
        let same = document.lines.iter().eq(&document.model);
        assert_always!(same, "a vector holds what a Vec holds");
        Ok(())
    }
}

#[derive(Default)]
struct Document {
    lines: Vector<u32>,
    model: Vec<u32>,
    /// The number of the next new line.
    next: u32,
    moves: i64,
    pastes: i64,
}

impl Document {
    fn edit(&mut self, ctx: &SimContext, random: &SimRandomProvider) {
        let op = random.label("op").weighted(&[2, 2, 2, 1, 1, 1, 1, 1, 1]);
        let at = random.label("at").random_range(0..=self.model.len());
        ctx.note(|| format!("operation {op} at {at} of {}", self.model.len()));
        match op {
            0 | 1 if self.model.len() < LONG => self.paste(random.label("piece").random_range(0..PIECE), op == 0),
            2 => self.cut(at, random.label("then").weighted(&[4, 3, 1])),
            3 => {
                let line = self.new_line();
                self.lines.push_back(line);
                self.model.push(line);
            }
            4 => {
                let line = self.new_line();
                self.lines.push_front(line);
                self.model.insert(0, line);
            }
            5 => {
                let line = self.new_line();
                self.lines.insert(at, line);
                self.model.insert(at, line);
            }
            6 if at < self.model.len() => same(self.lines.remove(at), self.model.remove(at)),
            7 => same(self.lines.pop_back(), self.model.pop()),
            8 if !self.model.is_empty() => same(self.lines.pop_front(), Some(self.model.remove(0))),
            _ => {}
        }
    }

    fn new_line(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// So many new lines, at the end or at the front.
    fn paste(&mut self, count: u32, at_the_end: bool) {
        let piece: Vec<u32> = (self.next + 1..=self.next + count).collect();
        self.next += count;
        self.pastes += 1;
        let at = if at_the_end { self.model.len() } else { 0 };
        if at_the_end {
            self.lines.append(piece.iter().copied().collect());
        } else {
            let rest = std::mem::replace(&mut self.lines, piece.iter().copied().collect());
            self.lines.append(rest);
        }
        self.model.splice(at..at, piece);
    }

    /// Cuts the document in two; then the parts change places, or are put together again, or the
    /// first is dropped.
    fn cut(&mut self, at: usize, then: usize) {
        let mut lines = self.lines.split_off(at);
        let mut model = self.model.split_off(at);
        if then == 1 {
            self.lines.append(lines);
            self.model.append(&mut model);
            return;
        }
        if then == 0 {
            lines.append(std::mem::take(&mut self.lines));
            model.append(&mut self.model);
            self.moves += 1;
            assert_sometimes!(model.len() > 4_096, "parts of a long document change places");
        }
        self.lines = lines;
        self.model = model;
    }

    fn check(&self, random: &SimRandomProvider) {
        assert_sometimes!(self.model.is_empty(), "the document is empty again");
        same(self.lines.len(), self.model.len());
        let line = random.label("looks at").random_range(0..=self.model.len());
        same(self.lines.get(line), self.model.get(line));
    }
}

fn same<T: PartialEq + std::fmt::Debug>(vector: T, model: T) {
    assert_always!(
        vector == model,
        "a vector says what a Vec says",
        { "vector" => format!("{vector:?}"), "Vec" => format!("{model:?}") }
    );
}
