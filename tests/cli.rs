//! The `cargo simfuzz` command on a toy project, without a fuzz build.
//!
//! cargo-fuzz is a script here that puts another script where the fuzz binary would be, which
//! prints what libFuzzer prints. The toy's plain binary is real, and answers as a target does.
#![cfg(feature = "cli")]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const MANIFEST: &str = r#"
[package]
name = "toy-targets"
version = "0.0.0"
edition = "2024"

[package.metadata]
cargo-fuzz = true

[workspace]

[features]
fixed = []

[[bin]]
name = "toy"
path = "toy.rs"

[[bin]]
name = "other"
path = "toy.rs"
"#;

/// The plain binary: a tape that says "bug" has a finding.
const TOY: &str = r#"
use std::{env, fs, process::exit};
fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let bug = |path: &String| fs::read(path).unwrap().starts_with(b"bug");
    match args[0].as_str() {
        "replay" => {
            for line in 1..=60 { println!("story line {line}"); }
            let found = bug(args.last().unwrap()) && !cfg!(feature = "fixed");
            println!("{}", if found { "finding: the toy's bug" } else { "passed" });
            exit(found as i32);
        }
        // mode and seed are told apart: swarm takes longer, and random finds nothing
        "trial" => {
            let number = |name: &str| -> f64 {
                args[args.iter().position(|arg| arg == name).unwrap() + 1].parse().unwrap()
            };
            let (seed, cap) = (number("--seed"), number("--cap"));
            if env::var("FAKE_TRIAL").as_deref() == Ok("broken") { eprintln!("the toy fell over"); exit(3) }
            let (found, cpu) = match args[2].as_str() {
                "random" => ("null", cap),
                "swarm" => ("\"always: kept\"", 2.0 + seed / 10.0),
                _ => ("\"always: kept\"", 0.2 + seed / 100.0),
            };
            println!("{{\"found\":{found},\"executions\":{},\"cpu_seconds\":{cpu}}}", (cpu * 10_000.0) as u64);
        }
        "seeds" => println!("seeds {}", args[1..].join(" ")),
        "promote" => {
            let out = args.iter().position(|arg| arg == "--out").unwrap() + 1;
            let text = fs::read_to_string(&args[1]).unwrap();
            if text == "torn" { eprintln!("the tape is torn"); exit(2) }
            fs::create_dir_all(std::path::Path::new(&args[out]).parent().unwrap()).unwrap();
            fs::write(&args[out], text).unwrap();
        }
        "regress" => {
            let wrong = args[3..].iter().filter(|path| bug(path)).count();
            println!("regress {} {} of {} wrong", args[2], wrong, args.len() - 3);
            exit((wrong > 0) as i32);
        }
        _ => unreachable!(),
    }
}
"#;

/// Called by cargo as `cargo-fuzz fuzz ...`.
const CARGO_FUZZ: &str = r#"#!/bin/sh
if [ "$2" = --version ]; then echo "cargo-fuzz ${FAKE_VERSION:-0.13.2}"; exit; fi
echo "$RUSTFLAGS" > "$FAKE/rustflags"; echo "$*" > "$FAKE/build"
while [ $# -gt 1 ]; do
    case "$1" in --target-dir) dir=$2;; --target) host=$2;; esac
    shift
done
echo "   Compiling toy v0.0.0" >&2
if [ "$FAKE_FUZZER" = broken ]; then echo "error: the toy is broken" >&2; exit 101; fi
mkdir -p "$dir/$host/release" && cp "$FAKE/fuzzer" "$dir/$host/release/$1"
"#;

/// The fuzz binary: says what libFuzzer says, and ends as `$FAKE_FUZZER` tells.
const FUZZER: &str = r#"#!/bin/sh
if [ -n "$RUST_LIBFUZZER_DEBUG_PATH" ]; then
    { seq -f 'story line %g' 60; echo "finding: the toy's bug"; } > "$RUST_LIBFUZZER_DEBUG_PATH"; exit
fi
if [ -f "$1" ]; then [ "$FAKE_FUZZER" = flaky ] && exit; exit 77; fi
echo "$*" > "$FAKE/flags"
if [ -n "$SIMFUZZ_TRIAL" ]; then
    for corpus in "$@"; do :; done
    echo "encoding=$SIMFUZZ_ENCODING without=$SIMFUZZ_WITHOUT starts=$(ls "$corpus" | wc -l) $*" >> "$FAKE/trials"
    if [ "$FAKE_FUZZER" = slow ]; then trap 'exit 72' INT; while :; do sleep 0.05; done; fi
    echo '#2	INITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb' >&2
    case "$SIMFUZZ_ENCODING" in
    bytes) echo "simfuzz: trial {\"found\":null,\"executions\":90,\"cpu_seconds\":$SIMFUZZ_TRIAL}" >&2; exit;;
    *) echo 'simfuzz: trial {"found":"always: kept","executions":700,"cpu_seconds":0.3}' >&2; exit 77;;
    esac
fi
for arg in "$@"; do case "$arg" in -artifact_prefix=*) prefix=${arg#-artifact_prefix=};; esac; done
{
    echo 'INFO: Seed: 1'
    echo '#2	INITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb'
    echo 'simfuzz: goal "deposit" reached first at execution 3 (1 of 2 goals)'
    echo 'a print of the server'
    echo '#1024	pulse  cov: 9 ft: 12 corp: 7/60b lim: 4096 exec/s: 512 rss: 30Mb'
    case "$FAKE_FUZZER" in
    crash)
        echo "thread 'main' panicked at toy.rs:1:1:"
        echo 'an inner word'
        echo '==7== ERROR: libFuzzer: deadly signal'
        printf 'bug' > "${prefix}crash-1f0c" # a torn tape
        echo "artifact_prefix='$prefix'; Test unit written to ${prefix}crash-1f0c"
        exit 77;;
    full)
        : > "${prefix}crash-1f0c"
        echo "artifact_prefix='$prefix'; Test unit written to ${prefix}crash-1f0c"
        exit 77;;
    flaky)
        printf 'fine' > "${prefix}crash-1f0c"
        echo "thread 'main' panicked at toy.rs:1:1:"
        echo "artifact_prefix='$prefix'; Test unit written to ${prefix}crash-1f0c"
        exit 77;;
    overflow) kill -SEGV $$;;
    usage) echo 'ERROR: The required directory "x" does not exist'; exit 1;;
    slow) trap 'echo "stat::number_of_executed_units: 4000"; exit 72' INT; while :; do sleep 0.05; done;;
    esac
    echo 'stat::number_of_executed_units: 2048'
} >&2
"#;

struct Toy {
    folder: TempDir,
}

impl Toy {
    fn new() -> Self {
        let toy = Self { folder: TempDir::new().unwrap() };
        fs::create_dir_all(toy.path("fuzz")).unwrap();
        fs::create_dir_all(toy.path("bin")).unwrap();
        toy.write("fuzz/Cargo.toml", MANIFEST);
        toy.write("fuzz/toy.rs", TOY);
        for (path, text) in [("bin/cargo-fuzz", CARGO_FUZZ), ("fuzzer", FUZZER), ("bin/c++", "#!/bin/sh\n")] {
            toy.write(path, text);
            fs::set_permissions(toy.path(path), fs::Permissions::from_mode(0o755)).unwrap();
        }
        toy
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// `cargo simfuzz ARGS` in the project's root, with our cargo-fuzz before all others.
    fn simfuzz(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.arg("simfuzz").args(args).current_dir(self.folder.path()).env("PATH", path);
        command.env("FAKE", self.path("")).env_remove("CARGO_TARGET_DIR").env_remove("CXX");
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CUSTOM_LIBFUZZER_PATH");
        command
    }
}

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

#[test]
fn every_command_has_help_with_an_example() {
    for command in ["run", "explore", "import", "cmin", "replay", "promote", "regress", "seeds", "list", "bench"] {
        let said = said(Toy::new().simfuzz(&[command, "--help"]).current_dir("/"));
        assert_eq!(said.code, Some(0));
        has(&said.out, &["Example", &format!("cargo simfuzz {command}")]);
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
    refused(toy.simfuzz(&["list"]).current_dir("/"), &["no fuzz project", "cargo fuzz init"]);
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

#[test]
fn an_interrupt_reaches_the_fuzzer_and_the_summary_still_comes() {
    let toy = Toy::new();
    let mut command = toy.simfuzz(&["run", "toy"]);
    command.env("FAKE_FUZZER", "slow").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while !toy.path("flags").exists() {
        std::thread::yield_now();
    }
    // the script sets its trap after it has written its flags
    Command::new("sleep").arg("0.5").status().unwrap();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    has(&String::from_utf8_lossy(&output.stdout), &["no finding in 4,000 runs"]);
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

/// Lines of the raw results.
fn trials(toy: &Toy) -> usize {
    toy.read("fuzz/results/trials.jsonl").lines().count()
}

const BENCH: [&str; 9] = ["bench", "--problems", "toy", "--trials", "2", "--cap", "9", "--modes", "swarm,explore"];

#[test]
fn a_benchmark_of_a_users_own_target_goes_on_where_it_stopped() {
    let toy = Toy::new();
    let listed = said(&mut toy.simfuzz(&["bench", "--list"]));
    assert_eq!(listed.code, Some(0), "{listed:?}");
    has(&listed.out, &["toy ", "other ", "explore-reseeds", "bytes-goals"]);
    assert!(!toy.path("fuzz/results").exists(), "a list writes nothing");

    let ran = said(&mut toy.simfuzz(&BENCH));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(trials(&toy), 4);
    assert!(!toy.path("trials").exists(), "no mode asked for the fuzzer's build");
    has(
        &ran.out,
        &["| toy | explore | 2/2 | 0.21 (0.21..0.22) | 2.1k (2.1k..2.2k) | 0.21 [", "|  | swarm | 2/2 | 2.1 ("],
    );
    assert_eq!(toy.read("fuzz/results/README.md") + "\n", ran.out);
    has(&toy.read("fuzz/results/survival.svg"), &["<svg ", ">toy</text>", ">explore</text>"]);

    // a torn line, and two modes more: the four trials stay, the torn one is made again
    let raw = toy.read("fuzz/results/trials.jsonl");
    toy.write("fuzz/results/trials.jsonl", &format!("{raw}{{\"problem\":\"to"));
    let mut more = BENCH;
    more[8] = "swarm,explore,libfuzzer-reseeds,bytes";
    let ran = said(&mut toy.simfuzz(&more));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    has(&ran.err, &["the last line of fuzz/results/trials.jsonl was torn: it is dropped"]);
    assert_eq!(trials(&toy), 8);
    assert!(toy.read("fuzz/results/trials.jsonl").starts_with(&raw));
    has(&ran.out, &["|  | bytes | 0/2 | >9.0 (>9.0..>9.0) |", "|  | libfuzzer-reseeds | 2/2 |"]);
    let calls = toy.read("trials");
    has(&calls, &["encoding= without=reseeds starts=16", "encoding=bytes without=goals starts=16", "-seed=2"]);
    assert!(!toy.path("fuzz/corpus").exists(), "the user's corpus is not touched");

    // everything is done: nothing is built, and the same page comes again
    let again = said(&mut toy.simfuzz(&more));
    assert_eq!((again.code, again.out), (Some(0), ran.out));
    assert_eq!(trials(&toy), 8);
}

#[test]
fn a_benchmark_refuses_what_it_cannot_compare() {
    let toy = Toy::new();
    refused(&mut toy.simfuzz(&["bench", "--problems", "toi"]), &["no problem and no group `toi`", "`other` and `toy`"]);
    refused(&mut toy.simfuzz(&["bench", "--modes", "swarm,guided"]), &["no mode `guided`", "`bytes-goals`"]);
    assert_eq!(said(&mut toy.simfuzz(&BENCH)).code, Some(0));
    let mut other = BENCH;
    other[6] = "5";
    refused(&mut toy.simfuzz(&other), &["with a cap of 9 seconds", "another `--out`"]);
    refused(toy.simfuzz(&BENCH).args(["--seed", "7"]), &["from seed 1", "makes it 7"]);
    // another program under the same name
    toy.write("fuzz/toy.rs", &TOY.replace("fell over", "fell down"));
    let mut more = BENCH;
    more[4] = "3";
    refused(&mut toy.simfuzz(&more), &["another build made", "--any-build"]);
    assert_eq!(said(toy.simfuzz(&more).arg("--any-build")).code, Some(0));
}

#[test]
fn a_trial_without_a_result_is_no_miss() {
    let toy = Toy::new();
    let ran = said(toy.simfuzz(&BENCH).env("FAKE_TRIAL", "broken"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    has(&ran.err, &["toy explore 1 ended without a result", "the toy fell over", "no trial is done"]);
    assert!(!toy.path("fuzz/results").exists());
    let ran = said(toy.simfuzz(&["bench", "--modes", "bytes", "--trials", "1"]).env("FAKE_FUZZER", "broken"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    has(&ran.err, &["building toy for the fuzzer failed", "toy is left out", "other is left out"]);
}

#[test]
fn an_interrupted_benchmark_keeps_what_is_done() {
    let toy = Toy::new();
    let mut args = BENCH;
    args[8] = "explore,bytes";
    let mut command = toy.simfuzz(&args);
    command.env("FAKE_FUZZER", "slow").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while !toy.path("fuzz/results/trials.jsonl").exists() || !toy.path("trials").exists() {
        std::thread::yield_now();
    }
    Command::new("sleep").arg("0.5").status().unwrap();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    has(&String::from_utf8_lossy(&output.stderr), &["trials left: the same command goes on with them"]);
    assert!(toy.read("fuzz/results/README.md").contains("| toy | explore |"));
}
