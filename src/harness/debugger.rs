//! Stopping for a debugger in the midst of a run.
//!
//! Owns the stop. Which event it is, is said by its number in the story.

use crate::trace::{StoryLine, break_at, seconds};

/// Stops at event `number` of the next told run.
///
/// # Errors
///
/// When no debugger would be there to see it: the sentence is the command that brings one.
pub(super) fn stop_at(number: u64) -> Result<(), String> {
    if !is_watched() {
        let call: Vec<_> = std::env::args().map(|word| quoted(&word)).collect();
        return Err(format!(
            "no debugger watches this program: run it under one, by `rust-gdb -q -ex run --args {0}` or \
             `rust-lldb -o run -- {0}`",
            call.join(" ")
        ));
    }
    break_at(number, meet);
    Ok(())
}

/// Here the debugger stops; `bt` shows the code under test some frames above.
#[inline(never)]
fn meet(line: &StoryLine) {
    eprintln!(
        "stopped at {} on {}: {}\n`bt` shows how it came to this, `up` goes to the code under test, `continue` goes on",
        seconds(line.at),
        if line.host.is_empty() { "the simulation" } else { &line.host },
        line.text.escape_debug()
    );
    trap();
}

#[cfg(unix)]
#[inline(never)]
fn trap() {
    if let Err(error) = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTRAP) {
        eprintln!("the signal that stops was not raised: {error}");
    }
}

#[cfg(not(unix))]
fn trap() {}

/// Does a debugger watch this process? Assumed where the system does not tell.
fn is_watched() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return cfg!(unix) };
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_none_or(|tracer| tracer.trim() != "0")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("a/b-1.tape"), "a/b-1.tape");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
