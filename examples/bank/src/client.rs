//! The test: clients that deposit, withdraw, pay, read and wait, and remember what they know.
//!
//! A client has an account of its own, of which it knows every change, and pays to the house's,
//! which all clients pay to. It never gives up on the bank: it connects again, sends again, and
//! after some tries goes on with the next operation, remembering that this one may have
//! happened.

use crate::ledger::{Account, Answer, Command, HOUSE};
use crate::model::{Change, Model};
use crate::wire::{Lines, garbled};
use simfuzz::prelude::*;
use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;

/// Operations of each client in a run.
const OPERATIONS: u32 = 24;

/// What is on an account before the storm, so that most withdrawals find something.
const OPENING: i64 = 100;

/// Deposits, withdrawals, payments to the house, reads, small delays.
const WEIGHTS: [u32; 5] = [30, 20, 20, 20, 10];

/// How long a client waits for an answer; a healthy bank takes some 30 ms.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often a request is sent before its client goes on with something else.
const TRIES: u32 = 6;

/// How long a client waits before it tries again.
const BACKOFF: RangeInclusive<Duration> = Duration::from_millis(2)..=Duration::from_millis(20);

/// Abandoned requests that a client leaves open; then it insists. Each doubles the worlds of its
/// model.
const OPEN_MAX: usize = 4;

/// The replica that takes writes.
const PRIMARY: usize = 0;

/// The workload.
#[derive(Default)]
pub(crate) struct Client {
    links: Vec<Option<Lines>>,
    /// The last request's number.
    number: u64,
    /// How much of the log the client has seen: no replica may show it less.
    floor: u64,
    model: Model,
    /// What the house was last seen to have.
    house: i64,
}

/// The bounds of all money in the bank, shared by the clients.
#[derive(Clone, Copy, Default)]
struct Money {
    low: i64,
    high: i64,
}

#[async_trait(?Send)]
impl Workload for Client {
    fn name(&self) -> &str {
        "client"
    }

    async fn setup(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        self.links = ctx.topology().all_process_ips().iter().map(|_| None).collect();
        let opening = Command::Deposit { to: self.account(ctx), amount: OPENING };
        self.write(ctx, &ctx.random().label("setup"), opening, u32::MAX).await
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let own = self.account(ctx);
        for operation in 0..OPERATIONS {
            if ctx.shutdown().is_cancelled() {
                break;
            }
            let random = ctx.random().scope("op", operation);
            match random.label("kind").weighted(&WEIGHTS) {
                kind @ 0..=2 => {
                    let amount = random.label("amount").random_range(1..=60);
                    let command = match kind {
                        0 => Command::Deposit { to: own, amount },
                        1 => Command::Withdraw { from: own, amount },
                        _ => Command::Transfer { from: own, to: HOUSE, amount },
                    };
                    self.write(ctx, &random, command, TRIES).await?;
                }
                3 => {
                    let replica = random.label("replica").random_range(0..self.links.len());
                    let account = if random.label("house").random_bool(0.2) { HOUSE } else { own };
                    self.look(ctx, &random, replica, account, TRIES).await?;
                }
                _ => ctx.time().sleep(random.label("delay").random_range(Duration::ZERO..=PATIENCE)).await,
            }
        }
        Ok(())
    }

    async fn check(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        // with an answer to this one, nothing that is still under way can happen any more
        let random = ctx.random().label("check");
        let last = Command::Deposit { to: self.account(ctx), amount: 1 };
        self.write(ctx, &random, last, u32::MAX).await?;
        self.look(ctx, &random, PRIMARY, self.account(ctx), u32::MAX).await?;
        if ctx.client_id() + 1 == ctx.client_count() { self.audit(ctx, &random).await } else { Ok(()) }
    }
}

impl Client {
    fn account(&self, ctx: &SimContext) -> Account {
        ctx.client_id() as Account + 1
    }

    /// Asks for a change of the client's own account, `most` times at most.
    async fn write(
        &mut self,
        ctx: &SimContext,
        random: &SimRandomProvider,
        command: Command,
        most: u32,
    ) -> SimulationResult<()> {
        self.number += 1;
        let number = self.number;
        ctx.note(|| format!("{command} (request {number})"));
        let request = format!("write {} {number} {command}", ctx.client_id());
        let change = change(command);
        let Some(reply) = self.ask(ctx, random, PRIMARY, &request, most).await else {
            ctx.note(|| format!("goes on without an answer to request {number}"));
            assert_reachable!("a client goes on without knowing what became of its request");
            self.model.abandoned(change);
            self.count(ctx, command, None);
            return Ok(());
        };
        let (answer, index) = parse_reply::<Answer>(&reply)?;
        ctx.note(|| format!("request {number} is {answer}"));
        let (uncertain, before) = (self.model.open() > 0, self.model.balances());
        assert_always!(
            self.model.answered(change, answer),
            "an answer is one that the client's requests explain",
            { "request" => command, "answer" => answer, "balance" => format!("{before:?}") }
        );
        assert_sometimes!(answer == Answer::Refused, "a client wants more than it has");
        assert_sometimes!(uncertain && self.model.balances().len() > 1, "an answer leaves open what came before");
        self.floor = self.floor.max(index);
        self.count(ctx, command, Some(answer));
        Ok(())
    }

    /// Keeps the bounds of all money: transfers move it, other requests make or take it.
    fn count(&self, ctx: &SimContext, command: Command, answer: Option<Answer>) {
        let amount = match command {
            Command::Deposit { amount, .. } => amount,
            Command::Withdraw { amount, .. } => -amount,
            Command::Transfer { .. } => 0,
        };
        let (low, high) = match answer {
            Some(Answer::Done) => (amount, amount),
            Some(Answer::Refused) => (0, 0),
            None => (amount.min(0), amount.max(0)),
        };
        ctx.state().update("money", |money: &mut Money| {
            money.low += low;
            money.high += high;
        });
    }

    /// Reads an account at a replica, if that one answers.
    async fn look(
        &mut self,
        ctx: &SimContext,
        random: &SimRandomProvider,
        replica: usize,
        account: Account,
        most: u32,
    ) -> SimulationResult<()> {
        let request = format!("read {account} {}", self.floor);
        let Some(reply) = self.ask(ctx, random, replica, &request, most).await else { return Ok(()) };
        let (balance, index) = parse_reply::<i64>(&reply)?;
        ctx.note(|| format!("account {account} has {balance} at replica {replica}"));
        assert_always_greater_than_or_equal_to!(index, self.floor, "a replica shows what its client has seen before");
        self.floor = index;
        if account == self.account(ctx) {
            self.compare(balance);
        } else {
            assert_always!(balance >= self.house, "the house only gets richer");
            self.house = balance;
        }
        Ok(())
    }

    /// Looks through the books of all replicas, when all clients are done.
    async fn audit(&mut self, ctx: &SimContext, random: &SimRandomProvider) -> SimulationResult<()> {
        let mut all = BTreeSet::new();
        for replica in 0..self.links.len() {
            let reply = self.ask(ctx, random, replica, &format!("books {}", self.floor), u32::MAX).await;
            let (books, index) = parse_reply::<String>(&reply.unwrap_or_default())?;
            ctx.note(|| format!("replica {replica} has {books}"));
            self.floor = index;
            let balances = books.split(',').map(|balance| balance.parse().map_err(|_| garbled(&books)));
            let balances = balances.collect::<io::Result<Vec<i64>>>()?;
            let total = balances.iter().sum::<i64>();
            let money = ctx.state().get::<Money>("money").unwrap_or_default();
            assert_always!(
                (money.low..=money.high).contains(&total),
                "money is neither made nor lost",
                { "total" => total, "at least" => money.low, "at most" => money.high }
            );
            all.insert(balances);
        }
        assert_always!(all.len() == 1, "all replicas have the same books");
        Ok(())
    }

    /// Compares the client's own account with what the client knows.
    fn compare(&mut self, balance: i64) {
        let before = self.model.balances();
        assert_always!(
            self.model.read(balance),
            "a balance is one that the client's requests explain",
            { "balance" => balance, "explained" => format!("{before:?}") }
        );
        assert_sometimes!(before.len() > 1, "a read tells what became of an abandoned request");
    }

    /// Sends `request` until it is answered, `most` times at most.
    async fn ask(
        &mut self,
        ctx: &SimContext,
        random: &SimRandomProvider,
        replica: usize,
        request: &str,
        most: u32,
    ) -> Option<String> {
        let mut tries = 0;
        while tries < most || self.model.open() >= OPEN_MAX {
            if tries > 0 {
                ctx.state().guide("again", &[i64::from(tries.min(3)), self.model.open() as i64]);
                ctx.time().sleep(random.label("backoff").random_range(BACKOFF)).await;
            }
            tries += 1;
            match ctx.time().timeout(PATIENCE, self.exchange(ctx, replica, request)).await {
                Ok(Ok(reply)) => return Some(reply),
                // what may still come on this connection answers a question of the past
                Ok(Err(_)) | Err(_) => self.links[replica] = None,
            }
        }
        None
    }

    async fn exchange(&mut self, ctx: &SimContext, replica: usize, request: &str) -> io::Result<String> {
        let ip = ctx.topology().all_process_ips()[replica];
        let link = &mut self.links[replica];
        let lines = match link {
            Some(lines) => lines,
            None => link.insert(Lines::new(ctx.network().connect(ip).await?)),
        };
        lines.send(request).await?;
        lines.next().await
    }
}

/// What a command does to the account of the client that asks for it.
fn change(command: Command) -> Change {
    match command {
        Command::Deposit { amount, .. } => amount,
        Command::Withdraw { amount, .. } | Command::Transfer { amount, .. } => -amount,
    }
}

/// `<answer or balance> <index>`.
fn parse_reply<T: std::str::FromStr>(reply: &str) -> io::Result<(T, u64)> {
    let parse = || {
        let (what, index) = reply.split_once(' ')?;
        Some((what.parse().ok()?, index.parse().ok()?))
    };
    parse().ok_or_else(|| garbled(reply))
}
