//! The toy project: cargo-fuzz is a script here that puts another script where the fuzz binary would
//! be, which prints what libFuzzer prints. Its plain binary is real, and answers as a target does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

pub(crate) const MANIFEST: &str = r#"
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
pub(crate) const TOY: &str = r#"
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
        "seeds" => {
            let quietly = if env::var_os("SIMFUZZ_QUIET").is_some() { " quietly" } else { "" };
            println!("seeds {}{quietly}", args[1..].join(" "));
        }
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

pub(crate) struct Toy {
    folder: TempDir,
}

impl Toy {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// `cargo simfuzz ARGS` in the project's root, with our cargo-fuzz before all others.
    pub(crate) fn simfuzz(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-simfuzz"));
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.arg("simfuzz").args(args).current_dir(self.folder.path()).env("PATH", path);
        command.env("FAKE", self.path("")).env_remove("CARGO_TARGET_DIR").env_remove("CXX");
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CUSTOM_LIBFUZZER_PATH");
        command
    }
}
