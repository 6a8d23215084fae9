//! The accounts: a state machine, and its text form.
//!
//! Owns what a record does to the accounts, and that a request is carried out once however often
//! it is sent. It knows no disk and no network: the same records in the same order give the
//! same ledger anywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::str::{FromStr, SplitWhitespace};

/// Numbers an account; 0 is the house's, `client + 1` a client's own.
pub(crate) type Account = u32;

/// The account that clients pay to.
pub(crate) const HOUSE: Account = 0;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Deposit { to: Account, amount: i64 },
    Withdraw { from: Account, amount: i64 },
    Transfer { from: Account, to: Account, amount: i64 },
}

/// A request, as it stands in the log.
///
/// A client numbers its requests; one that it sends again keeps its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place in the log, from 1.
    pub(crate) index: u64,
    pub(crate) client: u32,
    pub(crate) number: u64,
    pub(crate) command: Command,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// The account doesn't hold that much.
    Refused,
}

/// The last request of a client that was carried out, kept for when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) number: u64,
    pub(crate) answer: Answer,
}

/// All accounts, as the first `applied` records of the log leave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) applied: u64,
    accounts: BTreeMap<Account, i64>,
    pub(crate) sessions: BTreeMap<u32, Session>,
}

impl Ledger {
    /// What `account` holds.
    pub(crate) fn balance(&self, account: Account) -> i64 {
        self.accounts.get(&account).copied().unwrap_or(0)
    }

    /// All balances, the house's first.
    pub(crate) fn balances(&self) -> impl Iterator<Item = i64> {
        let last = self.accounts.keys().last().copied().unwrap_or(HOUSE);
        (HOUSE..=last).map(|account| self.balance(account))
    }

    /// Carries out the next record of the log.
    ///
    /// # Panics
    ///
    /// When it is not the next one: a replica that skips a record is lost.
    pub(crate) fn apply(&mut self, record: &Record) {
        assert_eq!(record.index, self.applied + 1, "records are applied one after the other");
        let answer = self.carry_out(record.command);
        self.applied = record.index;
        self.sessions.insert(record.client, Session { number: record.number, answer });
    }

    fn carry_out(&mut self, command: Command) -> Answer {
        let (from, to, amount) = match command {
            Command::Deposit { to, amount } => (None, Some(to), amount),
            Command::Withdraw { from, amount } => (Some(from), None, amount),
            Command::Transfer { from, to, amount } => (Some(from), Some(to), amount),
        };
        if from.is_some_and(|from| self.balance(from) < amount) {
            return Answer::Refused;
        }
        if let Some(from) = from {
            *self.accounts.entry(from).or_default() -= amount;
        }
        if let Some(to) = to {
            *self.accounts.entry(to).or_default() += amount;
        }
        Answer::Done
    }
}

/// The next word of a text as a `T`.
pub(crate) fn word<T: FromStr>(words: &mut SplitWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deposit { to, amount } => write!(f, "deposit {to} {amount}"),
            Self::Withdraw { from, amount } => write!(f, "withdraw {from} {amount}"),
            Self::Transfer { from, to, amount } => write!(f, "transfer {from} {to} {amount}"),
        }
    }
}

impl Command {
    pub(crate) fn parse(words: &mut SplitWhitespace<'_>) -> Option<Self> {
        Some(match words.next()? {
            "deposit" => Self::Deposit { to: word(words)?, amount: word(words)? },
            "withdraw" => Self::Withdraw { from: word(words)?, amount: word(words)? },
            "transfer" => Self::Transfer { from: word(words)?, to: word(words)?, amount: word(words)? },
            _ => return None,
        })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.index, self.client, self.number, self.command)
    }
}

impl Record {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (index, client, number) = (word(&mut words)?, word(&mut words)?, word(&mut words)?);
        let command = Command::parse(&mut words)?;
        words.next().is_none().then_some(Self { index, client, number, command })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Refused => "refused",
        })
    }
}

impl FromStr for Answer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "done" => Ok(Self::Done),
            "refused" => Ok(Self::Refused),
            _ => Err(()),
        }
    }
}

/// One line: `applied 7 account 0 120 account 1 50 session 0 12 done`.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "applied {}", self.applied)?;
        for (account, balance) in &self.accounts {
            write!(f, " account {account} {balance}")?;
        }
        for (client, Session { number, answer }) in &self.sessions {
            write!(f, " session {client} {number} {answer}")?;
        }
        Ok(())
    }
}

impl Ledger {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut ledger = Self::default();
        let mut words = text.split_whitespace();
        while let Some(what) = words.next() {
            let words = &mut words;
            match what {
                "applied" => ledger.applied = word(words)?,
                "account" => _ = ledger.accounts.insert(word(words)?, word(words)?),
                "session" => {
                    let client = word(words)?;
                    ledger.sessions.insert(client, Session { number: word(words)?, answer: word(words)? });
                }
                _ => return None,
            }
        }
        Some(ledger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(commands: &[Command]) -> Ledger {
        let mut ledger = Ledger::default();
        for (index, &command) in (1..).zip(commands) {
            ledger.apply(&Record { index, client: 0, number: index, command });
        }
        ledger
    }

    #[test]
    fn nobody_spends_what_he_does_not_have() {
        let deposit = Command::Deposit { to: 1, amount: 50 };
        let pay = |amount| Command::Transfer { from: 1, to: HOUSE, amount };
        let ledger = ledger(&[deposit, pay(30), pay(30), Command::Withdraw { from: 1, amount: 20 }]);
        assert_eq!((ledger.balance(1), ledger.balance(HOUSE)), (0, 30));
        assert_eq!(ledger.sessions[&0], Session { number: 4, answer: Answer::Done });
    }

    #[test]
    fn text_forms_come_back() {
        let command = Command::Transfer { from: 2, to: HOUSE, amount: 7 };
        let record = Record { index: 3, client: 1, number: 9, command };
        assert_eq!(record.to_string(), "3 1 9 transfer 2 0 7");
        assert_eq!(Record::parse(&record.to_string()), Some(record));
        assert_eq!(Record::parse("3 1 9 transfer 2 0 7 8"), None);
        let ledger = ledger(&[Command::Deposit { to: 1, amount: 50 }, command]);
        assert_eq!(ledger.to_string(), "applied 2 account 1 50 session 0 2 refused");
        assert_eq!(Ledger::parse(&ledger.to_string()), Some(ledger));
    }
}
