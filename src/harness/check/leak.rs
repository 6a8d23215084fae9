//! What a run depends on besides its tape: found by experiments, each in a fresh process.
//!
//! All of a run's surroundings are held still, and then one at a time is let go: what changes the
//! digest is a leak. Owns the experiments and the words. Linux alone can hold entropy, clocks and
//! addresses still; elsewhere there are fewer answers.

use super::observe::{Observed, Observer, Request, Select};
use crate::choice::Tape;
use crate::run::{Caller, Conditions, Simulation};
use serde::Serialize;
use std::fmt;

/// How often a thing that is let go may change nothing before it is no leak.
const TRIES: u32 = 4;

/// What a fresh process runs before, to see what remembers it: other tapes, and the tape itself, each of them first once.
///
/// What the first run decides for all needs another tape at the start; what knows again what it has met, such as a
/// cache with keys, the tape itself.
pub(super) const BEFORE: [&[u32]; TRIES as usize] = [&[1], &[0], &[0, 1], &[1, 2, 3]];

/// Callers that are named.
const CALLERS: usize = 3;

/// Something that comes into a run by another way than its tape.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Leak {
    /// Its short name, for programs.
    kind: &'static str,
    /// What it is.
    what: &'static str,
    /// By what it was seen.
    seen: String,
    /// The calls by which it comes in, where they are known.
    callers: Vec<String>,
    /// What to do instead.
    instead: &'static str,
}

impl Leak {
    fn new(kind: &Kind, seen: impl Into<String>) -> Self {
        let Kind(kind, what, instead) = *kind;
        Self { kind, what, seen: seen.into(), callers: Vec::new(), instead }
    }

    fn by<'a>(mut self, callers: impl IntoIterator<Item = &'a Caller>) -> Self {
        let known = callers.into_iter().filter(|caller| !caller.function.is_empty());
        self.callers = known.take(CALLERS).map(shown).collect();
        self
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "likely leak: {}\n  seen: {}", self.what, self.seen)?;
        self.callers.iter().try_for_each(|caller| write!(f, "\n  asked for by {caller}"))?;
        write!(f, "\n  instead: {}", self.instead)
    }
}

fn shown(caller: &Caller) -> String {
    let place = caller.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    let through = caller.through.as_ref().map(|name| format!(", through the crate {name}")).unwrap_or_default();
    format!("{}{place}{through}", caller.function)
}

/// A name, what it is, what to do instead.
struct Kind(&'static str, &'static str, &'static str);

const HASH: Kind = Kind(
    "hash-order",
    "the order of a `std` hash map or set, whose keys are the operating system's entropy",
    "`BTreeMap` or `indexmap` where it is iterated; or `.isolate()` on the builder",
);
const ENTROPY: Kind = Kind(
    "entropy",
    "the operating system's entropy, as `rand::rng()`, `getrandom` and UUIDs take it",
    "`ctx.random()`, which is a generator for `rand`; or `.isolate()` on the builder",
);
const CLOCK: Kind = Kind(
    "clock",
    "the machine's clock: `Instant::now` or `SystemTime::now`",
    "`ctx.time().now()` and `ctx.time().wall()`; or `.isolate()` on the builder, which makes the clocks virtual",
);
const TOKIO: Kind = Kind(
    "tokio-select",
    "the branch that `tokio::select!` looks at first, which comes from a counter of the process",
    "`simfuzz::select!`, which draws it from the tape; or `biased;` as its first line",
);
const FUTURES: Kind = Kind(
    "futures-select",
    "the branch that `futures::select!` looks at first, which comes from a counter of the process",
    "`simfuzz::select!`, which draws it from the tape; or `futures::select_biased!`",
);
const STATIC: Kind = Kind(
    "static",
    "a `static` that remembers what earlier runs of the process did (also in a dependency)",
    "keep it in the process's struct, which each boot makes anew; or `.reset(|| ..)` on the builder",
);
const THREAD_LOCAL: Kind = Kind(
    "thread-local",
    "a `thread_local!` that remembers what earlier runs on the thread did (also in a dependency)",
    "keep it in the process's struct; or `.reset(|| ..)` on the builder; or `.isolate()`: a fresh thread for each run",
);
const ADDRESS: Kind = Kind(
    "address",
    "the order or value of addresses in memory: pointers that are sorted, hashed or printed",
    "a number of your own in place of the pointer",
);
const THREAD: Kind = Kind(
    "thread",
    "another thread, whose timing is no function of the tape",
    "a task for each thread: `ctx.task().spawn`",
);
const UNKNOWN: Kind = Kind(
    "unknown",
    "none of hash order, entropy, clocks, `select!`, statics, addresses and threads",
    "look at what the host above reads there: files, the environment, sockets, processes, a C library's own state",
);

/// Looks for what the runs of `tape` depend on.
pub(super) fn find(simulation: &Simulation, tape: &Tape) -> Result<Vec<Leak>, String> {
    let still = Conditions::isolated();
    let run = |request: &Request| Observer::start_in_place()?.ask(request);
    let base = run(&Request::under(tape, Conditions { watched: true, ..still }))?;
    let plain = Request::under(tape, still);
    // does letting go of one thing change anything?
    let changes = |requests: &dyn Fn(u32) -> Request| -> Result<bool, String> {
        for number in 1..=TRIES {
            if run(&requests(number))?.digest != base.digest {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut leaks = Vec::new();
    if changes(&|_| plain.clone())? {
        leaks.push(match base.threads {
            0 => Leak::new(&UNKNOWN, "fresh processes differ while entropy, clocks and addresses are held still"),
            1 => Leak::new(&THREAD, "a run starts a thread, and fresh processes differ while all else is held still"),
            threads => Leak::new(
                &THREAD,
                format!("a run starts {threads} threads, and fresh processes differ while all else is held still"),
            ),
        });
        return Ok(leaks);
    }
    let turned = |whose| Request { turns: Some((whose, 0)), ..plain.clone() };
    for (whose, kind, name) in [(Select::Tokio, &TOKIO, "tokio"), (Select::Futures, &FUTURES, "futures")] {
        if changes(&|number| Request { turns: Some((whose, number)), ..turned(whose) })? {
            leaks.push(Leak::new(kind, format!("the run is another one once the counter of {name} was turned")));
        }
    }
    let selects = !leaks.is_empty();
    // an isolated simulation holds these two itself
    if !simulation.isolated {
        if changes(&|_| Request::under(tape, Conditions { entropy: false, ..still }))? {
            leaks.extend(by_entropy(&base, selects));
        }
        if changes(&|_| Request::under(tape, Conditions { clocks: false, ..still }))? {
            let seen = "fresh processes agree while the clocks are held still, and differ when they are not";
            leaks.push(Leak::new(&CLOCK, seen).by(&base.asked.clocks));
        }
    }
    let heap = |number| Request::under(tape, Conditions { heap: u64::from(number), ..still });
    let elsewhere = || -> Result<bool, String> { Ok(Observer::start()?.ask(&plain)?.digest != base.digest) };
    let lies = changes(&heap)? || elsewhere()?;
    if lies {
        leaks.push(Leak::new(&ADDRESS, "the run is another one once the heap was used differently, or lies elsewhere"));
    }
    let after = |thread| {
        move |number: u32| {
            let before = BEFORE[(number - 1) as usize].to_vec();
            Request { before, ..Request::under(tape, Conditions { thread, ..still }) }
        }
    };
    let seen = "in a fresh process the run is one, and after other runs another one";
    // counters behind `select!` are statics as well, a thread remembers the keys of its last map, and a
    // heap where it last was used
    if !selects && !lies && changes(&after(true))? {
        leaks.push(Leak::new(&STATIC, format!("{seen}, on whatever thread")));
    } else if leaks.is_empty() && !simulation.isolated && changes(&after(false))? {
        leaks.push(Leak::new(&THREAD_LOCAL, format!("{seen}, on the same thread only")));
    }
    if leaks.is_empty() {
        let threads = if base.threads > 0 { "; the run starts threads of its own" } else { "" };
        let kind = if base.threads > 0 { &THREAD } else { &UNKNOWN };
        leaks.push(Leak::new(kind, format!("no experiment changed the run{threads}")));
    }
    Ok(leaks)
}

/// What asked for entropy tells what it is; the seed of tokio's `select!` is named already.
fn by_entropy(base: &Observed, selects: bool) -> Vec<Leak> {
    let seen = "fresh processes agree while entropy is held still, and differ when it is not";
    let is_select = |caller: &&Caller| caller.through.as_deref() == Some("tokio");
    let callers: Vec<_> = base.asked.entropy.iter().filter(|caller| !(selects && is_select(caller))).collect();
    let (hash, other): (Vec<_>, Vec<_>) = callers.into_iter().partition(|caller| caller.hash);
    let mut leaks = Vec::new();
    if !hash.is_empty() {
        leaks.push(Leak::new(&HASH, seen).by(hash));
    }
    if !other.is_empty() || (leaks.is_empty() && !selects) {
        leaks.push(Leak::new(&ENTROPY, seen).by(other));
    }
    leaks
}
