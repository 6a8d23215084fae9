//! The `cargo simfuzz` command through its real binary.
//!
//! `campaigns` and `bench` call it on a toy project, without a fuzz build; `explore`, `minimize`, `keep`
//! and `report` on real targets.
#![cfg(feature = "cli")]
#![cfg(unix)]

mod bench;
mod browser;
mod campaigns;
mod check;
mod explore;
mod keep;
mod minimize;
mod report;
mod stand_in;
mod start;
mod toy;
mod troubles;

use std::process::{Command, Output};

#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// One sentence on standard error that holds `words`, and exit code 2.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let said = said(command);
    assert_eq!(said.code, Some(2), "{said:?}");
    for word in words {
        assert!(said.err.contains(word), "{word}: {said:?}");
    }
    assert!(said.err.lines().filter(|line| line.starts_with("error: ")).count() == 1, "{said:?}");
    assert_eq!(said.out, "");
}

#[track_caller]
fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}
