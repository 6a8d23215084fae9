//! The pages are complete: what the code can inject stands in the page on faults; the guide lists all its
//! chapters, its links lead somewhere, its commands exist, and its Rust code is tested.
#![cfg(feature = "sim")]

use simfuzz::FaultKind;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_kind_of_fault_has_its_row() {
    let page = include_str!("../docs/faults.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let missing: Vec<_> = FaultKind::ALL
        .iter()
        .filter(|kind| !rows.iter().any(|row| row.starts_with(&format!("| `{kind:?}` "))))
        .collect();
    assert!(missing.is_empty(), "docs/faults.md has no row for {missing:?}");
    for row in &rows {
        let name = row.trim_start_matches("| `").split('`').next().unwrap_or_default();
        assert!(FaultKind::ALL.iter().any(|kind| format!("{kind:?}") == name), "no kind is called {name}: {row}");
    }
}

/// What `cargo simfuzz init --clusterfuzzlite` writes for a user is what builds our own targets: one is tried, and so
/// is the other.
#[test]
fn our_own_clusterfuzzlite_is_the_one_that_users_get() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let template = root.join("src/bin/cargo-simfuzz/start/template/clusterfuzzlite");
    let of_users = |file: &str| {
        let text = fs::read_to_string(template.join(file)).expect(file);
        let build =
            "# our own decoders, models and promises; the simulations of fuzz/ have bugs to find\nbuild fuzz/self";
        text.replace("{{ package }}", "simfuzz").replace("{{ build }}", build)
    };
    for file in ["build.sh", "Dockerfile"] {
        let ours = fs::read_to_string(root.join(".clusterfuzzlite").join(file)).expect(file);
        assert_eq!(ours.trim_end(), of_users(file).trim_end(), ".clusterfuzzlite/{file} and its template differ");
    }
}

/// The folder of the guide's chapters.
fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guide/src")
}

/// The text of a chapter, with the pages that it includes from a line on: `{{#include FILE:LINE:}}`.
fn chapter(name: &str) -> String {
    let mut text = String::new();
    for line in fs::read_to_string(guide().join(name)).expect(name).lines() {
        match line.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix(":}}")) {
            Some(include) => {
                let (file, first) = include.rsplit_once(':').expect("a file and its first line");
                let page = fs::read_to_string(guide().join(file)).unwrap_or_else(|_| panic!("{name} includes {file}"));
                let first: usize = first.parse().expect("a number of a line");
                text.extend(page.lines().skip(first - 1).flat_map(|line| [line, "\n"]));
            }
            None => {
                assert!(!line.contains("{{#"), "{name}: another form of including is not checked: {line}");
                text.extend([line, "\n"]);
            }
        }
    }
    text
}

fn chapters() -> BTreeSet<String> {
    let files = fs::read_dir(guide()).expect("the guide is in the repository");
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// The targets of `[text](target)` outside of code blocks.
fn links(text: &str) -> Vec<&str> {
    let mut code = false;
    let mut links = Vec::new();
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if !code {
            links.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
        }
    }
    links
}

#[test]
fn the_guides_summary_lists_every_chapter() {
    let summary = chapter("SUMMARY.md");
    let mut listed: BTreeSet<_> = links(&summary).into_iter().map(str::to_owned).collect();
    listed.insert("SUMMARY.md".to_owned());
    assert_eq!(listed, chapters());
}

#[test]
fn the_guides_links_lead_somewhere() {
    for name in chapters() {
        for link in links(&chapter(&name)) {
            let file = link.split('#').next().unwrap_or_default();
            let found = link.starts_with("https://") || file.is_empty() || guide().join(file).is_file();
            assert!(found, "{name} links to {link}");
        }
    }
}

#[test]
fn the_guides_commands_exist() {
    let cli = include_str!("../src/bin/cargo-simfuzz/cli/mod.rs");
    let commands = cli.split("enum Command {").nth(1).and_then(|rest| rest.split('}').next()).expect("the commands");
    let commands: BTreeSet<_> =
        commands.lines().filter_map(|line| line.trim().split_once('(')).map(|(name, _)| name.to_lowercase()).collect();
    assert!(commands.contains("run") && commands.contains("regress"), "{commands:?}");
    for name in chapters() {
        for rest in chapter(&name).split("cargo simfuzz ").skip(1) {
            let word: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
            let command = if word.starts_with('-') { String::new() } else { word.replace('-', "") };
            let placeholder = command.is_empty() || command.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(placeholder || commands.contains(&command), "{name}: there is no `cargo simfuzz {command}`");
        }
    }
}

#[test]
fn the_guides_rust_is_tested() {
    let library = include_str!("../src/lib.rs");
    for name in chapters() {
        // what a chapter includes is tested where it comes from
        let own = fs::read_to_string(guide().join(&name)).unwrap();
        let tested = library.contains(&format!("include_str!(\"../guide/src/{name}\")"));
        assert_eq!(own.contains("```rust"), tested, "{name}: Rust code in it is tested by `mod book` in src/lib.rs");
        for fence in ["```ignore", "```no_run", "```rust,"] {
            assert!(!own.contains(fence), "{name}: an example that cannot run is a wish");
        }
    }
}
