//! Who asks for entropy and clocks in a run that is watched: the call that a leak comes in by.
//!
//! Owns the stacks and the choice of the frame that is shown. Nothing is looked at while nobody
//! watches.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
#[cfg(feature = "fuzz")]
use std::path::Path;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing is answered from the tape elsewhere"))]
pub(super) enum Source {
    Entropy,
    Clock,
}

/// Stacks that are kept of each source: to read one takes milliseconds.
const STACKS: usize = 24;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static STACK: RefCell<Vec<(Source, Backtrace)>> = const { RefCell::new(Vec::new()) };
}

/// Begins or ends to watch this thread.
pub(super) fn watch(on: bool) {
    WATCHED.set(on);
}

/// Somebody asks.
#[inline]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing is answered from the tape elsewhere"))]
pub(super) fn note(source: Source) {
    if WATCHED.try_with(Cell::get) == Ok(true) {
        keep(source);
    }
}

#[cold]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nothing is answered from the tape elsewhere"))]
fn keep(source: Source) {
    // what reads the stack may itself ask
    WATCHED.set(false);
    let _ = STACK.try_with(|stack| {
        if let Ok(mut stack) = stack.try_borrow_mut()
            && stack.iter().filter(|(kept, _)| *kept == source).count() < STACKS
        {
            stack.push((source, Backtrace::force_capture()));
        }
    });
    WATCHED.set(true);
}

/// Who asked on this thread since the last call.
#[cfg(feature = "fuzz")]
pub(crate) fn taken() -> Asked {
    let mut asked = Asked::default();
    for (source, stack) in STACK.take() {
        let caller = Caller::of(&stack.to_string());
        let callers = if source == Source::Entropy { &mut asked.entropy } else { &mut asked.clocks };
        if !callers.contains(&caller) {
            callers.push(caller);
        }
    }
    asked
}

/// Who asked for what, the first first.
#[cfg(feature = "fuzz")]
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Asked {
    pub(crate) entropy: Vec<Caller>,
    pub(crate) clocks: Vec<Caller>,
}

/// A call of the program.
#[cfg(feature = "fuzz")]
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Caller {
    /// The function of the program, or the outermost that is known.
    pub(crate) function: String,
    /// Its file and line, where the build knows them.
    pub(crate) place: Option<String>,
    /// Through which crate, if not directly: `tokio`, `rand`.
    pub(crate) through: Option<String>,
    /// Is it for the keys of a hash map?
    pub(crate) hash: bool,
}

#[cfg(feature = "fuzz")]
impl Caller {
    /// Reads a printed stack: a number, a name and maybe `at FILE:LINE:COLUMN` for each frame.
    fn of(stack: &str) -> Self {
        let mut frames: Vec<(&str, Option<&str>)> = Vec::new();
        for line in stack.lines().map(str::trim) {
            if let Some(place) = line.strip_prefix("at ") {
                if let Some((_, at)) = frames.last_mut() {
                    *at = Some(place);
                }
            } else if let Some((number, name)) = line.split_once(": ")
                && number.bytes().all(|byte| byte.is_ascii_digit())
            {
                frames.push((name, None));
            }
        }
        let hash = frames.iter().any(|(name, _)| name.contains("RandomState") || name.contains("hashmap_random_keys"));
        let others: Vec<_> = frames.into_iter().filter(|frame| !is_inner(frame)).collect();
        let through = others.first().filter(|frame| is_foreign(frame)).map(|frame| crate_of(frame).to_owned());
        let own = others.iter().find(|frame| !is_foreign(frame)).or(others.first());
        let (name, place) = own.copied().unwrap_or_default();
        let place = place.map(|place| {
            let mut parts = place.rsplitn(3, ':');
            let (_column, line, file) = (parts.next(), parts.next(), parts.next());
            format!("{}:{}", crate::choice::short_file(file.unwrap_or(place)), line.unwrap_or_default())
        });
        Self { function: readable(name), place, through, hash }
    }
}

/// Crates whose frames are on every stack, and say nothing.
#[cfg(feature = "fuzz")]
const INNER: &[&str] = &["std", "core", "alloc", "hashbrown", "getrandom", "clock_gettime", "simfuzz", "libc", "test"];

/// The crate of a frame: of its file where that was published, else as the name has it:
/// `<a::B as c::D>::e` is of `a`. Where a build has line tables alone, an inlined function is just `e`.
#[cfg(feature = "fuzz")]
fn crate_of<'a>((name, place): &(&'a str, Option<&'a str>)) -> &'a str {
    if let Some((_, path)) = place.and_then(|place| place.split_once("/registry/src/"))
        && let Some(package) = path.split('/').nth(1)
        && let Some((package, _version)) = package.rsplit_once('-')
    {
        return package;
    }
    let name = name.trim_start_matches(['<', '&', '(']);
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(name)
}

/// Is it on every stack, and says nothing?
#[cfg(feature = "fuzz")]
fn is_inner(frame: &(&str, Option<&str>)) -> bool {
    let (name, place) = frame;
    let is_ours = || {
        let place = Path::new(place.unwrap_or_default());
        // a stack is printed with paths from the current folder
        let whole = std::env::current_dir().unwrap_or_default().join(place.strip_prefix(".").unwrap_or(place));
        whole.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
    };
    INNER.contains(&crate_of(frame))
        || name.starts_with('_')
        || place.is_some_and(|place| place.contains("/rustc/"))
        || is_ours()
}

/// Is it a frame of a crate that was published?
#[cfg(feature = "fuzz")]
fn is_foreign(frame: &(&str, Option<&str>)) -> bool {
    let known =
        ["rand", "rand_core", "tokio", "tokio_util", "futures_util", "uuid", "fastrand", "ahash", "chrono", "time"];
    frame.1.is_some_and(|place| place.contains("/registry/src/")) || known.contains(&crate_of(frame))
}

/// A function without the closures and the hash that a compiler names it by.
#[cfg(feature = "fuzz")]
fn readable(name: &str) -> String {
    let name = name.rsplit_once("::h").filter(|(_, hash)| hash.len() == 16).map_or(name, |(name, _)| name);
    name.replace("::{{closure}}", "")
}

#[cfg(all(test, feature = "fuzz"))]
mod tests {
    use super::*;

    const STACK: &str = "
   0: <std::backtrace::Backtrace>::force_capture
             at /rustc/abc/library/std/src/backtrace.rs:313:9
   1: simfuzz::run::asked::keep
   2: getrandom
   3: std::sys::random::hashmap_random_keys
   4: <std::hash::random::RandomState>::new
   5: tokio::runtime::context::thread_rng_n
             at /home/a/.cargo/registry/src/index.crates.io-1/tokio-1.40.0/src/runtime/context.rs:10:3
   6: bank::server::serve::{{closure}}::h0123456789abcdef
             at ./examples/bank/src/server.rs:41:17
   7: core::ops::function::FnOnce::call_once
";

    #[test]
    fn the_programs_own_frame_is_named_and_the_crate_that_it_called() {
        let caller = Caller::of(STACK);
        assert_eq!(caller.function, "bank::server::serve");
        assert_eq!(caller.place.as_deref(), Some("src/server.rs:41"));
        assert_eq!(caller.through.as_deref(), Some("tokio"));
        assert!(caller.hash);
        // a build without debug information has names alone
        let bare: String = STACK.lines().filter(|line| !line.contains(" at ")).collect::<Vec<_>>().join("\n");
        let caller = Caller::of(&bare);
        assert_eq!(
            (caller.function.as_str(), caller.place, caller.through.as_deref()),
            ("bank::server::serve", None, Some("tokio"))
        );
        assert_eq!(Caller::of(""), Caller::default());
    }

    #[test]
    fn a_build_with_line_tables_alone_is_read_by_its_files() {
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/src/run/asked.rs");
        let stack = format!(
            "0: {{closure#0}}\n at {ours}:48:9\n1: new\n at /rustc/abc/library/std/src/random.rs:1:1\n\
             2: word\n at /home/a/.cargo/registry/src/index-1/rand-core-0.9.1/src/lib.rs:3:4\n\
             3: answer\n at ./server/src/answer.rs:7:1\n"
        );
        let caller = Caller::of(&stack);
        assert_eq!((caller.function.as_str(), caller.place.as_deref()), ("answer", Some("src/answer.rs:7")));
        assert_eq!(caller.through.as_deref(), Some("rand-core"));
    }
}
