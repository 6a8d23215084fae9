//! What a plain program may take, and who sees to it.
//!
//! Owns the flags, and which command leaves the tapes of its runs where. The watch itself is the
//! `fuzz` room's.

use super::Command;
use crate::fuzz::handover_folder;
use crate::fuzz::watchdog::{self, Limits, MEGABYTES, SECONDS, Then};
use crate::underway;
use clap::Args;

#[derive(Args, Debug)]
pub(super) struct LimitArgs {
    /// Seconds of real time that one poll of a task may take; 0 for no limit.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = SECONDS)]
    poll_timeout: u64,
    /// Megabytes that the process may hold; 0 for no limit.
    #[arg(long, global = true, value_name = "MB", default_value_t = MEGABYTES)]
    memory: u64,
}

impl LimitArgs {
    /// Watches `command`, where it runs tapes and nobody measures or debugs it.
    pub(super) fn watch(&self, command: &Command) {
        let artifacts = match command {
            Command::Goals | Command::Trial { .. } | Command::Replay { break_at_event: Some(_), .. } => return,
            Command::Explore(args) => args.artifacts.clone(),
            _ => None,
        };
        let then = match (command, &artifacts) {
            (_, Some(folder)) => Then::Keep(folder.clone()),
            (Command::Replay { files, .. }, None) if files.len() == 1 => Then::End,
            _ => Then::Show,
        };
        let folder = match command {
            Command::Explore(_) => handover_folder().or(artifacts.clone()),
            _ => None,
        };
        underway::watch(folder);
        watchdog::watch(Limits { seconds: self.poll_timeout, megabytes: self.memory }, then);
    }
}
