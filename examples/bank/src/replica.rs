//! A replica: it serves clients, and keeps its ledger and journal in step with the others'.
//!
//! The primary alone takes writes. It makes one durable, carries it out, and answers once a
//! backup has it durably too. To each backup it sends what that one lacks: records, or its whole
//! ledger where the log no longer has them. Since only durable records leave the primary, a
//! backup is never ahead of it, and any replica may answer reads. There is no failover: while the
//! primary is down, writes wait.

use crate::journal::Journal;
use crate::ledger::{Account, Answer, Command, Ledger, Record, Session, word};
use crate::wire::{Lines, garbled};
use simfuzz::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use tokio::sync::{Mutex, Notify};

/// Records in the log before a snapshot takes their place.
///
/// A run has 35 of them on average: most runs see one snapshot, and crashes before and after it.
const SNAPSHOT_EVERY: usize = 26;

/// How long the primary waits before it connects to a backup again.
const RECONNECT: Duration = Duration::from_millis(50);

/// The process.
pub(crate) struct Replica;

#[async_trait(?Send)]
impl Process for Replica {
    fn name(&self) -> &str {
        "replica"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let node = Rc::new(Node::boot(ctx).await?);
        let topology = ctx.topology();
        if topology.ips_tagged("role", "primary").contains(&ctx.my_ip()) {
            for &backup in topology.ips_tagged("role", "backup") {
                ctx.task().spawn_local(node.clone().feed(backup));
            }
        }
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            select! {
                biased;
                () = ctx.shutdown().cancelled() => return Ok(()),
                accepted = listener.accept() => {
                    let node = node.clone();
                    let lines = Lines::new(accepted?.0);
                    ctx.task().spawn_local(async move { node.serve(lines).await });
                }
            }
        }
    }
}

/// What the tasks of a replica share.
struct Node {
    ctx: SimContext,
    ledger: RefCell<Ledger>,
    /// Whoever holds it is the only one that writes to disk or changes the ledger.
    journal: Mutex<Journal>,
    /// How far each backup has told that it has come.
    backups: RefCell<BTreeMap<IpAddr, u64>>,
    /// Connections of each client.
    present: RefCell<BTreeMap<u32, usize>>,
    /// The sessions as they were found on disk.
    found: BTreeMap<u32, Session>,
    /// The ledger or a backup has come further.
    progress: Notify,
}

impl Node {
    async fn boot(ctx: &SimContext) -> io::Result<Self> {
        let (journal, ledger) = Journal::open(*ctx.storage()).await?;
        let length = journal.length;
        let node = Self {
            ctx: ctx.clone(),
            found: ledger.sessions.clone(),
            ledger: RefCell::new(ledger),
            journal: Mutex::new(journal),
            backups: RefCell::default(),
            present: RefCell::default(),
            progress: Notify::new(),
        };
        node.tell_boot(length);
        Ok(node)
    }

    /// Answers on one connection, line by line, until it breaks.
    async fn serve(self: Rc<Self>, mut lines: Lines) -> io::Result<()> {
        let mut visit = None;
        loop {
            let line = lines.next().await?;
            let mut words = line.split_whitespace();
            let reply = match words.next() {
                Some("write") => {
                    let (client, number, command) = parse_write(&mut words).ok_or_else(|| garbled(&line))?;
                    visit.get_or_insert_with(|| Visit::new(&self, client));
                    let answer = self.write(client, number, command).await?;
                    format!("{answer} {}", self.applied())
                }
                Some("read") => {
                    let (account, floor) = parse_read(&mut words).ok_or_else(|| garbled(&line))?;
                    self.until(|| self.applied() >= floor).await;
                    format!("{} {}", self.ledger.borrow().balance(account), self.applied())
                }
                Some("books") => {
                    let floor = word(&mut words).ok_or_else(|| garbled(&line))?;
                    self.until(|| self.applied() >= floor).await;
                    let balances: Vec<_> = self.ledger.borrow().balances().map(|balance| balance.to_string()).collect();
                    format!("{} {}", balances.join(","), self.applied())
                }
                Some("follow") => format!("have {}", self.applied()),
                Some("records") => {
                    self.append(&line).await?;
                    format!("have {}", self.applied())
                }
                Some("ledger") => {
                    self.install(&line).await?;
                    format!("have {}", self.applied())
                }
                _ => return Err(garbled(&line)),
            };
            lines.send(&reply).await?;
        }
    }

    fn applied(&self) -> u64 {
        self.ledger.borrow().applied
    }

    /// Waits until `done`, which only progress can make true.
    async fn until(&self, done: impl Fn() -> bool) {
        loop {
            let progress = self.progress.notified();
            if done() {
                return;
            }
            progress.await;
        }
    }

    /// Carries out a request of a client, unless it has been before.
    async fn write(&self, client: u32, number: u64, command: Command) -> io::Result<Answer> {
        let answer = {
            let mut journal = self.journal.lock().await;
            let session = self.ledger.borrow().sessions.get(&client).copied();
            match session {
                Some(session) if session.number >= number => {
                    let found = self.found.get(&client) == Some(&session);
                    assert_sometimes!(found, "a request from before a crash is sent again");
                    if session.number > number {
                        return Err(garbled("a request that its client has given up"));
                    }
                    session.answer
                }
                _ => {
                    let record = Record { index: self.applied() + 1, client, number, command };
                    journal.append(&[record]).await?;
                    self.ledger.borrow_mut().apply(&record);
                    self.progress.notify_waiters();
                    self.tidy(&mut journal).await?;
                    self.ledger.borrow().sessions[&client].answer
                }
            }
        };
        let applied = self.applied();
        self.until(|| self.backups.borrow().values().any(|&have| have >= applied)).await;
        Ok(answer)
    }

    /// Puts a snapshot in place of a long log.
    async fn tidy(&self, journal: &mut Journal) -> io::Result<()> {
        if journal.length < SNAPSHOT_EVERY {
            return Ok(());
        }
        let mut ledger = self.ledger.borrow().clone();
        ledger.sessions.retain(|&client, _| self.keeps(client));
        journal.snapshot(&ledger).await?;
        self.tell_snapshot(&ledger);
        Ok(())
    }

    /// Does a snapshot need the session of `client`?
    #[cfg(feature = "bug")]
    fn keeps(&self, client: u32) -> bool {
        // a client that has hung up asks for nothing any more
        self.present.borrow().contains_key(&client)
    }

    /// Does a snapshot need the session of `client`?
    #[cfg(not(feature = "bug"))]
    fn keeps(&self, _client: u32) -> bool {
        // a client that has hung up may come back and ask again
        true
    }
}

/// Replication: the primary feeds, the backups append.
impl Node {
    /// Keeps one backup fed, for ever.
    async fn feed(self: Rc<Self>, backup: IpAddr) {
        loop {
            // whatever broke, a new connection finds out how far the backup is
            let _ = self.feed_once(backup).await;
            self.ctx.time().sleep(RECONNECT).await;
        }
    }

    async fn feed_once(&self, backup: IpAddr) -> io::Result<()> {
        let mut lines = Lines::new(self.ctx.network().connect(backup).await?);
        lines.send("follow").await?;
        loop {
            let line = lines.next().await?;
            let have = line.strip_prefix("have ").and_then(|have| have.parse().ok()).ok_or_else(|| garbled(&line))?;
            self.backups.borrow_mut().insert(backup, have);
            self.progress.notify_waiters();
            self.until(|| self.applied() > have).await;
            let news = self.news(have).await;
            lines.send(&news).await?;
        }
    }

    /// What a backup with the first `have` records lacks.
    async fn news(&self, have: u64) -> String {
        let journal = self.journal.lock().await;
        match journal.since(have + 1) {
            Some(records) => format!("records {}", records.map(Record::to_string).collect::<Vec<_>>().join("; ")),
            None => {
                assert_reachable!("a backup is so far behind that it gets the whole ledger");
                format!("ledger {}", self.ledger.borrow())
            }
        }
    }

    /// The backup's side of `records`.
    async fn append(&self, line: &str) -> io::Result<()> {
        let texts = line.strip_prefix("records ").into_iter().flat_map(|records| records.split("; "));
        let records = texts.map(Record::parse).collect::<Option<Vec<_>>>().ok_or_else(|| garbled(line))?;
        let mut journal = self.journal.lock().await;
        // a connection that is gone may have brought some of them already
        let next = self.applied() + 1;
        let new: Vec<_> = records.into_iter().filter(|record| record.index >= next).collect();
        if new.first().is_none_or(|first| first.index > next) {
            return Ok(());
        }
        journal.append(&new).await?;
        for record in &new {
            self.ledger.borrow_mut().apply(record);
        }
        self.progress.notify_waiters();
        self.tidy(&mut journal).await
    }

    /// The backup's side of `ledger`.
    async fn install(&self, line: &str) -> io::Result<()> {
        let text = line.strip_prefix("ledger ").unwrap_or_default();
        let ledger = Ledger::parse(text).ok_or_else(|| garbled(line))?;
        let mut journal = self.journal.lock().await;
        if ledger.applied > self.applied() {
            journal.snapshot(&ledger).await?;
            *self.ledger.borrow_mut() = ledger;
            self.progress.notify_waiters();
        }
        Ok(())
    }
}

/// What the fuzzer is told.
impl Node {
    /// Tells of a boot with what the disk had.
    fn tell_boot(&self, length: usize) {
        let ledger = self.ledger.borrow();
        self.ctx.note(|| format!("finds on its disk: {ledger}"));
        let snapshot = ledger.applied > length as u64;
        let boots = i64::from(self.ctx.boot());
        self.ctx.state().guide("boot", &[boots.min(3), i64::from(snapshot), length.min(3) as i64]);
    }

    /// Tells of a snapshot of `ledger`.
    fn tell_snapshot(&self, ledger: &Ledger) {
        self.ctx.note(|| format!("snapshot: {ledger}"));
        if self.backups.borrow().is_empty() {
            return;
        }
        let present = self.present.borrow();
        let sessions = &self.ledger.borrow().sessions;
        let away = sessions.keys().filter(|client| !present.contains_key(client)).count();
        assert_sometimes!(away > 0, "a snapshot is taken while a client is away");
        let boots = i64::from(self.ctx.boot());
        self.ctx.state().guide("snapshot", &[boots.min(3), away as i64]);
    }
}

/// A connection of a client; over when dropped.
struct Visit {
    node: Rc<Node>,
    client: u32,
}

impl Visit {
    fn new(node: &Rc<Node>, client: u32) -> Self {
        *node.present.borrow_mut().entry(client).or_default() += 1;
        Self { node: node.clone(), client }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut present = self.node.present.borrow_mut();
        if let Some(connections) = present.get_mut(&self.client) {
            *connections -= 1;
            if *connections == 0 {
                present.remove(&self.client);
            }
        }
    }
}

fn parse_write(words: &mut std::str::SplitWhitespace<'_>) -> Option<(u32, u64, Command)> {
    Some((word(words)?, word(words)?, Command::parse(words)?))
}

fn parse_read(words: &mut std::str::SplitWhitespace<'_>) -> Option<(Account, u64)> {
    Some((word(words)?, word(words)?))
}
