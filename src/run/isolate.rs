//! Isolation: a fresh thread a run, on which the operating system's entropy and clocks are functions
//! of the tape. `std`'s hash maps draw their keys from it once a thread; `Instant::now` and
//! `SystemTime::now` read the clocks.
//!
//! The thread is fresh for what a thread remembers: hash keys, and dates that a crate keeps, such as
//! the one of hyper's `Date` header. A date that an earlier run left behind would lie in the future
//! of the next run, which begins on the same day.

use super::asked::{self, Source};
use super::outcome::Outcome;
use super::simulation::{Recording, Simulation};
use crate::choice::{Tape, mix};
use std::cell::Cell;

thread_local! {
    /// The state of this thread's entropy; `None` where it is the operating system's.
    static ENTROPY: Cell<Option<u64>> = const { Cell::new(None) };
    /// Are this thread's clocks the simulation's?
    static CLOCKS: Cell<bool> = const { Cell::new(false) };
}

/// What a run finds around it, besides its tape. Two runs that differ only where one of these does
/// have a leak there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "fuzz", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Conditions {
    /// Is entropy a function of the tape?
    pub(crate) entropy: bool,
    /// Are the clocks the simulation's?
    pub(crate) clocks: bool,
    /// Is the thread fresh?
    pub(crate) thread: bool,
    /// The heap has been used in a way that this number deals; 0 leaves it alone.
    pub(crate) heap: u64,
    /// Note who asks for entropy and clocks?
    pub(crate) watched: bool,
}

impl Conditions {
    /// Those of `.isolate()`.
    pub(crate) const fn isolated() -> Self {
        Self { entropy: true, clocks: true, thread: true, heap: 0, watched: false }
    }

    /// Runs `tape` under them.
    pub(super) fn run(self, simulation: &Simulation, tape: &Tape, recording: Recording, events: u64) -> Outcome {
        if !self.thread {
            return self.run_here(simulation, tape, recording, events);
        }
        std::thread::scope(|scope| match scope.spawn(|| self.run_here(simulation, tape, recording, events)).join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    fn run_here(self, simulation: &Simulation, tape: &Tape, recording: Recording, events: u64) -> Outcome {
        let used = use_heap(self.heap);
        ENTROPY.set(self.entropy.then(|| mix(tape.seed() ^ 0x656e_7472_6f70_7900)));
        CLOCKS.set(self.clocks);
        asked::watch(self.watched);
        let outcome = simulation.run_here(tape, recording, events);
        asked::watch(false);
        CLOCKS.set(false);
        ENTROPY.set(None);
        drop(used);
        outcome
    }
}

/// Allocates and frees, so that what is allocated afterwards has other addresses, in another order.
fn use_heap(seed: u64) -> Vec<Vec<u8>> {
    if seed == 0 {
        return Vec::new();
    }
    let word = |at: u64| mix(seed.wrapping_add(at));
    let all = (0..4_000).map(|at| (word(at), vec![0; 8 + (word(!at) % 500) as usize]));
    let all: Vec<(u64, Vec<u8>)> = all.collect();
    // every second one is freed, in an order of its own
    let (mut freed, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(word, _)| word & 1 == 0);
    freed.sort_by_key(|(word, _)| *word);
    freed.into_iter().for_each(drop);
    kept.into_iter().map(|(_, block)| block).collect()
}

/// Stands in for libc's: inside an isolated run the bytes are a function of the tape, elsewhere
/// they are the kernel's. `std` and the `getrandom` crate call it by this name. (Miri has its own, and no room for ours.)
#[cfg(target_os = "linux")]
#[cfg_attr(miri, allow(dead_code, reason = "nothing calls it there"))]
#[expect(unsafe_code, reason = "the C interface of getrandom: a pointer and a length")]
mod entropy {
    use super::{ENTROPY, Source, asked, mix};

    // SAFETY: the symbol has libc's signature, and does what libc's does for every caller that
    // is not inside an isolated run.
    #[cfg_attr(not(miri), unsafe(no_mangle))]
    unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
        let Ok(Some(mut state)) = ENTROPY.try_with(std::cell::Cell::get) else {
            // SAFETY: the arguments are the caller's, passed on unchanged to the system call.
            return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
        };
        asked::note(Source::Entropy);
        // SAFETY: the caller owns `length` writable bytes at `buffer`, as getrandom demands.
        let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
        for chunk in bytes.chunks_mut(8) {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
        }
        ENTROPY.set(Some(state));
        length as isize
    }
}

/// Stands in for libc's: inside an isolated run the clocks are the simulation's, elsewhere they are
/// the machine's. `std` calls it by this name (on 32-bit machines by another one).
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[cfg_attr(miri, allow(dead_code, reason = "nothing calls it there"))]
#[expect(unsafe_code, reason = "the C interface of clock_gettime: a pointer to be filled")]
mod clocks {
    use super::{CLOCKS, Source, asked};
    use crate::sim;
    use std::cell::Cell;
    use std::ffi::{c_int, c_void};
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

    type ClockGettime = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> c_int;

    /// What the monotonic clock shows when a run begins: a machine that is up for a day, so that an
    /// `Instant` can be moved back.
    const UPTIME: u64 = 86_400 * 1_000_000_000;

    /// libc's own, once it was looked up. It reads the clock without a system call.
    static LIBC: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

    // SAFETY: the symbol has libc's signature, and does what libc's does for every caller that
    // is not inside an isolated run.
    #[cfg_attr(not(miri), unsafe(no_mangle))]
    unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
        let isolated = CLOCKS.try_with(Cell::get).unwrap_or(false);
        match if isolated { shown(clock) } else { None } {
            Some(nanos) => {
                asked::note(Source::Clock);
                let tv_sec = (nanos / 1_000_000_000) as libc::time_t;
                let tv_nsec = (nanos % 1_000_000_000) as libc::c_long;
                // SAFETY: the caller owns a writable `timespec` at `time`, as clock_gettime demands.
                unsafe { time.write(libc::timespec { tv_sec, tv_nsec }) };
                0
            }
            // SAFETY: the arguments are the caller's, passed on unchanged.
            None => unsafe { of_the_machine(clock, time) },
        }
    }

    /// What a clock of the host shows whose task is being polled; `None` for those that measure the
    /// processor, and before and after the run.
    fn shown(clock: libc::clockid_t) -> Option<u64> {
        let (now, wall) = sim::clocks()?;
        match clock {
            libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => Some(wall),
            libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_COARSE | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_BOOTTIME => {
                Some(UPTIME + now)
            }
            _ => None,
        }
    }

    unsafe fn of_the_machine(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
        let mut libc = LIBC.load(Relaxed);
        if libc.is_null() {
            // until it is found, whoever asks meanwhile is answered by the kernel: so may the
            // allocator that the lookup uses
            LIBC.store(by_the_kernel as ClockGettime as *mut c_void, Relaxed);
            // SAFETY: a name that ends with a zero; a null pointer is the answer when there is none.
            let found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) };
            libc = if found.is_null() { LIBC.load(Relaxed) } else { found };
            LIBC.store(libc, Relaxed);
        }
        // SAFETY: the pointer was made of a function with this signature, here or in libc.
        let libc = unsafe { std::mem::transmute::<*mut c_void, ClockGettime>(libc) };
        // SAFETY: the arguments are the caller's, passed on unchanged.
        unsafe { libc(clock, time) }
    }

    unsafe extern "C" fn by_the_kernel(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
        // SAFETY: the arguments are the caller's, passed on unchanged to the system call.
        unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int }
    }
}
