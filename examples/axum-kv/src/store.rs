//! The keys and their values: a state machine without disk, network or clock.
//!
//! It remembers each client's last write with its answer, so that one that is sent again is not
//! carried out again.

use crate::messages::{Answer, Command, Condition, Write};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Store {
    values: BTreeMap<String, String>,
    sessions: BTreeMap<String, (u64, Answer)>,
}

impl Store {
    pub(crate) fn get(&self, key: &str) -> Option<&String> {
        self.values.get(key)
    }

    /// The answer to a write, if it was carried out and its client has asked for no other since.
    pub(crate) fn answered(&self, client: &str, number: u64) -> Option<Answer> {
        let &(last, answer) = self.sessions.get(client)?;
        (last == number).then_some(answer)
    }

    /// Carries out a write, unless that was done before; `None` if its client has gone on since.
    pub(crate) fn apply(&mut self, command: &Command) -> Option<Answer> {
        let Command { client, number, key, write } = command;
        if let Some(&(last, answer)) = self.sessions.get(client)
            && last >= *number
        {
            return (last == *number).then_some(answer);
        }
        let answer = self.write(key, write);
        self.sessions.insert(client.clone(), (*number, answer));
        Some(answer)
    }

    fn write(&mut self, key: &str, write: &Write) -> Answer {
        let known = self.values.get(key);
        match write {
            Write::Put { only_if: Some(Condition::Absent), .. } if known.is_some() => Answer::ConditionFailed,
            Write::Put { only_if: Some(Condition::Is(value)), .. } if known != Some(value) => Answer::ConditionFailed,
            Write::Put { value, .. } => {
                self.values.insert(key.to_owned(), value.clone());
                Answer::Done
            }
            Write::Delete => {
                self.values.remove(key);
                Answer::Done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_carried_out_once() {
        let mut store = Store::default();
        let mut put = |client: &str, number, value: &str, only_if| {
            let write = Write::Put { value: value.to_owned(), only_if };
            let command = Command { client: client.to_owned(), number, key: "k".to_owned(), write };
            (store.apply(&command), store.get("k").cloned().unwrap_or_default())
        };
        assert_eq!(put("a", 1, "x", Some(Condition::Absent)), (Some(Answer::Done), "x".to_owned()));
        assert_eq!(put("b", 1, "y", Some(Condition::Is("x".to_owned()))), (Some(Answer::Done), "y".to_owned()));
        assert_eq!(put("a", 1, "x", Some(Condition::Absent)), (Some(Answer::Done), "y".to_owned()), "sent again");
        assert_eq!(put("a", 2, "z", Some(Condition::Absent)), (Some(Answer::ConditionFailed), "y".to_owned()));
        assert_eq!(put("a", 1, "x", None), (None, "y".to_owned()), "its client has gone on");
    }
}
