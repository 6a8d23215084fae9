//! The system under test of the robustness table: a bank in memory, with a bug, and its client.

use simfuzz::prelude::*;
use std::collections::BTreeMap;

/// The chapter's operations, and one that a later version adds.
#[derive(Clone, Debug)]
pub enum Op {
    Deposit { account: String, amount: u64 },
    Withdraw { account: String, amount: u64 },
    Read { account: String },
    Transfer { from: String, to: String, amount: u64 },
    Audit { account: String },
    SmallDelay,
}

/// A server of accounts. Its bug: a transfer of all there is, from an account that was withdrawn
/// from just before, is credited and not debited.
pub struct Bank;

#[async_trait(?Send)]
impl Process for Bank {
    fn name(&self) -> &str {
        "bank"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            ctx.task().spawn(async move {
                let mut accounts = BTreeMap::<Vec<u8>, u64>::new();
                let mut withdrawn = None;
                let mut request = [0; 24];
                while stream.read_exact(&mut request).await.is_ok() {
                    let (one, other) = (request[1..8].to_vec(), request[8..15].to_vec());
                    let amount = u64::from_le_bytes(request[16..24].try_into().unwrap());
                    let balance = *accounts.get(&one).unwrap_or(&0);
                    match request[0] {
                        b'd' => _ = accounts.insert(one.clone(), balance + amount),
                        b'w' => _ = accounts.insert(one.clone(), balance.saturating_sub(amount)),
                        b't' => {
                            let moved = amount.min(balance);
                            let forgets = moved == balance && moved > 0 && withdrawn.as_ref() == Some(&one);
                            if !forgets {
                                accounts.insert(one.clone(), balance - moved);
                            }
                            *accounts.entry(other).or_default() += moved;
                        }
                        _ => {}
                    }
                    withdrawn = (request[0] == b'w').then(|| one.clone());
                    let now = *accounts.get(&one).unwrap_or(&0);
                    if stream.write_all(&now.to_le_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    }
}

/// What a client keeps between operations: its connection and its model.
#[derive(Default)]
pub struct Client {
    connection: Option<TcpStream>,
    model: BTreeMap<String, u64>,
}

impl Client {
    pub async fn connect(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        self.connection = Some(ctx.network().connect("bank").await?);
        Ok(())
    }

    async fn send(&mut self, kind: u8, one: &str, other: &str, amount: u64) -> SimulationResult<u64> {
        let mut request = [0; 24];
        request[0] = kind;
        request[1..1 + one.len()].copy_from_slice(one.as_bytes());
        request[8..8 + other.len()].copy_from_slice(other.as_bytes());
        request[16..].copy_from_slice(&amount.to_le_bytes());
        let stream = self.connection.as_mut().expect("setup has connected");
        stream.write_all(&request).await?;
        let mut balance = [0; 8];
        stream.read_exact(&mut balance).await?;
        Ok(u64::from_le_bytes(balance))
    }

    pub async fn perform(&mut self, ctx: &SimContext, op: Op) -> SimulationResult<()> {
        match op {
            Op::Deposit { account, amount } => {
                *self.model.entry(account.clone()).or_default() += amount;
                self.send(b'd', &account, "", amount).await?;
            }
            Op::Withdraw { account, amount } => {
                let balance = self.model.entry(account.clone()).or_default();
                *balance = balance.saturating_sub(amount);
                self.send(b'w', &account, "", amount).await?;
            }
            Op::Transfer { from, to, amount } => {
                let moved = amount.min(*self.model.get(&from).unwrap_or(&0));
                *self.model.entry(from.clone()).or_default() -= moved;
                *self.model.entry(to.clone()).or_default() += moved;
                self.send(b't', &from, &to, amount).await?;
            }
            Op::Read { account } | Op::Audit { account } => {
                let balance = self.send(b'r', &account, "", 0).await?;
                let expected = *self.model.get(&account).unwrap_or(&0);
                assert_always!(balance == expected, format!("read mismatch for account '{}'", account));
            }
            Op::SmallDelay => ctx.time().sleep(Duration::from_millis(5)).await,
        }
        Ok(())
    }
}

/// An actor that has nothing to do with the bank.
pub struct Noise;

#[async_trait(?Send)]
impl Workload for Noise {
    fn name(&self) -> &str {
        "noise"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        for _ in 0..ctx.random().random_range(1..20) {
            ctx.time().sleep(ctx.random().random_range(Duration::from_millis(1)..Duration::from_millis(9))).await;
        }
        Ok(())
    }
}
