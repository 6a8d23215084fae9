//! The workload that feeds a cluster by hand: in each step one thing happens, and the run decides
//! which.

use super::Value;
use super::hand::Hand;
use simfuzz::prelude::*;

/// Time passes from step to step, so that a run can be told "the same until then".
const STEP: Duration = Duration::from_millis(1);

/// Faults of 1,000 steps; a run has one of these rates, as much of each sort.
const FAULTS: [u32; 4] = [0, 5, 20, 60];

/// Ticks and proposals of 1,000 steps; the rest deliver, or are faults.
const TICKS: u32 = 140;
const PROPOSALS: u32 = 60;

/// In most runs everything has its ordinary rate, in some a thing has another: these are factors,
/// in quarters. A run with swarm lacks the ordinary one half of the time, so it has the others.
const FAULT_FACTORS: [u32; 4] = [4, 0, 32, 128];
const FACTORS: [u32; 3] = [4, 1, 16];
const ORDINARY: u32 = 1_000;

pub(super) struct Steps {
    pub(super) nodes: usize,
    pub(super) steps: u32,
}

#[async_trait(?Send)]
impl Workload for Steps {
    fn name(&self) -> &str {
        "steps"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let rates = Rates::draw(ctx.random());
        let mut hand = Hand::new(self.nodes)?;
        let mut guide = hand.cluster().guide();
        let mut next_tick = 0;
        for number in 0..self.steps {
            ctx.time().sleep(STEP).await;
            let step = Step { ctx, random: ctx.random().scope("step", number), number, nodes: self.nodes };
            if step.is_fault(&rates) {
                step.fault(&mut hand, &rates)?;
            } else {
                step.operation(&mut hand, &rates, &mut next_tick);
            }
            let now = hand.cluster().guide();
            if now != guide {
                guide = now;
                ctx.state().guide("cluster", &guide);
            }
        }
        Ok(())
    }
}

/// How often each thing happens in a run, as weights.
struct Rates {
    deliver: u32,
    tick: u32,
    propose: u32,
    restart: u32,
    heal: u32,
    crash: u32,
    cut: u32,
}

impl Rates {
    fn draw(random: &SimRandomProvider) -> Self {
        let faults = random.label("faults").choose(&FAULTS).copied().unwrap_or_default();
        let operation = |label, of_1000: u32| {
            let factor = FACTORS[random.label(label).weighted(&[ORDINARY, 1, 1])];
            // a fault of 1,000 is a quarter of each sort
            4 * of_1000 * factor
        };
        let fault = |label| faults * FAULT_FACTORS[random.label(label).weighted(&[ORDINARY, 1, 1, 1])];
        Self {
            deliver: operation("deliveries", 1_000 - TICKS - PROPOSALS - faults),
            tick: operation("ticks", TICKS),
            propose: operation("proposals", PROPOSALS),
            restart: fault("restarts"),
            heal: fault("heals"),
            crash: fault("crashes"),
            cut: fault("cuts"),
        }
    }

    fn operations(&self) -> u32 {
        self.deliver + self.tick + self.propose
    }

    fn faults(&self) -> u32 {
        self.restart + self.heal + self.crash + self.cut
    }
}

/// One step of a run.
struct Step<'a> {
    ctx: &'a SimContext,
    random: SimRandomProvider,
    number: u32,
    nodes: usize,
}

impl Step<'_> {
    fn node(&self, label: &'static str) -> usize {
        self.random.label(label).random_range(0..self.nodes)
    }

    /// Two nodes, which may be the same: then nothing happens.
    fn pair(&self, label: &'static str) -> (usize, usize) {
        let pair = self.random.label(label).random_range(0..self.nodes * self.nodes);
        (pair / self.nodes, pair % self.nodes)
    }

    /// Any link, or with 0 that of the oldest message: what an ordinary network does. The two change
    /// places, so each link is as likely as the other.
    fn link(&self, oldest: Option<(usize, usize)>) -> (usize, usize) {
        let drawn = self.pair("deliver");
        match oldest {
            Some(oldest) if drawn == (0, 0) => oldest,
            Some(oldest) if drawn == oldest => (0, 0),
            _ => drawn,
        }
    }

    fn is_fault(&self, rates: &Rates) -> bool {
        // asked only where there is one: an edit of the coin knows no odds
        let faults = rates.faults();
        faults > 0 && self.random.label("is fault").random_ratio(faults, faults + rates.operations())
    }

    fn operation(&self, hand: &mut Hand, rates: &Rates, next_tick: &mut usize) {
        // coins, not one alphabet: swarm would leave out the deliveries, and half of its runs be empty
        if self.random.label("is tick").random_ratio(rates.tick, rates.operations()) {
            // 0 is whose turn it is; each is as likely as before
            let node = (*next_tick + self.node("tick")) % self.nodes;
            *next_tick = (node + 1) % self.nodes;
            hand.tick(node);
        } else if self.random.label("is proposal").random_ratio(rates.propose, rates.deliver + rates.propose) {
            let node = self.node("propose");
            if hand.propose(node, Value(u64::from(self.number))) {
                self.ctx.note(|| format!("proposes {} to node-{node}", self.number));
            }
        } else {
            let (from, to) = self.link(hand.oldest());
            hand.deliver(from, to);
        }
    }

    fn fault(&self, hand: &mut Hand, rates: &Rates) -> SimulationResult<()> {
        let mut at = self.random.label("fault").random_range(0..rates.faults());
        let mut is = |weight: u32| {
            let is = at < weight;
            at = at.wrapping_sub(weight);
            is
        };
        if is(rates.restart) {
            let node = self.node("restart");
            if hand.restart(node)? {
                self.ctx.note(|| format!("node-{node} boots again"));
            }
        } else if is(rates.heal) {
            let (one, other) = self.pair("heal");
            if hand.heal(one, other) {
                self.ctx.note(|| format!("the link of node-{one} and node-{other} heals"));
            }
        } else if is(rates.crash) {
            let node = self.node("crash");
            if hand.crash(node) {
                self.ctx.note(|| format!("node-{node} crashes"));
            }
        } else {
            let (one, other) = self.pair("cut");
            if hand.cut(one, other) {
                self.ctx.note(|| format!("the link of node-{one} and node-{other} is cut"));
            }
        }
        Ok(())
    }
}
