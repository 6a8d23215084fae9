//! Campaigns, findings and regressions of a project, and what is refused.

use super::toy::{MANIFEST, Toy};
use super::{has, refused, said};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let help = said(Toy::new().simfuzz(&["--help"]).current_dir("/")).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_help_with_an_example_and_its_exit_codes() {
    let page = include_str!("../../docs/command-line.md");
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for command in &commands {
        let said = said(Toy::new().simfuzz(&[command, "--help"]).current_dir("/"));
        assert_eq!(said.code, Some(0));
        has(&said.out, &["Example", &format!("cargo simfuzz {command}"), "Exit codes: 0"]);
        assert!(!said.out.contains('\x1b'), "{command} has colours in a pipe");
        let row = page.lines().find(|line| line.starts_with("| `") && line.contains(&format!("`{command}`")));
        let row = row.unwrap_or_else(|| panic!("docs/command-line.md has no row for {command}"));
        for code in ["1", "3", "130"] {
            let of_help = said.out.contains(&format!(", {code} "));
            let of_page = row.split([' ', ',']).any(|word| word == code);
            assert_eq!(of_help, of_page, "exit code {code} of {command}: {row}\n{}", said.out);
        }
    }
}

#[test]
fn the_subcommand_word_may_be_there_or_not() {
    let mut direct = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
    assert_eq!(said(direct.arg("--version")).out, said(&mut Toy::new().simfuzz(&["--version"])).out);
}

#[test]
fn bad_input_is_refused_with_the_way_out() {
    let toy = Toy::new();
    toy.write("tape", "bug");
    refused(toy.simfuzz(&["list"]).current_dir("/"), &["no fuzz project", "cargo simfuzz init"]);
    refused(&mut toy.simfuzz(&["list", "--fuzz-dir", "bin"]), &["bin is no fuzz package"]);
    assert_eq!(said(toy.simfuzz(&["list", "--fuzz-dir"]).arg(toy.path("fuzz")).current_dir("/")).code, Some(0));
    refused(&mut toy.simfuzz(&["run", "typo"]), &["no target `typo`", "`other` and `toy`"]);
    refused(&mut toy.simfuzz(&["replay", "typo", "tape"]), &["no target `typo`"]);
    refused(&mut toy.simfuzz(&["replay", "toy", "missing"]), &["no file missing"]);
    refused(&mut toy.simfuzz(&["replay", "toy", "fuzz"]), &["is a folder"]);
    refused(&mut toy.simfuzz(&["run", "toy", "--corpus", "missing"]), &["no folder missing", "--corpus"]);
    refused(&mut toy.simfuzz(&["run", "toy", "--instrument", "nosuch"]), &["`nosuch`", "cargo tree"]);
    refused(&mut toy.simfuzz(&["promote", "toy", "tape", "--name", "a/b"]), &["`a/b` is no name"]);
    refused(&mut toy.simfuzz(&["promote", "toy", "tape", "--name", ""]), &["is no name"]);
    toy.write("fuzz/Cargo.toml", &MANIFEST.replace("edition", "= cargo-fuzz"));
    refused(&mut toy.simfuzz(&["list"]), &["cargo can't read fuzz/Cargo.toml"]);
}

#[test]
fn missing_tools_are_named() {
    let toy = Toy::new();
    // the toolchain's own folder has cargo and rustc, and nothing else
    let only_rust = Path::new(env!("CARGO")).parent().unwrap();
    let words = ["no C++ compiler", "apt install g++", "$CXX"];
    refused(toy.simfuzz(&["run", "toy"]).env("PATH", only_rust), &words);
    refused(toy.simfuzz(&["run", "toy"]).env("CXX", "nosuch++ -O2"), &["`nosuch++ -O2`", "$CXX"]);
    let old = ["0.11.0 is too old", "cargo install cargo-fuzz --version 0.13.2 --locked"];
    refused(toy.simfuzz(&["run", "toy"]).env("FAKE_VERSION", "0.11.0"), &old);
}

#[test]
fn a_clean_campaign() {
    let toy = Toy::new();
    let ran = said(&mut toy.simfuzz(&["run", "toy", "--time", "5", "--runs", "9", "--jobs", "2", "--", "-seed=7"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    has(&ran.err, &["no seeds in corpus/toy/seeds, starting from an empty corpus", "edges of `toy-targets`"]);
    has(&ran.err, &["goal \"deposit\" reached first", "a print of the server"]);
    has(&ran.out, &["no finding in 2,048 runs", "fuzz/corpus/toy"]);
    let flags = toy.read("flags");
    has(&flags, &["-len_control=0 -max_len=4096", "-max_total_time=5 -runs=9 -fork=2"]);
    assert!(flags.trim_end().ends_with("fuzz/corpus/toy -seed=7"), "the user's flags win: {flags}");
    assert!(!ran.err.contains("INFO: Seed"), "{}", ran.err);
    // `--fresh` leaves the working corpus alone
    toy.write("fuzz/corpus/toy/mine", "x");
    let ran = said(&mut toy.simfuzz(&["run", "toy", "--fresh"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!toy.read("flags").contains("fuzz/corpus/toy"), "{}", toy.read("flags"));
    has(&ran.out, &["no finding in 2,048 runs", "; 0 tapes, which are dropped"]);
    assert!(toy.path("fuzz/corpus/toy/mine").exists());
    assert!(!toy.path("corpus").exists(), "the committed corpus is the user's");
}

#[test]
fn the_committed_seeds_are_read_and_the_regressions_are_not() {
    let toy = Toy::new();
    toy.write("corpus/toy/seeds/one", "x");
    toy.write("corpus/toy/regressions/old.tape", "tape 1");
    let ran = said(&mut toy.simfuzz(&["run", "toy"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    has(&ran.err, &["corpus: 1 seed in corpus/toy/seeds"]);
    has(&toy.read("flags"), &["fuzz/corpus/toy ", "/corpus/toy/seeds"]);
    assert!(!toy.read("flags").contains("regressions"));
}

#[test]
fn a_finding_ends_with_the_next_commands() {
    let toy = Toy::new();
    let ran = said(toy.simfuzz(&["run", "toy"]).env("FAKE_FUZZER", "crash"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    has(&ran.out, &["... 37 lines before, see the replay", "story line 60\nfinding: the toy's bug"]);
    has(&ran.out, &["tape: fuzz/artifacts/toy/crash-1f0c"]);
    has(&ran.out, &["replay: cargo simfuzz replay --lenient toy fuzz/artifacts/toy/crash-1f0c"]);
    has(&ran.out, &["keep it: cargo simfuzz promote --lenient toy fuzz/artifacts/toy/crash-1f0c --name NAME"]);
    // this target knows of no minimising: that is said, and the finding's own tape is what is named
    has(
        &ran.out,
        &["not minimized: ", "explain it: cargo simfuzz explain --lenient toy fuzz/artifacts/toy/crash-1f0c"],
    );
    assert!(!ran.err.contains("an inner word"), "the replay shows it better: {}", ran.err);
    // the commands work as they are printed
    let replayed = said(&mut toy.simfuzz(&["replay", "--lenient", "toy", "fuzz/artifacts/toy/crash-1f0c"]));
    assert_eq!(replayed.code, Some(1), "{replayed:?}");
    let features = ["replay", "--features", "fixed", "toy", "fuzz/artifacts/toy/crash-1f0c"];
    assert_eq!(said(&mut toy.simfuzz(&features)).code, Some(0));
    // and from inside `fuzz/`
    let ran = said(toy.simfuzz(&["run", "toy"]).env("FAKE_FUZZER", "crash").current_dir(toy.path("fuzz")));
    has(&ran.out, &["replay: cargo simfuzz replay --lenient toy artifacts/toy/crash-1f0c"]);
}

#[test]
fn nothing_that_goes_wrong_looks_like_a_pass() {
    let toy = Toy::new();
    let run = |fake: &str| said(toy.simfuzz(&["run", "toy"]).env("FAKE_FUZZER", fake));
    let full = run("full");
    assert_eq!(full.code, Some(2), "{full:?}");
    has(&full.err, &["not written to fuzz/artifacts/toy/crash-1f0c: is the disk full?"]);
    let flaky = run("flaky");
    assert_eq!(flaky.code, Some(1), "{flaky:?}");
    has(&flaky.out, &["the same tape passes now", "panicked at toy.rs"]);
    let overflow = run("overflow");
    assert_eq!(overflow.code, Some(1), "{overflow:?}");
    has(&overflow.out, &["its tape is lost", "--sanitizer address"]);
    let usage = run("usage");
    assert_eq!(usage.code, Some(2), "{usage:?}");
    has(&usage.out, &["required directory"]);
    let broken = run("broken");
    assert_eq!(broken.code, Some(2), "{broken:?}");
    has(&broken.err, &["error: the toy is broken", "building toy for the fuzzer failed"]);
}

/// A campaign of a fuzzer that doesn't end by itself, interrupted after so many seconds.
fn interrupted(toy: &Toy, args: &[&str], after: &str) -> std::process::Output {
    _ = std::fs::remove_file(toy.path("flags"));
    let mut command = toy.simfuzz(args);
    command.env("FAKE_FUZZER", "slow").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while !toy.path("flags").exists() {
        std::thread::yield_now();
    }
    Command::new("sleep").arg(after).status().unwrap();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupt_reaches_the_fuzzer_and_the_summary_still_comes() {
    // the script sets its trap after it has written its flags
    let output = interrupted(&Toy::new(), &["run", "toy"], "0.5");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    has(&String::from_utf8_lossy(&output.stdout), &["no finding in 4,000 runs"]);
}

#[test]
fn quiet_takes_progress_away_and_nothing_else() {
    let toy = Toy::new();
    let by = |args: &[&str]| {
        let output = interrupted(&toy, args, "2.5");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        has(&out, &["no finding in 4,000 runs"]);
        has(&err, &["goal \"deposit\" reached first"]);
        err
    };
    let live = "1,024 runs";
    let loud = by(&["run", "toy"]);
    has(&loud, &[live]);
    for quiet in [["run", "toy", "--quiet"], ["-q", "run", "toy"]] {
        let err = by(&quiet);
        assert!(!err.contains(live), "{err}");
    }
    // the target's own binary hears of it
    let seeds = said(&mut toy.simfuzz(&["seeds", "toy", "10", "-q"]));
    has(&seeds.out, &["seeds 10 quietly"]);
}

#[test]
fn the_users_flags_for_rustc_are_kept() {
    let toy = Toy::new();
    said(toy.simfuzz(&["run", "toy"]).env("RUSTFLAGS", "--cfg mine"));
    assert_eq!(toy.read("rustflags").trim(), "--cfg mine");
    said(toy.simfuzz(&["run", "toy"]).env("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}encoded"));
    assert_eq!(toy.read("rustflags").trim(), "--cfg encoded");
}

#[test]
fn promote_overwrites_nothing_unasked() {
    let toy = Toy::new();
    toy.write("tape", "new");
    toy.write("torn", "torn");
    let kept = "corpus/toy/regressions/bug.tape";
    let promote = |file: &str, more: &[&str]| said(toy.simfuzz(&["promote", "toy", file, "--name", "bug"]).args(more));
    assert_eq!(promote("tape", &[]).code, Some(0));
    assert_eq!(toy.read(kept), "new");
    toy.write(kept, "precious");
    let again = promote("tape", &[]);
    assert_eq!(again.code, Some(2));
    has(&again.err, &["corpus/toy/regressions/bug.tape exists", "--force"]);
    assert_eq!(toy.read(kept), "precious");
    // even by force, the old one stays until the new one is written
    assert_eq!(promote("torn", &["--force"]).code, Some(2));
    assert_eq!(toy.read(kept), "precious");
    assert_eq!(promote("tape", &["--force"]).code, Some(0));
    assert_eq!(toy.read(kept), "new");
    assert_eq!(fs::read_dir(toy.path("corpus/toy/regressions")).unwrap().count(), 1);
}

#[test]
fn regress_seeds_and_list() {
    let toy = Toy::new();
    let none = said(&mut toy.simfuzz(&["regress"]));
    assert_eq!(none.code, Some(0));
    has(&none.out, &["no regressions"]);
    toy.write("corpus/toy/regressions/a.tape", "fine");
    toy.write("corpus/toy/regressions/b.tape", "fine");
    toy.write("corpus/other/regressions/c.tape", "bug");
    toy.write("corpus/toy/seeds/.gitkeep", "");
    toy.write("corpus/toy/seeds/one", "");
    let one = said(&mut toy.simfuzz(&["regress", "toy"]));
    assert_eq!(one.code, Some(0), "{one:?}");
    has(&one.out, &["regress toy 0 of 2 wrong", "2 regressions replayed"]);
    let all = said(&mut toy.simfuzz(&["regress"]));
    assert_eq!(all.code, Some(1));
    has(&all.out, &["regress toy 0 of 2", "regress other 1 of 1 wrong", "3 regressions replayed"]);
    let seeds = said(&mut toy.simfuzz(&["seeds", "toy", "100", "--from", "7", "--jobs", "2"]));
    has(&seeds.out, &["seeds 100 --from 7 --jobs 2"]);
    let list = said(&mut toy.simfuzz(&["list"]));
    assert_eq!(
        list.out,
        "\
target  seeds  corpus  regressions  findings
other       0       0            1         0
toy         1       0            2         0
"
    );
}
